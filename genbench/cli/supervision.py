"""Trials of a study run under the eyes of a person: bars or lines, warnings, what was decided at which look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from genbench.cli.options import results_option, say, terminal_console

if TYPE_CHECKING:
    from genbench.report.looks import Standing
    from genbench.study.plan import Study
    from genbench.study.run import Outcome


@dataclass(frozen=True, kw_only=True)
class Supervision:
    """How the trials of a study are run."""

    engine: str
    slots: int | None
    ray_address: str | None
    observers: Sequence[str]
    command: str
    """What asked for them."""
    estimated: bool = False
    """Whether it is said before the start how long it takes where nobody looks on, too."""
    outcomes: list[Outcome] = field(default_factory=list)
    """Of every batch of trials that was run."""
    unscored: list[str] = field(default_factory=list)
    """What could not be scored on more latents, a line each."""

    @property
    def outcome(self) -> Outcome:
        """Of all batches together."""
        from genbench.study.run import together

        return together(self.outcomes)

    def run(self, study: Study) -> None:
        """Run the trials of a study that are not done, and score them on the latents that it asks for too."""
        from genbench.cli import progress
        from genbench.cli.time_left import TimeLeft, tell
        from genbench.engines.choice import choose
        from genbench.study import latents
        from genbench.study.estimate import Earlier, Remaining, earlier
        from genbench.study.run import run_study
        from genbench.trial import difference

        todo = [trial for trial in study.trials if not study.is_done(trial)]
        if done := len(study.trials) - len(todo):
            say(f"{done} of {len(study.trials)} trials are done already", stderr=True)
        started = choose(self.engine, study.trials, slots=self.slots, ray_address=self.ray_address)
        errors = terminal_console(stderr=True)
        before = Earlier(seconds={}, records=0)
        if todo and (errors.is_terminal or self.estimated):
            before = earlier(study, todo)
            say(tell(todo, started.slots, before), stderr=True)
        names = difference.names(study.trials)
        clock = TimeLeft(Remaining(todo, started.slots, before))
        display = (progress.Bars if errors.is_terminal else progress.Lines)(errors, len(todo), names, clock)
        try:
            with display:
                outcome = run_study(study, started, observers=self.observers, display=display, command=self.command)
        except KeyboardInterrupt:
            if self.engine == "slurm":
                again = f"genbench cancel {study.name}{results_option(study.results)}"
                say(f"the jobs go on; the same command watches them again, and {again} ends them", stderr=True)
            raise
        self.outcomes.append(outcome)
        for problem in outcome.problems:
            say(f"warning: {problem}", stderr=True)
        latent = ",".join(map(str, study.file.score))
        for trial, problem in latents.score(study):
            said = (
                f"{'not ' if problem else ''}scored with evaluate.seed={latent} too{': ' if problem else ''}{problem}"
            )
            say(f"{progress.place(trial, names)}: {said}", stderr=True)
            self.unscored.extend([problem] if problem else [])

    def run_until_decided(self, study: Study, hours: float | None) -> Standing:
        """The same look after look; says what each decided."""
        from genbench.study import until

        told: list[int] = []

        def tell(found: Standing) -> None:
            if told[-1:] != [found.taken]:
                told.append(found.taken)
                for line in until.news(found):
                    say(line, stderr=True)

        return until.run(study, self.run, command=self.command, hours=hours, tell=tell)

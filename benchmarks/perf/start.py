"""What starting costs, as CPU seconds of new processes: commands that look, importing what planning needs, a trial.

    python benchmarks/perf/start.py [--rounds 5] [--against CHECKOUT]

With another checkout of genbench, as of the commit before a change, the two take turns and a ratio is printed. The
first row is what Python itself takes. A round before them does not count, in which bytecode is written. A trial is of 5
updates, in a worker that was forked from a process with torch: what ten trials take beyond two, by their number,
planning and supervising included.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

from rounds import machine, python_in

HERE = Path(__file__).parents[2]
COMMANDS = {
    "python": ["-c", "pass"],
    "genbench --help": ["-m", "genbench.cli", "--help"],
    "genbench list": ["-m", "genbench.cli", "list"],
    "planning, imports": ["-c", "import genbench.study.plan"],
}
TRIAL = "a trial, 5 updates"
TRIALS = (2, 10)
STUDY = """
import sys
from pathlib import Path
from genbench.engines.choice import choose
from genbench.study.plan import plan_study
from genbench.study.run import Silent, run_study
count, results = int(sys.argv[1]), Path(sys.argv[2])
tiny = ["train.updates=5", "train.batch=10", "data.points=200", "net.width=4", "evaluate.samples=20"]
study = plan_study(["gan"], ["ring"], range(count), [*tiny, "evaluate.metrics=[modes]"], name="start", results=results)
engine = choose("local", study.trials, slots=1)
outcome = run_study(study, engine, observers=[], display=Silent())
assert [record.status for record in outcome.records(study)] == ["finished"] * count
"""


def main(words: Sequence[str] | None = None) -> None:
    """Print a row for each command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=[*COMMANDS, TRIAL], default=[*COMMANDS, TRIAL])
    parser.add_argument("--against", type=Path, help="another checkout")
    arguments = parser.parse_args(words)
    print(f"{machine()} of new processes, {arguments.rounds} rounds\n")
    places = [HERE, *([arguments.against.absolute()] if arguments.against else [])]
    for name in arguments.only:
        measure = trial if name == TRIAL else partial(seconds, COMMANDS[name])
        rounds = [[measure(place) for place in places] for _ in range(1 + arguments.rounds)][1:]
        usual = [median(side) for side in zip(*rounds, strict=True)]
        said = f"{name:18}  {usual[0]:6.3f} s"
        if len(places) > 1:
            ratios = sorted(other / own for own, other in rounds)
            said += (
                f"  against {usual[1]:6.3f} s: {median(ratios):.2f} times as fast ({ratios[0]:.2f} to {ratios[-1]:.2f})"
            )
        print(said, flush=True)


def trial(checkout: Path) -> float:
    """CPU seconds of one trial of a study, on the genbench of a checkout."""
    taken = []
    for count in TRIALS:
        with tempfile.TemporaryDirectory() as folder:
            taken.append(seconds(["-c", STUDY, str(count), folder], checkout))
    return (taken[1] - taken[0]) / (TRIALS[1] - TRIALS[0])


def seconds(command: Sequence[str], checkout: Path) -> float:
    """CPU seconds of Python with a command, on the genbench and the plugins of a checkout."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    python_in(checkout, command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()

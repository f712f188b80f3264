"""An update on the ring, the loop included, against another checkout: the ring's updates are short, and most of one is
what is spent between operations.

    python benchmarks/perf/ring.py CHECKOUT [--updates 400] [--rounds 5] [--methods gram gan mmdnet]

CPU time of new processes that take turns, each with its own genbench and plugins; trials have their default settings,
so that rows, pictures and checkpoints come as often as in a study. The parameters after the last update are compared
too, to the bit.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from rounds import Outcome, faster, machine, python_in

HERE = Path(__file__).parents[2]
UPDATES = """
import hashlib, json, sys, tempfile, time
from pathlib import Path
import torch
from genbench.study.plan import plan_study
from genbench.study.run import write_trial
from genbench.training.build import prepare
from genbench.training.loop import train
torch.set_num_threads(1)
found = {}
for method in sys.argv[2:]:
    for updates in (20, int(sys.argv[1])):  # what is imported on the first way through is no cost of an update
        with tempfile.TemporaryDirectory() as folder:
            study = plan_study([method], ["ring"], [0], [f"train.updates={updates}"], name="s", results=Path(folder))
            (trial,) = study.trials
            write_trial(trial, study.directory_of(trial))
            run = prepare(trial, study.directory_of(trial)).run
            began = time.process_time()
            train(run, stop=lambda: False, assess=lambda: None)
            spent = time.process_time() - began
    content = b"".join(parameter.detach().numpy().tobytes() for parameter in run.trainer.parameters())
    found[method] = spent / updates, hashlib.sha256(content).hexdigest()
print(json.dumps(found))
"""


def main(words: Sequence[str] | None = None) -> None:
    """Print a row for each method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("against", type=Path, help="another checkout")
    parser.add_argument("--updates", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--methods", nargs="+", default=["gram", "gan", "mmdnet"])
    arguments = parser.parse_args(words)
    print(f"{machine()}, {arguments.updates} updates, {arguments.rounds} rounds")
    print("method  ms before  ms now  times as fast (median, min to max)  same bits")
    command = ["-c", UPDATES, str(arguments.updates), *arguments.methods]
    places = (arguments.against.absolute(), HERE)
    rounds = [[json.loads(python_in(place, command)) for place in places] for _ in range(arguments.rounds)]
    for method in arguments.methods:
        before, now = (Outcome([1e3 * pair[side][method][0] for pair in rounds], None) for side in (0, 1))
        same = len({pair[side][method][1] for pair in rounds for side in (0, 1)}) == 1
        print(f"{method:6}  {before.usual:9.2f}  {now.usual:6.2f}  {faster(now, before):34}  {'yes' if same else 'NO'}")


if __name__ == "__main__":
    main()

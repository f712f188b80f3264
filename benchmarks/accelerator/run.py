"""The first minutes on an accelerator, as one command: what holds there, and how fast it is.

    python benchmarks/accelerator/run.py [--wheels FOLDER] [--out results/accelerator] [--minutes 28] [--device cuda]

The parts run in the order of PARTS, each as a process with its own limit of time; accelerator.json and README.md in the
output folder are whole after every row. The same command goes on where the last one stopped, on the next machine too:
a row without an error is not made again. It needs torch, and the folder of wheels that wheels.py makes where nothing
else is installed. `--tiny` makes every part as small as it can be: that the command works is tried with it on a CPU.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rows import Rows

HERE = Path(__file__).parent
PARTS: Mapping[str, int] = {
    "conformance": 300,
    "nccl": 90,
    "resume": 240,
    "equality": 150,
    "graphs": 240,
    "bf16": 180,
    "loop": 120,
    "evaluation": 90,
    "study": 1200,
}
"""Each part, the surest first, with the seconds that it may take; the last has what remains."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the parts that are not done; the number of those that did not end well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--wheels", type=Path, help="folder that wheels.py made, where genbench is not installed")
    parser.add_argument("--out", type=Path, default=HERE.parents[1] / "results" / "accelerator")
    parser.add_argument("--minutes", type=float, default=28.0, help="for all parts together")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--methods", nargs="+", help="[default: all that are installed]")
    parser.add_argument("--tiny", action="store_true", help="as small as it can be")
    parser.add_argument("--limit", type=float, help="seconds of each part, instead of its own")
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="genbench-site-") as site:
        environment = dict(os.environ)
        if arguments.wheels is not None:
            unpack(arguments.wheels, Path(site))
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, [site, environment.get("PYTHONPATH")]))
        return run(arguments, environment)


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Run the parts that are asked for, as long as there is time; the number of those that did not end well."""
    rows, end, bad = Rows(arguments.out), time.monotonic() + 60 * arguments.minutes, 0
    for part in arguments.parts:
        limit = min(arguments.limit or PARTS[part], end - time.monotonic())
        if limit <= 1:
            print(f"{part}: no time is left; the same command goes on")
            break
        command = [sys.executable, str(HERE / "parts.py"), part, str(arguments.out), arguments.device]
        command += ["--tiny"] if arguments.tiny else []
        command += ["--methods", *arguments.methods] if arguments.methods else []
        code, seconds = limited(command, environment, limit)
        said = {0: "done", None: f"stopped after its {limit:.0f} s"}.get(code, f"ended with exit code {code}")
        print(f"{part}: {said}, {seconds:.0f} s", flush=True)
        bad += code != 0
        if code != 0:
            rows.put(part, "the part itself", "", {"error": said})
        elif any((row["part"], row["item"]) == (part, "the part itself") for row in rows.all()):
            rows.put(part, "the part itself", "", {"ended": "well"})
    print(f"{arguments.out / 'README.md'}")
    return bad


def unpack(wheels: Path, site: Path) -> None:
    """Put the contents of all wheels where Python finds them; no pip is needed, and nothing is compiled."""
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)


def limited(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> tuple[int | None, float]:
    """Run a command; its exit code, or None where it and all that it started had to be ended, and how long it took."""
    began = time.monotonic()
    process = subprocess.Popen(command, env=dict(environment), start_new_session=True)
    try:
        code: int | None = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        code = None
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return code, time.monotonic() - began


if __name__ == "__main__":
    sys.exit(1 if main() else 0)

"""Make the folder of wheels that a machine with torch alone is carried: genbench, its methods, and what they import.

    python benchmarks/accelerator/wheels.py FOLDER [--python 3.12] [--platform manylinux_2_28_x86_64]

It needs git, pip and a package registry, and takes what is committed. The folder is printed with its size: it must
stay within 50 MB.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MOST = 50e6
"""Bytes that the folder may have."""
BUILT_HERE = ("antlr4-python3-runtime",)
"""Published without a wheel, and of Python alone."""


def main(words: Sequence[str] | None = None) -> None:
    """Fill the folder and print what is in it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default="3.12", help="of the other machine")
    parser.add_argument("--platform", default="manylinux_2_28_x86_64", help="of the other machine")
    arguments = parser.parse_args(words)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    names = [line for line in (HERE / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    pinned = versions((ROOT / "constraints.txt").read_text())
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    target = ["--python-version", arguments.python, "--platform", arguments.platform, "--only-binary=:all:"]
    target += ["--platform", "manylinux2014_x86_64"]
    wanted = [f"{name}=={pinned[name]}" if name in pinned else name for name in names]
    published = [word for word in wanted if word.partition("==")[0] not in BUILT_HERE]
    subprocess.run([*pip, "download", "--no-deps", *target, "--dest", str(arguments.folder), *published], check=True)
    built = [word for word in wanted if word.partition("==")[0] in BUILT_HERE]
    with tempfile.TemporaryDirectory() as scratch:
        clone = Path(scratch, "genbench")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        own = [str(path) for path in [clone, *sorted((clone / "plugins").glob("genbench-*"))]]
        command = [*pip, "wheel", "--no-deps", "--wheel-dir", str(arguments.folder.absolute()), *built, *own]
        subprocess.run(command, check=True, cwd=scratch)
    print(*listing(arguments.folder), sep="\n")


def versions(constraints: str) -> dict[str, str]:
    """Name to version of the lines `name==version`."""
    pairs = (line.partition("==") for line in constraints.splitlines() if "==" in line)
    return {name.strip().lower(): version.split(";")[0].strip() for name, _, version in pairs}


def listing(folder: Path) -> list[str]:
    """The wheels with their sizes, and whether they are few enough to be carried."""
    sizes = {path.name: path.stat().st_size for path in sorted(folder.glob("*.whl"))}
    lines = [f"{size / 1e6:7.2f} MB  {name}" for name, size in sizes.items()]
    total = sum(sizes.values())
    return [*lines, f"{total / 1e6:7.2f} MB in {len(sizes)} wheels, {'within' if total <= MOST else 'MORE THAN'} 50 MB"]


if __name__ == "__main__":
    main()

"""The studies that have a name: where their files are, and finding one."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from genbench.errors import GenbenchError, UnknownNameError
from genbench.study.file import StudyFile, load

SUFFIXES = (".yaml", ".yml")


def find(word: str) -> StudyFile:
    """The study of a file, `benchmarks/figure2.yaml`, or of a name, `figure2`; raises GenbenchError when there is none,
    or what is wrong with it.
    """
    if word.endswith(SUFFIXES):
        return load(Path(word))
    known = _named()
    if word not in known:
        raise UnknownNameError(
            "study",
            word,
            known,
            f"looked for {word}.yaml in {', '.join(map(str, folders()))}; settings are written key=value",
        )
    return load(known[word])


def names() -> list[str]:
    """The names of all studies, whose files are not read."""
    return sorted(_named())


def listed() -> list[tuple[str, str]]:
    """Every named study and its title, or what is wrong with its file."""
    found = []
    for name, path in sorted(_named().items()):
        try:
            found.append((name, load(path).title))
        except GenbenchError as error:
            found.append((name, f"BROKEN: {error}"))
    return found


def folders() -> list[Path]:
    """Where named studies are looked for: here, in the checkout that genbench runs from, and among what was
    installed.
    """
    candidates = [
        Path("benchmarks"),
        Path(__file__).parents[2] / "benchmarks",
        Path(sysconfig.get_path("data"), "share", "genbench", "benchmarks"),
    ]
    return list({path.resolve(): path for path in reversed(candidates)}.values())[::-1]


def _named() -> dict[str, Path]:
    """The files of named studies; the first folder that has a name gives it."""
    return {path.stem: path for folder in reversed(folders()) for path in sorted(folder.glob("*.yaml"))}

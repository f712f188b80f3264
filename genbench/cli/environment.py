"""What a bug report needs of this machine: versions, devices, threads, plugins, memory; nothing that is secret."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from genbench.contract import registry
from genbench.errors import GenbenchError, shown
from genbench.version import __version__, git_commit

THREADS = (
    "OMP_NUM_THREADS",
    "OMP_DYNAMIC",
    "OMP_PROC_BIND",
    "OMP_WAIT_POLICY",
    "MKL_NUM_THREADS",
    "MKL_DYNAMIC",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""Environment variables of which the value is shown: how many threads, and where they run."""
DEVELOPERS = ("docs", "lint", "test")
"""Extras that no study needs."""
GIB = 2**30


def lines() -> list[str]:
    """The report, line by line; a part that cannot be told says why, and the others are there all the same."""
    found: list[str] = []
    for title, part in PARTS.items():
        try:
            found += part()
        except Exception as error:  # a broken driver or library is what the report is made for
            found.append(f"{title}: cannot be told: {type(error).__name__}: {error}")
    return [_plain(line) for line in found]


def _genbench() -> Iterator[str]:
    commit = git_commit()
    yield f"genbench: {__version__}{f', commit {commit}' if commit else ', not from a checkout'}"


def _python() -> Iterator[str]:
    place = "in a virtual environment" if sys.prefix != sys.base_prefix else "in no virtual environment"
    yield f"Python: {platform.python_version()}, {platform.python_implementation()}, {place}"


def _machine() -> Iterator[str]:
    cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else cores
    yield f"platform: {platform.platform()}"
    yield f"CPUs: {usable} of {cores} can be used"


def _memory() -> Iterator[str]:
    from genbench.engines.local import free_memory

    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    yield f"memory: {free_memory() / GIB:.1f} of {whole / GIB:.1f} GiB are free"


def _torch() -> Iterator[str]:
    import torch

    built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built for CPUs"
    cudnn = f", cuDNN {torch.backends.cudnn.version()}" if torch.version.cuda else ""
    yield f"torch: {torch.__version__}, {built}{cudnn}, {torch.backends.cpu.get_cpu_capability()} on this CPU"
    count = torch.cuda.device_count()
    yield f"devices: {count or 'none'}"
    for number in range(count):
        device = torch.cuda.get_device_properties(number)
        yield (
            f"  cuda:{number}: {device.name}, {device.total_memory / GIB:.1f} GiB, capability"
            f" {device.major}.{device.minor}"
        )
    chosen = [f"{name}={os.environ[name]}" for name in THREADS if name in os.environ]
    yield f"threads: {torch.get_num_threads()} in torch; {', '.join(chosen) or 'the environment sets none'}"
    switches = {
        "deterministic algorithms": torch.are_deterministic_algorithms_enabled(),
        "cuDNN deterministic": torch.backends.cudnn.deterministic,
        "cuDNN benchmark": torch.backends.cudnn.benchmark,
        "TF32 in cuDNN": torch.backends.cudnn.allow_tf32,
    }
    states = [f"{name} {'on' if on else 'off'}" for name, on in switches.items()]
    yield f"defaults of torch: {_words(states)}, float32 products {torch.get_float32_matmul_precision()}"


def _libraries() -> Iterator[str]:
    """What the package metadata of genbench ask for: the core's libraries, then those of each extra."""
    core: list[str] = []
    extras: dict[str, list[str]] = {}
    for wanted in requires("genbench") or ():
        name = re.match(r"[\w.-]+", wanted)
        extra = re.search(r"extra == ['\"]([\w-]+)", wanted)
        if name is None or name[0] == "torch" or (extra and extra[1] in DEVELOPERS):
            continue
        (extras.setdefault(extra[1], []) if extra else core).append(f"{name[0]} {_version(name[0])}")
    yield f"libraries: {_words(core)}"
    yield f"extras: {'; '.join(f'{extra}: {_words(names)}' for extra, names in sorted(extras.items()))}"


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"


def _plugins() -> Iterator[str]:
    """By distribution what it provides, and below what is broken: everything is imported to find out."""
    provided: dict[str, dict[str, list[str]]] = {}
    broken = []
    for kind in registry.KINDS:
        for entry in registry.installed(kind):
            provided.setdefault(entry.origin, {}).setdefault(kind, []).append(_name(entry))
            if problem := entry.problem or _problem_of_import(entry):
                broken.append(f"  BROKEN: {kind.removesuffix('s')} {entry.name} of {entry.origin}: {problem}")
    yield "plugins:"
    for origin, kinds in sorted(provided.items()):
        yield f"  {origin}: {'; '.join(f'{kind} {_words(names)}' for kind, names in kinds.items())}"
    yield from broken


def _name(entry: registry.Entry) -> str:
    return f"{entry.name} ({_words(entry.variants)})" if entry.variants else entry.name


def _words(names: Iterable[str]) -> str:
    return ", ".join(names)


def _problem_of_import(entry: registry.Entry) -> str:
    try:
        registry.load(entry.kind, entry.name)
    except GenbenchError as error:
        return str(error)
    return ""


def _data() -> Iterator[str]:
    from genbench.data.prepared import cache_folder

    folder = cache_folder()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    state = "" if there == folder else ", which is not there yet"
    if not os.access(there, os.W_OK):
        state += ", which may not be written"
    yield f"data folder: {folder}{state}; {shutil.disk_usage(there).free / GIB:.1f} GiB of disk are free"


PARTS: Mapping[str, Callable[[], Iterator[str]]] = {
    "genbench": _genbench,
    "Python": _python,
    "platform": _machine,
    "memory": _memory,
    "torch": _torch,
    "libraries": _libraries,
    "plugins": _plugins,
    "data folder": _data,
}


def _plain(line: str) -> str:
    """A line that is one, without the user's name in paths below the home folder and the secrets of addresses."""
    home = str(Path.home())
    return shown.one_line(shown.discreet(line.replace(home, "~") if len(home) > 1 else line))

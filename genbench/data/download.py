"""Published files: where they are looked for, how they are fetched, and whether they are what was published."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genbench import files
from genbench.config.settings import DataSettings
from genbench.data.prepared import cache_folder, locked
from genbench.data.root import is_there, root_folder
from genbench.errors import DataError

LARGEST = 2**26
"""Bytes of the largest file that is read at once; the images of MNIST are 47 million."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published data set, as torchvision lays it out in a folder."""

    name: str
    title: str
    """Of its class in torchvision.datasets."""
    folder: str
    """Where that class looks, relative to its root."""
    files: tuple[str, ...]
    is_packed: bool = False
    """Whether a file may be there gzipped, as NAME.gz."""
    page: str
    """Where to get it by hand."""

    @property
    def reader(self) -> Any:
        """The class in torchvision.datasets, with its checksums; the import takes seconds, so only what prepares or
        downloads asks.
        """
        import torchvision.datasets

        return getattr(torchvision.datasets, self.title)


def find(published: Published, data: DataSettings) -> tuple[Path, list[str]]:
    """The folder that holds all the files, and their names there: `NAME.gz` or `NAME`.

    They are looked for in data.root as torchvision lays them out, in its folder of the data set's name, and in
    data.root itself; and downloaded if that was asked for. Raises DataError that names the first missing one, or what
    is wrong with data.root.
    """
    wanted = f"a folder with {published.name}, or to a new one together with data.download=true"
    root = root_folder(data.root, wanted, must_exist=not data.download) if data.root else cache_folder()
    found = _found(published, root)
    if not found and data.download:
        _download(published, root)
        found = _found(published, root)
    if not found:
        fullest = max(_places(published, root), key=lambda place: len(_names(published, place)))
        lacking = next(name for name in published.files if not _name(published, fullest, name))
        state = "is not complete" if _names(published, fullest) else "is not there"
        raise DataError(
            f"{published.name} {state}: there is no {lacking} in {root}, nor in {' or '.join(_folders(published))}"
            f" there; run again with data.download=true, or get it from {published.page} and set data.root"
        )
    return found


def check(published: Published, path: Path, md5: str) -> None:
    """Raise DataError that names the file unless it has the published checksum."""
    with _readable(path), files.reading(path) as file:
        if hashlib.file_digest(file, _md5).hexdigest() != md5:
            raise _damaged(published, path)


def unpacked(published: Published, path: Path, packed_md5: str, md5: str) -> bytes:
    """The contents of a file, gzipped or not, that has the checksum of the packed or of the unpacked file; else raises
    DataError.
    """
    with _readable(path):
        content = files.read_bytes(path, most=LARGEST)
    is_published = _md5(content).hexdigest() == packed_md5
    if path.suffix == ".gz":
        try:
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(LARGEST + 1)  # of a file that is larger the checksum is wrong, too
        except (OSError, EOFError, zlib.error) as error:
            raise _damaged(published, path) from error
    if not is_published and _md5(content).hexdigest() != md5:
        raise _damaged(published, path)
    return content


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def _md5(content: bytes = b"") -> hashlib._Hash:
    return hashlib.md5(content, usedforsecurity=False)


def _damaged(published: Published, path: Path) -> DataError:
    return DataError(
        f"{path} is damaged or not of {published.name}: its checksum is not the published one; get it again from"
        f" {published.page}"
    )


def _folders(published: Published) -> list[str]:
    """Where the files may be below a root: torchvision's folder, and one of the data set's own name."""
    return list(dict.fromkeys([published.folder, published.name]))


def _places(published: Published, root: Path) -> list[Path]:
    return [*(root / folder for folder in _folders(published)), root]


def _found(published: Published, root: Path) -> tuple[Path, list[str]] | None:
    for place in _places(published, root):
        names = _names(published, place)
        if len(names) == len(published.files):
            return place, names
    return None


def _names(published: Published, place: Path) -> list[str]:
    return [name for name in (_name(published, place, file) for file in published.files) if name]


def _name(published: Published, place: Path, file: str) -> str:
    """What a file is called in a folder; the packed one first, since that has torchvision's checksum."""
    names = (f"{file}.gz", file) if published.is_packed else (file,)
    return next((name for name in names if is_there(place / name)), "")


def _download(published: Published, root: Path) -> None:
    """Let torchvision download into a temporary folder next to it, and move that into place when all is there."""
    top = Path(published.folder).parts[0]
    scratch = root / f".downloading-{published.name}"
    try:
        with locked(root / f"{scratch.name}.lock"):
            if _found(published, root):
                return
            if (root / top).exists():
                raise DataError(
                    f"{root / top} is not complete; move it away, and data.download=true will fetch all of"
                    f" {published.name}"
                )
            shutil.rmtree(scratch, ignore_errors=True)
            try:
                published.reader(scratch, download=True)
                (scratch / top).replace(root / top)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    except DataError:
        raise
    except Exception as error:  # torchvision passes on whatever the network, gdown or an archive raises
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"{published.name} could not be downloaded to {root}: {reason}; get it from {published.page} and set"
            " data.root"
        ) from error

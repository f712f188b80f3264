"""Opening files: plain files alone, so that nobody waits for a FIFO; and where one writes, no link is followed and
nothing is emptied.

A results folder, a data folder or a cache may be somebody else's: what stands under a name that genbench opens is not
known before it is looked at. All functions raise OSError that says what is there instead of a plain file.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 89_478_485
"""Of an image, Pillow's own limit: beyond it a small file may fill the memory."""
BREATH = 0.05
"""Seconds between two looks at a lock that somebody else holds."""
KINDS = {
    stat.S_IFLNK: (errno.ELOOP, "a link, which is not followed there"),
    stat.S_IFDIR: (errno.EISDIR, "a folder"),
    stat.S_IFIFO: (errno.EINVAL, "a FIFO"),
    stat.S_IFSOCK: (errno.EINVAL, "a socket"),
    stat.S_IFCHR: (errno.EINVAL, "a device"),
    stat.S_IFBLK: (errno.EINVAL, "a device"),
}
"""What a name can lead to that is no plain file."""


def reading(path: Path) -> BufferedReader:
    """A file, open to be read; a link to one is followed."""
    return os.fdopen(_opened(path, os.O_RDONLY), "rb")


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """What a file holds; one of more than `most` bytes is refused."""
    with reading(path) as file:
        content = file.read() if most is None else file.read(most + 1)
    if most is not None and len(content) > most:
        raise OSError(errno.EFBIG, f"it holds more than {most:,} bytes", str(path))
    return content


def read_text(path: Path, most: int | None = None, errors: str = "strict") -> str:
    """What a file holds, in UTF-8; raises ValueError for bytes that are no text, unless `errors` says otherwise."""
    return read_bytes(path, most).decode("utf-8", errors)


def creating(path: Path) -> BufferedWriter:
    """A new file, open to be written: what had its name, of a process that was killed or of anybody, is removed and
    never written through.
    """
    with suppress(FileNotFoundError):
        os.unlink(path)
    return os.fdopen(_opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW), "wb")


def appending(path: Path) -> int:
    """The descriptor of a file that grows; the file is made where it is missing."""
    return _opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o644)


def append(path: Path, content: bytes) -> None:
    """Add to the end of a file by one write, the whole of it or nothing."""
    descriptor = appending(path)
    try:
        before = os.fstat(descriptor).st_size
        if os.write(descriptor, content) < len(content):  # a disk that is almost full takes a part, and says nothing
            os.truncate(descriptor, before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(descriptor)


def locking(path: Path) -> IO[str]:
    """A file to hold a lock on, which keeps what it holds; it is made where it is missing."""
    return os.fdopen(_opened(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW), "a+")


def hold(file: IO[str], deadline: float) -> bool:
    """Take a file's lock as soon as nobody holds it; whether that was before the deadline, of the monotonic clock."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(BREATH)
        else:
            return True


@contextmanager
def picture(path: Path, formats: tuple[str, ...]) -> Iterator[Image.Image]:
    """An image in a file of one of Pillow's formats; no other of Pillow's readers sees the file, whatever its name is.

    Raises ValueError for other files and for one of too many pixels; what damage raises depends on the format.
    """
    from PIL import Image, UnidentifiedImageError

    with reading(path) as file:
        try:
            image = Image.open(file, formats=formats)
        except UnidentifiedImageError as error:
            raise ValueError(f"it is no {' or '.join(formats)}, or is damaged") from error
        with image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"it has {image.width}x{image.height} pixels, more than {MOST_PIXELS:,}")
            yield image


def below(folder: Path) -> Iterator[Path]:
    """Everything in a folder and in the folders there, however deep; no link is followed, and what cannot be listed has
    nothing in it.
    """
    waiting = [os.fspath(folder)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                yield Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)


def kind(mode: int) -> str:
    """What a name with that mode leads to, in words; empty for a plain file."""
    return KINDS.get(stat.S_IFMT(mode), (0, ""))[1]


def _opened(path: Path, flags: int, mode: int = 0o666) -> int:
    """A descriptor of a plain file. Whether it is one is asked before, for opening a device can do things, and after,
    for it may be another one by then.
    """
    with suppress(FileNotFoundError):
        _check(os.stat(path, follow_symlinks=not flags & os.O_NOFOLLOW).st_mode, path)
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY, mode)
    try:
        _check(os.fstat(descriptor).st_mode, path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _check(mode: int, path: Path) -> None:
    if not stat.S_ISREG(mode):
        number, words = KINDS.get(stat.S_IFMT(mode), (errno.EINVAL, "no file"))
        raise OSError(number, f"it is {words}", str(path))

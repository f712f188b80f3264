"""The folder that data.root names: it is checked before anything is looked for in it."""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_ISDIR

from genbench.errors import DataError


def root_folder(chosen: str, wanted: str, *, must_exist: bool = True) -> Path:
    """The absolute path of a folder; raises DataError, `wanted` being what data.root should be set to instead."""
    # Path.expanduser fails for the home of an unknown user; this leaves it as it is written, and there is no such
    # folder.
    root = Path(os.path.expanduser(chosen)).absolute()
    if is_there(root):
        if not S_ISDIR(root.stat().st_mode):
            raise DataError(f"data.root={chosen} is a file; set it to {wanted}")
    elif must_exist:
        raise DataError(f"data.root={chosen} does not exist; set it to {wanted}")
    return root


def is_there(path: Path) -> bool:
    """Whether there is such a file or folder; raises DataError where that cannot be found out."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:  # the latter for a name with a zero byte in it
        raise DataError(
            f"{path} cannot be read: {getattr(error, 'strerror', error)}; set data.root to a folder that can be"
        ) from error
    return True

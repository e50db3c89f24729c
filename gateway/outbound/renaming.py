# SPDX-License-Identifier: GPL-3.0-or-later
"""Renaming without ever replacing anything, in one step of the file system (renameat2(2), RENAME_NOREPLACE)."""

import ctypes
import os
from collections.abc import Callable
from errno import EEXIST, EINVAL, ENOSYS
from pathlib import Path

AT_FDCWD = -100
RENAME_NOREPLACE = 1


def _system_call() -> Callable[[int, bytes, int, bytes, int], int] | None:
    """Return renameat2 of the C library; None where it has none."""
    try:
        found = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return None
    found.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    return found


_RENAME = _system_call()


def rename_new(origin: Path, target: Path) -> None:
    """Rename *origin* to *target*; raises FileExistsError when anything is there already, and OSError.

    Where the file system cannot promise that, it is looked first: between look and step somebody may be faster.
    """
    if _RENAME is not None:
        if _RENAME(AT_FDCWD, os.fsencode(origin), AT_FDCWD, os.fsencode(target), RENAME_NOREPLACE) == 0:
            return
        number = ctypes.get_errno()
        if number not in (EINVAL, ENOSYS):
            raise OSError(number, os.strerror(number), str(target))
    if os.path.lexists(target):
        raise FileExistsError(EEXIST, os.strerror(EEXIST), str(target))
    origin.rename(target)

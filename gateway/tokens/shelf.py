# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a refresh token lies between two starts: one file of mode 0600 for each [[oauth]], replaced whole."""

import contextlib
import os
from pathlib import Path
from secrets import token_hex

MAX_BYTES = 64 << 10  # LIMIT: of a stored token


class Shelf:
    """One file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> str:
        """Return the refresh token, empty when there is none yet; raises OSError."""
        try:
            with self._file.open(encoding="ascii") as kept:
                return kept.read(MAX_BYTES).strip()
        except FileNotFoundError:
            return ""

    def write(self, token: str) -> None:
        """Keep *token* in the place of the one before it, whole or not at all, and durably; raises OSError."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self._file.with_name(f".{self._file.name}.{token_hex(8)}")
        opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(opened, "w", encoding="ascii") as kept:
                as_before(self._file, opened)
                kept.write(token + "\n")
                kept.flush()
                os.fsync(kept.fileno())
            beside.replace(self._file)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
        folder = os.open(self._file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def as_before(file: Path, opened: int) -> None:
    """Give *opened* to whoever has *file*, or its folder: what root renews stays the service's."""
    if os.geteuid() != 0:
        return
    owner = (file if file.exists() else file.parent).stat()
    os.fchown(opened, owner.st_uid, owner.st_gid)

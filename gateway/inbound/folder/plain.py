# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain files below an open directory: what a directory tells of them, and their bytes, never through a link."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG

from gateway.content import BLOCK
from gateway.model import Sha256


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """A plain file, as a directory tells of it."""

    name: str
    size: int
    mtime_ns: int


class Changed(Exception):
    """A file is not what it was when it was looked at."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A `Content` in a plain file below an open directory."""

    inside: str  # the directory it lies in, below *root*; empty: *root* itself
    seen: Seen
    root: int

    @property
    def size(self) -> int:
        return self.seen.size

    @property
    def sha256(self) -> Sha256:
        digest = sha256()
        for block in self.blocks():
            digest.update(block)
        return Sha256(digest.hexdigest())

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes; raises Changed when they are not those that were seen."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with opened(self.inside or ".", self.root) as directory:
            try:
                descriptor = os.open(self.seen.name, flags, dir_fd=directory)
            except FileNotFoundError as error:
                raise Changed from error
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            self._unchanged(descriptor)
            left = self.seen.size
            while left:
                block = file.read(min(BLOCK, left))
                if not block:
                    raise Changed
                left -= len(block)
                yield block
            self._unchanged(descriptor)

    def beginning(self, most: int) -> bytes:
        """Return the first bytes, *most* of them at most."""
        beginning = b""
        for block in self.blocks():
            beginning += block[: most - len(beginning)]
            if len(beginning) >= most:
                break
        return beginning

    def _unchanged(self, descriptor: int) -> None:
        now = os.fstat(descriptor)
        if not S_ISREG(now.st_mode) or (now.st_size, now.st_mtime_ns) != (self.seen.size, self.seen.mtime_ns):
            raise Changed


@contextmanager
def opened(path: str | Path, below: int | None = None) -> Iterator[int]:
    """Open the directory *path*, which is no link when it lies *below* another; raises OSError."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (os.O_NOFOLLOW if below is not None else 0)
    descriptor = os.open(path, flags, dir_fd=below)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_name(name: str) -> str:
    """Return the name of a file as people wrote it: bytes that are no UTF-8 are windows-1251."""
    try:
        return os.fsencode(name).decode()
    except UnicodeDecodeError:
        return os.fsencode(name).decode("cp1251", "replace")

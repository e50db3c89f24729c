# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes that lie in rows of the records system, so many to a row: written and read one row at a time, never whole."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from gateway.content import BLOCK
from gateway.model import Content, Sha256

Read = Callable[[object, int], bytes | None]  # what a file is called in the rows, and a number → its bytes, or None


@dataclass(frozen=True, slots=True)
class Rows:
    """How larger files lie in rows: so many bytes in each, and how one is read."""

    chunk_bytes: int
    read: Read


@dataclass(frozen=True, slots=True)
class Chunk:
    """One row's worth of a file."""

    number: int  # from 1
    bytes: bytes


@dataclass(frozen=True, slots=True)
class Chunks:
    """A file on its way into rows; going through it reads the content anew.

    Raises ValueError at its end when the bytes were not what they are said to be.
    """

    content: Content
    digest: Sha256
    chunk_bytes: int

    def __iter__(self) -> Iterator[Chunk]:
        digest, rest, number = sha256(), bytearray(), 0
        for block in self.content.blocks():
            digest.update(block)
            rest += block
            while len(rest) >= self.chunk_bytes:
                number += 1
                yield Chunk(number, bytes(rest[: self.chunk_bytes]))
                del rest[: self.chunk_bytes]
        if rest:
            yield Chunk(number + 1, bytes(rest))
        if digest.hexdigest() != self.digest:
            raise ValueError(f"the bytes of a file have SHA-256 {digest.hexdigest()}, not {self.digest}")


@dataclass(frozen=True, slots=True)
class InRows:
    """A `Content` in rows; reading it to the end verifies it."""

    file: object  # what the file is called in the rows
    size: int
    sha256: Sha256
    read: Read

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes; raises OSError when they are not what was written."""
        digest, size, number = sha256(), 0, 1
        while size < self.size and (found := self.read(self.file, number)):
            digest.update(found)
            size, number = size + len(found), number + 1
            for start in range(0, len(found), BLOCK):
                yield found[start : start + BLOCK]
        if (size, digest.hexdigest()) != (self.size, self.sha256):
            raise OSError(f"the rows of file {self.file} are not what was put there: their SHA-256 differs")

    def begins(self) -> bool:
        """Say whether its first row is there."""
        return self.size == 0 or bool(self.read(self.file, 1))

# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders for letters under test, and sinks that remember what became of them."""

from collections.abc import Iterator

from gateway.content import MemorySink, whole
from gateway.mail.limits import DEFAULT
from gateway.mail.split import Limits, split
from gateway.model import Content, Letter, Part


def crlf(*lines: str | bytes) -> bytes:
    """Return *lines* with CRLF after each."""
    return b"".join((line if isinstance(line, bytes) else line.encode()) + b"\r\n" for line in lines)


def multipart(*parts: bytes, boundary: str = "b", kind: str = "mixed") -> bytes:
    """Return a letter of *parts*, each a header block and a body with an empty line between."""
    head = crlf("From: clerk@north.example", f"Content-Type: multipart/{kind}; boundary={boundary}", "")
    return head + b"".join(crlf(f"--{boundary}") + part + b"\r\n" for part in parts) + crlf(f"--{boundary}--")


def part(body: str | bytes, *headers: str) -> bytes:
    return crlf(*headers, "") + (body if isinstance(body, bytes) else body.encode())


def read(octets: bytes, limits: Limits = DEFAULT) -> Letter:
    return split([octets], MemorySink, limits)


def bytes_of(part: Part) -> bytes:
    return whole(part.content, 1 << 30)


def pieces(octets: bytes, sizes: list[int]) -> Iterator[bytes]:
    """Yield *octets* cut into blocks of *sizes*, over and over."""
    start, turn = 0, 0
    while start < len(octets):
        size = sizes[turn % len(sizes)]
        yield octets[start : start + size]
        start, turn = start + size, turn + 1


class Sinks:
    """Makes sinks and knows which are still open or kept; the *failing* one (1 is the first) has a full disk."""

    def __init__(self, failing: int = 0) -> None:
        self.made: list[_Watched] = []
        self._failing = failing

    def __call__(self) -> "_Watched":
        self.made.append(_Watched(full=len(self.made) + 1 == self._failing))
        return self.made[-1]

    @property
    def left(self) -> int:
        """How many sinks were not discarded."""
        return sum(not sink.discarded for sink in self.made)


class _Watched(MemorySink):
    def __init__(self, *, full: bool) -> None:
        super().__init__()
        self.discarded = False
        self.closed = False
        self._full = full

    def write(self, block: bytes) -> None:
        if self._full:
            raise OSError("no space left on device")
        super().write(block)

    def close(self) -> Content:
        self.closed = True
        return super().close()

    def discard(self) -> None:
        self.discarded = True
        super().discard()

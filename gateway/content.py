# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes held in memory, for what is known to be small; larger things lie in the journal's blobs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from gateway.model import Content, Sha256

BLOCK = 1 << 20  # LIMIT: the largest block anybody yields, in bytes


@dataclass(frozen=True, slots=True)
class Held:
    """A `Content` in memory."""

    data: bytes
    sha256: Sha256 = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", Sha256(sha256(self.data).hexdigest()))

    @property
    def size(self) -> int:
        return len(self.data)

    def blocks(self) -> Iterator[bytes]:
        for start in range(0, len(self.data), BLOCK):
            yield self.data[start : start + BLOCK]


class MemorySink:
    """A `Sink` in memory."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def write(self, block: bytes) -> None:
        self._blocks.append(bytes(block))

    def close(self) -> Content:
        return Held(b"".join(self._blocks))

    def discard(self) -> None:
        self._blocks.clear()


def whole(content: Content, max_bytes: int) -> bytes:
    """Return all bytes of *content*; raises ValueError when it is larger than *max_bytes*."""
    if content.size > max_bytes:
        raise ValueError(f"{content.size} bytes are more than {max_bytes}")
    return b"".join(content.blocks())

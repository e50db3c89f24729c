# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes between DATA and the final dot: found, freed of their stuffing, put into a sink in blocks.

Only CRLF.CRLF ends a letter; a bare CR, a bare LF or a NUL never does, and spoils it (RFC 5321 §2.3.8, §4.1.1.4).
Works on blocks with searches of the C library, never line by line, so a line may be as long as the letter.
Knows nothing of envelopes, replies to commands or the journal.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from gateway.inbound.smtp.replies import Reply
from gateway.model import Sink
from gateway.ports import Failpoint, nothing_fails

END = b"\r\n.\r\n"
BLOCK = 1 << 18  # LIMIT: bytes asked of the stream at once
DIRECT = 1 << 18  # letters up to this size are written where we stand, larger ones in a thread

Result = TypeVar("Result")


TOO_BIG = Reply("552 5.3.4 the letter is larger than this server takes", closes=True)
TOO_SLOW = Reply("421 4.4.2 the letter comes too slowly, try again", closes=True)
BARE = Reply("550 5.6.0 a bare CR, a bare LF or a NUL is not allowed")


@dataclass(frozen=True, slots=True)
class DataLimits:
    """How much of a letter, and how slowly."""

    max_bytes: int  # of the letter, without stuffing and final dot
    idle_seconds: float  # between two blocks
    total_seconds: float  # from 354 to the dot
    min_bytes_per_second: int  # on average, judged once `grace_seconds` have passed; 0: any
    grace_seconds: float = 60


class DataScanner:
    """Turns what follows DATA into the letter; any split of the input yields the same letter."""

    __slots__ = ("_first", "_held", "ended", "rest", "sound")

    def __init__(self) -> None:
        self._held = END[:2]  # DATA stands at the start of a line: as if a CRLF had come before
        self._first = True
        self.sound = True  # no bare CR, bare LF or NUL so far
        self.ended = False
        self.rest = b""  # what came after the end: the client's next commands

    def feed(self, block: bytes) -> bytes:
        """Return the next bytes of the letter, possibly none; not to be called once `ended`."""
        seen = self._held + block
        end = seen.find(END)
        if end >= 0:
            self.ended, self.rest, self._held = True, seen[end + len(END) :], b""
            piece = seen[: end + 2]
        else:
            cut = len(seen) - _begun(seen)
            piece, self._held = seen[:cut], seen[cut:]
        if not piece:
            return b""
        self.sound = self.sound and _only_whole_lines(piece)
        letter = piece.replace(b"\r\n.", b"\r\n")  # RFC 5321 §4.5.2
        if self._first:
            letter, self._first = letter[2:], False
        return letter


def _begun(seen: bytes) -> int:
    """Return how many bytes at the end of *seen* may be the beginning of `END`."""
    return next((length for length in (4, 3, 2, 1) if seen.endswith(END[:length])), 0)


def _only_whole_lines(piece: bytes) -> bool:
    """Say whether CR and LF stand only in pairs and there is no NUL; *piece* never ends between the two."""
    text = piece.replace(b"\r\n", b"")  # one pass; the three searches then cost nothing
    return b"\r" not in text and b"\n" not in text and b"\0" not in text


class StrictReader(asyncio.StreamReader):
    """A stream whose command lines must end with CRLF and hold no other CR and no NUL."""

    async def readuntil(self, separator: bytes = b"\n") -> bytes:  # type: ignore[override]  # tuples: 3.13 only
        line = await super().readuntil(separator)
        if separator == b"\n" and not (line.endswith(b"\r\n") and line.count(b"\r") == 1 and b"\0" not in line):
            return b"\r\n"  # an empty command: answered with a syntax error
        return line

    def unread(self, block: bytes) -> None:
        """Put *block* back in front of what has not been read yet."""
        self._buffer[:0] = block  # type: ignore[attr-defined]  # there is no public way back

    def forget(self) -> None:
        """Throw away what has not been read yet."""
        self._buffer.clear()  # type: ignore[attr-defined]  # as above


async def receive(
    reader: StrictReader,
    sink: Sink,
    limits: DataLimits,
    failed: Callable[[OSError], Reply],
    failpoint: Failpoint = nothing_fails,
) -> int | Reply:
    """Read one letter into *sink*; return its size in bytes when it is there whole and sound, else why not.

    A letter that is too big or too slow is cut off where it stands; otherwise everything up to the dot is consumed and
    what follows it stays in *reader*.  *failed* words a sink that cannot write.  Cancelled when the client goes away.
    """
    scanner, size = DataScanner(), 0
    fault: Reply | None = None
    now = asyncio.get_running_loop().time
    started = now()
    try:
        async with asyncio.timeout(None) as patience:
            while not scanner.ended:
                patience.reschedule(min(now() + limits.idle_seconds, started + limits.total_seconds))
                block = await reader.read(BLOCK)
                if not block:
                    raise ConnectionResetError("the client went away within a letter")
                piece = scanner.feed(block)
                size += len(piece)
                if size > limits.max_bytes:
                    return TOO_BIG
                if _too_slow(size, now() - started, limits) and not scanner.ended:
                    return TOO_SLOW
                if fault is None:
                    fault = await _store(sink, piece, size, failed) if scanner.sound else BARE
                failpoint("smtp:block")
    except TimeoutError:
        return TOO_SLOW
    reader.unread(scanner.rest)
    return size if fault is None else fault


def _too_slow(size: int, seconds: float, limits: DataLimits) -> bool:
    return seconds > limits.grace_seconds and size < limits.min_bytes_per_second * seconds


async def _store(sink: Sink, piece: bytes, size: int, failed: Callable[[OSError], Reply]) -> Reply | None:
    try:
        if size <= DIRECT:
            sink.write(piece)
        else:
            await in_thread(lambda: sink.write(piece))
    except OSError as error:
        return failed(error)
    return None


async def in_thread(call: Callable[[], Result]) -> Result:
    """Run *call* in a thread; when cancelled, still wait for it, so nobody works behind our back."""
    running = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        if not running.cancelled():
            running.exception()  # seen, and of no interest any more
        raise

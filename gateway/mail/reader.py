# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes of a letter as header lines and bodies, cut at the delimiters of the multiparts that are open.

Linear time, and at most one window of bytes in memory; the result never depends on where the blocks were cut.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.errors import Reason, Refused

_MAX_ODDITIES: Final = 1000  # LIMIT: lines of a letter that look like delimiters and are none
_MAX_DELIMITER: Final = 1024  # LIMIT: bytes of a delimiter line with its transport padding; a longer line is text


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a header block or a body ended: at the delimiter of an open multipart, or because the letter did."""

    level: int  # 1 for the outermost multipart, 0 for the end of the letter
    close: bool = False


END: Final = Stop(0)
_REOPENED: Final = Stop(-1)


class Reader:
    """Reads once, from front to back.

    *blocks* are looked at in windows of *window_bytes*; *note* is handed a word about odd delimiter lines.
    """

    def __init__(self, blocks: Iterable[bytes], window_bytes: int, note: Callable[[str], None]) -> None:
        self._windows = _windows(blocks, window_bytes)
        self._note = note
        self._tap: Callable[[bytes], None] | None = None
        self.size = 0  # bytes read so far
        # The byte before `_at` is always kept: a delimiter is known by the line break before it.
        self._held = b"\n"
        self._at = 1
        self._open: list[bytes] = []
        self._delimiters: dict[bytes, Stop] = {}
        self._candidate: re.Pattern[bytes] | None = None
        self._longest = 0  # bytes a candidate can have
        self._oddities = 0
        self.stop: Stop | None = None  # set when a header block or body ended; who has seen it resumes

    def tap(self, taker: Callable[[bytes], None]) -> None:
        """Hand every byte from here on to *taker* as well, as it stands in the letter."""
        taker(self._held[self._at :])
        self._tap = taker

    def resume(self) -> None:
        """Go on behind the delimiter that stopped us."""
        self.stop = None

    def enter(self, boundary: bytes) -> None:
        """Look for the delimiters of a multipart inside the innermost; raises Refused(AMBIGUOUS) if they collide."""
        lines = (b"--" + boundary, b"--" + boundary + b"--")
        if any(line in self._delimiters for line in lines):
            raise Refused(Reason.AMBIGUOUS, "a multipart uses the boundary of another one around it")
        self._open.append(boundary)
        self._delimiters |= {lines[0]: Stop(len(self._open)), lines[1]: Stop(len(self._open), close=True)}
        self._prepare()

    def close(self) -> None:
        """The innermost multipart has ended; its delimiters in the epilogue are noted and ignored."""
        for line in (b"--" + self._open[-1], b"--" + self._open[-1] + b"--"):
            self._delimiters[line] = _REOPENED

    def leave(self) -> None:
        """Forget the innermost multipart."""
        boundary = self._open.pop()
        for line in (b"--" + boundary, b"--" + boundary + b"--"):
            del self._delimiters[line]
        self._prepare()

    def header_lines(self, max_bytes: int) -> list[bytes]:
        """Return the lines of a header block without their ends.

        It ends at an empty line, at a delimiter (a part without body, RFC 2046 §5.1.1) or with the letter; the
        latter two set `stop`.  Raises Refused(TOO_LARGE).
        """
        lines: list[bytes] = []
        size = 0
        while True:
            end = self._held.find(b"\n", self._at) + 1
            if not end and size + len(self._held) - self._at <= max_bytes and self._fill():
                continue
            line = self._held[self._at : end or len(self._held)]
            size += len(line)
            if size > max_bytes:
                raise Refused(Reason.TOO_LARGE, f"a header block longer than {max_bytes} bytes")
            self._at += len(line)
            bare = line.rstrip(b"\r\n")
            self.stop = self._stop_at(bare) or (None if end else END)
            if self.stop in (None, END) and bare:
                lines.append(bare)
            if self.stop is not None or not bare:
                return lines

    def body(self) -> Iterator[bytes]:
        """Yield the bytes up to the next delimiter, or the end of the letter, and set `stop`.

        The line break before a delimiter belongs to the delimiter.  Yields nothing when `stop` is set already.
        """
        seek = self._at - 1
        while self.stop is None:
            found = self._find(seek)
            line_at = found + 1
            if found < 0:
                yield from self._yield_to(len(self._held) - self._tail())
            else:
                end = self._held.find(b"\n", line_at, line_at + _MAX_DELIMITER)
                if end < 0 and len(self._held) - line_at >= _MAX_DELIMITER:
                    seek = line_at
                    continue
                if end >= 0:
                    stop = self._stop_at(self._held[line_at:end])
                    if stop is None:
                        seek = line_at
                        continue
                    yield from self._yield_to(self._before_break(found))
                    self._at, self.stop = end + 1, stop
                    return
                yield from self._yield_to(self._before_break(found))
            if not self._fill():
                yield from self._last()
                return
            seek = 0

    def _last(self) -> Iterator[bytes]:
        """Yield what remains at the end of the letter, whose last line may be a delimiter without a line end."""
        line_at = self._find(0) + 1
        self.stop = (self._stop_at(self._held[line_at:]) if line_at else None) or END
        if self.stop is END:
            yield from self._yield_to(len(self._held))
        self._at = len(self._held)

    def _yield_to(self, end: int) -> Iterator[bytes]:
        if end > self._at:
            block = self._held[self._at : end]
            self._at = end
            yield block

    def _before_break(self, newline: int) -> int:
        """Return where the line break that ends at *newline* begins."""
        return newline - (newline > self._at and self._held[newline - 1] == 0x0D)

    def _tail(self) -> int:
        """Return how many of the last bytes could belong to a delimiter or the line break before it."""
        if self._candidate is None:
            return 0
        if self._held.endswith(b"\r"):
            return 1
        newline = self._held.rfind(b"\n", max(0, len(self._held) - self._longest))
        return 0 if newline < 0 else len(self._held) - self._before_break(newline)

    def _stop_at(self, line: bytes) -> Stop | None:
        """Return the stop that *line* is, or None; blanks behind a delimiter are transport padding."""
        if not line.startswith(b"--") or not self._open:
            return None
        stop = self._delimiters.get(line.rstrip(b" \t\r"))
        if stop is _REOPENED:
            self._odd("a delimiter of a multipart that has ended")
            return None
        if stop is None and line.startswith(b"--" + self._open[-1]):
            self._odd("a line that only begins like a delimiter")
        return stop

    def _odd(self, text: str) -> None:
        self._oddities += 1
        if self._oddities > _MAX_ODDITIES:
            raise Refused(Reason.AMBIGUOUS, f"more than {_MAX_ODDITIES} lines that could be taken for delimiters")
        self._note(text)

    def _find(self, seek: int) -> int:
        """Return where the next line break stands that a delimiter, or something that begins like one, follows."""
        found = self._candidate.search(self._held, seek) if self._candidate is not None else None
        return found.start() if found is not None else -1

    def _prepare(self) -> None:
        """Make the search for the delimiters that are open now."""
        choices = b"|".join(map(re.escape, self._open))
        self._candidate = re.compile(b"\n--(?:" + choices + b")") if self._open else None
        self._longest = max(map(len, self._open), default=0) + len(b"\r\n--")

    def _fill(self) -> bool:
        """Read one more window; False at the end of the letter."""
        window = next(self._windows, b"")
        self.size += len(window)
        if self._tap is not None:
            self._tap(window)
        self._held = self._held[self._at - 1 :] + window
        self._at = 1
        return bool(window)


def _windows(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the bytes of *blocks* in pieces of exactly *size*, the last one shorter."""
    held = bytearray()
    for block in blocks:
        # A block may itself be larger than memory likes; it is never copied whole.
        for start in range(0, len(block), size):
            held += block[start : start + size]
            if len(held) >= size:
                yield bytes(held[:size])
                del held[:size]
    if held:
        yield bytes(held)

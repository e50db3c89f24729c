# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting what an IMAP server sends into responses, under limits, in linear time; pure.

A response ends at a CRLF that no literal follows (RFC 3501 §2.2.2, §4.3).
Parentheses are not counted: a smiley in a quoted string would swallow the next response.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

Piece = bytes | bytearray  # bytes: a line without its CRLF; bytearray: a literal
Response = tuple[Piece, ...]  # line, literal, line, literal, … line

_LITERAL = re.compile(rb"\{(\d{1,20})\}\Z")
_FREE_TEXT = re.compile(rb"\+|(?:\*|[A-Za-z0-9]{1,32}) (?:OK|NO|BAD|BYE|PREAUTH)(?: |\Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server may send before we hang up."""

    line_bytes: int = 64 << 10  # LIMIT: one line, up to its CRLF or literal
    literal_bytes: int = (1 << 20) + (64 << 10)  # LIMIT: one literal: a block of a letter and slack
    answer_bytes: int = 8 << 20  # LIMIT: everything sent while one command waits
    answer_pieces: int = 20_000  # LIMIT: lines and literals sent while one command waits
    session_bytes: int = 16 << 30  # LIMIT: everything sent in one connection


class LimitExceeded(Exception):
    """The server sent, or announced, more than any server we know has a reason to."""


class Framer:
    """Collects bytes and gives complete responses."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0  # no CRLF begins before this offset of the buffer
        self._pieces: list[Piece] = []
        self._literal = bytearray()
        self._missing = 0  # bytes of the literal still to come
        self._in_literal = False
        self._session_bytes = 0
        self._answer_bytes = 0
        self._answer_pieces = 0

    def new_answer(self) -> None:
        """Start counting anew: a command is about to be sent."""
        self._answer_bytes = self._answer_pieces = 0

    def feed(self, received: bytes) -> Iterator[Response]:
        """Take *received* and yield every response that is complete by now; raises LimitExceeded."""
        self._session_bytes += len(received)
        self._answer_bytes += len(received)
        if self._session_bytes > self._limits.session_bytes:
            raise LimitExceeded(f"more than {self._limits.session_bytes} bytes in one session")
        if self._answer_bytes > self._limits.answer_bytes:
            raise LimitExceeded(f"more than {self._limits.answer_bytes} bytes in answer to one command")
        self._buffer += received
        while (response := self._next()) is not None:
            yield response

    def holds_more(self) -> bool:
        """Say whether something came that is no complete response yet."""
        return bool(self._buffer or self._pieces or self._in_literal)

    def _next(self) -> Response | None:
        while self._take_literal():
            line = self._take_line()
            if line is None:
                return None
            self._add(line)
            announced = None if len(self._pieces) == 1 and _FREE_TEXT.match(line) else _LITERAL.search(line)
            if announced is None:
                response, self._pieces = tuple(self._pieces), []
                return response
            self._begin_literal(int(announced.group(1)))
        return None

    def _take_line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n", self._searched)
        if end < 0:
            self._searched = max(0, len(self._buffer) - 1)
        length = len(self._buffer) - self._buffer.endswith(b"\r") if end < 0 else end  # its CR may have come alone
        if length > self._limits.line_bytes:
            raise LimitExceeded(f"a line of more than {self._limits.line_bytes} bytes")
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        self._searched = 0
        return line

    def _begin_literal(self, length: int) -> None:
        if length > self._limits.literal_bytes:
            raise LimitExceeded(f"a literal of {length} bytes announced, at most {self._limits.literal_bytes} allowed")
        self._literal, self._missing, self._in_literal = bytearray(), length, True

    def _take_literal(self) -> bool:
        """Move what has come of the literal; say whether there is none left to wait for."""
        if not self._in_literal:
            return True
        block = self._buffer[: self._missing]
        del self._buffer[: len(block)]
        self._literal += block
        self._missing -= len(block)
        if self._missing:
            return False
        self._in_literal = False
        self._add(self._literal)
        return True

    def _add(self, piece: Piece) -> None:
        self._answer_pieces += 1
        if self._answer_pieces > self._limits.answer_pieces:
            raise LimitExceeded(f"more than {self._limits.answer_pieces} lines in answer to one command")
        self._pieces.append(piece)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a letter's bytes onto the wire: dots doubled (RFC 5321 §4.5.2), nothing else changed."""


class NotWhole(ValueError):
    """The letter has a bare CR, a bare LF or a NUL: it would mean different things to different servers."""


class Stuffing:
    """Doubles the dot at the start of each line, whatever way the letter is cut into blocks."""

    __slots__ = ("_end",)

    def __init__(self) -> None:
        self._end = b"\r\n"  # the last two bytes so far, as if a line had just ended

    def feed(self, block: bytes) -> bytes:
        """Return *block* as it goes onto the wire; raises NotWhole."""
        if not block:
            return b""
        seen = self._end + block
        if not _only_whole_lines(seen):
            raise NotWhole("a bare CR, a bare LF or a NUL in the letter")
        self._end = seen[-2:]
        return seen.replace(b"\r\n.", b"\r\n..")[2:]

    def end(self) -> bytes:
        """Return what ends the letter on the wire; a last line without CRLF is given one.  Raises NotWhole."""
        if self._end.endswith(b"\r"):
            raise NotWhole("a bare CR at the end of the letter")
        return b".\r\n" if self._end == b"\r\n" else b"\r\n.\r\n"


def _only_whole_lines(seen: bytes) -> bool:
    """Say whether CR and LF stand only in pairs and there is no NUL.

    An LF at the start is the second half of a pair judged before; a CR at the end waits for the next block.
    """
    text = seen.removeprefix(b"\n").removesuffix(b"\r").replace(b"\r\n", b"")
    return b"\r" not in text and b"\n" not in text and b"\0" not in text

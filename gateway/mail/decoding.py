# SPDX-License-Identifier: GPL-3.0-or-later
"""Content transfer encodings (RFC 2045 §6), decoded block by block in bounded memory.

The result never depends on where the blocks were cut.  Base64 is read strictly, because programs that skip foreign
characters or stop at early padding see other bytes than programs that do not.
"""

import re
from binascii import Error, a2b_base64, a2b_qp
from collections.abc import Callable
from typing import Final, Protocol

from gateway.errors import Reason, Refused

MAX_QP_LINE: Final = 1 << 20  # LIMIT: bytes of one quoted-printable line (RFC 2045 §6.7 says 76)
_BLANK_ENDS = (b" \n", b"\t\n", b" \r\n", b"\t\r\n")
_BAD_ESCAPE = re.compile(rb"=(?![0-9A-Fa-f]{2}|\r?\n)")
_ESCAPE = re.compile(rb"=(?:([0-9A-Fa-f]{2})|\r?\n)")

Note = Callable[[str, str], None]  # takes a problem's code and text


class Decoder(Protocol):
    def feed(self, block: bytes) -> bytes:
        """Return what *block* completes; raises Refused(BAD_ENCODING)."""

    def finish(self) -> bytes:
        """Return what was held back until the end; raises Refused(BAD_ENCODING)."""


class Identity:
    """7bit, 8bit and binary: the bytes as they are."""

    def __init__(self, name: str, note: Note) -> None:
        self._watch = name != "binary"
        self._note = note

    def feed(self, block: bytes) -> bytes:
        if self._watch and b"\0" in block:
            self._watch = False
            self._note("nul-in-text", "a NUL byte in a part that is not declared binary")
        return block

    def finish(self) -> bytes:
        return b""


class Base64:
    """RFC 2045 §6.8, with only line breaks and blanks ignored."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._rest = b""  # 0 to 3 characters of an unfinished group
        self._padding = 0

    def feed(self, block: bytes) -> bytes:
        letters = self._rest + block.translate(None, b" \t\r\n") if block else self._rest
        if self._padding or b"=" in letters:
            letters = self._cut_padding(letters)
        whole = len(letters) - len(letters) % 4
        self._rest = letters[whole:]
        try:
            return a2b_base64(letters[:whole], strict_mode=True) if whole else b""
        except Error:
            raise Refused(Reason.BAD_ENCODING, "foreign characters in base64") from None

    def finish(self) -> bytes:
        if not self._rest and not self._padding:
            return b""
        if len(self._rest) == 1:
            raise Refused(Reason.BAD_ENCODING, "base64 ends in the middle of a group")
        if self._padding != -len(self._rest) % 4:
            self._note("base64-padding", "the padding at the end of base64 is missing or too long")
        if not self._rest:
            return b""
        try:
            return a2b_base64(self._rest + b"=" * (-len(self._rest) % 4), strict_mode=True)
        except Error:
            raise Refused(Reason.BAD_ENCODING, "foreign characters in base64") from None

    @property
    def unpadded(self) -> bool:
        """Whether the last group lacks its padding: what a cut letter looks like."""
        return bool(self._rest) and not self._padding

    def _cut_padding(self, letters: bytes) -> bytes:
        start = len(self._rest) if self._padding else letters.index(b"=")
        if letters[start:].strip(b"="):
            raise Refused(Reason.BAD_ENCODING, "base64 goes on after its padding")
        self._padding += len(letters) - start
        return letters[:start]


class QuotedPrintable:
    """RFC 2045 §6.7; blanks at line ends are transport padding, a bad escape stays as it stands and is noted."""

    def __init__(self, note: Note) -> None:
        self._note: Note | None = note
        self._line = bytearray()  # an unfinished line

    def feed(self, block: bytes) -> bytes:
        end = block.rfind(b"\n") + 1
        if not end:
            self._line += block
            self._bound()
            return b""
        whole = bytes(self._line) + block[:end]
        self._line = bytearray(block[end:])
        self._bound()
        return self._decode(whole)

    def finish(self) -> bytes:
        if not self._line:
            return b""
        decoded = self._decode(bytes(self._line) + b"\n")
        # The line break is ours; a soft one has swallowed it.
        return decoded if self._line.rstrip(b" \t\r").endswith(b"=") else decoded[:-1]

    def _bound(self) -> None:
        if len(self._line) > MAX_QP_LINE:
            raise Refused(Reason.BAD_ENCODING, f"a quoted-printable line longer than {MAX_QP_LINE} bytes")

    def _decode(self, lines: bytes) -> bytes:
        if any(end in lines for end in _BLANK_ENDS):
            lines = b"\n".join(map(_unpadded, lines.split(b"\n")))
        if _BAD_ESCAPE.search(lines) is None:
            return a2b_qp(lines)
        if self._note is not None:
            self._note("bad-escape", "an equals sign in quoted-printable that starts no escape")
            self._note = None
        return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()) if found[1] else b"", lines)


def _unpadded(line: bytes) -> bytes:
    """Return *line* without blanks before its end; a carriage return is part of the end."""
    if line.endswith(b"\r"):
        return line[:-1].rstrip(b" \t") + b"\r"
    return line.rstrip(b" \t")


def decoder_of(encoding: str, note: Note) -> Decoder | None:
    """Return a decoder for a Content-Transfer-Encoding in lower case, or None for one nobody knows."""
    if encoding in ("7bit", "8bit", "binary"):
        return Identity(encoding, note)
    if encoding == "base64":
        return Base64(note)
    return QuotedPrintable(note) if encoding == "quoted-printable" else None

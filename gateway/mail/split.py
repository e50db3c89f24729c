# SPDX-License-Identifier: GPL-3.0-or-later
"""A letter taken apart: bytes in, leaves decoded into sinks, in linear time and bounded memory.

Knows MIME structure (RFC 2045, 2046) and which deviations change what a letter says.  Deliberately does not look
into embedded messages, TNEF, uuencode or archives: those stay one part each.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from gateway.errors import Reason, Refused
from gateway.mail.decoding import Base64, Decoder, decoder_of
from gateway.mail.entity import Entity, read_entity
from gateway.mail.fingerprint import Fingerprint
from gateway.mail.headers import field_text, looks_like_field
from gateway.mail.limits import DEFAULT, Limits, Notes
from gateway.mail.reader import END, Reader, Stop
from gateway.model import Content, Letter, Part, Sink

__all__ = ["Limits", "split"]

_BOM: Final = b"\xef\xbb\xbf"
_HIDDEN_FILE = re.compile(rb"\n(?:begin [0-7]{3,4} |=ybegin )")


def split(blocks: Iterable[bytes], new_sink: Callable[[], Sink], limits: Limits = DEFAULT) -> Letter:
    """Take the letter in *blocks* apart; every leaf's decoded bytes go into a sink of its own.

    Blocks may be of any size, and the result does not depend on where they are cut.  Lines may end in CRLF or LF.
    Embedded messages and delivery reports are leaves.  Deviations that can be read in one way only are noted in
    ``problems``.  Raises Refused (NOT_MIME, TRUNCATED, TOO_LARGE, TOO_MANY_PARTS, TOO_DEEP, AMBIGUOUS, BAD_ENCODING)
    with a place for the rest; then, and when *blocks* or a sink fails, every sink is discarded.
    """
    splitter = _Splitter(blocks, new_sink, limits)
    finished = False
    try:
        letter = splitter.letter()
        finished = True
    finally:
        if not finished:
            splitter.discard()
    return letter


class _Splitter:
    """One letter on its way; walks the tree of parts by recursion, at most `Limits.max_depth` deep."""

    def __init__(self, blocks: Iterable[bytes], new_sink: Callable[[], Sink], limits: Limits) -> None:
        self._new_sink = new_sink
        self._limits = limits
        self._notes = Notes()
        self._place = "letter"
        self._reader = Reader(blocks, limits.window_bytes, self._note_delimiter)
        self._sinks: list[Sink] = []
        self._parts: list[Part] = []
        self._seen = 0  # leaves and multiparts
        self._room = limits.max_decoded_bytes

    def letter(self) -> Letter:
        with _placed("letter"):
            lines = self._reader.header_lines(self._limits.max_header_block_bytes)
        entity = self._entity(self._without_wrapping(lines), "letter", "text/plain")
        fingerprint = Fingerprint()
        fingerprint.header(entity.fields)
        self._reader.tap(fingerprint.body)
        self._walk(entity, "", depth=1)
        headers = tuple((field.name, field_text(field)) for field in entity.fields)
        size = self._reader.size
        return Letter(headers, tuple(self._parts), size, fingerprint.digest(), self._notes.all())

    def discard(self) -> None:
        for sink in self._sinks:
            sink.discard()

    def _note_delimiter(self, text: str) -> None:
        self._notes.add("odd-delimiter", self._place, text)

    def _without_wrapping(self, lines: list[bytes]) -> list[bytes]:
        """Return the header lines without what storage put before them; raises Refused(NOT_MIME) if none are."""
        if lines and lines[0].startswith(_BOM):
            self._notes.add("byte-order-mark", "letter", "a byte order mark before the first header")
            lines = [lines[0].removeprefix(_BOM), *lines[1:]]
        if lines and lines[0].startswith((b"From ", b">From ")):
            self._notes.add("mbox-line", "letter", "a mailbox separator before the first header")
            lines = lines[1:]
        if not lines or not looks_like_field(lines[0]):
            raise Refused(Reason.NOT_MIME, "this does not begin with a header", place="letter")
        return lines

    def _entity(self, lines: list[bytes], place: str, default_type: str) -> Entity:
        self._seen += 1
        if self._seen > self._limits.max_parts:
            raise Refused(Reason.TOO_MANY_PARTS, f"more than {self._limits.max_parts} parts", place=place)
        self._place = place
        return read_entity(lines, place, default_type, self._limits, self._notes)

    def _walk(self, entity: Entity, path: str, depth: int) -> None:
        if not entity.boundary:
            self._leaf(entity, path or "1")
            return
        if depth > self._limits.max_depth:
            detail = f"more than {self._limits.max_depth} multiparts inside one another"
            raise Refused(Reason.TOO_DEEP, detail, place=entity.place)
        with _placed(entity.place):
            self._multipart(entity, path, depth)

    def _multipart(self, entity: Entity, path: str, depth: int) -> None:
        """Read preamble, parts and epilogue; leaves the reader at what stopped it outside."""
        reader = self._reader
        reader.enter(entity.boundary)
        default_type = "message/rfc822" if entity.media_type == "multipart/digest" else "text/plain"
        self._skip()
        number = 0
        while reader.stop == Stop(depth):
            number += 1
            child = f"{path}.{number}" if path else str(number)
            self._part(child, default_type, depth)
        if reader.stop == END:
            raise Refused(Reason.TRUNCATED, "the letter ends before its multipart does", place=entity.place)
        if reader.stop == Stop(depth, close=True):
            if not number:
                self._notes.add("empty-multipart", entity.place, "a multipart without parts")
            reader.close()
            reader.resume()
            self._skip()
        else:
            self._notes.add("not-closed", entity.place, "the multipart around it ends this one")
        reader.leave()

    def _part(self, path: str, default_type: str, depth: int) -> None:
        place = f"part {path}"
        self._reader.resume()
        with _placed(place):
            lines = self._reader.header_lines(self._limits.max_header_block_bytes)
        self._walk(self._entity(lines, place, default_type), path, depth + 1)

    def _skip(self) -> None:
        for _ in self._reader.body():
            pass

    def _leaf(self, entity: Entity, path: str) -> None:
        with _placed(entity.place):
            content = self._decoded(entity)
        name = entity.names[0] if entity.names else ""
        self._parts.append(Part(path, entity.media_type, entity.charset, name, entity.names, content))

    def _decoded(self, entity: Entity) -> Content:
        """Read the body of a leaf into a new sink; what is not padded at the very end of a letter is cut off."""
        notes: list[tuple[str, str]] = []
        decoder = decoder_of(entity.encoding, lambda code, text: notes.append((code, text)))
        if decoder is None:
            raise Refused(Reason.BAD_ENCODING, "an unknown transfer encoding", found=entity.encoding[:40])
        sink = self._new_sink()
        self._sinks.append(sink)
        watch = _HiddenFile() if entity.media_type == "text/plain" else None
        for block in self._blocks(decoder):
            self._room -= len(block)
            if self._room < 0:
                raise Refused(Reason.TOO_LARGE, f"more than {self._limits.max_decoded_bytes} bytes of content")
            sink.write(block)
            if watch is not None:
                watch.look(block)
        if watch is not None and watch.found:
            notes.append(("uuencode", "a file inside the text is not unpacked"))
        for code, text in notes:
            self._notes.add(code, entity.place, text)
        return sink.close()

    def _blocks(self, decoder: Decoder) -> Iterator[bytes]:
        for block in self._reader.body():
            if decoded := decoder.feed(block):
                yield decoded
        if isinstance(decoder, Base64) and decoder.unpadded and self._reader.stop == END:
            raise Refused(Reason.TRUNCATED, "the letter ends in the middle of base64")
        if decoded := decoder.finish():
            yield decoded


class _HiddenFile:
    """Finds uuencoded and yEnc files in text, across blocks."""

    def __init__(self) -> None:
        self.found = False
        self._before = b"\n"

    def look(self, block: bytes) -> None:
        text = self._before + block
        self._before = text[-12:]
        self.found = self.found or (b"begin " in text and _HIDDEN_FILE.search(text) is not None)


@contextmanager
def _placed(place: str) -> Iterator[None]:
    """Give a refusal from inside its place, unless it has a nearer one."""
    try:
        yield
    except Refused as refused:
        if refused.place:
            raise
        raise Refused(refused.reason, refused.detail, place=place, found=refused.found) from None

# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in base64 inside a passport: cut out while it arrives, put in while it leaves, never held whole.

Some standards carry the documents themselves in their XML.  A passport is read once as a stream; what is left, small
and in UTF-8, is the passport that a dialect makes a tree of.  The number in the place of a file is ours alone: whatever
a sender writes where a file may stand is cut out itself, so nobody can name the file of another place.
"""

import re
from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from gateway.content import Held
from gateway.dialects.tree import MAX_ATTRIBUTES, MAX_BYTES, MAX_DEPTH
from gateway.dialects.wire import Body, IsBody, Package
from gateway.errors import Reason, Refused
from gateway.mail.decoding import Base64
from gateway.model import Content, Contents, NewSink, Sink

MAX_WITH_BODIES: Final = 1 << 30  # LIMIT: bytes of a passport with files inside
MAX_BODIES: Final = 1000  # LIMIT: files inside one passport
MAX_TAG: Final = 4 << 20  # LIMIT: bytes of one tag or comment, which a parser holds whole
_TOO_MUCH: Final = (Reason.TOO_LARGE, Reason.TOO_MANY_PARTS)
_GROUP: Final = 57 * 4096  # bytes encoded at once, a multiple of three
_BLOCK: Final = 1 << 16  # bytes parsed, and characters decoded, at once


def cut_out(passport: Content, is_body: IsBody, new_sink: NewSink) -> tuple[bytes, tuple[Body, ...]]:
    """Return *passport* without the files inside, and those files; the text of each is now its number, from 0.

    An element that *is_body* names and that is empty has no number; one with elements inside is no file (None).
    Broken or hostile XML comes back as it began, so that whoever makes a tree of it says what is wrong.
    Raises Refused for what only a reader of files inside finds too much, and what a sink raises.
    """
    cutting = _Cutting(is_body, new_sink)
    try:
        cutting.read(passport.blocks())
    except Refused as why:
        begun = beginning(passport)
        if why.reason in _TOO_MUCH and len(begun) <= MAX_BYTES:  # else a tree finds it too much, too
            raise
        return begun, ()
    except (expat.ExpatError, ValueError, LookupError):
        return beginning(passport), ()
    finally:
        cutting.discard()
    return bytes(cutting.rest), tuple(cutting.bodies)


def put_in(package: Package, contents: Contents, new_sink: NewSink) -> Content:
    """Return the passport of *package* with every file that belongs inside, in base64 without line ends.

    Raises KeyError when *contents* lacks one: our defect.
    """
    if not package.inline:
        return Held(package.passport)
    sink, done = new_sink(), 0
    try:
        for inline in package.inline:
            sink.write(package.passport[done : inline.at])
            for text in _encoded(contents[inline.sha256].blocks()):
                sink.write(text)
            done = inline.at
        sink.write(package.passport[done:])
        return sink.close()
    except BaseException:
        sink.discard()
        raise


@dataclass(slots=True)
class _File:
    """One file being cut out."""

    sink: Sink
    decoder: Base64
    empty: bool = True
    broken: bool = False

    def feed(self, text: str) -> None:
        if self.broken:
            return
        try:
            octets = text.encode("ascii")
            self.empty = self.empty and not octets.strip()
            decoded = self.decoder.feed(octets)
        except (Refused, UnicodeError):
            self.spoil()
        else:
            self.sink.write(decoded)

    def spoil(self) -> None:
        """There is no file here: neither what came of it nor what comes is kept."""
        if not self.broken:
            self.empty, self.broken = False, True
            self.sink.discard()

    def close(self) -> Body:
        """Return the file, None when it was no base64."""
        if self.broken:
            return None
        try:
            rest = self.decoder.finish()
        except Refused:
            self.sink.discard()
            return None
        self.sink.write(rest)
        return self.sink.close()


@dataclass(slots=True)
class _Cutting:
    """Writes again what the parser reads, but for the files; comments and processing instructions are left out."""

    is_body: IsBody
    new_sink: NewSink
    rest: bytearray = field(default_factory=bytearray)
    bodies: list[Body] = field(default_factory=list)
    _root: str = ""
    _depth: int = 0
    _file: _File | None = None  # the one being cut out
    _at: int = 0  # the depth of its element
    _fed: int = 0  # bytes given to the parser
    _heard: int = 0  # of those, when it last told of anything

    def read(self, blocks: Iterable[bytes]) -> None:
        parser = self._parser()
        for block in blocks:
            for start in range(0, len(block), _BLOCK):
                piece = block[start : start + _BLOCK]
                self._fed += len(piece)
                parser.Parse(piece, False)
                if self._fed - self._heard > MAX_TAG:
                    raise Refused(Reason.TOO_LARGE, "a tag or a comment is too long", place=f"/{self._root}")
        parser.Parse(b"", True)

    def discard(self) -> None:
        """Forget the file that was not finished; nothing when there is none."""
        if self._file is not None:
            self._file.sink.discard()
            self._file = None

    def _parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.buffer_size = _BLOCK
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.CommentHandler = self._left_out
        parser.ProcessingInstructionHandler = self._left_out
        return parser

    def _doctype(self, *_: object) -> None:
        raise Refused(Reason.DOCTYPE, "a document type declaration is not allowed", place="prolog")

    def _left_out(self, *_: object) -> None:
        self._heard = self._fed

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._heard = self._fed
        self._depth += 1
        self._root = self._root or name.rpartition(":")[2]
        if self._depth > MAX_DEPTH:
            raise Refused(Reason.BAD_XML, "too many levels of elements")
        if len(attributes) > MAX_ATTRIBUTES:
            raise Refused(Reason.BAD_XML, "too many attributes of one element")
        if self._file is not None:
            self._file.spoil()  # what lies inside a file is no part of the passport
        else:
            self._open(name, attributes)

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        said = "".join(f" {key}={_quoted(value)}" for key, value in attributes.items())
        self._write(f"<{name}{said}>")
        if self.is_body(name.rpartition(":")[2], _local(attributes)):
            if len(self.bodies) >= MAX_BODIES:
                raise Refused(Reason.TOO_MANY_PARTS, "too many files inside the passport", place=f"/{self._root}")
            self._file, self._at = _File(self.new_sink(), Base64(lambda code, text: None)), self._depth

    def _end(self, name: str) -> None:
        self._heard = self._fed
        inside = self._file is not None and self._depth > self._at
        self._depth -= 1
        if inside:
            return
        if self._file is not None:
            self._finish(self._file)
        self._write(f"</{name}>")

    def _finish(self, file: _File) -> None:
        if file.empty:
            file.sink.discard()
        else:
            self._write(str(len(self.bodies)))
            self.bodies.append(file.close())
        self._file = None

    def _text(self, text: str) -> None:
        self._heard = self._fed
        if self._file is None:
            self._write(escape(text, _CARRIAGE) if _IN_TEXT.search(text) else text)
        elif self._depth == self._at:
            self._file.feed(text)

    def _write(self, text: str) -> None:
        self.rest += text.encode()
        if len(self.rest) > MAX_BYTES:
            raise Refused(Reason.TOO_LARGE, "the passport is too large without its files, too")


_CARRIAGE: Final = {"\r": "&#13;"}
_LINES: Final = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


_IN_TEXT: Final = re.compile(r"[&<>\r]")
_IN_VALUE: Final = re.compile(r"[&<>\"\r\n\t]")


def _quoted(value: str) -> str:
    return quoteattr(value, _LINES) if _IN_VALUE.search(value) else f'"{value}"'


def _local(attributes: Mapping[str, str]) -> Mapping[str, str]:
    """Return *attributes* by their local names; of two that share one, that without a prefix, as dialects read it."""
    if not any(":" in key for key in attributes):
        return attributes
    prefixed = {key.rpartition(":")[2]: value for key, value in attributes.items() if ":" in key}
    return prefixed | {key: value for key, value in attributes.items() if ":" not in key}


def beginning(passport: Content) -> bytes:
    """Return the first bytes of *passport*, just too many when it is too large for any tree."""
    found = bytearray()
    for block in passport.blocks():
        found += block[: MAX_BYTES + 1 - len(found)]
        if len(found) > MAX_BYTES:
            break
    return bytes(found)


def _encoded(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        octets = rest + block
        whole = len(octets) - len(octets) % _GROUP
        for start in range(0, whole, _GROUP):
            yield b2a_base64(octets[start : start + _GROUP], newline=False)
        rest = octets[whole:]
    if rest:
        yield b2a_base64(rest, newline=False)

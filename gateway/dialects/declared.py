# SPDX-License-Identifier: GPL-3.0-or-later
"""A passport whose declaration names an alphabet of one octet a letter, and which is written in UTF-8 all the same.

QUIRK: seen in receipts of MEDO nodes, and wherever a program changes the encoding of a text and not its first line.
Read as declared, every Cyrillic letter would become two others, and nobody would be told.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.model import Content, Problem, Severity, Sha256

_BEGINNING = 200  # octets among which a declaration stands
_ONE_OCTET = re.compile(
    rb"""(<\?xml\s[^>]{0,80}?encoding\s*=\s*)(["'])((?i:windows-125\d|cp125\d|koi8-[ru]|iso-8859-\d{1,2}|us-ascii))\2"""
)


@dataclass(frozen=True, slots=True)
class Redeclared:
    """A `Content` that names UTF-8 in its declaration; as long as it was, so that places stay where they were."""

    content: Content
    beginning: bytes  # in place of as many octets

    @property
    def size(self) -> int:
        return self.content.size

    @property
    def sha256(self) -> Sha256:
        return self.content.sha256

    def blocks(self) -> Iterator[bytes]:
        yield self.beginning
        done = 0
        for block in self.content.blocks():
            if rest := block[max(0, len(self.beginning) - done) :]:
                yield rest
            done += len(block)


def as_written(passport: Content) -> tuple[Content, tuple[Problem, ...]]:
    """Return *passport* with a declaration that is true, and what was wrong with it."""
    declared = _ONE_OCTET.match(_first(passport, _BEGINNING))
    if declared is None or not _in_utf8(passport):
        return passport, ()
    name = declared[3].decode("ascii")
    told = f"{name} is declared, and it is written in UTF-8"
    beginning = declared[1] + b'"utf-8"'.ljust(len(name) + 2)
    return Redeclared(passport, beginning), (Problem(Severity.NOTE, "wrong-encoding", "prolog", told),)


def _first(content: Content, count: int) -> bytes:
    found = b""
    for block in content.blocks():
        found += block[: count - len(found)]
        if len(found) == count:
            break
    return found


def _in_utf8(content: Content) -> bool:
    """Say whether *content* has letters beyond ASCII and all of them are UTF-8: no text in another alphabet is."""
    decoder = getincrementaldecoder("utf-8")()
    beyond = False
    try:
        for block in content.blocks():
            beyond = beyond or not block.isascii()
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return beyond

# SPDX-License-Identifier: GPL-3.0-or-later
"""Content-Type and Content-Disposition: a value and its parameters (RFC 2045 §5.1, RFC 2183, RFC 2231).

Every reading another program could take is kept, the likeliest first; who needs certainty asks for exactly one.
Linear time, never raises.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import unquote_to_bytes

from gateway.mail.charsets import decode, guess
from gateway.mail.syntax import Token, tokens, unquoted

# attribute, section (RFC 2231 §3), "extended" star (§4)
_ATTRIBUTE = re.compile(r"([^*]+)(?:\*([0-9]{1,3}))?(\*)?")
_EXTENDED = re.compile(r"([^']*)'([^']*)'(.*)", re.DOTALL)
_RARE_PAIR = re.compile(r'\\[^"\\]')


@dataclass(frozen=True, slots=True)
class Parameter:
    """One ``attribute=value`` as it stands, before sections are joined."""

    name: str  # lower case, without section and star
    section: int | None  # None: the value is not continued
    extended: bool  # percent-encoded with a charset
    values: tuple[str, ...]  # every reading of the value, the likeliest first


@dataclass(frozen=True, slots=True)
class Structured:
    value: str  # lower case: "multipart/mixed", "attachment"
    parameters: tuple[Parameter, ...] = ()
    broken: bool = False  # a quote or a comment never closes

    def extended(self, name: str) -> tuple[str, ...]:
        """Return the readings of ``name*=`` and of continued values with a charset: text already decoded."""
        single = [_percent(value) for each in self._of(name) if each.section is None and each.extended
                  for value in each.values]  # fmt: skip
        sections = [each for each in self._of(name) if each.section is not None]
        return _once([*single, *(_joined(sections) if _has_charset(sections) else ())])

    def plain(self, name: str) -> tuple[str, ...]:
        """Return the readings of ``name=``, continued or not; encoded words in them are not decoded."""
        single = [value for each in self._of(name) if each.section is None and not each.extended
                  for value in each.values]  # fmt: skip
        sections = [each for each in self._of(name) if each.section is not None]
        return _once([*single, *(() if _has_charset(sections) else _joined(sections))])

    def readings(self, name: str) -> tuple[str, ...]:
        """Return every different reading of parameter *name*, an RFC 2231 one first; empty when it is absent."""
        return _once([*self.extended(name), *self.plain(name)])

    def times(self, name: str) -> int:
        """Return how many parameters claim to be the whole value of *name*; more than one is ambiguous."""
        whole = sum(1 for each in self._of(name) if each.section is None)
        return whole + any(each.section is not None for each in self._of(name))

    def _of(self, name: str) -> tuple[Parameter, ...]:
        return tuple(each for each in self.parameters if each.name == name)


def structured(text: str) -> Structured:
    """Take the unfolded *text* of a Content-Type or Content-Disposition field apart."""
    segments, broken = _segments(text)
    head = "".join(token for kind, token in segments[0] if kind is not Token.COMMENT)
    parameters = [found for segment in segments[1:] if (found := _parameter(segment)) is not None]
    return Structured("".join(head.split()).lower(), tuple(parameters), broken)


_Segment = list[tuple[Token, str]]


def _segments(text: str) -> tuple[list[_Segment], bool]:
    """Cut *text* at the semicolons that stand outside quotes and comments."""
    segments: list[_Segment] = [[]]
    broken = False
    for kind, token in tokens(text, angles=False):
        broken |= kind is Token.BROKEN
        if token.startswith('"') and kind is Token.BROKEN:
            segments[-1].append((Token.TEXT, token[1:]))
            continue
        if kind in (Token.QUOTED, Token.COMMENT):
            segments[-1].append((kind, token))
            continue
        # QUIRK: "(" in an unquoted name that nothing closes is a letter of it.
        first, *rest = token.split(";")
        segments[-1].append((Token.TEXT, first))
        # Of pieces between two semicolons only those that say something are kept; the last may still grow.
        segments += ([(Token.TEXT, piece)] for piece in rest[:-1] if piece.strip())
        segments += ([(Token.TEXT, piece)] for piece in rest[-1:])
    return segments, broken


def _parameter(segment: _Segment) -> Parameter | None:
    """Return the parameter *segment* holds, or None for an empty or nameless one."""
    while segment and (segment[0][0] is Token.COMMENT or not segment[0][1].strip()):
        segment = segment[1:]
    if not segment or segment[0][0] is not Token.TEXT:
        return None
    attribute, equals, begin = segment[0][1].partition("=")
    found = _ATTRIBUTE.fullmatch("".join(attribute.split()).lower())
    if not equals or found is None:
        return None
    section = int(found[2]) if found[2] else None
    return Parameter(found[1], section, bool(found[3]), _values([(Token.TEXT, begin), *segment[1:]]))


def _values(pieces: _Segment) -> tuple[str, ...]:
    """Return the readings of a value: one for a token or a quoted string, several for what only some accept."""
    solid = [(kind, token) for kind, token in pieces if kind is not Token.COMMENT and token.strip()]
    if len(solid) == 1 and solid[0][0] is Token.QUOTED:
        return _quoted_values(solid[0][1])
    raw = "".join(token for _, token in pieces).strip()
    bare = "".join(unquoted(token) if kind is Token.QUOTED else token for kind, token in pieces
                   if kind is not Token.COMMENT).strip()  # fmt: skip
    # "a(1).txt" is a name with a number; "a.txt (draft)" is a name with a comment.
    glued = any(kind is Token.COMMENT and before.strip() and not before.endswith((" ", "\t"))
                for (_, before), (kind, _) in pairwise(pieces))  # fmt: skip
    return _once([raw, bare] if glued else [bare, raw])


def _quoted_values(token: str) -> tuple[str, ...]:
    plain = unquoted(token)
    # QUIRK: "C:\in\a.txt" comes from programs that do not know quoted pairs; both readings are possible.
    return _once([plain, token[1:-1]]) if _RARE_PAIR.search(token) else (plain,)


def _percent(value: str) -> str:
    """Decode ``charset'language'percent-encoded``; without the quotes the charset is guessed."""
    found = _EXTENDED.fullmatch(value)
    if found is None:
        return guess(unquote_to_bytes(value))
    return decode(unquote_to_bytes(found[3]), found[1])


def _has_charset(sections: list[Parameter]) -> bool:
    return any(each.extended for each in sections)


def _joined(sections: list[Parameter]) -> list[str]:
    """Join continued sections in numeric order up to the first gap; a repeated section gives two readings."""
    first: dict[int, Parameter] = {}
    last: dict[int, Parameter] = {}
    for each in sections:
        first.setdefault(each.section or 0, each)
        last[each.section or 0] = each
    return [_chain(chosen) for chosen in (first, last) if 0 in chosen]


def _chain(sections: dict[int, Parameter]) -> str:
    octets, charset = b"", ""
    for number in range(len(sections)):
        if number not in sections:
            break
        each = sections[number]
        value = each.values[0]
        if number == 0 and each.extended and (found := _EXTENDED.fullmatch(value)):
            charset, value = found[1], found[3]
        octets += unquote_to_bytes(value) if each.extended else value.encode()
    return decode(octets, charset or "utf-8")


def _once(readings: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(readings))

# SPDX-License-Identifier: GPL-3.0-or-later
"""The lexical layer of structured header fields (RFC 5322 §3.2): quoted strings, comments, the rest.  Linear time."""

import re
from collections.abc import Iterator
from enum import Enum, auto

_QUOTED = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_ANGLE = re.compile(r'<[^<>"()]*+>')
_TEXT = re.compile(r'[^"(<]++')
_TEXT_AND_ANGLES = re.compile(r'[^"(]++')
_IN_COMMENT = re.compile(r"[()]|\\.", re.DOTALL)
_PAIR = re.compile(r"\\(.)", re.DOTALL)


class Token(Enum):
    TEXT = auto()
    QUOTED = auto()  # with its quotes
    COMMENT = auto()  # with its parentheses, nested ones included
    ANGLE = auto()  # with its brackets
    BROKEN = auto()  # an opening sign that nothing closes, and all that follows


def tokens(text: str, *, angles: bool = True) -> Iterator[tuple[Token, str]]:
    """Yield the pieces of *text*, which joined are *text* again; without *angles* brackets are ordinary text."""
    at = 0
    while at < len(text):
        kind, end = _next(text, at, angles=angles)
        yield kind, text[at:end]
        at = end


def unquoted(token: str) -> str:
    """Return what a quoted string says: without quotes, ``\\x`` as ``x``."""
    return _PAIR.sub(r"\1", token[1:-1])


def _next(text: str, at: int, *, angles: bool) -> tuple[Token, int]:
    if text[at] == '"':
        found = _QUOTED.match(text, at)
        return (Token.QUOTED, found.end()) if found else (Token.BROKEN, len(text))
    if text[at] == "(":
        end = _comment_end(text, at)
        return (Token.COMMENT, end) if end else (Token.BROKEN, len(text))
    if text[at] == "<" and angles:
        found = _ANGLE.match(text, at)
        return (Token.ANGLE, found.end()) if found else (Token.BROKEN, len(text))
    found = (_TEXT if angles else _TEXT_AND_ANGLES).match(text, at)
    return Token.TEXT, found.end() if found else at + 1


def _comment_end(text: str, at: int) -> int:
    """Return the index after the comment that opens at *at*, or 0 when it never closes."""
    depth = 0
    for sign in _IN_COMMENT.finditer(text, at):
        depth += {"(": 1, ")": -1}.get(sign[0], 0)
        if not depth:
            return sign.end()
    return 0

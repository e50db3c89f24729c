# SPDX-License-Identifier: GPL-3.0-or-later
"""Understanding what an IMAP server answers to SELECT, SEARCH, FETCH and COPY; pure.

Nothing a server says is expanded or believed without bounds.  What is not IMAP raises `Garbled`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeGuard

from gateway.inbound.imap.framing import Piece

Token = bytes | bytearray | None | list["Token"]  # an atom or quoted text, a literal, NIL, a list

MAX_UID = 2**32 - 1
_DEPTH = 20  # LIMIT: nesting of lists
_TOKEN = re.compile(rb'\s*(?:([()])|"((?:[^"\\]|\\.)*)"|((?:\[[^\[\]]*\]|[^\s()"])+))')
_FETCH = re.compile(rb"\d{1,10} FETCH (?=\()", re.IGNORECASE)
_LITERAL = re.compile(rb"~?\{\d+\}\Z")
_BODY = re.compile(rb"BODY\[\](?:<(\d{1,10})>)?\Z", re.IGNORECASE)
_CODE = re.compile(rb"OK \[([A-Z]+) ([^\]]*)\]", re.IGNORECASE)
_EXISTS = re.compile(rb"(\d{1,10}) EXISTS\Z", re.IGNORECASE)


class Garbled(Exception):
    """The server sent something that is not IMAP."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A folder as it stood when it was opened."""

    uidvalidity: int
    uidnext: int | None  # None: the server does not say
    exists: int  # how many letters lie in it
    kept_flags: frozenset[str]  # which flags last, lower case; ``\\*`` allows any new keyword
    read_only: bool

    def keeps(self, keyword: str) -> bool:
        """Say whether a letter can be given *keyword* for good."""
        return not self.read_only and ("\\*" in self.kept_flags or keyword.lower() in self.kept_flags)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one FETCH response says of one letter; None for what it does not say."""

    uid: int | None = None
    flags: frozenset[str] | None = None  # lower case
    size: int | None = None  # as the server believes; a hint only
    arrived_at: datetime | None = None
    body: bytes | bytearray | None = None  # None with `has_body`: NIL, the letter is gone
    has_body: bool = False
    offset: int | None = None  # None: the server does not repeat it


def selected(lines: Sequence[Piece]) -> Selected:
    """Read the answer to SELECT; raises Garbled when it names no UIDVALIDITY: such letters have no identity."""
    codes: dict[bytes, bytes] = {}
    exists = 0
    for line in lines:
        if found := _EXISTS.match(line):
            exists = int(found.group(1))
        elif found := _CODE.match(line):
            codes[found.group(1).upper()] = found.group(2)
    uidvalidity = _number(codes.get(b"UIDVALIDITY"))
    if not uidvalidity:
        raise Garbled("the server names no UIDVALIDITY for the folder")
    flags = codes.get(b"PERMANENTFLAGS", b"()").strip(b"()").decode("ascii", "replace").lower().split()
    return Selected(
        uidvalidity,
        _number(codes.get(b"UIDNEXT")),
        exists,
        frozenset(flags),
        read_only=any(bytes(line).upper().startswith(b"[READ-ONLY]") for line in lines[-1:]),
    )


def searched(lines: Sequence[Piece], low: int, high: int) -> tuple[int, ...]:
    """Return the UIDs of a SEARCH answer that lie in *low*…*high*, ascending, each once.

    QUIRK: ``n:*`` finds the last letter even when its UID is below n; so does a careless server with ``n:m``.
    """
    uids: set[int] = set()
    for line in lines:
        if line[:6].upper() == b"SEARCH":
            uids.update(number for word in line[6:].split() if (number := _number(bytes(word))) is not None)
    return tuple(sorted(uid for uid in uids if low <= uid <= high))


def fetched(lines: Sequence[Piece]) -> Iterator[Fetched]:
    """Yield every FETCH response among *lines*, asked for or volunteered; raises Garbled."""
    for response in _responses(lines):
        if start := _FETCH.match(response[0]):
            first = bytes(response[0][start.end() :])
            tokens = _tokens([first, *response[1:]])
            items = tokens[0] if len(tokens) == 1 else None
            if not isinstance(items, list):
                raise Garbled("a FETCH response is no list")
            yield _letter(items)


def copied(lines: Sequence[Piece]) -> tuple[range, ...]:
    """Return the source UIDs of a COPYUID code (RFC 4315) as ranges, not expanded; empty when there is none."""
    for line in lines:
        if found := re.search(rb"\[COPYUID (\d+) ([\d:,]+) ([\d:,]+)\]", line, re.IGNORECASE):
            return tuple(_range(part) for part in bytes(found.group(2)).split(b","))
    return ()


def _range(text: bytes) -> range:
    low, _, high = text.partition(b":")
    first, last = _number(low), _number(high or low)
    if first is None or last is None:
        raise Garbled("a COPYUID set has no numbers")
    return range(min(first, last), max(first, last) + 1)


def _responses(lines: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Put the pieces of each response together again: after a literal comes the rest of its line."""
    response: list[Piece] = []
    for piece in lines:
        if response and not isinstance(piece, bytearray) and not isinstance(response[-1], bytearray):
            yield response
            response = []
        response.append(piece)
    if response:
        yield response


def _tokens(pieces: Sequence[Piece]) -> list[Token]:
    stack: list[list[Token]] = [[]]
    for piece in pieces:
        if isinstance(piece, bytearray):
            stack[-1].append(piece)
        else:
            _scan(_LITERAL.sub(b"", piece).rstrip(), stack)
    if len(stack) != 1:
        raise Garbled("a list is not closed")
    return stack[0]


def _scan(line: bytes, stack: list[list[Token]]) -> None:
    at = 0
    while at < len(line):
        found = _TOKEN.match(line, at)
        if found is None:
            raise Garbled("a response cannot be read")
        at = found.end()
        bracket, text, atom = found.groups()
        if bracket == b"(":
            if len(stack) > _DEPTH:
                raise Garbled(f"lists nested deeper than {_DEPTH}")
            inner: list[Token] = []
            stack[-1].append(inner)
            stack.append(inner)
        elif bracket == b")":
            if len(stack) == 1:
                raise Garbled("a list is closed that was not opened")
            stack.pop()
        elif atom is not None:
            stack[-1].append(None if atom.upper() == b"NIL" else atom)
        else:
            stack[-1].append(re.sub(rb"\\(.)", rb"\1", text))


def _letter(items: list[Token]) -> Fetched:
    if len(items) % 2:
        raise Garbled("a FETCH response has an item without a value")
    named = {bytes(name).upper(): value for name, value in zip(items[::2], items[1::2], strict=True) if _is_text(name)}
    body_name = next((name for name in named if _BODY.match(name)), None)
    body = named[body_name] if body_name else None
    echo = _BODY.match(body_name) if body_name else None
    return Fetched(
        uid=_number(named.get(b"UID")),
        flags=_flags(named.get(b"FLAGS")),
        size=_number(named.get(b"RFC822.SIZE"), 2**63),
        arrived_at=_moment(named.get(b"INTERNALDATE")),
        body=body if isinstance(body, bytes | bytearray) else None,
        has_body=body_name is not None,
        offset=_number(echo.group(1)) if echo else None,
    )


def _is_text(token: Token) -> TypeGuard[bytes | bytearray]:
    return isinstance(token, bytes | bytearray)


def _flags(token: Token) -> frozenset[str] | None:
    if not isinstance(token, list):
        return None
    return frozenset(bytes(flag).decode("ascii", "replace").lower() for flag in token if _is_text(flag))


def _number(token: Token, most: int = MAX_UID) -> int | None:
    if not isinstance(token, bytes | bytearray) or not re.fullmatch(rb"\d{1,19}", token):
        return None
    number = int(token)
    return number if number <= most else None


def _moment(token: Token) -> datetime | None:
    """Read an INTERNALDATE; None when it is not one.  Month names are English whatever the locale."""
    if not isinstance(token, bytes | bytearray):
        return None
    found = re.fullmatch(rb" ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) ([\d:]{8} [+-]\d{4})", token)
    months = (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec")
    if found is None or found.group(2).lower() not in months:
        return None
    day, month, year, rest = found.groups()
    text = f"{int(day):02}-{months.index(month.lower()) + 1:02}-{year.decode()} {rest.decode()}"
    try:
        return datetime.strptime(text, "%d-%m-%Y %H:%M:%S %z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None

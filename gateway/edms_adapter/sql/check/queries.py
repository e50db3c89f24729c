# SPDX-License-Identifier: GPL-3.0-or-later
"""What a statement of a mapping speaks of: its tables, what it does with each, and the columns it compares.

LIMIT: this is no parser of SQL.  It knows the words after which a table is named and the columns beside an operator;
what it does not understand it leaves out, so whoever asks must look whether the database has what is said here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

_TOKEN = re.compile(
    r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|"
    + r'"[^"]+"|`[^`]+`|\[[^\]]+\]|'
    + r"::|:\w+|[^\W\d][\w$]*|\d[\w.]*|<=|>=|<>|!=|\|\||\S",
    re.DOTALL,
)
_NAME = re.compile(r'[^\W\d][\w$]*|"[^"]+"|`[^`]+`|\[[^\]]+\]')
_COMPARING = ("=", "<", ">", "<=", ">=", "in", "between")
_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        select from where join left right inner outer full cross on as set values and or not in is null group order by
        having limit offset fetch union all distinct case when then else end exists between like using returning for
        update with natural do nothing conflict into insert delete lateral window top only
        """,
    )
)


class Beside(IntEnum):
    """What a column is compared with; the smaller, the more an index of the column helps."""

    BIND = 0
    COLUMN = 1
    CONSTANT = 2


@dataclass(frozen=True, slots=True)
class Source:
    """A table of a statement: what it is called there, and what is done with it."""

    table: str  # as written, perhaps with its schema
    alias: str
    verb: str  # "select" | "insert" | "update" | "delete"


@dataclass(frozen=True, slots=True)
class Compared:
    qualifier: str  # empty: none is written
    column: str
    beside: Beside


class Query:
    """One statement, cut into its words."""

    def __init__(self, sql: str) -> None:
        cut = (token for token in _TOKEN.findall(sql) if not token.startswith(("--", "/*")))
        self._tokens = tuple(cut)
        self._lower = tuple(token.lower() for token in self._tokens)

    @property
    def reads(self) -> bool:
        """Say whether it only asks."""
        return self._lower[:1] in (("select",), ("with",)) and not {"insert", "update", "delete"} & set(self._lower)

    def sources(self) -> tuple[Source, ...]:
        """Return its tables in order; names of its own (``with x as``) are left out."""
        own = self._own_names()
        found = [one for one in self._named() if one.table.lower() not in own]
        if self._has("do", "update") or self._has("on", "duplicate"):
            found += [Source(one.table, one.alias, "update") for one in found if one.verb == "insert"]
        if self._has("for", "update"):
            found += [Source(one.table, one.alias, "update") for one in found if one.verb == "select"]
        return tuple(dict.fromkeys(found))

    def functions(self) -> frozenset[str]:
        """Return every name that stands before a parenthesis."""
        pairs = zip(self._lower, self._lower[1:], strict=False)
        return frozenset(name for name, after in pairs if after == "(" and _is_name(name))

    def compared(self) -> Iterator[Compared]:
        """Yield the columns that stand plainly beside an operator, outside of what an update sets."""
        for at, operator in enumerate(self._lower):
            if operator not in _COMPARING or self._is_set(at):
                continue
            left, right = self._before(at), self._after(at + 1)
            for one, other in ((left, right), (right, left)):
                if one is not None:
                    yield Compared(*one, self._kind(other, at))

    def origins(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return qualifier and column of whatever is plainly selected as *name*; empty when it is made of more."""
        found = []
        for at, token in enumerate(self._lower):
            if unquoted(token) != name:
                continue
            if at >= 2 and self._lower[at - 1] == "as":
                one = self._before(at - 1)
            elif self._lower[at + 1 : at + 2] in ((",",), ("from",)) and self._lower[at - 1] in (",", "select", "."):
                one = self._before(at + 1)
            else:
                continue
            if one is not None and one not in found:
                found.append(one)
        return tuple(found)

    # --- words

    def _named(self) -> Iterator[Source]:
        for at, word in enumerate(self._lower):
            before = self._lower[at - 1] if at else ""
            if word == "from" and before != "distinct":
                verb = "delete" if before == "delete" else "select"
                yield from self._list(at + 1, verb)
            elif word in ("join", "into"):
                yield from self._list(at + 1, "insert" if word == "into" else "select")
            elif word == "update" and before not in ("for", "do", "key"):
                yield from self._list(at + 1, "update")

    def _list(self, at: int, verb: str) -> Iterator[Source]:
        """Yield ``table [as] alias`` at *at*, and those after commas."""
        while True:
            if self._lower[at : at + 1] in (("only",), ("lateral",)):
                at += 1
            whole, at = self._dotted(at)
            if not whole or (verb != "insert" and self._lower[at : at + 1] == ("(",)):
                return
            if self._lower[at : at + 1] == ("as",):
                at += 1
            alias = whole.rpartition(".")[2]
            if at < len(self._tokens) and _is_name(self._tokens[at]) and self._lower[at] not in _WORDS:
                alias, at = unquoted(self._tokens[at]), at + 1
            yield Source(whole, alias, verb)
            if verb == "insert" or self._lower[at : at + 1] != (",",):
                return
            at += 1

    def _dotted(self, at: int) -> tuple[str, int]:
        if at >= len(self._tokens) or not _is_name(self._tokens[at]) or self._lower[at] in _WORDS:
            return "", at
        whole = unquoted(self._tokens[at])
        if self._lower[at + 1 : at + 2] == (".",) and at + 2 < len(self._tokens):
            return f"{whole}.{unquoted(self._tokens[at + 2])}", at + 3
        return whole, at + 1

    def _own_names(self) -> frozenset[str]:
        """Return the names of ``with x as (…)`` and ``with x (a, b) as (…)``."""
        if "with" not in self._lower:
            return frozenset()
        joined = " ".join(self._lower)
        return frozenset(re.findall(r"(?:with|recursive|,) (\w+) (?:\( [\w ,]+ \) )?as \(", joined))

    def _before(self, at: int) -> tuple[str, str] | None:
        """Return qualifier and column that end just before *at*."""
        if at < 1 or not _is_name(self._tokens[at - 1]) or self._lower[at - 1] in _WORDS:
            return None
        qualified = at >= 3 and self._lower[at - 2] == "."
        return unquoted(self._tokens[at - 3]) if qualified else "", unquoted(self._tokens[at - 1])

    def _after(self, at: int) -> tuple[str, str] | None:
        whole, end = self._dotted(at)
        if not whole or self._lower[end : end + 1] == ("(",):
            return None
        qualifier, _, column = whole.rpartition(".")
        return qualifier, column

    def _kind(self, other: tuple[str, str] | None, at: int) -> Beside:
        if other is not None:
            return Beside.COLUMN
        near = self._tokens[max(0, at - 1) : at + 4]
        return Beside.BIND if any(token.startswith(":") and token != "::" for token in near) else Beside.CONSTANT

    def _is_set(self, at: int) -> bool:
        """Say whether the operator at *at* gives a column its value: it stands between ``set`` and ``where``."""
        for word in reversed(self._lower[:at]):
            if word in ("where", "on", "from", "when", "having"):
                return False
            if word == "set":
                return True
        return False

    def _has(self, *words: str) -> bool:
        return any(self._lower[at : at + len(words)] == words for at in range(len(self._lower)))


def _is_name(token: str) -> bool:
    return _NAME.fullmatch(token) is not None


def unquoted(token: str) -> str:
    """Return a name without the quotes of any database."""
    return token.strip('"`[]')


def best(found: Sequence[Compared]) -> Compared:
    """Return the comparison that an index would help most; the first of equals."""
    return min(found, key=lambda one: one.beside)

# SPDX-License-Identifier: GPL-3.0-or-later
"""What each table of somebody's database looks like: cards, files, people, counters, correspondents.

Names are read in Russian, in English and in Russian written with Latin letters; columns and foreign keys count too.
Guesses are for a person to look at: every one comes with its reasons.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import Date, DateTime, Inspector, Integer, LargeBinary, Numeric, String, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.types import TypeEngine

from gateway.edms_adapter.sql.database import Database

WRITABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")  # what a mapping may call a table
OURS = re.compile(r"edms_gw_(exchange|follow_up|told)$")


class Role(Enum):
    CARDS = "cards"
    FILES = "files"
    PEOPLE = "people"
    COUNTERS = "counters"
    CORRESPONDENTS = "correspondents"


# what a table of each role is called, and what its columns are called
NAMED = {
    Role.CARDS: r"card|doc|letter|incom|regist|\brc\b|_rc|kart|dok|pism|vhod|vkhod|карт|докум|письм|вход|регистр",
    Role.FILES: r"file|attach|blob|fail|fajl|fayl|vlozh|файл|влож",
    Role.PEOPLE: r"person|people|staff|employ|user|cadre|sotrud|polzov|kadr|ispoln|сотруд|польз|кадр|исполн|лица",
    Role.COUNTERS: r"count|number|numer|schet|schyot|sequence|счет|счёт|нумер",
    Role.CORRESPONDENTS: r"corresp|organ|partner|sender|kontrag|contrag|korresp|корр|орган|контраг|отправ",
}
NOT_NAMED = re.compile(
    r"type|kind|link|log|hist|audit|change|right|role|vid_|тип|вид|прав|журн|link|_to_", re.IGNORECASE
)
COLUMNS = {
    Role.CARDS: (r"subj|annot|about|tema|soderzh|тема|содерж|кратк", r"num|nomer|номер", r"date|data|dat|дата"),
    Role.FILES: (
        r"name|descript|title|imya|назв|имя",
        r"size|length|razmer|размер",
        r"content|blob|path|sha|hash|put|путь",
    ),
    Role.PEOPLE: (
        r"name|fio|surname|famil|фио|фам|имя",
        r"post|duty|dolzh|title|должн",
        r"depart|otdel|unit|отдел|подразд",
    ),
    Role.COUNTERS: (r"year|god|год", r"last|next|value|num|posl|посл|знач|номер"),
    Role.CORRESPONDENTS: (r"name|title|naim|назв|наим", r"index|code|mail|kod|индекс|код|почт"),
}


@dataclass(frozen=True, slots=True)
class Key:
    """A foreign key of one column."""

    column: str
    table: str
    target: str


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: tuple[ReflectedColumn, ...]
    keys: tuple[str, ...]  # of the primary key
    foreign: tuple[Key, ...]

    @property
    def key(self) -> str | None:
        """The primary key when it is one column."""
        return self.keys[0] if len(self.keys) == 1 else None

    def column(
        self, like: str, *, but: str = "", fits: Callable[[ReflectedColumn], bool] = lambda one: True
    ) -> str | None:
        """Return the first column whose name is *like* a pattern, is not like *but*, and *fits*."""
        for one in self.columns:
            if re.search(like, one["name"], re.IGNORECASE) and fits(one) and not (but and _like(but, one["name"])):
                return one["name"]
        return None

    def to(self, other: "Table") -> str | None:
        """Return the column that points to *other*."""
        return next((key.column for key in self.foreign if key.table == other.name), None)


@dataclass(frozen=True, slots=True)
class Rank:
    """How much a table looks like a role, and why."""

    table: Table
    points: int
    why: str


@dataclass(frozen=True, slots=True)
class Guess:
    """The tables of a database, and for each role the ones that look like it, the likeliest first."""

    dialect: str
    schema: str
    quote: Callable[[str], str]
    tables: tuple[Table, ...]
    ranks: dict[Role, tuple[Rank, ...]]
    unwritable: tuple[str, ...]  # tables whose names a mapping cannot say

    def best(self, role: Role) -> Table | None:
        ranks = self.ranks[role]
        return ranks[0].table if ranks else None

    @property
    def cards(self) -> Table:
        found = self.best(Role.CARDS)
        assert found is not None  # `guess` sees to it
        return found

    def named(self, name: str) -> Table | None:
        return next((one for one in self.tables if one.name == name), None)


def guess(database: Database, schema: str = "", cards: str = "") -> Guess:
    """Return what the tables of *database* look like; raises LookupError when none could hold cards."""
    inspector = inspect(database.engine)
    names = [name for name in inspector.get_table_names(schema or None) if not OURS.search(name)]
    tables = tuple(_table(inspector, name, schema) for name in names if WRITABLE.fullmatch(name))
    ranks: dict[Role, tuple[Rank, ...]] = {}
    taken: set[str] = set()
    for role in (Role.CARDS, Role.FILES, Role.COUNTERS, Role.PEOPLE, Role.CORRESPONDENTS):
        found = _ranked(role, tables, ranks, cards)
        ranks[role] = tuple(one for one in found if one.table.name not in taken)
        taken |= {one.table.name for one in ranks[role][:1]}
    if not ranks[Role.CARDS]:
        there = ", ".join(names) or "none"
        raise LookupError(f"no table could hold cards: it needs a key of one column; there are: {there}")
    quote = database.engine.dialect.identifier_preparer.quote
    unwritable = tuple(name for name in names if not WRITABLE.fullmatch(name))
    return Guess(database.engine.dialect.name, schema, quote, tables, ranks, unwritable)


def _table(inspector: Inspector, name: str, schema: str) -> Table:
    foreign = tuple(
        Key(key["constrained_columns"][0], key["referred_table"], key["referred_columns"][0])
        for key in inspector.get_foreign_keys(name, schema or None)
        if len(key["constrained_columns"]) == 1 and key["referred_columns"]
    )
    keys = tuple(inspector.get_pk_constraint(name, schema or None)["constrained_columns"])
    return Table(name, tuple(inspector.get_columns(name, schema or None)), keys, foreign)


def _ranked(role: Role, tables: Sequence[Table], ranks: dict[Role, tuple[Rank, ...]], cards: str) -> list[Rank]:
    if role is Role.CARDS and cards:
        chosen = [one for one in tables if one.name.lower() == cards.lower()]
        if not chosen or chosen[0].key is None:
            raise LookupError(f"there is no table {cards} with a key of one column")
        return [Rank(chosen[0], 99, "named with --cards")]
    card = ranks[Role.CARDS][0].table if role is not Role.CARDS and ranks.get(Role.CARDS) else None
    found = [_rank(role, one, tables, card) for one in tables if role is not Role.CARDS or one.key]
    least = 1 if role is Role.CARDS else 5
    return sorted((one for one in found if one.points >= least), key=lambda one: (-one.points, one.table.name))


def _rank(role: Role, table: Table, tables: Sequence[Table], card: Table | None) -> Rank:
    points, why = 0, []
    if _like(NAMED[role], table.name):
        points, why = (2 if NOT_NAMED.search(table.name) else 5), ["its name"]
    named = [name for pattern in COLUMNS[role] if (name := table.column(pattern))]
    points += 2 * len(named)
    why += [f"columns {', '.join(named)}"] if named else []
    if role is Role.CARDS:
        pointing = sum(any(key.table == table.name for key in one.foreign) for one in tables)
        points += min(pointing, 6)
        why += [f"{pointing} tables point to it"] if pointing else []
    if role is Role.FILES and card and (column := table.to(card)):
        points, why = points + 3, [*why, f"{column} points to {card.name}"]
    if role is Role.COUNTERS and not all(isinstance(one["type"], (Integer, Numeric)) for one in _needed(table)):
        points -= 4
    return Rank(table, points, "; ".join(why))


def _needed(table: Table) -> Iterator[ReflectedColumn]:
    return (one for one in table.columns if not one["nullable"])


def _like(pattern: str, name: str) -> bool:
    return re.search(pattern, name, re.IGNORECASE) is not None


def is_text(column: ReflectedColumn) -> bool:
    return isinstance(column["type"], String)


def is_whole(column: ReflectedColumn) -> bool:
    kind = column["type"]
    return isinstance(kind, Integer) or (isinstance(kind, Numeric) and not kind.scale)


def is_moment(column: ReflectedColumn) -> bool:
    return isinstance(column["type"], DateTime)


def is_date(column: ReflectedColumn) -> bool:
    return isinstance(column["type"], Date)


def is_bytes(column: ReflectedColumn) -> bool:
    return isinstance(column["type"], LargeBinary)


def made_by_itself(table: Table, column: ReflectedColumn) -> bool:
    """Say whether the database fills the column when a row does not."""
    given = column.get("default") or column.get("identity") or column.get("computed")
    alone = table.keys == (column["name"],) and is_whole(column)
    return bool(given) or column.get("autoincrement") is True or alone


def in_words(kind: TypeEngine[object]) -> str:
    return str(kind).lower()

# SPDX-License-Identifier: GPL-3.0-or-later
"""The outbox: a table of ours in which triggers write down which rows of the EDMS people changed.

A *place* in it is a number that only grows, and that divides the rows into those every reader can see and those that
may still come: on PostgreSQL the oldest transaction still running (its own rows may come late, under an id taken
early), on SQLite, where one writes at a time, the next row id.  So a long transaction of anybody delays the outbox
and never makes it lose a row.

A row without a source is a *break*: the outbox does not know what was changed before it, and whoever comes by it reads
everything once.  One is written when the triggers are made, and one takes the place of rows given up for their age.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    delete,
    literal_column,
    or_,
    select,
    table,
    text,
    update,
)
from sqlalchemy.types import TypeEngine, UserDefinedType

from gateway.edms_adapter.sql.complaint import MappingError
from gateway.edms_adapter.sql.database import Database, Work
from gateway.edms_adapter.sql.mapping import ClaimSection, OutboxSection
from gateway.edms_adapter.sql.plan import Plan

KEPT = timedelta(days=7)  # LIMIT: rows are given up when older; a gateway that was away for longer reads everything
BREAK = ""  # the source of a row that is a break
ENGINES = ("postgresql", "sqlite")
REMEDY = "let an owner of the EDMS's tables run what `edms-gateway edms outbox-ddl` prints"
TYPES: Mapping[str, TypeEngine[Any]] = {"integer": Integer(), "text": Text(), "uuid": Uuid()}  # Any: of any value
# life: another table, or a server that was put back in time, is another outbox; its places are not comparable
PLACE = {
    "postgresql": """
select cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as upto,
       cast(to_regclass(:name) as oid) || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as life
""",
    "sqlite": """
select coalesce((select max(id) from {name}), 0) + 1 as upto, 'one' as life
""",
}


class Xid8(UserDefinedType[str]):
    """PostgreSQL's number of a transaction, which never begins anew."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


@dataclass(frozen=True, slots=True)
class Place:
    """How far the outbox can be read now."""

    life: str  # places of another life are not comparable
    upto: int  # rows below it are all there


@dataclass(frozen=True, slots=True)
class Counts:
    """A reason why a row is read, and its opposite."""

    holds: ColumnElement[bool]
    fails: ColumnElement[bool]


class Outbox:
    """The outbox of one mapping in one kind of database."""

    def __init__(self, section: OutboxSection, claim: ClaimSection, engine: str) -> None:
        if engine not in ENGINES:
            raise MappingError(
                f"outbox: is for PostgreSQL and SQLite, not for {engine}: take the section away and give every rule of "
                "[[changes]] an overlap"
            )
        self.section, self.engine = section, engine
        self.name = f"{claim.prefix}outbox"
        names = ("id", "source", "row_key", "at", *(("tx",) if engine == "postgresql" else ()))
        self.table = table(self.name, *(column(name) for name in names), schema=claim.db_schema)
        self._place = self.table.c.tx if engine == "postgresql" else self.table.c.id
        self._asked = text(PLACE[engine].format(name=self.name))
        self._named = select(self.table.c.source).where(*self._between()).distinct()
        self._written = f'"{claim.db_schema}"."{self.name}"' if claim.db_schema else f'"{self.name}"'

    # --- reading

    def tells(self, rule: str) -> bool:
        return bool(self.section.watches(rule))

    def columns(self, rule: str) -> frozenset[str]:
        """Return the columns of the rule's query that hold the keys of watched rows."""
        return frozenset(watch.tells[rule] for watch in self.section.watches(rule))

    def place(self, work: Work) -> Place:
        """Return how far *work* can read; raises MappingError when the outbox was not made."""
        row = work.first(self._asked, {"name": self._written} if self.engine == "postgresql" else {})
        if row is None or row.life is None:
            raise MappingError(f"outbox: there is no table {self.name}: {REMEDY}")
        return Place(str(row.life), int(row.upto))

    def sources(self, rule: str) -> frozenset[str]:
        """Return what the outbox calls the watches of *rule*."""
        return frozenset(watch.source for watch in self.section.watches(rule))

    def named(self, work: Work, seen: int, upto: int) -> set[str]:
        """Return of what there are rows between two places; `BREAK` is among them when not everything is there."""
        return {row.source for row in work.rows(self._named, self.between(seen, upto))}

    def between(self, seen: int, upto: int) -> dict[str, object]:
        """Return what `fresh` binds for the rows from one place to another."""
        plain: dict[str, object] = {"seen": seen, "upto": upto}
        return {name: str(value) for name, value in plain.items()} if self.engine == "postgresql" else plain

    def fresh(self, rule: str, fact: FromClause) -> list[Counts]:
        """Return why a row of *rule*'s query, *fact*, counts: one reason for each of its columns that holds a key."""
        reasons: dict[tuple[str, str], list[str]] = {}
        for watch in self.section.watches(rule):
            reasons.setdefault((watch.tells[rule], watch.type), []).append(watch.source)
        made = []
        for (name, kind), sources in reasons.items():
            key = fact.c[name]
            changed = select(cast(self.table.c.row_key, TYPES[kind])).where(
                or_(*(self.table.c.source == literal_column(f"'{source}'") for source in sources)),
                self.table.c.row_key.is_not(None),
                *self._between(),
            )
            made.append(Counts(key.in_(changed), or_(key.not_in(changed), key.is_(None))))
        return made

    def _between(self) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return self._place >= self._bind("seen"), self._place < self._bind("upto")

    def _bind(self, name: str) -> ColumnElement[Any]:  # Any: a transaction or a row id
        return cast(bindparam(name, type_=Text()), Xid8()) if self.engine == "postgresql" else bindparam(name)

    # --- giving up what is old

    def prune(self, work: Work, now: datetime) -> int:
        """Give up rows older than `KEPT`, with a break in their place; return how many."""
        at = self.table.c
        before: object = (now - KEPT).astimezone(UTC)
        if self.engine == "sqlite":
            before = (now - KEPT).astimezone(UTC).replace(tzinfo=None).isoformat(" ", "milliseconds")
        old = select(at.id, cast(self._place, Text()).label("place")).where(at.at < before, *self._between())
        last = work.ask(old.order_by(self._place.desc(), at.id.desc()).limit(1), self.between(0, self.place(work).upto))
        if not last:
            return 0
        limits = {"last": last[0].id, "seen": self.between(int(last[0].place), 0)["seen"]}
        here = self._bind("seen")
        earlier = or_(self._place < here, and_(self._place == here, at.id < bindparam("last")))
        gone = work.connection.execute(delete(self.table).where(earlier), limits).rowcount
        broken = update(self.table).where(self._place == here, at.id == bindparam("last"))
        work.connection.execute(broken.values(source=BREAK, row_key=None), limits)
        return int(gone)


def outbox_of(plan: Plan, database: Database) -> Outbox | None:
    """Return the outbox that the mapping speaks of; None: it speaks of none."""
    section = plan.source.outbox
    return Outbox(section, plan.source.claim, database.engine.dialect.name) if section else None

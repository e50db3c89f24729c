# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to the records system's database: transactions, and values on their way in.

Connections are pooled, so none is opened per call; how each kind of database is set up is said in `engines`.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Executable, Insert, TextClause
from sqlalchemy.exc import DBAPIError, IntegrityError

from gateway.edms_adapter.sql.engines import NOW, WRITES, engine, gave_way
from gateway.edms_adapter.sql.values import Record, moment
from gateway.ports import Written

_WRITES = re.compile(r"\s*(insert\s+into|update|delete\s+from)\s+([\w.$]+)", re.IGNORECASE)
Result = TypeVar("Result")
ATTEMPTS = 5  # LIMIT: how often a transaction is begun that the database ends to let another one pass
BINDABLE = {str, int, bool, float, bytes}  # what goes to every driver as it is
# drivers that give what a statement returns as rows: it is translated once and handed to them as it is
PREPARED = ("sqlite", "postgresql", "mysql")


class Work:
    """One transaction in progress."""

    __slots__ = ("_database", "connection")

    def __init__(self, connection: Connection, database: "Database") -> None:
        self.connection, self._database = connection, database

    def run(self, statement: Executable, values: Mapping[str, object] | None = None) -> CursorResult[Any]:
        """Execute *statement*, one of the mapping's or ours, with *values* bound in the database's own types."""
        bound = {name: self._database.bound(value) for name, value in values.items()} if values else {}
        if not self._database.prepares:
            return self.connection.execute(statement, bound)
        sql, order = self._database.prepared(statement)
        given = bound if order is None else tuple(bound[name] for name in order)
        return self.connection.exec_driver_sql(sql, given or None)

    def ask(self, query: Executable, values: Mapping[str, object]) -> list[Record]:
        """Return the rows of a *query* that was built for this call and will not be met again."""
        bound = {name: self._database.bound(value) for name, value in values.items()}
        return self.records(self.connection.execute(query, bound))

    def rows(self, statement: Executable, values: Mapping[str, object] | None = None) -> list[Record]:
        return self.records(self.run(statement, values))

    @staticmethod
    def records(result: CursorResult[Any]) -> list[Record]:
        names = tuple(result.keys())
        return [Record(zip(names, row, strict=True)) for row in result]

    def first(self, statement: Executable, values: Mapping[str, object] | None = None) -> Record | None:
        result = self.run(statement, values)
        row = result.first()
        return None if row is None else Record(zip(result.keys(), row, strict=True))

    def insert_or_catch(self, statement: Executable, values: Mapping[str, object]) -> bool:
        """Insert inside a savepoint; False when a unique key forbids it (whoever holds it has committed)."""
        try:
            with self.connection.begin_nested():
                self.run(statement, values)
        except IntegrityError:
            return False
        return True

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Open a savepoint: whatever is raised inside takes back what was written inside, and nothing else."""
        with self.connection.begin_nested():
            yield

    def note(self, written: Written) -> None:
        """Hear of something written that cannot be seen in a statement; only a rehearsal listens."""


class Recorder(Work):
    """A transaction that keeps what it writes; `Database.rehearsing` makes it."""

    __slots__ = ("_ours", "written")

    def __init__(self, connection: Connection, database: "Database", ours: Collection[str]) -> None:
        super().__init__(connection, database)
        self._ours = frozenset(ours)
        self.written: list[Written] = []

    def run(self, statement: Executable, values: Mapping[str, object] | None = None) -> CursorResult[Any]:
        done = super().run(statement, values)
        written = _written(statement, values or {})
        nothing = not done.returns_rows and done.rowcount == 0  # an update, or insert … select, that met no row
        if written is not None and written.table not in self._ours and not nothing:
            self.note(written)
        return done

    @contextmanager
    def trying(self) -> Iterator[None]:
        before = len(self.written)
        try:
            with super().trying():
                yield
        except BaseException:
            del self.written[before:]
            raise

    def note(self, written: Written) -> None:
        said = tuple((name, _said(value)) for name, value in written.values)
        self.written.append(Written(written.table, written.verb, said))


def _said(value: object) -> object:
    """Return *value* as a rehearsal keeps it: never the bytes of a whole file."""
    return f"({len(value)} bytes)" if isinstance(value, bytes) else value


def _written(statement: Executable, values: Mapping[str, object]) -> Written | None:
    """Return what *statement* writes; None for one that only reads."""
    if isinstance(statement, Insert):
        return Written(str(statement.table), "insert", tuple(values.items()))
    found = _WRITES.match(statement.text) if isinstance(statement, TextClause) else None
    return Written(found[2], found[1].split()[0].lower(), tuple(values.items())) if found else None


class Database:
    """An engine and what must be known to talk to it; safe to share between threads, never across a fork."""

    def __init__(self, url: str, zone: tzinfo, search_path: str = "") -> None:
        self.zone = zone
        self.engine = engine(url, zone, search_path)
        self._writing = self.engine.execution_options(**{WRITES: True})
        self._reading = self.engine
        if self.engine.dialect.name == "postgresql":
            self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ")
        self._prepared: dict[Executable, tuple[str, tuple[str, ...] | None]] = {}
        kind = self.engine.dialect.name
        self._plain = kind == "sqlite"
        self._zoned = kind == "postgresql"  # the driver takes moments with their zone
        self.prepares = kind in PREPARED

    @contextmanager
    def writing(self) -> Iterator[Work]:
        """Open a transaction that commits at the end of the block, or leaves no trace."""
        with self._writing.begin() as connection:
            yield Work(connection, self)

    @contextmanager
    def rehearsing(self, ours: Collection[str] = ()) -> Iterator[Recorder]:
        """Open a transaction that keeps what it writes (but into the tables of *ours*) and leaves no trace of it."""
        with self._writing.connect() as connection:
            yield Recorder(connection, self, ours)
            connection.rollback()

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """Open a transaction that sees one state of the database and changes nothing."""
        with self._reading.connect() as connection:
            yield Work(connection, self)

    def insisting(self, act: Callable[[], Result]) -> Result:
        """Return what *act* does in a transaction of its own, begun anew when the database let another one pass."""
        for _ in range(1, ATTEMPTS):
            try:
                return act()
            except DBAPIError as error:
                if not gave_way(self.engine.dialect.name, error):
                    raise
        return act()

    def bound(self, value: object) -> object:
        """Return *value* as the driver takes it: moments in the database's zone, enums by value, no model types."""
        if value is None or type(value) in BINDABLE:
            return value
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, datetime):
            local = value.astimezone(self.zone) if value.tzinfo else value  # the mapping's `local` made it so
            naive = local.replace(tzinfo=None)
            return naive.isoformat(" ", "microseconds") if self._plain else local if self._zoned else naive
        if isinstance(value, date):
            return value.isoformat() if self._plain else value
        if isinstance(value, Decimal) and self._plain:
            return str(value)
        if isinstance(value, str | int | float | bytes | Decimal):
            return value
        raise TypeError(f"a {type(value).__name__} cannot be written into a column")

    def prepared(self, statement: Executable) -> tuple[str, tuple[str, ...] | None]:
        """Return *statement* in the driver's own words, and the order of its binds; None: they go by name.

        Translated once: *statement* must live as long as the database does.
        """
        known = self._prepared.get(statement)
        if known is None:
            made = statement.compile(dialect=self.engine.dialect)  # type: ignore[attr-defined]  # all of ours have it
            order = tuple(made.positiontup or ()) if made.positional else None
            known = self._prepared[statement] = (str(made), order)
        return known

    def now(self) -> datetime:
        """Return the database server's moment, aware UTC."""
        with self.reading() as work:
            found = moment(work.connection.exec_driver_sql(NOW[self.engine.dialect.name]).scalar_one(), UTC)
        assert found is not None
        return found

    def close(self) -> None:
        self.engine.dispose()

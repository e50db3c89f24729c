# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to the records system's database: transactions, and values on their way in.

SQLite: WAL, synchronous FULL, ``BEGIN IMMEDIATE`` for whatever writes, `lower` that knows every alphabet.
PostgreSQL: psycopg 3; reading sees one snapshot.  Connections are pooled, so none is opened per call.
"""

import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, Executable, Insert, TextClause, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from gateway.edms_adapter.sql.values import Record, moment
from gateway.ports import Written

BUSY_SECONDS = 30  # LIMIT: how long a writer waits for another one on SQLite
PATIENCE_SECONDS = 30  # LIMIT: for a connection, a lock or a statement of a database that hangs; then it counts as away
WRITES = "edms_writes"
_WRITES = re.compile(r"\s*(insert\s+into|update|delete\s+from)\s+([\w.$]+)", re.IGNORECASE)
POOL = {"pool_size": 16, "max_overflow": 16}  # connections stay open, about one for every thread that works
NOW = {
    "sqlite": "select strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "postgresql": "select clock_timestamp()",
}


class Work:
    """One transaction in progress."""

    __slots__ = ("_database", "connection")

    def __init__(self, connection: Connection, database: "Database") -> None:
        self.connection, self._database = connection, database

    def run(self, statement: Executable, values: Mapping[str, object] | None = None) -> CursorResult[Any]:
        """Execute *statement*, one of the mapping's or ours, with *values* bound in the database's own types."""
        sql, order = self._database.prepared(statement)
        bound = {name: self._database.bound(value) for name, value in values.items()} if values else {}
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
        return [Record(row) for row in result.mappings()]

    def first(self, statement: Executable, values: Mapping[str, object] | None = None) -> Record | None:
        row = self.run(statement, values).mappings().first()
        return None if row is None else Record(row)

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
            self.written.append(written)
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
        self.written.append(written)


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
        self._plain = self.engine.dialect.name == "sqlite"

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

    def bound(self, value: object) -> object:
        """Return *value* as the driver takes it: moments in the database's zone, enums by value, no model types."""
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, datetime):
            local = value.astimezone(self.zone)
            return local.replace(tzinfo=None).isoformat(" ", "microseconds") if self._plain else local
        if isinstance(value, date):
            return value.isoformat() if self._plain else value
        if isinstance(value, Decimal) and self._plain:
            return str(value)
        if value is None or isinstance(value, str | int | float | bytes | Decimal):
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
        asked = NOW.get(self.engine.dialect.name, "select current_timestamp")
        with self.reading() as work:
            found = moment(work.connection.exec_driver_sql(asked).scalar_one(), UTC)
        assert found is not None
        return found

    def close(self) -> None:
        self.engine.dispose()


def engine(url: str, zone: tzinfo = UTC, search_path: str = "") -> Engine:
    """Return an engine for *url* (``sqlite:///path`` or ``postgresql+psycopg://…``), set up as the module says."""
    address = make_url(url)
    if address.drivername in {"postgresql", "postgres"}:
        address = address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() != "sqlite":
        options = [f"-c timezone={_zone_name(zone)}"] + ([f"-c search_path={search_path}"] if search_path else [])
        options += [f"-c statement_timeout={PATIENCE_SECONDS}s", f"-c lock_timeout={PATIENCE_SECONDS}s"]
        patient = {"options": " ".join(options), "connect_timeout": PATIENCE_SECONDS}
        arguments = patient if address.get_backend_name() == "postgresql" else {}
        far = create_engine(address, connect_args=arguments, pool_pre_ping=True, **POOL)
        if address.get_backend_name() == "postgresql":
            event.listen(far, "connect", _commit_for_good)
        return far
    in_file = {} if address.database in {None, "", ":memory:"} else POOL
    made = create_engine(address, connect_args={"timeout": BUSY_SECONDS, "isolation_level": None}, **in_file)
    event.listen(made, "connect", _prepare_sqlite)
    event.listen(made, "begin", _begin_sqlite)
    return made


def _commit_for_good(connection: Any, _record: object) -> None:  # Any: psycopg's connection
    """A number that a partner heard of must not be lost, whatever the server's default is."""
    connection.execute(
        "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'"
    )
    connection.commit()


def _zone_name(zone: tzinfo) -> str:
    return getattr(zone, "key", "UTC")


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = on")
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(value: str | bytes | int | float | None) -> str | bytes | int | float | None:
    return value.lower() if isinstance(value, str) else value


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("begin immediate" if writes else "begin")

# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal as a place: opening it, its two kinds of transaction, its schema.

SQLite is the embedded engine (WAL, ``synchronous=FULL``, writers queue at BEGIN IMMEDIATE); PostgreSQL is the engine
beyond one machine.  Everything above works with a SQLAlchemy `Connection` and one code path.
A `Journal` belongs to one process: open it after a fork, never before.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import URL, Connection, Engine, column, create_engine, event, inspect, make_url, select, table, text
from sqlalchemy.exc import DBAPIError

from gateway.journal import trouble
from gateway.journal.blobs import Blobs
from gateway.journal.schema import HEAD, VERSION_TABLE
from gateway.ports import Failpoint, nothing_fails

BUSY_SECONDS = 30  # LIMIT: how long a SQLite writer waits for its turn
_LOOK_AGAIN_SECONDS = 0.0005
_SCHEMA_LOCK = 7_306_942_001  # PostgreSQL's advisory lock for creating and upgrading; any fixed number


class SchemaMismatch(Exception):
    """The journal's tables are not those of this version; *found* is empty when nobody wrote their version down."""

    def __init__(self, found: str, wanted: str) -> None:
        newer = found > wanted
        remedy = (
            "it was written by a newer version: install that one, or put back the backup of db upgrade"
            if newer
            else "stop the service and type: edms-gateway db upgrade"
        )  # revisions are numbered, so the greater one is the newer
        super().__init__(f"the journal has schema {found or 'unknown'}, this version needs {wanted}; {remedy}")
        self.found = found
        self.wanted = wanted
        self.command = "" if newer else "edms-gateway db upgrade"


class NoJournal(Exception):
    """There is no journal at the place that is named; nothing was created."""

    def __init__(self, place: str) -> None:
        super().__init__(f"there is no journal yet ({place}); `edms-gateway run` creates one at its first start")


class Journal:
    """An open journal.  Safe to share between the threads of one process."""

    def __init__(self, engine: Engine, blobs: Blobs) -> None:
        self._engine = engine
        self._writer = engine.execution_options(journal_writes=True)
        self.blobs = blobs
        file = engine.url.database if engine.url.get_backend_name() == "sqlite" else None
        self.file = Path(file) if file else None  # of SQLite; None: PostgreSQL
        self.folders = (blobs.directory, *((Path(file).parent,) if file else ()))  # whose disks fill up

    @classmethod
    def open(cls, url: str, blobs: Path, *, failpoint: Failpoint = nothing_fails, create: bool = True) -> "Journal":
        """Open the journal at *url* with its large letters under *blobs*; an empty one is created if *create*.

        Raises SchemaMismatch when its tables are of another version, NoJournal when there is none and none is to be
        created, sqlalchemy.exc.OperationalError when the database cannot be reached.
        """
        engine = engine_of(url)
        try:
            if not create:
                _look(engine)
            _ready(engine)
            return cls(engine, Blobs(blobs, failpoint))
        except BaseException:
            engine.dispose()
            raise

    @classmethod
    def as_it_stands(cls, url: str, blobs: Path) -> "Journal":
        """Open the journal at *url* whatever its schema, to be copied and for nothing else."""
        return cls(engine_of(url), Blobs(blobs))

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write: committed at the end, rolled back by any exception.

        When the disk fails to sync it, the volume is marked (`Blobs.give_up`), for the next sync may lie.
        """
        try:
            with self._writer.begin() as tx:
                yield tx
        except DBAPIError as error:
            if trouble.sync_failed(error):
                self.blobs.give_up(f"the journal: {error.orig}")
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only reads."""
        with self._engine.begin() as tx:
            yield tx

    def copy_into(self, path: Path) -> None:
        """Write a SQLite journal as it stands at one moment into a new file *path*; stops no writer."""
        connection = self._engine.raw_connection()
        try:
            driver: Any = connection.driver_connection  # Any: SQLAlchemy does not know which driver it is
            driver.execute("VACUUM INTO ?", (str(path),))
        finally:
            connection.close()

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()


def upgrade(url: str, *, create: bool = True) -> None:
    """Bring the journal at *url* to this version's schema; nothing happens when it is there already.

    Raises SchemaMismatch when a newer version wrote it, NoJournal when there is none and none is to be created.
    """
    engine = engine_of(url)
    try:
        if not create:
            _look(engine)
        with _alone(engine) as tx:
            found = version(tx)
            if found is not None and found > HEAD:
                raise SchemaMismatch(found, HEAD)
            _migrate(tx)
    finally:
        engine.dispose()


def standing(url: str) -> str:
    """Return the schema of the journal at *url*, empty when its tables have none; raises NoJournal for no journal."""
    engine = engine_of(url)
    try:
        _look(engine)
        with engine.begin() as tx:
            return version(tx) or ""
    finally:
        engine.dispose()


def engine_of(url: str) -> Engine:
    """Return an engine set up as the journal needs it; raises ValueError for any other database."""
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(parsed)
    if backend == "postgresql":
        engine = create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=10)
        event.listen(engine, "connect", _commit_for_good)
        return engine
    raise ValueError(f"a journal lives in SQLite or PostgreSQL, not in {backend}")


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError("a journal needs a file: sqlite:////var/lib/…/journal.sqlite")
    # isolation_level None: we say BEGIN ourselves, the driver never does.
    arguments = {"isolation_level": None, "timeout": BUSY_SECONDS, "check_same_thread": False}
    engine = create_engine(url, connect_args=arguments, pool_size=10)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", begin)
    return engine


def _set_up(connection: sqlite3.Connection, record: Any) -> None:  # Any: the pool's own record, unused
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # NORMAL could lose accepted letters at a power failure
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-32768")  # LIMIT: 32 MiB of pages per connection
    cursor.close()


def _commit_for_good(connection: Any, record: Any) -> None:  # Any: psycopg's connection; the pool's record, unused
    """Whatever the server's default: with synchronous_commit = off a commit we answered for could be lost."""
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    connection.commit()


def begin(connection: Connection) -> None:
    """Begin as SQLite wants it: writers ask for their turn at once."""
    if connection.get_execution_options().get("journal_writes"):
        driver: Any = connection.connection.driver_connection  # Any: SQLAlchemy does not know which driver it is
        _begin_writing(driver)
    else:
        connection.exec_driver_sql("BEGIN")


def _begin_writing(driver: sqlite3.Connection) -> None:
    """BEGIN IMMEDIATE, asking again every half millisecond.

    SQLite's own waiting sleeps up to 100 ms between two looks, so one busy process would starve all the others.
    """
    deadline = monotonic() + BUSY_SECONDS
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                    raise
            sleep(_LOOK_AGAIN_SECONDS)
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")


def _look(engine: Engine) -> None:
    """Raise NoJournal when there is none; SQLite would make a file by being asked."""
    if engine.url.get_backend_name() == "sqlite" and not Path(engine.url.database or "").exists():
        raise NoJournal(str(engine.url.database))
    with engine.begin() as tx:
        if version(tx) is None:
            raise NoJournal(engine.url.render_as_string(hide_password=True))


def _ready(engine: Engine) -> None:
    with engine.begin() as tx:
        found = version(tx)
    if found is None:
        with _alone(engine) as tx:
            if (found := version(tx)) is None:
                _migrate(tx)
                found = HEAD
    if found != HEAD:
        raise SchemaMismatch(found, HEAD)


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A writing transaction that no other process's `_alone` overlaps."""
    with engine.execution_options(journal_writes=True).begin() as tx:
        if tx.dialect.name == "postgresql":
            tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
        yield tx


def version(tx: Connection) -> str | None:
    """Return the schema's revision, "" when there are tables without one, None for an empty journal."""
    tables = inspect(tx).get_table_names()
    if VERSION_TABLE in tables:
        number: str | None = tx.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))
        return number or ""
    return "" if "entries" in tables else None


def _migrate(tx: Connection) -> None:
    # Imported here: alembic costs a fifth of a second, and only an empty or old journal needs it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = tx
    command.upgrade(config, "head")

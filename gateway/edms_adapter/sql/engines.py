# SPDX-License-Identifier: GPL-3.0-or-later
"""How each kind of database is reached and set up, so that the rest of the adapter need not know which one it is.

SQLite: WAL, synchronous FULL, ``BEGIN IMMEDIATE`` for whatever writes, `lower` that knows every alphabet.
PostgreSQL: psycopg 3, READ COMMITTED; reading sees one snapshot.
MariaDB: PyMySQL, READ COMMITTED (in REPEATABLE READ whoever waited for a unique key does not see the winner's row),
reading sees one snapshot; a strict mode of our own, whatever the server's is: nothing is cut or turned into another
value silently, ``||`` joins texts, ``"names"`` are quoted as the standard says, an UPDATE sees the old values.
MS SQL Server (pyodbc) and Oracle (oracledb): set up the same way; their statements are compiled in the tests, not run.
Nowhere does anything wait longer than PATIENCE_SECONDS; then the database counts as away.
"""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from errno import ENOENT
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from gateway.edms_adapter.sql.complaint import MappingError

BUSY_SECONDS = 30  # LIMIT: how long a writer waits for another one on SQLite
PATIENCE_SECONDS = 30  # LIMIT: for a connection, a lock or a statement of a database that hangs; then it counts as away
WRITES = "edms_writes"  # the execution option of transactions that write
POOL = {"pool_size": 16, "max_overflow": 16}  # connections stay open, about one for every thread that works
# what an address may begin with → the driver that is used, and the extra that brings it
DRIVERS = {
    "sqlite": ("sqlite", ""),
    "postgresql": ("postgresql+psycopg", "postgres"),
    "postgres": ("postgresql+psycopg", "postgres"),
    "mysql": ("mysql+pymysql", "mysql"),
    "mariadb": ("mysql+pymysql", "mysql"),
    "mssql": ("mssql+pyodbc", "mssql"),
    "oracle": ("oracle+oracledb", "oracle"),
}
NOW = {
    "sqlite": "select strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "postgresql": "select clock_timestamp()",
    "mysql": "select utc_timestamp(6)",
    "mssql": "select sysutcdatetime()",
    "oracle": "select sys_extract_utc(systimestamp) from dual",
}
MARIADB_MODE = (
    "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,"
    "PIPES_AS_CONCAT,ANSI_QUOTES,SIMULTANEOUS_ASSIGNMENT"
)
# codes by which a server says that it ended a transaction so that another one could pass
DEADLOCKS: dict[str, set[object]] = {
    "postgresql": {"40P01", "40001"},
    "mysql": {1213},
    "mssql": {"40001"},
    "oracle": {60, 8177},
}
NO_SUCH_ZONE = 1298  # of MariaDB, when its tables of time zones are empty


def engine(url: str, zone: tzinfo = UTC, search_path: str = "") -> Engine:
    """Return an engine for *url* (``sqlite:///path``, ``postgresql://…``, ``mysql://…`` …), set up as the module says.

    Moments without a zone are in *zone*.  Raises MappingError for a kind of database that is not known, and for one
    whose driver is not installed.
    """
    address = make_url(url)
    kind = address.get_backend_name()
    driver, extra = DRIVERS.get(kind, ("", ""))
    if not driver:
        known = ", ".join(f"{name}:" for name in DRIVERS)
        raise MappingError(f"a database {kind}: is not known here; an address begins with one of {known}")
    if address.drivername in DRIVERS or kind == "mariadb":
        address = address.set(drivername=driver)
    try:
        return MAKERS[driver.partition("+")[0]](address, zone, search_path)
    except ImportError as error:  # also a driver that is there and lacks a library of the system
        remedy = f"type: pip install 'edms-gateway[{extra}]'"
        raise MappingError(f"the driver for {kind}: cannot be loaded ({error}); {remedy}") from error


def gave_way(kind: str, error: BaseException) -> bool:
    """Say whether *error* of a database of *kind* ended a transaction in favour of another one: it left no trace."""
    seen: BaseException | None = error
    while seen is not None:  # leaving the savepoint of a transaction that is gone fails too, and hides the reason
        if isinstance(seen, DBAPIError) and DEADLOCKS.get(kind, set()).intersection(_codes(seen.orig)):
            return True
        seen = seen.__context__
    return False


def _codes(error: BaseException | None) -> tuple[object, ...]:
    """Return the codes a driver gives: a text of the standard's, the vendor's number, or both."""
    first = error.args[0] if error is not None and error.args else None
    return getattr(error, "sqlstate", None), getattr(first, "code", first)


# --- SQLite ---------------------------------------------------------------------------------------------------------


def _sqlite(address: URL, _zone: tzinfo, _search_path: str) -> Engine:
    in_file = {} if address.database in {None, "", ":memory:"} else POOL
    made = create_engine(address, connect_args={"timeout": BUSY_SECONDS, "isolation_level": None}, **in_file)
    event.listen(made, "connect", _prepare_sqlite)
    event.listen(made, "begin", _begin_sqlite)
    if in_file:
        file = _File(Path(address.database or ""))
        event.listen(made, "do_connect", file.must_be_there)
        event.listen(made, "connect", file.remember)
        event.listen(made, "checkout", file.must_be_the_same)
    return made


class _File:
    """The file of a database: a connection goes on with one that was renamed, and what it writes then is lost."""

    def __init__(self, path: Path) -> None:
        self._path, self._was_there = path, False

    def must_be_there(self, *_: object) -> None:
        if self._was_there:  # else an empty one would be made in its place
            self._which()

    def remember(self, _connection: object, record: ConnectionPoolEntry) -> None:
        record.info["file"], self._was_there = self._which(), True

    def must_be_the_same(self, _connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        if self._which() != record.info["file"]:
            raise DisconnectionError("another file lies there now")

    def _which(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except FileNotFoundError as error:
            raise FileNotFoundError(ENOENT, "the EDMS has no database there", str(self._path)) from error
        return found.st_dev, found.st_ino


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


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


def _postgresql(address: URL, zone: tzinfo, search_path: str) -> Engine:
    options = [f"-c timezone={_zone_name(zone)}"] + ([f"-c search_path={search_path}"] if search_path else [])
    options += [f"-c statement_timeout={PATIENCE_SECONDS}s", f"-c lock_timeout={PATIENCE_SECONDS}s"]
    patient = {"options": " ".join(options), "connect_timeout": PATIENCE_SECONDS}
    made = create_engine(address, connect_args=patient, pool_pre_ping=True, **POOL)
    event.listen(made, "connect", _commit_for_good)
    return made


def _commit_for_good(connection: Any, _record: object) -> None:  # Any: psycopg's connection
    """A number that a partner heard of must not be lost, whatever the server's default is."""
    connection.execute(
        "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'"
    )
    connection.commit()


def _zone_name(zone: tzinfo) -> str:
    return getattr(zone, "key", "UTC")


# --- MariaDB --------------------------------------------------------------------------------------------------------


def _mariadb(address: URL, zone: tzinfo, _search_path: str) -> Engine:
    patient = {
        "connect_timeout": PATIENCE_SECONDS,
        "read_timeout": 2 * PATIENCE_SECONDS,  # the server ends a statement itself before that; this is for a dead one
        "write_timeout": 2 * PATIENCE_SECONDS,
        "charset": "utf8mb4",
        "collation": "utf8mb4_bin",  # of our literals and binds: a column's own collation goes before it
        "sql_mode": MARIADB_MODE,
    }
    made = create_engine(address, connect_args=patient, pool_pre_ping=True, **POOL)
    event.listen(made, "connect", lambda connection, _record: _prepare_mariadb(connection, zone))
    event.listen(made, "begin", _begin_mariadb)
    return made


def _prepare_mariadb(connection: Any, zone: tzinfo) -> None:  # Any: PyMySQL's connection
    name = _zone_name(zone)
    with connection.cursor() as cursor:
        cursor.execute("set session transaction isolation level read committed")
        cursor.execute(
            f"set session innodb_lock_wait_timeout = {PATIENCE_SECONDS}, lock_wait_timeout = {PATIENCE_SECONDS},"
            f" max_statement_time = {PATIENCE_SECONDS}"
        )
        try:
            cursor.execute("set session time_zone = %s", ("+00:00" if name == "UTC" else name,))
        except connection.OperationalError as error:
            if error.args[0] != NO_SUCH_ZONE:
                raise
            cursor.execute("select year(utc_timestamp())")
            cursor.execute("set session time_zone = %s", (_fixed_offset(zone, cursor.fetchone()[0]),))


def _fixed_offset(zone: tzinfo, year: int) -> str:
    """Return the offset of *zone* from UTC as MariaDB writes it; MappingError for one that changes during *year*."""
    one, other = (datetime(year, month, 1, tzinfo=zone).utcoffset() or timedelta() for month in (1, 7))
    if one != other:
        raise MappingError(
            f"the MariaDB server does not know the time zone {_zone_name(zone)}: fill its tables with"
            " mariadb-tzinfo-to-sql, or set time_zone in [database] to the zone of the columns"
        )
    minutes = int(one.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _begin_mariadb(connection: Connection) -> None:
    if not connection.get_execution_options().get(WRITES):
        connection.exec_driver_sql("set transaction isolation level repeatable read")
        connection.exec_driver_sql("start transaction with consistent snapshot")


# --- MS SQL Server and Oracle: set up as their makers describe it, not run in the tests -------------------------------


def _mssql(address: URL, _zone: tzinfo, _search_path: str) -> Engine:
    made = create_engine(address, connect_args={"timeout": PATIENCE_SECONDS}, pool_pre_ping=True, **POOL)
    event.listen(made, "connect", _prepare_mssql)
    return made


def _prepare_mssql(connection: Any, _record: object) -> None:  # Any: pyodbc's connection
    connection.timeout = PATIENCE_SECONDS
    cursor = connection.cursor()
    cursor.execute(f"set lock_timeout {PATIENCE_SECONDS * 1000}")
    cursor.execute("set ansi_warnings on")  # what does not fit is an error, not cut
    cursor.close()


def _oracle(address: URL, _zone: tzinfo, search_path: str) -> Engine:
    made = create_engine(address, connect_args={"tcp_connect_timeout": PATIENCE_SECONDS}, pool_pre_ping=True, **POOL)
    event.listen(made, "connect", lambda connection, _record: _prepare_oracle(connection, search_path))
    event.listen(made, "begin", _begin_oracle)
    event.listen(made, "do_setinputsizes", _whole_moments)
    return made


def _prepare_oracle(connection: Any, search_path: str) -> None:  # Any: oracledb's connection
    connection.call_timeout = PATIENCE_SECONDS * 1000
    if search_path:
        connection.current_schema = search_path


def _begin_oracle(connection: Connection) -> None:
    if not connection.get_execution_options().get(WRITES):
        connection.exec_driver_sql("set transaction read only")  # one snapshot for all its queries


def _whole_moments(
    sizes: dict[Any, object],  # Any: binds of SQLAlchemy's; below: oracledb's cursor, the context of an execution
    _cursor: Any,
    _statement: str,
    values: Any,
    context: Any,
) -> None:
    """Bind moments as timestamps: as dates they would lose what is less than a second, and a page might never end."""
    for bind in sizes:
        if isinstance(values.get(bind.key), datetime):
            sizes[bind] = context.dialect.dbapi.DB_TYPE_TIMESTAMP


MAKERS: dict[str, Callable[[URL, tzinfo, str], Engine]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "mysql": _mariadb,
    "mssql": _mssql,
    "oracle": _oracle,
}

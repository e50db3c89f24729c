# SPDX-License-Identifier: GPL-3.0-or-later
"""What any system in an SQL database shares: every row of it, the files of its store, and being out of reach."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, NullPool, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError


def contents_of(engine: Engine) -> dict[str, list[Any]]:  # Any: rows of any table
    """Return every row of every table."""
    with engine.connect() as connection:
        return {
            name: sorted(connection.execute(text(f"select * from {name}")).all(), key=repr)  # the tests' own names
            for name in sorted(inspect(connection).get_table_names())
        }


def tree(folder: Path) -> frozenset[str]:
    """Return every file below *folder*."""
    return frozenset(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@contextmanager
def out_of_reach(url: str, let_go: Callable[[], None]) -> Iterator[None]:
    """Make the database at *url* unreachable inside the block; *let_go* closes the connections that are idle."""
    with AWAY[make_url(url).get_backend_name()](url, let_go):
        yield


@contextmanager
def _sqlite_away(url: str, let_go: Callable[[], None]) -> Iterator[None]:
    """A folder lies where the file was."""
    let_go()
    place = Path(make_url(url).database or "")
    kept = place.with_suffix(".away")
    place.rename(kept)
    place.mkdir()
    try:
        yield
    finally:
        shutil.rmtree(place)
        kept.rename(place)


@contextmanager
def _postgresql_away(url: str, _let_go: Callable[[], None]) -> Iterator[None]:
    """Nobody may connect, and whoever is connected is cut off."""
    name = make_url(url).database
    with psycopg.connect(make_url(url).set(database="postgres").render_as_string(), autocommit=True) as elsewhere:
        elsewhere.execute(f"alter database {name} with allow_connections false")
        elsewhere.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s", (name,))
        try:
            yield
        finally:
            elsewhere.execute(f"alter database {name} with allow_connections true")


@contextmanager
def _mariadb_away(url: str, let_go: Callable[[], None]) -> Iterator[None]:
    """The account may not connect, and whoever is connected is cut off."""
    let_go()
    with create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as elsewhere:
        elsewhere.exec_driver_sql("alter user gateway@'%%' account lock")
        others = "select id from information_schema.processlist where user = 'gateway' and id <> connection_id()"
        while found := elsewhere.exec_driver_sql(others).scalars().all():
            for number in found:
                with suppress(OperationalError):  # it is gone already
                    elsewhere.exec_driver_sql(f"kill {int(number)}")
        try:
            yield
        finally:
            elsewhere.exec_driver_sql("alter user gateway@'%%' account unlock")


AWAY = {"sqlite": _sqlite_away, "postgresql": _postgresql_away, "mysql": _mariadb_away}

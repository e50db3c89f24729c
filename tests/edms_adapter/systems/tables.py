# SPDX-License-Identifier: GPL-3.0-or-later
"""What any system in an SQL database shares: every row of it, the files of its store, and being out of reach."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, ClassVar, Self

import psycopg
from sqlalchemy import Engine, NullPool, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from gateway.edms_adapter import open_edms
from gateway.edms_adapter.sql.database import Database, Work
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.model import CardRef
from gateway.ports import Edms, Failpoint, nothing_fails
from tests.edms_adapter.systems import Abilities, Lack

IN_A_FILE = Lack("SQLite: a file on this machine does not go away in the middle of a call")


def opened(mapping: str, url: str, files: str, failpoint: Failpoint = nothing_fails) -> SqlEdms:
    return open_edms(mapping, url, Path(files), "Europe/Moscow", failpoint)


class Tables:
    """What every `System` behind a shipped mapping is: the tables at *url*, made and filled, and people beside us."""

    mapping: ClassVar[str]
    can: ClassVar[Abilities]  # on a server
    zone: ClassVar[tzinfo] = UTC  # of columns without one: people and gateway must mean the same
    stops: tuple[str, ...] = ("edms-register:before-commit", "edms-register:after-commit")
    attach_stops: tuple[str, ...] = ("edms-attach:before-commit",)

    def __init__(self, url: str, files: Path) -> None:
        files.mkdir(exist_ok=True)
        backend = make_url(url).get_backend_name()
        self.name = f"{self.mapping} on {backend}"
        self.abilities = replace(self.can, cutting=IN_A_FILE) if backend == "sqlite" else self.can
        self.recipe: tuple[str, ...] = (f"{__name__}:{opened.__name__}", self.mapping, url, str(files))
        self.url, self.files = url, files
        self._adapter = opened(self.mapping, url, str(files))
        self.edms: Edms = self._adapter
        self._office = Database(url, self.zone)
        self._open: list[SqlEdms | Database] = [self._office, self._adapter]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()

    def open(self, failpoint: Failpoint = nothing_fails) -> SqlEdms:
        made = opened(self.mapping, self.url, str(self.files), failpoint)
        self._open.append(made)
        return made

    def away(self) -> AbstractContextManager[None]:
        return out_of_reach(self.url, self._let_go)

    def snapshot(self) -> object:
        return contents_of(self._office.engine)

    def stored(self) -> frozenset[str]:
        return tree(self.files)

    def at_work(self) -> AbstractContextManager[Work]:
        """Open a transaction of the people's."""
        return self._office.writing()

    def now(self) -> datetime:
        return self._office.now()

    def forward(self, ref: CardRef, to: str) -> None:
        with self.at_work() as work:
            self._forward(work, ref, to, self.now())

    @contextmanager
    def forwarding(self, ref: CardRef, to: str) -> Iterator[None]:
        moment = self.now()
        if self.url.startswith("sqlite"):  # one writer at a time: the others would wait for this one
            yield
            with self.at_work() as work:
                self._forward(work, ref, to, moment)
        else:
            with self.at_work() as work:
                self._forward(work, ref, to, moment)
                yield

    def _forward(self, work: Work, ref: CardRef, to: str, at: datetime) -> None:
        """Pass the card on, at that moment."""
        raise NotImplementedError

    def _let_go(self) -> None:
        for one in self._open:
            one.close()


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

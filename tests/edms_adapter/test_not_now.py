# SPDX-License-Identifier: GPL-3.0-or-later
"""A database that is away, held, read-only, full or lets go of us: "not now", never half a card, no number lost."""

import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from gateway.content import Held
from gateway.edms_adapter.registry import create
from gateway.edms_adapter.sql import engines
from gateway.edms_adapter.sql.database import Database, Work
from gateway.errors import Refused
from tests.edms_adapter.desk import Desk, file_of, fill, letter
from tests.servers.mariadb import Server, installed

LETTING_GO = {
    "postgresql": "select pg_terminate_backend(pid) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid()",
    "mysql": "select id from information_schema.processlist where db = database() and id <> connection_id()",
}


@contextmanager
def somebody(url: str) -> Iterator[Connection]:
    """Give a connection that is not ours; what it did stands at once."""
    made = make_url(url)
    if made.drivername == "postgresql":
        made = made.set(drivername="postgresql+psycopg")
    with create_engine(made, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        yield connection


def let_go(url: str) -> None:
    """End every connection to the database but the one that does it."""
    with somebody(url) as connection:
        found = connection.execute(text(LETTING_GO[connection.dialect.name])).scalars().all()
        if connection.dialect.name == "mysql":
            for number in found:
                connection.exec_driver_sql(f"kill {int(number)}")


def trace(desk: Desk) -> dict[str, int]:
    """Return what a registration leaves, counted; the sum of all numbers taken with it."""
    left = {name: desk.count(name) for name in ("card", "card_file", "inbox_row", "edms_gw_exchange")}
    taken = sum(row.last for row in desk.rows("select last from counter"))
    stored = sum(path.is_file() for path in desk.files.rglob("*"))
    return {name: count for name, count in {**left, "numbers": taken, "stored": stored}.items() if count}


def not_now(desk: Desk, **rest: object) -> BaseException:
    """Try to register; return what was raised, which is no refusal."""
    with pytest.raises(Exception) as raised:  # noqa: PT011  # any: whatever is not Refused is "not now"
        desk.register(**rest)  # type: ignore[arg-type]
    assert not isinstance(raised.value, Refused)
    return raised.value


@pytest.fixture
def desk(server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk that waits a second where others wait half a minute."""
    monkeypatch.setattr(engines, "PATIENCE_SECONDS", 1)
    with Desk.at(server_url, tmp_path / "files") as made:
        yield made


@pytest.fixture
def own_mariadb() -> Iterator[Callable[..., Server]]:
    """Give a function that starts a MariaDB with settings of its own."""
    program = installed()
    if program is None:
        pytest.skip("MariaDB is not installed")
    folder = Path(tempfile.mkdtemp(prefix="gateway-mariadb-"))
    started: list[Server] = []

    def start(*settings: str) -> Server:
        started.append(Server(program, folder, *settings).__enter__())
        return started[-1]

    yield start
    for server in started:
        server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_a_connection_that_ends_inside_the_transaction_leaves_nothing(desk: Desk) -> None:
    class LetGo:
        def __call__(self, name: str) -> None:
            if name == "edms-register:before-commit":
                let_go(desk.url)

    desk.edms._registrar.failpoint = LetGo()
    why = not_now(desk)
    left = trace(desk)
    desk.edms._registrar.failpoint = desk.failpoint

    assert isinstance(why, DBAPIError)
    assert left == {}
    assert (desk.registered().number.text, trace(desk)["card"]) == ("ВХ-1", 1)


def test_connections_that_ended_while_nobody_worked_are_made_anew(desk: Desk) -> None:
    desk.card()
    let_go(desk.url)

    assert desk.registered(letter("d-2", "2"), "ex-2").number.text == "ВХ-2"


def test_a_lock_that_somebody_holds_is_waited_for_a_while_and_then_it_is_not_now(desk: Desk) -> None:
    desk.card()
    before = trace(desk)
    with somebody(desk.url) as other:
        other.exec_driver_sql("begin")
        other.exec_driver_sql("select last from counter for update")
        why = not_now(desk, document=letter("d-2", "2"), exchange="ex-2")
        held = trace(desk)
        other.exec_driver_sql("rollback")

    assert isinstance(why, DBAPIError)
    assert held == before
    assert desk.registered(letter("d-2", "2"), "ex-2").number.text == "ВХ-2"


def test_two_transactions_that_wait_for_each_other_both_end_well(server_url: str) -> None:
    one, other = Database(server_url, UTC), Database(server_url, UTC)
    both = Barrier(2)

    def change(database: Database, first: int, second: int) -> None:
        met = False

        def act() -> None:
            nonlocal met
            with database.writing() as work:
                touch(work, first)
                if not met:
                    met = True
                    both.wait()
                touch(work, second)

        database.insisting(act)

    def touch(work: Work, key: int) -> None:
        work.run(text("update person set post = '' || coalesce(post, '') || '+' where id = :key"), {"key": key})

    threads = [Thread(target=change, args=args) for args in ((one, 1, 2), (other, 2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with one.reading() as work:
        posts = [row.post for row in work.rows(text("select post from person where id in (1, 2)"))]
    one.close()
    other.close()

    assert [post[-2:] for post in posts] == ["++", "++"]


def test_a_postgresql_that_only_reads_is_not_now(postgres_registry: str, tmp_path: Path) -> None:
    name = make_url(postgres_registry).database
    with Desk.at(postgres_registry, tmp_path / "files") as desk:
        before = trace(desk)
    with somebody(postgres_registry) as other:
        other.exec_driver_sql(f"alter database {name} set default_transaction_read_only = on")
    try:
        with Desk.at(postgres_registry, tmp_path / "files") as desk:
            why = not_now(desk)
            left = trace(desk)
    finally:
        with somebody(postgres_registry) as other:
            other.exec_driver_sql("set default_transaction_read_only = off")
            other.exec_driver_sql(f"alter database {name} reset default_transaction_read_only")

    assert isinstance(why, DBAPIError)
    assert left == before


def test_a_mariadb_that_only_reads_is_not_now(own_mariadb: Callable[..., Server], tmp_path: Path) -> None:
    url = own_mariadb().database()
    create(url)
    fill(url)
    with somebody(url) as other:  # whoever may do everything may write even then
        other.exec_driver_sql("create user writer@'%%'")
        other.exec_driver_sql("grant select, insert, update, delete on test1.* to writer@'%%'")
        other.exec_driver_sql("set global read_only = on")
        with Desk.at(url.replace("gateway@", "writer@"), tmp_path / "files") as desk:
            why = not_now(desk)
            left = trace(desk)
            other.exec_driver_sql("set global read_only = off")
            number = desk.registered().number.text

    assert isinstance(why, DBAPIError)
    assert (left, number) == ({}, "ВХ-1")


def test_a_mariadb_that_is_killed_inside_the_transaction_comes_back_without_it(
    own_mariadb: Callable[..., Server], tmp_path: Path
) -> None:
    server = own_mariadb()
    url = server.database()
    create(url)
    fill(url)
    with Desk.at(url, tmp_path / "files") as desk:
        desk.edms._registrar.failpoint = lambda name: server.stop() if name.endswith("before-commit") else None
        inside = not_now(desk)
        away = not_now(desk)
        server.start()
        left = trace(desk)
        desk.edms._registrar.failpoint = desk.failpoint
        number = desk.registered().number.text

    assert (isinstance(inside, DBAPIError), isinstance(away, DBAPIError)) == (True, True)
    assert (left, number) == ({}, "ВХ-1")


def test_a_mariadb_that_is_full_has_whole_cards_only(own_mariadb: Callable[..., Server], tmp_path: Path) -> None:
    url = own_mariadb("--innodb-data-file-path=ibdata1:24M").database()
    create(url)
    fill(url)
    with Desk.at(url, tmp_path / "files") as desk:
        made = _until_full(desk)

        assert made > 0
        assert trace(desk) == dict.fromkeys(("card", "card_file", "inbox_row", "edms_gw_exchange", "numbers"), made)


@pytest.fixture
def small_tablespace(postgres: Callable[[], str], tmp_path: Path) -> Iterator[str]:
    """Give the URL of a PostgreSQL registry whose files of cards lie on a disk of eight megabytes."""
    place = Path(tempfile.mkdtemp(prefix="gateway-small-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system needs root: run the tests as root to see what happens when a disk is full")
    try:
        url = postgres()
        account = pwd.getpwnam("postgres")
        os.chown(place, account.pw_uid, account.pw_gid)
        create(url)
        fill(url)
        with somebody(url) as other:
            other.exec_driver_sql(f"create tablespace small location '{place}'")
            other.exec_driver_sql("alter table card_file set tablespace small")
        yield url
        with somebody(url) as other:
            other.exec_driver_sql("drop table card_file cascade")
            other.exec_driver_sql("drop tablespace small")
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
        place.rmdir()


def test_a_postgresql_that_is_full_has_whole_cards_only(small_tablespace: str, tmp_path: Path) -> None:
    with Desk.at(small_tablespace, tmp_path / "files") as desk:
        made = _until_full(desk)

        assert made > 0
        assert trace(desk) == dict.fromkeys(("card", "card_file", "inbox_row", "edms_gw_exchange", "numbers"), made)


def _until_full(desk: Desk) -> int:
    """Register letters with files that lie in the database until one is not taken; return how many were."""
    for number in range(1000):
        file = Held(os.urandom(120_000))
        desk.contents[file.sha256] = file
        try:
            desk.registered(letter(f"d-{number}", str(number), files=(file_of(file),)), f"ex-{number}")
        except DBAPIError:
            return number
    raise AssertionError("it is never full")


def test_a_file_of_sqlite_that_was_taken_away_is_away_and_nothing_is_made_in_its_place(sqlite_desk: Desk) -> None:
    there = Path(make_url(sqlite_desk.url).database or "")
    sqlite_desk.register(letter())
    aside = there.rename(there.with_suffix(".aside"))
    with pytest.raises(FileNotFoundError):
        sqlite_desk.register(letter("doc-2", "15/3"), exchange="ex-2")
    assert not there.exists()

    aside.rename(there)
    assert sqlite_desk.registered(letter("doc-2", "15/3"), exchange="ex-2").created


def test_a_file_of_sqlite_that_was_put_back_from_a_copy_is_the_one_that_is_written(sqlite_desk: Desk) -> None:
    there = Path(make_url(sqlite_desk.url).database or "")
    copy = there.with_suffix(".copy")
    with closing(sqlite3.connect(there)) as line, closing(sqlite3.connect(copy)) as other:
        line.backup(other)
    sqlite_desk.register(letter())
    copy.replace(there)
    for rest in ("-wal", "-shm"):
        there.with_name(there.name + rest).unlink(missing_ok=True)

    assert sqlite_desk.registered(letter("doc-2", "15/3"), exchange="ex-2").number.text == "ВХ-1"
    with closing(sqlite3.connect(there)) as line:
        assert line.execute("select count(*) from card").fetchone() == (1,)

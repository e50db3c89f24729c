# SPDX-License-Identifier: GPL-3.0-or-later
"""What commits out of order is told: the races that make other readers of changes lose rows, on a real PostgreSQL.

Two readers that are often written are run beside ours, so that the races are seen to be real: one goes by the last id
it saw, the other also leaves out whatever is younger than the oldest running transaction.
"""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from gateway.edms_adapter import open_edms
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.model import EventKind, ExchangeId, Organisation, Party
from tests.edms_adapter.desk import PDF, Hands, intake, letter
from tests.edms_adapter.outboxes import rows, run
from tests.edms_adapter.test_foreign import TABLES

FOREIGN = Path(__file__).with_name("foreign.toml")
NOW = "'2026-11-25 11:00:00'"
OUTBOX = """
[outbox]
[[outbox.watch]]
table = "deed"
key = "id"
columns = ["deed", "said"]
tells = { executed = "id", progress = "id" }
"""
POLL, WATCHED = "poll", "outbox"


@dataclass
class Naive:
    """A reader that asks for ids beyond the last it saw."""

    url: str
    last: int = 0
    heard: list[str] = field(default_factory=list)
    asks = "select id, said from deed where id > %s order by id"

    def read(self) -> list[str]:
        with psycopg.connect(self.url) as connection:
            for id, said in connection.execute(self.asks, (self.last,)).fetchall():  # type: ignore[arg-type]
                self.last = id
                self.heard.append(said)
        return self.heard


@dataclass
class Guarded(Naive):
    """A reader that also waits for transactions older than the row's."""

    asks = """
select id, said from deed
where id > %s and xmin::text::xid8 < pg_snapshot_xmin(pg_current_snapshot()) order by id
"""


@dataclass
class Ours:
    """The reader under test, from where it stands."""

    edms: SqlEdms
    cursor: str | None = None
    heard: list[str] = field(default_factory=list)

    def read(self) -> list[str]:
        more = True
        while more:
            page = self.edms.changes(self.cursor, 3)
            self.heard += [one.event.text for one in page.events if one.event.kind is EventKind.EXECUTED]
            self.cursor, more = page.cursor, page.more
        return self.heard


@dataclass
class Bureau:
    """A foreign EDMS with one card of ours, registered days ago."""

    url: str
    edms: SqlEdms
    card: str

    def did(self, said: str, id: int | None = None) -> str:
        """Return the statement by which somebody does something; its id is the next one, or *id*."""
        columns, values = ("id, ", f"{id}, ") if id else ("", "")
        row = f"{values}'{self.card}', 'done', {NOW}, '{said}'"
        return f"insert into deed ({columns}letter, deed, at, said) values ({row})"

    def readers(self) -> tuple[Naive, Guarded, Ours]:
        """Return the three readers, each having read what there is until nothing comes again."""
        made = (Naive(self.url), Guarded(self.url), Ours(self.edms))
        for one in made:
            for _ in range(3):
                one.read()
            one.heard.clear()
        return made


def mapping(way: str, folder: Path, outbox: str = OUTBOX) -> Path:
    """Return the foreign mapping that reads deeds by *way*."""
    written = FOREIGN.read_text("utf-8")
    # while one of four writers is held up, the others may write all their sixty rows: its transaction lives that long
    written = written.replace("overlap = 2\n", "" if way == WATCHED else "overlap = 60\n", 1)
    if way == WATCHED:
        written += outbox
    path = folder / f"{way}.toml"
    path.write_text(written, "utf-8")
    return path


@contextmanager
def bureau(way: str, url: str, tables: str, folder: Path, outbox: str = OUTBOX) -> Iterator[Bureau]:
    with open_edms(mapping(way, folder, outbox), url, folder, "Europe/Moscow", clock=Hands()) as edms:
        run(url, tables)
        edms.prepare()
        if way == WATCHED:
            run(url, edms.outbox_ddl())
        card = register(edms, "ex-1")
        assert isinstance(edms.clock, Hands)
        edms.clock.later(days=3)
        register(edms, "ex-2")  # so that the first card is no news any more
        yield Bureau(url, edms, card)


def register(edms: SqlEdms, exchange: str) -> str:
    given = intake(correspondent=Party(Organisation(index="BEREG-02")))
    made = edms.register(letter(exchange, exchange), {PDF.sha256: PDF}, ExchangeId(exchange), given)
    return made.ref


@pytest.fixture(scope="module")
def database(postgres: Callable[[], str]) -> str:
    return postgres()


@pytest.fixture
def empty(database: str) -> str:
    """Give a PostgreSQL without tables."""
    run(database, "drop schema public cascade; create schema public")
    return database


SERIAL = TABLES.replace("deed (id integer primary key", "deed (id serial primary key").replace(
    "contact (", "contact (rowid serial, "
)


@pytest.fixture(params=[POLL, WATCHED])
def on_postgres(request: pytest.FixtureRequest, empty: str, tmp_path: Path) -> Iterator[Bureau]:
    with bureau(request.param, empty, SERIAL, tmp_path) as made:
        yield made


@pytest.fixture
def watched(empty: str, tmp_path: Path) -> Iterator[Bureau]:
    with bureau(WATCHED, empty, SERIAL, tmp_path) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bureau]:
    """Give a watched bureau on either engine."""
    if request.param == "sqlite":
        url, tables = f"sqlite:///{tmp_path}/foreign.sqlite", TABLES
    else:
        url, tables = request.getfixturevalue("empty"), SERIAL
    with bureau(WATCHED, url, tables, tmp_path) as made:
        yield made


# --- the races ----------------------------------------------------------------------------------------------------


def test_what_took_its_id_early_and_committed_late_is_told(on_postgres: Bureau) -> None:
    run(on_postgres.url, on_postgres.did("before"))
    naive, guarded, ours = on_postgres.readers()
    with psycopg.connect(on_postgres.url) as slow, psycopg.connect(on_postgres.url) as quick:
        slow.execute(on_postgres.did("slow"))  # type: ignore[call-overload]
        quick.execute(on_postgres.did("quick"))  # type: ignore[call-overload]
        quick.commit()
        for reader in (naive, guarded, ours):
            reader.read()
        slow.commit()

    assert "slow" not in naive.read()
    assert set(guarded.read()) == {"slow", "quick"}
    assert {"slow", "quick"} <= set(ours.read())


def test_what_took_a_lower_id_in_a_younger_transaction_is_told(on_postgres: Bureau) -> None:
    run(on_postgres.url, on_postgres.did("before"))
    naive, guarded, ours = on_postgres.readers()
    with psycopg.connect(on_postgres.url) as older, psycopg.connect(on_postgres.url) as younger:
        older.execute("select pg_current_xact_id()")
        younger.execute("select pg_current_xact_id()")
        younger.execute(on_postgres.did("younger"))  # type: ignore[call-overload]
        older.execute(on_postgres.did("older"))  # type: ignore[call-overload]
        older.commit()
        for reader in (naive, guarded, ours):
            reader.read()
        younger.commit()

    assert "younger" not in naive.read()
    assert "younger" not in guarded.read()
    assert {"younger", "older"} <= set(ours.read())


def test_somebody_elses_long_transaction_delays_the_outbox_and_nothing_is_lost(watched: Bureau) -> None:
    _, _, ours = watched.readers()
    with psycopg.connect(watched.url) as long:
        long.execute("update staff set fio = fio")
        run(watched.url, watched.did("meanwhile"))
        delayed = list(ours.read())
        long.commit()

    assert (delayed, ours.read()) == ([], ["meanwhile"])


def test_somebody_elses_long_transaction_does_not_delay_what_is_read_by_overlap(empty: str, tmp_path: Path) -> None:
    with bureau(POLL, empty, SERIAL, tmp_path) as made, psycopg.connect(empty) as long:
        _, _, ours = made.readers()
        long.execute("update staff set fio = fio")
        run(made.url, made.did("meanwhile"))

        assert ours.read() == ["meanwhile"]


def test_many_at_once_are_all_told_while_we_read(on_postgres: Bureau) -> None:
    _, _, ours = on_postgres.readers()
    writers, each = 4, 20

    def work(writer: int) -> None:
        with psycopg.connect(on_postgres.url) as line:
            for number in range(each):
                line.execute(on_postgres.did(f"{writer}-{number}"))  # type: ignore[call-overload]
                if number % 3 == 2:
                    line.commit()

    with ThreadPoolExecutor(writers) as pool:
        working = [pool.submit(work, writer) for writer in range(writers)]
        while not all(one.done() for one in working):
            ours.read()
    for one in working:
        one.result()

    assert set(ours.read()) >= {f"{writer}-{number}" for writer in range(writers) for number in range(each)}


def test_on_sqlite_nobody_takes_an_id_while_another_writes(tmp_path: Path) -> None:
    """So ids are in the order of commits there, and the outbox needs no guard."""
    with bureau(WATCHED, f"sqlite:///{tmp_path}/foreign.sqlite", TABLES, tmp_path) as made:
        ours = Ours(made.edms)
        ours.read()
        path = made.url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=0)) as first, closing(sqlite3.connect(path, timeout=0)) as second:
            first.execute(made.did("first"))
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                second.execute(made.did("second"))
            heard = list(ours.read())
            first.commit()
            second.execute(made.did("second"))
            second.commit()

        assert (heard, ours.read()) == ([], ["first", "second"])


# --- the outbox ---------------------------------------------------------------------------------------------------


def test_a_change_is_told_whatever_its_moment_or_id(either: Bureau) -> None:
    """Nothing of the row itself has to grow: an old id, filled in weeks later, is told."""
    run(either.url, either.did("latest", id=1000))
    ours = Ours(either.edms)
    for _ in range(3):
        ours.read()
    ours.heard.clear()
    run(either.url, either.did("filled in", id=3))

    assert ours.read() == ["filled in"]


def test_what_was_told_by_the_outbox_does_not_come_again(either: Bureau) -> None:
    ours = Ours(either.edms)
    ours.read()
    run(either.url, either.did("once"))

    assert ours.read() == ["once"]
    assert ours.read() == ["once"]


def test_an_update_counts_when_it_changes_a_column_that_is_watched(either: Bureau) -> None:
    run(either.url, either.did("written"))
    ours = Ours(either.edms)
    ours.read()
    run(either.url, "update deed set at = at")
    same = list(ours.read())
    run(either.url, "update deed set said = 'corrected'")

    assert (same, ours.read()) == (["written"], ["written", "corrected"])


def test_what_was_undone_is_not_told(either: Bureau) -> None:
    ours = Ours(either.edms)
    ours.read()
    run(either.url, f"begin; {either.did('undone')}; rollback;")

    assert ours.read() == []


def test_pages_of_a_sweep_hold_together_while_people_go_on(either: Bureau) -> None:
    ours = Ours(either.edms)
    ours.read()
    for number in range(4):
        run(either.url, either.did(f"one-{number}", id=100 + number))
    page = either.edms.changes(ours.cursor, 3)
    run(either.url, either.did("early", id=2))
    ours.cursor = page.cursor
    told = [one.event.text for one in page.events]

    assert page.more
    assert {*told, *ours.read(), *ours.read()} == {"early", "one-0", "one-1", "one-2", "one-3"}


def test_a_card_that_became_ours_later_is_told_with_its_history(either: Bureau) -> None:
    ours = Ours(either.edms)
    run(either.url, either.did("before it was ours").replace(either.card, "2026/00003"))
    ours.read()
    register(either.edms, "ex-3")

    assert ours.read() == ["before it was ours"]


def test_a_row_that_counts_for_two_reasons_is_told_once(either: Bureau) -> None:
    ours = Ours(either.edms)
    ours.read()
    young = register(either.edms, "ex-3")
    run(either.url, either.did("on a young card").replace(either.card, young))

    assert ours.read() == ["on a young card"]


def test_a_young_card_is_not_read_for_ever(either: Bureau) -> None:
    ours = Ours(either.edms)
    young = register(either.edms, "ex-3")
    run(either.url, either.did("on a young card").replace(either.card, young))
    for _ in range(3):
        ours.read()
    before = len(ours.heard)

    assert len(ours.read()) == before


def test_old_rows_are_given_up_and_a_reader_that_was_away_loses_nothing(either: Bureau) -> None:
    here, away = Ours(either.edms), Ours(either.edms)
    here.read()
    away.read()
    for number in range(3):
        run(either.url, either.did(f"said-{number}"))
    here.read()
    assert isinstance(either.edms.clock, Hands)
    either.edms.clock.later(days=36500)  # the database's own clock shows another day
    either.edms.sweep()
    either.edms.clock.later(days=-36500)
    kept = rows(either.url, "select count(*) from our_outbox")

    assert kept == [(1,)]
    assert len(here.read()) == 3
    assert away.read() == ["said-0", "said-1", "said-2"]


def test_young_rows_are_kept(either: Bureau) -> None:
    run(either.url, either.did("young"))
    before = rows(either.url, "select * from our_outbox")
    assert isinstance(either.edms.clock, Hands)
    either.edms.clock.later(days=-36500)
    either.edms.sweep()

    assert rows(either.url, "select * from our_outbox") == before

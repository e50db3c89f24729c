# SPDX-License-Identifier: GPL-3.0-or-later
"""What MariaDB would do otherwise: cut, mix up, mistake the hour, keep what should be gone."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, OperationalError

from gateway.content import Held
from gateway.edms_adapter.registry import create
from gateway.edms_adapter.sql.complaint import MappingError
from gateway.edms_adapter.sql.database import Database
from tests.edms_adapter.desk import Desk, file_of, fill, letter
from tests.servers.mariadb import Server, installed

WHEN = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def database(mariadb: Callable[[], str]) -> Iterator[Database]:
    made = Database(mariadb(), ZoneInfo("Asia/Yekaterinburg"))
    yield made
    made.close()


@pytest.fixture
def desk(mariadb: Callable[[], str], tmp_path: Path) -> Iterator[Desk]:
    url = mariadb()
    create(url)
    fill(url)
    with Desk.at(url, tmp_path / "files") as made:
        yield made


def do(database: Database, sql: str, **values: object) -> None:
    with database.writing() as work:
        work.run(text(sql), values)


def test_exchanges_whose_ids_differ_in_case_only_are_two(desk: Desk) -> None:
    cards = {desk.card(letter("d-1", "1"), "ex-a"), desk.card(letter("d-2", "2"), "EX-A")}

    assert len(cards) == 2
    assert desk.registered(letter("d-1", "1"), "ex-a").created is False


def test_what_does_not_fit_is_an_error_and_nothing_of_it_is_written(database: Database) -> None:
    do(database, "create table note (words varchar(3), number tinyint) engine = InnoDB")
    for words, number in (("four", 1), ("one", 1000)):
        with pytest.raises(DataError):
            do(database, "insert into note values (:words, :number)", words=words, number=number)

    with database.reading() as work:
        assert work.rows(text("select * from note")) == []


def test_every_letter_of_every_alphabet_comes_back_as_it_was(database: Database) -> None:
    words = "Ёлка № 5 — «𝔄» 文書 \\ ' \" % :x \u0000"
    do(database, "create table note (words longtext character set utf8mb4) engine = InnoDB")
    do(database, "insert into note values (:words)", words=words)

    with database.reading() as work:
        found = work.rows(text("select words from note where words = :words"), {"words": words})
    assert [row.words for row in found] == [words]


def test_a_moment_is_the_same_in_a_column_with_the_zone_of_the_session_and_in_one_without(database: Database) -> None:
    do(database, "create table note (wall datetime(6), instant timestamp(6)) engine = InnoDB")
    do(database, "insert into note values (:at, :at)", at=WHEN)

    with database.reading() as work:
        (row,) = work.rows(text("select wall, unix_timestamp(instant) as instant from note"))
    assert row.wall == WHEN.astimezone(ZoneInfo("Asia/Yekaterinburg")).replace(tzinfo=None)
    assert float(row.instant) == WHEN.timestamp()


def test_its_clock_is_read_in_utc_wherever_it_stands(database: Database) -> None:
    assert abs(database.now() - datetime.now(UTC)) < timedelta(hours=1)


def test_a_zone_with_summer_time_that_the_server_does_not_know_is_a_complaint(mariadb: Callable[[], str]) -> None:
    made = Database(mariadb(), ZoneInfo("Europe/Sofia"))
    with pytest.raises(MappingError, match="mariadb-tzinfo-to-sql"):
        made.now()
    made.close()


def test_reading_sees_one_state_while_others_write(database: Database) -> None:
    do(database, "create table note (words text) engine = InnoDB")
    with database.reading() as work:
        before = work.rows(text("select count(*) as n from note"))[0].n
        do(database, "insert into note values ('x')")
        after = work.rows(text("select count(*) as n from note"))[0].n
    with database.reading() as work:
        later = work.rows(text("select count(*) as n from note"))[0].n

    assert (before, after, later) == (0, 0, 1)


def test_a_writer_sees_what_was_committed_while_it_waited(database: Database) -> None:
    do(database, "create table note (words varchar(9)) engine = InnoDB")
    with database.writing() as work:
        before = work.rows(text("select count(*) as n from note"))[0].n
        do(database, "insert into note values ('x')")
        after = work.rows(text("select count(*) as n from note"))[0].n

    assert (before, after) == (0, 1)


def test_an_update_sees_the_values_from_before_as_the_standard_says(database: Database) -> None:
    do(database, "create table note (state varchar(9), earlier varchar(9)) engine = InnoDB")
    do(database, "insert into note values ('sent', null)")
    do(database, "update note set state = 'failed', earlier = state || '!'")

    with database.reading() as work:
        (row,) = work.rows(text("select * from note"))
    assert (row.state, row.earlier) == ("failed", "sent!")


def test_a_table_that_knows_no_transactions_is_found_with_what_to_type(desk: Desk) -> None:
    desk.do("alter table addressee drop foreign key addressee_ibfk_1, drop foreign key addressee_ibfk_2")
    desk.do("alter table addressee drop foreign key addressee_ibfk_3")
    desk.do("alter table addressee engine = MyISAM")

    (found,) = [one for one in desk.edms.check().findings if not one.ok]
    assert (found.what, found.remedy) == ("table addressee", "alter table addressee engine = InnoDB")


def test_a_file_larger_than_a_packet_of_the_server_leaves_no_half_a_card(tmp_path: Path) -> None:
    program = installed()
    if program is None:
        pytest.skip("MariaDB is not installed")
    folder = Path(tempfile.mkdtemp(prefix="gateway-mariadb-"))
    file = Held(b"0123456789abcdef" * 4096)
    try:
        with Server(program, folder, "--max-allowed-packet=65536") as server:
            url = server.database()
            create(url)
            fill(url)
            with Desk.at(url, tmp_path / "files") as desk:
                desk.contents[file.sha256] = file
                with pytest.raises(OperationalError):
                    desk.register(letter(files=(file_of(file),)))
                left = (desk.count("card"), desk.count("card_file"), desk.count("edms_gw_exchange"))
                number = desk.registered().number.text
    finally:
        shutil.rmtree(folder, ignore_errors=True)

    assert (left, number) == ((0, 0, 0), "ВХ-1")

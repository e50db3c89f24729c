# SPDX-License-Identifier: GPL-3.0-or-later
"""``db verify``: whatever does not agree is named with its remedy, and nothing else is."""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.journal.store import Journal
from tests.faults.restoring import call, rows
from tests.story.acts import ANNEX, LETTER, send_letter
from tests.story.offices import Town, TownOffice, town

LARGE = {"Большое.pdf": LETTER + os.urandom(1024) * 300}


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as both:
        yield both


@pytest.fixture
def moscow(offices: Town) -> TownOffice:
    """An office that registered a small document and a large one, and told their numbers."""
    for files in ({"Приложение.txt": ANNEX}, LARGE):
        send_letter(offices.minsk, files=files)
        offices.settle()
    return offices.moscow


def large_letter(office: TownOffice) -> Path:
    (path,) = (office.home / "blobs" / "sha256").glob("??/*")
    return path


def journal(office: TownOffice, *statements: str) -> None:
    """Write into the journal past the program."""
    with sqlite3.connect(office.home / "journal.db") as connection:
        for statement in statements:
            connection.execute(statement)


def found(office: TownOffice, *options: str) -> list[tuple[object, object]]:
    return [(row["what"], row["entry"]) for row in rows(office, "db", "verify", *options)]


def test_an_office_in_order_ends_with_0_and_says_so(moscow: TownOffice) -> None:
    told = call(moscow, "db", "verify")

    assert (told.exit_code, told.output) == (0, "the journal, its letters and the EDMS agree\n")


def test_verifying_changes_nothing(moscow: TownOffice) -> None:
    def state() -> list[tuple[object, ...]]:
        with sqlite3.connect(moscow.home / "journal.db") as connection:
            return connection.execute("select id, state, sha256 from entries").fetchall()

    before = state(), large_letter(moscow).read_bytes()

    call(moscow, "db", "verify")

    assert (state(), large_letter(moscow).read_bytes()) == before


def test_a_large_letter_that_is_gone_is_named_with_its_entry(moscow: TownOffice) -> None:
    large_letter(moscow).unlink()
    brought = max(entry.id for entry in moscow.incoming())

    assert found(moscow) == [("letter gone", brought)]
    assert found(moscow, "--quick") == [("letter gone", brought)]
    assert call(moscow, "db", "verify").exit_code == 1


def test_a_large_letter_with_other_bytes_is_found_by_reading_it_and_not_by_a_quick_look(moscow: TownOffice) -> None:
    path = large_letter(moscow)
    path.write_bytes(path.read_bytes()[:-1] + b"!")

    assert [what for what, _ in found(moscow)] == ["letter damaged"]
    assert found(moscow, "--quick") == []


def test_a_letter_cut_short_is_found_by_a_quick_look_too(moscow: TownOffice) -> None:
    path = large_letter(moscow)
    path.write_bytes(path.read_bytes()[:-1])

    assert [what for what, _ in found(moscow, "--quick")] == ["letter gone"]


def test_a_small_letter_with_other_bytes_is_found(moscow: TownOffice) -> None:
    journal(moscow, "update letters set bytes = x'00ff' where entry = 1")

    assert found(moscow) == [("letter damaged", 1)]


def test_a_file_without_a_row_is_named_when_it_is_a_day_old_and_not_before(moscow: TownOffice) -> None:
    stray = moscow.home / "blobs" / "sha256" / "ab" / ("ab" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"nobody's")

    young = found(moscow)
    os.utime(stray, (time.time() - 90_000,) * 2)

    assert young == []
    assert found(moscow) == [("file without a row", None)]
    assert stray.exists()


def test_a_registration_nobody_was_told_of_is_named(moscow: TownOffice) -> None:
    until = "update exchanges set until = 4070908800000000"
    journal(moscow, until, "update entries set kind = 'receipt' where kind = 'report' and id < 4")

    assert [what for what, _ in found(moscow)] == ["registered, not reported"]


@pytest.mark.parametrize(
    "damage",
    [
        "update entries set state = 'queued' where id = 1",
        "update entries set concluded_at = null where id = 1",
        "update entries set sent_at = null where id = 2",
        "update entries set exchange = 'nothing' where id = 1",
        "update exchanges set subject_card = '' where registered_text = 'ВХ-1'",
        "insert into events (exchange, ours, key, kind, at, event) values ('nothing', 1, 'k', 'received', 0, '{}')",
    ],
)
def test_a_state_that_cannot_be_is_named(moscow: TownOffice, damage: str) -> None:
    journal(moscow, damage)

    assert "impossible state" in {what for what, _ in found(moscow)}


def test_a_row_that_refers_to_nothing_is_named(moscow: TownOffice) -> None:
    journal(moscow, "insert into letters (entry, bytes) values (999, 'x')")

    assert found(moscow) == [("row refers to nothing", None)]


def test_a_card_with_another_number_than_was_told_is_named(moscow: TownOffice) -> None:
    with sqlite3.connect(moscow.home / "registry.db") as connection:
        connection.execute("update card set number = 'ВХ-77' where number = 'ВХ-1'")

    (row,) = rows(moscow, "db", "verify")

    assert row["what"] == "number differs"
    assert "told ВХ-1" in row["detail"]
    assert "ВХ-77" in row["detail"]


def test_a_card_that_was_deleted_under_its_tie_has_vanished(moscow: TownOffice) -> None:
    with sqlite3.connect(moscow.home / "registry.db") as connection:
        connection.execute("pragma foreign_keys = off")
        connection.execute("delete from card where number = 'ВХ-1'")

    (row,) = rows(moscow, "db", "verify")

    assert (row["what"], row["remedy"]) == ("card vanished", "edms-gateway quarantine reprocess 1")


def test_what_the_edms_holds_for_us_and_the_journal_does_not_know_is_named(moscow: TownOffice) -> None:
    moscow.close()
    for part in moscow.home.glob("journal.db*"):
        part.unlink()
    shutil.rmtree(moscow.home / "blobs")
    Journal.open(moscow.settings.journal.url, moscow.settings.journal.blobs).close()  # as the service begins a new one

    assert found(moscow) == [("unknown to the journal", None)] * 2


def test_an_edms_that_is_away_is_69_and_the_journal_is_told_of_all_the_same(moscow: TownOffice) -> None:
    large_letter(moscow).unlink()
    moscow.parts.edms.close()
    for part in moscow.home.glob("registry.db*"):
        part.unlink()

    told = call(moscow, "db", "verify")

    assert told.exit_code == 69
    assert "letter gone" in told.output
    assert "the EDMS is not available" in told.output

# SPDX-License-Identifier: GPL-3.0-or-later
"""``purge``: old bytes go, everything that is known stays; a replay of what is gone is still known."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.journal import entries
from gateway.journal.entries import State
from tests.faults.restoring import call, letters_to, replay, rows
from tests.story.acts import LETTER, cards, send_letter
from tests.story.offices import Town, TownOffice, town

LARGE = {"Большое.pdf": LETTER + os.urandom(1024) * 300}
OLD = ("--older-than", "100")


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Town]:
    """Two offices after one large document, told and finished long ago."""
    with town(tmp_path) as both:
        send_letter(both.minsk, files=LARGE)
        both.settle()
        yield both


def reasons(office: TownOffice, *options: str) -> dict[str | None, int]:
    found: dict[str | None, int] = {}
    for row in rows(office, "purge", *OLD, *options):
        found[row["why"]] = found.get(row["why"], 0) + row["letters"]
    return found


def has_bytes(office: TownOffice, number: int) -> bool:
    with office.parts.journal.read() as tx:
        try:
            return bool(entries.letter(tx, office.parts.journal.blobs, number).size)
        except LookupError:
            return False


def test_a_dry_run_counts_what_would_go_and_changes_nothing(offices: Town) -> None:
    assert reasons(offices.moscow, "--dry-run") == {None: 3}
    assert [has_bytes(offices.moscow, number) for number in (1, 2, 3)] == [True] * 3


def test_what_was_finished_long_ago_gives_up_its_bytes(offices: Town) -> None:
    told = call(offices.moscow, "purge", *OLD)

    assert "given up: 3 letter(s)" in told.output
    assert [has_bytes(offices.moscow, number) for number in (1, 2, 3)] == [False] * 3
    assert reasons(offices.moscow, "--dry-run") == {}


def test_nothing_goes_that_is_younger_than_was_asked_for(offices: Town) -> None:
    years = str((datetime.now(UTC) - datetime(2026, 3, 1, tzinfo=UTC)).days)
    assert reasons(offices.moscow, "--dry-run", "--older-than", years) == {"recent": 3}


def test_a_document_that_waits_for_its_registration_keeps_its_letters(offices: Town) -> None:
    with offices.minsk.parts.journal.write() as tx:
        tx.exec_driver_sql("update exchanges set due_at = 0")

    assert reasons(offices.minsk, "--dry-run") == {"awaited": 3}


def test_a_large_file_goes_with_the_hourly_sweep_and_not_before(offices: Town) -> None:
    blobs = offices.moscow.parts.journal.blobs
    call(offices.moscow, "purge", *OLD)
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    before = list(blobs.directory.glob("sha256/??/*"))
    with offices.moscow.parts.journal.read() as tx:
        blobs.sweep(tomorrow, entries.KnownBlobs(tx))

    assert len(before) == 1
    assert list(blobs.directory.glob("sha256/??/*")) == []


def test_trace_tells_the_whole_story_of_a_purged_document(offices: Town) -> None:
    (before,) = rows(offices.moscow, "trace", "ВХ-1")

    call(offices.moscow, "purge", *OLD)

    assert rows(offices.moscow, "trace", "ВХ-1") == [before]


def test_verifying_misses_nothing_after_a_purge(offices: Town) -> None:
    call(offices.moscow, "purge", *OLD)

    assert rows(offices.moscow, "db", "verify") == []


@pytest.mark.parametrize("mailbox", [True, False], ids=["rescanned mailbox", "mail server's archive"])
def test_an_old_letter_that_comes_again_after_a_year_is_still_known(offices: Town, mailbox: bool) -> None:
    """Replay of an old valid message: the digests are kept for ever, so nothing is registered and nobody hears."""
    call(offices.moscow, "purge", *OLD)
    carried = len(offices.post.carried)
    offices.clock.advance(days=366)

    replay(offices.moscow, letters_to(offices.moscow, offices), mailbox=mailbox)
    offices.settle()

    assert [card.number for card in cards(offices.moscow)] == ["ВХ-1"]
    assert [entry.state for entry in offices.moscow.incoming()] == [State.DONE] * 2
    assert len(offices.post.carried) == carried


def test_a_letter_without_its_bytes_is_never_queued_again(offices: Town) -> None:
    with offices.moscow.parts.journal.write() as tx:
        entries.bounced(tx, 3, "late bounce", offices.clock.now())
        tx.exec_driver_sql("update entries set stored = 0 where id = 3")

    told = call(offices.moscow, "queue", "retry", "3", "--why", "again", "--by", "Дубов")

    assert told.exit_code == 1
    assert offices.moscow.entry(3).state is State.FAILED

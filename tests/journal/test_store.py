# SPDX-License-Identifier: GPL-3.0-or-later
"""The place itself: created empty, refused when of another schema, one schema on both engines."""

import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event

from gateway.journal import cursors, entries, events, exchanges, mailboxes, schema, store
from gateway.journal.entries import Direction, State
from gateway.journal.store import Journal, SchemaMismatch
from gateway.model import PartnerId, ReturnId
from tests.journal.givens import (
    MINUTE,
    NOW,
    SENT,
    accepted,
    arrival,
    claimed,
    concluded,
    due,
    exchange,
    queued,
    stands,
    tried,
)


def set_version(url: str, version: str) -> None:
    engine = store.engine_of(url)
    with engine.begin() as tx:
        tx.exec_driver_sql(f"UPDATE {schema.VERSION_TABLE} SET version_num = '{version}'")
    engine.dispose()


def test_an_empty_database_becomes_a_journal_of_exactly_this_schema(empty_url: str, tmp_path: Path) -> None:
    Journal.open(empty_url, tmp_path / "blobs").close()

    engine = store.engine_of(empty_url)
    with engine.begin() as tx:
        context = MigrationContext.configure(tx, opts={"version_table": schema.VERSION_TABLE})
        differences = compare_metadata(context, schema.metadata)
    engine.dispose()
    assert differences == []


def test_the_newest_migration_is_the_one_the_journal_wants() -> None:
    folder = ScriptDirectory(str(Path(store.__file__).with_name("migrations")))

    assert folder.get_heads() == [schema.HEAD]


def test_a_journal_opened_again_still_has_its_letters(journal_url: str, tmp_path: Path) -> None:
    first = Journal.open(journal_url, tmp_path / "blobs")
    (id,) = accepted(first, body=b"x" * 200_000)
    first.close()

    second = Journal.open(journal_url, tmp_path / "blobs")
    with second.read() as tx:
        letter = entries.letter(tx, second.blobs, id)
    second.close()

    assert b"".join(letter.blocks()) == b"x" * 200_000


@pytest.mark.parametrize(("version", "command"), [("0000", "edms-gateway db upgrade"), ("9999", "")])
def test_another_schema_is_refused_with_what_to_do(empty_url: str, tmp_path: Path, version: str, command: str) -> None:
    store.upgrade(empty_url)
    set_version(empty_url, version)

    with pytest.raises(SchemaMismatch) as refused:
        Journal.open(empty_url, tmp_path / "blobs")

    assert (refused.value.found, refused.value.wanted, refused.value.command) == (version, schema.HEAD, command)
    assert command in str(refused.value)


def test_upgrading_leaves_a_newer_journal_alone(empty_url: str) -> None:
    store.upgrade(empty_url)
    set_version(empty_url, "9999")

    with pytest.raises(SchemaMismatch, match="newer"):
        store.upgrade(empty_url)


def test_upgrading_twice_is_upgrading_once(journal_url: str) -> None:
    store.upgrade(journal_url)
    store.upgrade(journal_url)


def test_tables_without_a_version_are_not_taken_for_an_empty_journal(empty_url: str, tmp_path: Path) -> None:
    engine = store.engine_of(empty_url)
    with engine.begin() as tx:
        tx.exec_driver_sql("CREATE TABLE entries (id INTEGER)")
    engine.dispose()

    with pytest.raises(SchemaMismatch, match="unknown"):
        Journal.open(empty_url, tmp_path / "blobs")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y"])
def test_a_journal_lives_in_a_file_or_in_postgresql(url: str) -> None:
    with pytest.raises(ValueError, match="journal"):
        store.engine_of(url)


def test_sqlite_is_set_up_to_survive_a_power_failure(tmp_path: Path) -> None:
    journal = Journal.open(f"sqlite:///{tmp_path}/journal.sqlite", tmp_path / "blobs")
    with journal.read() as tx:
        names = ("journal_mode", "synchronous", "busy_timeout")
        found = [tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]
    journal.close()

    full = 2
    assert found == ["wal", full, 30_000]


def test_a_second_sqlite_writer_waits_instead_of_failing(tmp_path: Path) -> None:
    journal = Journal.open(f"sqlite:///{tmp_path}/journal.sqlite", tmp_path / "blobs")
    written = threading.Event()

    def write() -> None:
        with journal.write() as tx:
            cursors.put(tx, "second", "2")
        written.set()

    with journal.write() as tx:
        second = threading.Thread(target=write)
        second.start()
        cursors.put(tx, "first", "1")
        early = written.wait(0.2)
    second.join()
    journal.close()

    assert not early
    assert written.is_set()


def test_readers_do_not_wait_for_a_writer(journal: Journal) -> None:
    (id,) = accepted(journal)

    with journal.write() as tx:
        entries.conclude(tx, id, State.DONE, now=NOW)
        seen = stands(journal, id).state

    assert seen is State.ACCEPTED
    assert stands(journal, id).state is State.DONE


def test_moments_are_kept_to_the_microsecond_whatever_their_zone(journal: Journal) -> None:
    at = datetime(2031, 3, 4, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=3)))
    with journal.write() as tx:
        exchanges.open_(tx, exchange(opened_at=at, until=datetime(1969, 12, 31, tzinfo=UTC)))

    with journal.read() as tx:
        kept = exchanges.by_document(tx, "in", PartnerId("north"), exchange().document_uid)
    assert kept is not None
    assert kept.opened_at == at
    assert kept.opened_at.utcoffset() == timedelta(0)
    assert kept.until == datetime(1969, 12, 31, tzinfo=UTC)


def test_a_moment_without_a_zone_is_refused(journal: Journal) -> None:
    with pytest.raises(Exception, match="has no time zone"), journal.write() as tx:
        entries.accept(tx, [arrival(journal)], datetime(2031, 3, 4))


def test_no_question_of_the_daily_work_scans_or_sorts_the_journal(tmp_path: Path) -> None:
    journal = Journal.open(f"sqlite:///{tmp_path}/journal.sqlite", tmp_path / "blobs")
    asked: set[str] = set()

    def hear(connection: Any, cursor: Any, sql: str, values: Any, context: Any, many: bool) -> None:
        asked.add(sql)

    event.listen(Engine, "before_cursor_execute", hear)
    a_day(journal)
    event.remove(Engine, "before_cursor_execute", hear)

    database = sqlite3.connect(tmp_path / "journal.sqlite")
    plans = {sql: database.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?")).fetchall() for sql in asked}
    database.close()
    journal.close()
    costly = [(step[3], sql) for sql, plan in plans.items() for step in plan if costs_more_with_time(step[3], sql)]
    assert len(plans) > 30
    assert costly == []


def costs_more_with_time(step: str, sql: str) -> bool:
    """Whether SQLite's *step* reads more than what waits; the two untold indexes hold only that."""
    if step.startswith(("SCAN entries", "SCAN events", "SCAN exchanges")):
        return not step.endswith(("ix_entries_untold", "ix_events_untold"))
    return "TEMP B-TREE" in step and "FROM entries" in sql and "GROUP BY" not in sql


def a_day(journal: Journal) -> None:
    """Ask everything that is asked for every letter, or again and again while waiting."""
    for lane in ("east", "west"):
        accepted(journal, 2, lane=lane, source="" if lane == "east" else "imap:7:1:box")
    for entry in claimed(journal):
        concluded(journal, entry.id, State.DONE, kind="document")
    for letter in queued(journal, 2, exchange=exchange().id):
        due(journal)
        tried(journal, letter, SENT)
    with journal.write() as tx:
        exchanges.open_(tx, exchange())
        exchanges.save(tx, exchange())
        exchanges.by_return_id(tx, ReturnId("return-77"))
        exchanges.by_document(tx, "in", PartnerId("north"), exchange().document_uid)
        exchanges.by_outgoing_ref(tx, "dispatch-9")
        exchanges.find(tx, "01-12/77")
        entries.answers_to(tx, exchange().id)
        entries.by_rfc_message_id(tx, "m@x.example")
        entries.untold(tx, 10)
        events.untold(tx, 10)
        entries.finished_since(tx, NOW)
        entries.release(tx, "worker-1", NOW)
        entries.reopen(tx, exchange().id, "decided", NOW)
        entries.counts(tx, closed=False)
        mailboxes.enter(tx, "box", 7, 1, "now", NOW + MINUTE)
        mailboxes.known(tx, "box", 7, [1, 2])
        mailboxes.to_flag(tx, "box", 7, 10)
        for direction in Direction:
            entries.next_due(tx, direction)

# SPDX-License-Identifier: GPL-3.0-or-later
"""A journal for those who only look, on both engines: it reads what the service writes, and can write nothing."""

from pathlib import Path

import pytest
from sqlalchemy import delete, text
from sqlalchemy.exc import DBAPIError

from gateway.journal import exchanges, schema
from gateway.journal.reading import ReadOnlyJournal
from gateway.journal.store import Journal, NoJournal, SchemaMismatch
from gateway.model import ExchangeId
from tests.journal.givens import exchange


def test_it_reads_what_the_service_writes_meanwhile(journal: Journal, journal_url: str) -> None:
    reader = ReadOnlyJournal.open(journal_url)
    with journal.write() as tx:
        exchanges.open_(tx, exchange(id=ExchangeId("x")))

    with reader.read() as tx:
        found = exchanges.get(tx, ExchangeId("x"))

    reader.close()
    assert found is not None


def test_the_database_refuses_to_write_on_its_connections(journal: Journal, journal_url: str) -> None:
    with journal.write() as tx:
        exchanges.open_(tx, exchange(id=ExchangeId("x")))
    reader = ReadOnlyJournal.open(journal_url)

    for statement in (delete(schema.exchanges), text("create table planted (x integer)")):
        with pytest.raises(DBAPIError, match=r"readonly|read-only"), reader.read() as tx:
            tx.execute(statement)

    reader.close()
    with journal.read() as tx:
        assert exchanges.get(tx, ExchangeId("x")) is not None


def test_no_journal_is_made_by_looking(empty_url: str, tmp_path: Path) -> None:
    with pytest.raises(NoJournal):
        ReadOnlyJournal.open(empty_url)

    assert list(tmp_path.iterdir()) == []


def test_a_journal_of_another_version_is_not_read(journal: Journal, journal_url: str) -> None:
    with journal.write() as tx:
        tx.execute(text("update journal_version set version_num = '9999'"))
    try:
        with pytest.raises(SchemaMismatch, match="newer"):
            ReadOnlyJournal.open(journal_url)
    finally:
        with journal.write() as tx:
            tx.execute(text(f"update journal_version set version_num = '{schema.HEAD}'"))


def test_a_name_with_blanks_and_signs_is_the_same_file(sqlite_journal: Path, tmp_path: Path) -> None:
    path = tmp_path / "журнал 100 %#.db"
    path.write_bytes(sqlite_journal.read_bytes())

    ReadOnlyJournal.open(f"sqlite:///{path}").close()

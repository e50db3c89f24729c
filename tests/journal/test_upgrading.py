# SPDX-License-Identifier: GPL-3.0-or-later
"""An upgrade on both engines: a backup of the old schema, then the new one with everything in it."""

from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from gateway.journal import schema, store
from gateway.journal.entries import State
from gateway.journal.store import Journal
from gateway.journal.upgrading import upgrade_after_backup
from tests.cli.test_db_upgrade import OLD, old_journal
from tests.journal.givens import accepted, stands


def test_a_journal_of_the_first_schema_comes_up_with_its_letters_after_a_backup(empty_url: str, tmp_path: Path) -> None:
    old_journal(empty_url)
    before = Journal.as_it_stands(empty_url, tmp_path / "blobs")
    (letter,) = accepted(before)
    before.close()

    upgraded = upgrade_after_backup(empty_url, tmp_path / "blobs", tmp_path / "backup")

    assert upgraded.found == OLD
    assert upgraded.backup is not None
    assert upgraded.backup.database.stat().st_size > 1000
    assert store.standing(empty_url) == schema.HEAD
    after = Journal.open(empty_url, tmp_path / "blobs", create=False)
    assert stands(after, letter).state is State.ACCEPTED
    after.close()


def test_an_upgrade_that_fails_halfway_changes_nothing(empty_url: str, tmp_path: Path) -> None:
    old_journal(empty_url)
    engine = store.engine_of(empty_url)
    with engine.begin() as tx:
        tx.exec_driver_sql("CREATE TABLE scanner_pause (id INTEGER)")  # in the way of the second table
    engine.dispose()

    with pytest.raises(DBAPIError):
        upgrade_after_backup(empty_url, tmp_path / "blobs", tmp_path / "backup")

    assert store.standing(empty_url) == OLD
    engine = store.engine_of(empty_url)
    with engine.begin() as tx:
        assert "scans" not in inspect(tx).get_table_names()
    engine.dispose()

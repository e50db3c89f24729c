# SPDX-License-Identifier: GPL-3.0-or-later
"""An upgrade of the journal's schema: a backup first, then all migrations in one transaction, or none.

Nothing is put back by itself: an upgrade that fails or is killed leaves the journal as it was, and its backup.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from gateway.journal import store
from gateway.journal.backup import Copied, back_up, large_letters
from gateway.journal.schema import HEAD
from gateway.journal.store import Journal, SchemaMismatch
from gateway.ports import Failpoint, nothing_fails


class NoRoom(Exception):
    """The backup does not fit; nothing was written."""

    def __init__(self, place: Path, needed: int, free: int) -> None:
        super().__init__(f"the backup needs {needed} bytes, and {free} are free in {place}; nothing was changed")


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What an upgrade did."""

    found: str  # the schema that stood there
    backup: Copied | None  # None: it was up to date, and nothing was done


def upgrade_after_backup(url: str, blobs: Path, target: Path, failpoint: Failpoint = nothing_fails) -> Upgraded:
    """Back the journal at *url* up into *target*, a folder that is not there yet, then bring it to this schema.

    Raises SchemaMismatch when a newer version wrote it, NoJournal when there is none, NoRoom and what `back_up` raises
    before anything is changed, and what the database raises when a migration fails: nothing is changed then either.
    """
    found = store.standing(url)
    if found == HEAD:
        return Upgraded(found, None)
    if found > HEAD:
        raise SchemaMismatch(found, HEAD)
    journal = Journal.as_it_stands(url, blobs)
    try:
        _look_for_room(journal, target)
        copied = back_up(journal, url, target)
    finally:
        journal.close()
    failpoint("upgrade:backed-up")
    store.upgrade(url, create=False)
    return Upgraded(found, copied)


def _look_for_room(journal: Journal, target: Path) -> None:
    """Raise NoRoom unless the whole journal fits once more where *target* shall be; links need no room."""
    place = next(folder for folder in target.absolute().parents if folder.exists())
    needed = _database_bytes(journal)
    if place.stat().st_dev != journal.blobs.directory.stat().st_dev:
        needed += large_letters(journal)
    if (free := shutil.disk_usage(place).free) < needed:
        raise NoRoom(place, needed, free)


def _database_bytes(journal: Journal) -> int:
    """Return how large a copy of the database may become; a dump of PostgreSQL is smaller."""
    if journal.file is not None:
        files = (journal.file, journal.file.with_name(f"{journal.file.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())
    with journal.read() as tx:
        return int(tx.scalar(text("select pg_database_size(current_database())")) or 0)

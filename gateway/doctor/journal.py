# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: whether it answers, and in the words of this version."""

from datetime import datetime

from gateway.doctor.finding import Finding, bad, good, skipped
from gateway.journal.schema import HEAD
from gateway.journal.store import Journal, NoJournal, SchemaMismatch
from gateway.settings import JournalSettings

TRIED = "schema"


def looked_at(settings: JournalSettings) -> tuple[Finding, ...]:
    """Open the journal without making one; raises what the database raises."""
    try:
        journal = Journal.open(settings.url, settings.blobs, create=False)
    except NoJournal as error:
        return (skipped(TRIED, str(error)),)
    except SchemaMismatch as error:
        said, _, remedy = str(error).partition("; ")
        return (bad(TRIED, said, remedy),)
    try:
        sick, mark = journal.blobs.sick, journal.blobs.mark
    finally:
        journal.close()
    schema = good(TRIED, f"{HEAD}, as this version wants it")
    if sick:
        return schema, bad("disk", sick, f"look at the disk, then: rm {mark}")
    return (schema,)


def moment_of(settings: JournalSettings) -> datetime | None:
    """Return what time it is at the server of the journal; None when it has none, or no journal is there yet."""
    if settings.url.startswith("sqlite"):
        return None
    try:
        journal = Journal.open(settings.url, settings.blobs, create=False)
    except (NoJournal, SchemaMismatch):
        return None
    try:
        with journal.read() as tx:
            found = tx.exec_driver_sql("select clock_timestamp()").scalar()
    finally:
        journal.close()
    return found if isinstance(found, datetime) else None

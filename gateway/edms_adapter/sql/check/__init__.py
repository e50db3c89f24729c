# SPDX-License-Identifier: GPL-3.0-or-later
"""What an administrator runs after editing a mapping: does the database have what the file speaks of, and may we?

Nothing is changed.  Tables, columns and indexes are found by reflection; statements are planned by the database
(``EXPLAIN``) without being run.  Every finding names the line of the mapping and what is to be typed.

One room for each question: ``tables``, ``statements``, ``rights``, ``indexes``, ``records`` (what must lie in the
tables) and ``store``.  ``look`` is what they look with, ``queries`` what a statement speaks of.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from gateway.edms_adapter.sql.check import indexes, records, rights, statements, store, tables, undecided
from gateway.edms_adapter.sql.check.look import Look, words
from gateway.edms_adapter.sql.check.records import counters, not_there
from gateway.edms_adapter.sql.database import Database
from gateway.edms_adapter.sql.outbox_ddl import outbox_findings
from gateway.edms_adapter.sql.places import Places
from gateway.edms_adapter.sql.plan import Plan
from gateway.ports import Expected, Finding

__all__ = ["Look", "counters", "findings", "grants", "look_at", "not_there", "unfit"]

REACH = "check the address, that the server runs, and our rights: edms-gateway edms grants prints what we need"


def findings(
    look: Look, files: Path, today: Callable[[], date], expected: Sequence[Expected], *, reader: bool = False
) -> Iterator[Finding]:
    """Yield every finding; a database that cannot be reached is the only one then.

    With nothing *expected* of organisations of ours, any default inbox will do.  A *reader* never writes: only what
    it reads is asked about.
    """
    url = look.database.engine.url.render_as_string(hide_password=True)
    try:
        with look.database.reading():
            pass
        yield Finding(True, f"database {url}")
        wanted = rights.needs(look)
        yield from rights.rights(look, wanted.only_reading() if reader else wanted)
        yield from _structure(look, reader=reader)
        yield from undecided.undecided(look)
        yield from tables.lengths(look)
        yield from indexes.indexes(look)
    except SQLAlchemyError as error:
        yield Finding(False, "database", words(error), REACH)
        return
    yield from counters(look, today())
    yield from outbox_findings(look.plan, look.database)
    if reader:
        return
    for ours in expected or (Expected(""),):
        yield from records.organisation(look, ours)
    yield from store.file_store(files)


def _structure(look: Look, *, reader: bool = False) -> Iterator[Finding]:
    yield from tables.own_tables(look)
    yield from tables.key_of_card(look)
    yield from tables.inserts(look)
    yield from tables.unprotected(look)
    yield from statements.statements(look, reader=reader)


def unfit(look: Look) -> tuple[Finding, ...]:
    """Return what the database does not have or does not permit of what the mapping speaks of.

    This is what a vendor's upgrade breaks: a table renamed, a column dropped, a new column that must be filled.
    Raises what the database raises when it is away.
    """
    return tuple(one for one in _structure(look) if not one.ok)


def grants(look: Look, writer: str, reader: str) -> Iterator[str]:
    """Yield what the owner of the tables types for the two accounts; empty for a database without accounts."""
    if look.dialect not in ("postgresql", "mysql"):
        return
    wanted = rights.needs(look)
    yield from rights.grants(look, wanted, writer)
    yield from rights.grants(look, wanted.only_reading(), reader)


def look_at(plan: Plan, database: Database, mapping: Path) -> Look:
    return Look(plan, database, Places.read(mapping))

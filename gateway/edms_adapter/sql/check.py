# SPDX-License-Identifier: GPL-3.0-or-later
"""What an administrator runs after editing a mapping: does the database have what the file speaks of?

Nothing is changed.  Tables and columns are found by reflection; other statements are planned by the database
(``EXPLAIN``) without being run.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from sqlalchemy import Inspector, TextClause, inspect, text
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from gateway.edms_adapter.sql import addressees
from gateway.edms_adapter.sql.database import Database, Work
from gateway.edms_adapter.sql.plan import Plan
from gateway.edms_adapter.sql.steps import Insert, binds
from gateway.ports import Expected, Finding, Wanted

FREE_BYTES = 1 << 30  # LIMIT: less free space than this in the file store is a finding
DECEMBER = 12
EXPLAINING = ("sqlite", "postgresql")


def findings(
    plan: Plan, database: Database, files: Path, today: Callable[[], date], expected: Sequence[Expected]
) -> Iterator[Finding]:
    """Yield every finding; a database that cannot be reached is the only one then.

    With nothing *expected* of organisations of ours, any default inbox will do.
    """
    try:
        with database.engine.connect() as connection:
            inspector = inspect(connection)
            yield Finding(True, f"database {database.engine.url.render_as_string(hide_password=True)}")
            yield from _own_tables(plan, inspector)
            for step in plan.compiler.inserts:
                yield from _insert(step, inspector)
    except SQLAlchemyError as error:
        yield Finding(False, "database", _words(error), "check the address, that the server runs, and our rights")
        return
    if database.engine.dialect.name in EXPLAINING:
        for place, statement in plan.compiler.statements:
            yield from _statement(place, statement, database)
    yield from counters(plan, database, today())
    for ours in expected or (Expected(""),):
        yield from _organisation(ours, plan, database)
    yield from _file_store(files)


def _own_tables(plan: Plan, inspector: Inspector) -> Iterator[Finding]:
    for table in plan.association.metadata.sorted_tables:
        there = inspector.has_table(table.name, schema=table.schema)
        remedy = (
            ""
            if there
            else "create our tables: edms-gateway edms check --create, or by hand as docs/adding-an-edms.md says"
        )
        yield Finding(there, f"our table {table.fullname}", "" if there else "is missing", remedy)


def _insert(step: Insert, inspector: Inspector) -> Iterator[Finding]:
    schema, _, name = step.table.rpartition(".")
    what = f"{step.place}: table {step.table}"
    try:
        columns = {column["name"]: column for column in inspector.get_columns(name, schema or None)}
        keys = inspector.get_pk_constraint(name, schema or None)["constrained_columns"]
    except NoSuchTableError:
        yield Finding(False, what, "there is no such table", "correct the name, or grant us the right to see it")
        return
    wrong = False
    for column in (*step.columns, *((step.key,) if step.key else ())):
        if column not in columns:
            wrong = True
            known = ", ".join(sorted(columns))
            yield Finding(False, f"{what}: column {column}", "there is no such column", f"there are: {known}")
    for column, facts in columns.items():
        made_by_itself = facts.get("default") or facts.get("identity") or facts.get("computed") or keys == [column]
        if not facts["nullable"] and not made_by_itself and column not in step.columns:
            wrong = True
            remedy = f"add {column} to {step.place}.values"
            yield Finding(False, f"{what}: column {column}", "must not be NULL, has no default, is not mapped", remedy)
    if not wrong:
        yield Finding(True, what)


def _statement(place: str, statement: TextClause, database: Database) -> Iterator[Finding]:
    names = binds(statement.text)
    try:
        with database.reading() as work:
            work.ask(text(f"explain {statement.text}"), dict.fromkeys(names))
    except SQLAlchemyError as error:
        yield Finding(False, f"{place}: statement", _words(error), "correct the statement, or grant us the right")
        return
    yield Finding(True, f"{place}: statement")


def counters(plan: Plan, database: Database, today: date) -> Iterator[Finding]:
    """Yield what is known of the counters of this year, and in December of the next one too."""
    yield from _counters_of(today.year, plan, database)
    if today.month == DECEMBER:
        yield from _counters_of(today.year + 1, plan, database)


def _counters_of(year: int, plan: Plan, database: Database) -> Iterator[Finding]:
    missing = plan.source.number.missing
    if missing is None:
        return
    try:
        with database.reading() as work:
            rows = work.ask(text(missing), {"year": year})
    except SQLAlchemyError:
        return  # said already, with the statement
    for row in rows:
        made = plan.source.number.start is not None and not getattr(row, "by_hand", False)
        detail = "is made at the first use" if made else "is missing: documents of that year wait"
        remedy = "" if made else f"open the year {year} in the journal {row.name}"
        yield Finding(made, f"counter of {row.name} for {year}", detail, remedy)
    if not rows:
        yield Finding(True, f"counters for {year}")


def _organisation(ours: Expected, plan: Plan, database: Database) -> Iterator[Finding]:
    what = f"default inbox of {ours.office}" if ours.office else "default inbox"
    try:
        with database.reading() as work:
            known = not ours.office or plan.office is None or work.first(plan.office, {"office": ours.office})
            inbox = addressees.default_inbox(plan, work, ours.office, ours.default_inbox, "", found=True)
    except SQLAlchemyError:
        return  # said already, with the statement
    if not known:
        detail, remedy = "the EDMS does not know it: its documents wait", "add it there, or correct [[office]] index"
        yield Finding(False, f"organisation {ours.office}", detail, remedy)
    elif inbox is None:
        named = f"there is no inbox {ours.default_inbox!r}" if ours.default_inbox else "there is none"
        remedy = "give the organisation an inbox that the query routing.default finds, or correct default_inbox"
        yield Finding(False, what, f"{named}: documents without an addressee wait", remedy)
    else:
        yield Finding(True, what, inbox.name)


def not_there(plan: Plan, database: Database, wanted: Sequence[Wanted]) -> Iterator[Finding]:
    """Yield for everything of *wanted* whether the EDMS has it; what the mapping cannot ask for is left out."""
    for one in wanted:
        what = f"{one.kind} {one.name!r} of {one.place}" + (f" for {one.office}" if one.office else "")
        try:
            with database.reading() as work:
                there = _is_there(plan, work, one)
        except SQLAlchemyError:
            return  # said already, with the statement
        if there is not None:
            detail = "" if there else "the EDMS has none of this name: documents wait"
            yield Finding(there, what, detail, "" if there else f"make it there, or mend the name in {one.place}")


def _is_there(plan: Plan, work: Work, one: Wanted) -> bool | None:
    """Say whether the EDMS has it; None when the mapping has no query for it."""
    if one.kind == "inbox":
        return addressees.default_inbox(plan, work, one.office, one.name, "", found=True) is not None
    query = plan.exists.get(one.kind)
    if query is None:
        return None
    given = {"name": one.name, "office": one.office}
    asked = {name: value for name, value in given.items() if name in binds(query.text)}
    return work.first(query, asked) is not None


def _file_store(files: Path) -> Iterator[Finding]:
    what = f"file store {files}"
    try:
        with tempfile.TemporaryFile(dir=files) as stream:
            stream.write(b"?")
            stream.flush()
            os.fsync(stream.fileno())
        free = shutil.disk_usage(files).free
    except OSError as error:
        yield Finding(False, what, f"cannot be written: {error.strerror}", "make the directory and give it to us")
        return
    if free < FREE_BYTES:
        yield Finding(False, what, f"only {free >> 20} MiB are free", "make room: a full store stops registration")
        return
    yield Finding(True, what)


def _words(error: SQLAlchemyError) -> str:
    """Return what the driver said, in one line, without our statement and its values."""
    return " ".join(str(getattr(error, "orig", None) or error).split())[:300]

# SPDX-License-Identifier: GPL-3.0-or-later
"""Would the database take each statement, and do its rows have the columns that are asked of them?

Statements are planned (``EXPLAIN``), never run; columns are asked for with a condition that no row meets.
"""

import re
from collections.abc import Iterable, Iterator

from jinja2 import nodes
from sqlalchemy import TextClause, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.edms_adapter.sql.check.look import Look, words
from gateway.edms_adapter.sql.check.queries import Query
from gateway.edms_adapter.sql.check.rights import refused, typed_for
from gateway.edms_adapter.sql.expression import Expression, environment
from gateway.edms_adapter.sql.places import meant
from gateway.edms_adapter.sql.steps import binds
from gateway.ports import Finding

EXPLAINING = ("sqlite", "postgresql", "mysql")
# what each database says of a name it does not know
_NO_TABLE = re.compile(r"no such table: (\S+)|relation \"(\S+)\" does not exist|Table '(\S+)' doesn't exist")
_NO_COLUMN = re.compile(r"no such column: (\S+)|column \"?([\w.]+)\"? does not exist|Unknown column '(\S+)'")
# the columns that rows of a query must have, by its key without the places in lists
ASKED = {
    "changes.sql": ("id", "card", "cur"),
    "outgoing.sql": ("id", "cur"),
    "withdrawal.sql": ("id", "cur"),
    "files.of_card": ("path", "size", "sha256", "content"),
    "same_number": ("card", "number", "date"),
    "standing.sql": ("card", "number", "date"),
    "number.missing": ("name",),
    "routing.inboxes": ("key", "name", "post", "department", "index"),
    "routing.default": ("key", "name"),
    "people.sql": ("index", "name", "post", "department", "deputy", "head"),
    "waiting.settled": ("waiting", "card", "number", "date", "at"),
}
MEANING = {"cur": "the moment of the change, or a growing number,", "card": "the key of the card"}


def statements(look: Look, *, reader: bool = False) -> Iterator[Finding]:
    """Yield for every statement whether the database understands it, we may run it, and its rows have the columns.

    A *reader* runs only those that ask.
    """
    if look.dialect not in EXPLAINING:
        return
    rows = dict(_rows_seen(look))
    for place, statement in look.plan.compiler.statements:
        query = Query(statement.text)
        if reader and not query.reads:
            continue
        trouble = _planned(look, place, query, statement)
        if trouble is None and query.reads:
            trouble = _has_columns(look, place, statement, rows.get(place, ()))
        yield trouble or look.right(place, f"{place}: statement")


def _planned(look: Look, place: str, query: Query, statement: TextClause) -> Finding | None:
    if re.match(r"\s*(call|exec|begin|declare)\b", statement.text, re.IGNORECASE):
        return None  # no database plans these
    try:
        look.ask(f"explain {statement.text}", **dict.fromkeys(binds(statement.text)))
    except SQLAlchemyError as error:
        said = words(error)
        return look.wrong(place, f"{place}: statement", said, _remedy(look, query, error, said))
    return None


def _remedy(look: Look, query: Query, error: SQLAlchemyError, said: str) -> str:
    if refused(error):
        return " ".join(typed_for(look, query)) or "grant us the right: edms-gateway edms grants"
    if found := _NO_TABLE.search(said):
        name = next(filter(None, found.groups())).rpartition(".")[2]
        return f"{meant(name, look.tables)} or we have no right to see it"
    if found := _NO_COLUMN.search(said):
        name = next(filter(None, found.groups())).rpartition(".")[2]
        known = [column for source in query.sources() for column in look.columns(source.table) or ()]
        return meant(name, known)
    return "correct the statement"


def _has_columns(look: Look, place: str, statement: TextClause, rows: Iterable[tuple[str, str]]) -> Finding | None:
    """Return what is wrong with the columns; *rows* are the columns that expressions read, each with its key."""
    asked = ASKED.get(re.sub(r"\[\d+\]", "", place), ())
    given = _columns_given(look, statement) if asked or rows else None
    if given is None:
        return None
    for name in asked:
        if name not in given:
            said = f"select {MEANING.get(name, 'it')} as {name}; the query gives: {', '.join(given)}"
            return look.wrong(place, f"{place}: column {name}", "the query does not give it", said)
    for key, name in rows:
        if name not in given:
            said = f"{meant(name, given)} the query gives: {', '.join(given)}"
            return look.wrong(key, f"{key}: row.{name}", "the query does not give it", said)
    return None


def _columns_given(look: Look, statement: TextClause) -> tuple[str, ...] | None:
    """Return the names of the columns of a query; None when it cannot be put into another one."""
    asked = f"select * from ({statement.text.rstrip().rstrip(';')}\n) asked where 1 = 0"
    try:
        with look.database.reading() as work:
            return tuple(work.connection.execute(text(asked), dict.fromkeys(binds(statement.text))).keys())
    except SQLAlchemyError:
        return None


def _rows_seen(look: Look) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """Yield the keys of queries whose rows expressions read, with what they read."""
    plan = look.plan
    for position, change in enumerate(plan.changes, 1):
        state = (change.state,) if change.state else ()
        yield f"changes[{position}].sql", _read_of((*state, *change.fields.each))
    yield "outgoing.sql", _read_of(plan.outgoing_fields.each)
    if plan.withdrawals:
        yield "withdrawal.sql", _read_of(plan.withdrawals[1].each)
    for name, reader in plan.readers.items():
        yield f"read.{name}.sql", _read_of((reader.value,))


def _read_of(expressions: Iterable[Expression]) -> tuple[tuple[str, str], ...]:
    """Return every ``row.name`` of *expressions* with the expression's key."""
    found, sandbox = [], environment()
    for one in expressions:
        for part in sandbox.parse("{{ (" + one.text + ") }}").find_all(nodes.Getattr):
            if isinstance(part.node, nodes.Name) and part.node.name == "row":
                found.append((one.place, part.attr))
    return tuple(found)

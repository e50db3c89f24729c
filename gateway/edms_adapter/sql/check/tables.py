# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the tables have what steps write, is every column that must be filled filled, and do the values fit?"""

import re
from collections.abc import Iterator

from sqlalchemy import Integer, Numeric, String
from sqlalchemy.types import TypeEngine

from gateway.edms_adapter.sql.check.look import Columns, Look
from gateway.edms_adapter.sql.columns import outside_transactions
from gateway.edms_adapter.sql.mapping import Step
from gateway.edms_adapter.sql.places import meant
from gateway.edms_adapter.sql.steps import Insert
from gateway.ports import Finding

CREATE = "create our tables: edms-gateway edms check --create, or by hand as docs/adding-an-edms.md says"
_CUT = re.compile(r"\bclip\((\d+)\)|\[:\s*(\d+)\]")
# words of strangers, of any length; what the gateway itself makes is short
_FREE = re.compile(r"\b(?:document|file|signature|task|official|event|original|link)\.[\w.]+")
_SHORT = ("sha256", "size", "path", "value", "blob", "date", "at", "position")


def own_tables(look: Look) -> Iterator[Finding]:
    """Yield whether our own three tables are there, with every column and index."""
    for table in look.plan.association.metadata.sorted_tables:
        columns = look.columns(table.fullname)
        what = f"our table {table.fullname}"
        if columns is None:
            yield Finding(False, what, "is missing", CREATE, look.places.where("claim"))
            continue
        absent = [column.name for column in table.columns if column.name not in columns]
        detail = f"has no column {', '.join(absent)}" if absent else ""
        remedy = f"it was made for another mapping: give claim.prefix another value, or add {', '.join(absent)}"
        yield Finding(not absent, what, detail, remedy if absent else "", look.places.where("claim"))
    yield from _own_key(look)


def _own_key(look: Look) -> Iterator[Finding]:
    columns = look.columns(look.plan.association.exchange.fullname)
    if columns is not None and "card" in columns:
        yield from _key_fits(look, f"our table {look.plan.association.exchange.fullname}", columns["card"]["type"])


def key_of_card(look: Look) -> Iterator[Finding]:
    """Yield whether `database.key` is the type of the key of the card that `register` makes."""
    for place, step in look.steps:
        if step.table and step.key and step.as_ == look.plan.source.card and place.startswith("register"):
            columns = look.columns(step.table)
            if columns and step.key in columns:
                yield from _key_fits(look, f"the key {step.key} of {step.table}", columns[step.key]["type"])


def _key_fits(look: Look, what: str, kind: TypeEngine[object]) -> Iterator[Finding]:
    written = look.plan.source.database.key
    found = _key_type(kind)
    if found is None:
        return
    if found == written:
        yield look.right("database.key", f"database.key for {what}")
        return
    detail = f"the column is {kind}, and database.key says {written}"
    yield look.wrong("database.key", f"database.key for {what}", detail, f'write key = "{found}" under [database]')


def _key_type(kind: TypeEngine[object]) -> str | None:
    """Return the word of `database.key` for a column of *kind*; None when it cannot be told."""
    if isinstance(kind, Integer):
        return "integer"
    if isinstance(kind, Numeric):
        return "integer" if not kind.scale else None
    return "text" if isinstance(kind, String) else None


def unprotected(look: Look) -> Iterator[Finding]:
    """Yield the tables that steps write and no transaction protects."""
    written = {step.table: step.place for step in reversed(look.plan.compiler.inserts)}
    for table, kind in outside_transactions(look.inspector, written):
        detail = f"its engine {kind} knows no transactions: half a card could stay"
        remedy = f"alter table {table} engine = InnoDB"
        yield look.wrong(written[table], f"table {table}", detail, remedy)


def inserts(look: Look) -> Iterator[Finding]:
    """Yield for every step that inserts whether its table takes that row."""
    for step in look.plan.compiler.inserts:
        what = f"{step.place}: table {step.table}"
        columns = look.columns(step.table)
        if columns is None:
            remedy = f"{meant(step.table, look.tables)} or we have no right to see it"
            yield look.wrong(f"{step.place}.table", what, "there is no such table", remedy)
            continue
        found = tuple(_columns(look, step, columns))
        yield from found or (look.right(step.place, what),)


def _columns(look: Look, step: Insert, columns: Columns) -> Iterator[Finding]:
    what = f"{step.place}: table {step.table}"
    for column in (*step.columns, *((step.key,) if step.key else ())):
        if column not in columns:
            key = f"{step.place}.values.{column}" if column in step.columns else f"{step.place}.key"
            yield look.wrong(key, f"{what}: column {column}", "there is no such column", meant(column, columns))
    alone = look.keys(step.table)
    for column, facts in columns.items():
        made_by_itself = facts.get("default") or facts.get("identity") or facts.get("computed") or alone == (column,)
        made_by_itself = made_by_itself or facts.get("autoincrement") is True
        if not facts["nullable"] and not made_by_itself and column not in step.columns:
            remedy = f"add {column} to {step.place}.values, for example {column} = {_example(facts['type'])}"
            detail = "must not be NULL, has no default, is not mapped"
            yield look.wrong(f"{step.place}.values", f"{what}: column {column}", detail, remedy)


def _example(kind: TypeEngine[object]) -> str:
    """Return an expression of the right type, as it is written in a mapping."""
    if isinstance(kind, (Integer, Numeric)):
        return '"0"'
    return "\"'-'\"" if isinstance(kind, String) else '"now"'


def lengths(look: Look) -> Iterator[Finding]:
    """Yield where a text is not cut to what its column holds; SQLite holds texts of any length."""
    if look.dialect == "sqlite":
        return
    for place, step in look.steps:
        columns = look.columns(step.table) if step.table else None
        for name, expression in step.values.items() if columns else ():
            kind = columns[name]["type"] if columns and name in columns else None
            if isinstance(kind, String) and kind.length:
                yield from _length(look, f"{place}.values.{name}", step, name, expression, kind.length)


def _length(look: Look, key: str, step: Step, column: str, expression: str, room: int) -> Iterator[Finding]:
    what, where = f"{key}: length of {step.table}.{column}", look.places.where(key)
    cuts = [step.cut[column]] if column in step.cut else []
    cuts += [int(one or other) for one, other in _CUT.findall(expression)]
    if cuts and min(cuts) > room:
        detail = f"is cut to {min(cuts)} characters, and the column holds {room}"
        yield Finding(False, what, detail, f"cut it to {room}", where)
    elif not cuts and any(word.rpartition(".")[2] not in _SHORT for word in _FREE.findall(expression)):
        detail = f"the column holds {room} characters: the document of whoever writes more waits"
        yield Finding(True, what, detail, f"add cut = {{ {column} = {room} }} to the step", where, advice=True)

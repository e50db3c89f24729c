# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check looks with: the mapping, its lines, and the database as reflection shows it, each asked once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Inspector, inspect, text
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from gateway.edms_adapter.sql.check.queries import Query
from gateway.edms_adapter.sql.database import Database
from gateway.edms_adapter.sql.mapping import Step
from gateway.edms_adapter.sql.places import Places
from gateway.edms_adapter.sql.plan import Plan
from gateway.edms_adapter.sql.values import Record
from gateway.ports import Finding

Columns = Mapping[str, ReflectedColumn]


@dataclass(eq=False)
class Look:
    plan: Plan
    database: Database
    places: Places
    _columns: dict[str, Columns | None] = field(default_factory=dict)

    @property
    def dialect(self) -> str:
        """Return the kind of database; MariaDB and MySQL are one."""
        name = self.database.engine.dialect.name
        return "mysql" if name == "mariadb" else name

    @cached_property
    def inspector(self) -> Inspector:
        return inspect(self.database.engine)

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """Return the names of the tables and views that need no schema before them."""
        return (*self.inspector.get_table_names(), *self.inspector.get_view_names())

    @cached_property
    def queries(self) -> tuple[tuple[str, Query], ...]:
        """Return the mapping's statements with their keys."""
        return tuple((place, Query(statement.text)) for place, statement in self.plan.compiler.statements)

    @cached_property
    def steps(self) -> tuple[tuple[str, Step], ...]:
        """Return the mapping's steps, inner ones too, with their keys."""
        return tuple(steps_of(self.plan.source, ""))

    def columns(self, table: str) -> Columns | None:
        """Return the columns of *table*, or None when there is no such table that we may see."""
        if table not in self._columns:
            schema, _, name = table.rpartition(".")
            try:
                found = self.inspector.get_columns(name, schema or None)
                self._columns[table] = {column["name"]: column for column in found} or None
            except NoSuchTableError:
                self._columns[table] = None
        return self._columns[table]

    def keys(self, table: str) -> tuple[str, ...]:
        """Return the columns of the primary key."""
        schema, _, name = table.rpartition(".")
        return tuple(self.inspector.get_pk_constraint(name, schema or None)["constrained_columns"])

    def ask(self, sql: str, **values: object) -> list[Record]:
        """Return the rows of a question of our own to the database's catalogue."""
        with self.database.reading() as work:
            return work.ask(text(sql), values)

    def quoted(self, table: str) -> str:
        """Return *table*, perhaps with its schema, as it is typed in a statement."""
        return ".".join(map(self.quote, table.split(".")))

    @property
    def quote(self) -> Callable[[str], str]:
        quote: Callable[[str], str] = self.database.engine.dialect.identifier_preparer.quote
        return quote

    def wrong(self, key: str, what: str, detail: str, remedy: str) -> Finding:
        return Finding(False, what, detail, remedy, self.places.where(key))

    def right(self, key: str, what: str) -> Finding:
        return Finding(True, what, place=self.places.where(key))


def steps_of(section: BaseModel, key: str) -> Iterator[tuple[str, Step]]:
    """Yield every step of *section* with its key as complaints write it."""
    for name, form in type(section).model_fields.items():
        value = getattr(section, name)
        inner = f"{key}.{form.alias or name}" if key else form.alias or name
        yield from _inside(value, inner)


def _inside(value: Any, key: str) -> Iterator[tuple[str, Step]]:  # Any: whatever a field of a mapping holds
    if isinstance(value, Step):
        yield key, value
    if isinstance(value, BaseModel):
        yield from steps_of(value, key)
    elif isinstance(value, tuple):
        for position, one in enumerate(value, 1):
            yield from _inside(one, f"{key}[{position}]")
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _inside(one, f"{key}.{name}")


def words(error: SQLAlchemyError) -> str:
    """Return what the driver said, in one line, without our statement and its values."""
    said = getattr(error, "orig", None) or error
    if len(said.args) > 1 and isinstance(said.args[0], int):  # of MariaDB's: number, words
        said = said.args[1]
    return " ".join(str(said).split())[:300]

# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements and steps of a mapping, compiled once and run inside one transaction.

What can be known to be wrong without a database is said when compiling, with its key.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment
from sqlalchemy import Executable, String, TextClause, bindparam, column, insert, table, text, type_coerce

from gateway.edms_adapter.sql.attributes import ALWAYS, item_of, kind_of, misspelt
from gateway.edms_adapter.sql.complaint import MappingError
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.expression import Expression, Expressions, Scope
from gateway.edms_adapter.sql.failing import Failure
from gateway.edms_adapter.sql.mapping import Step, Values
from gateway.edms_adapter.sql.places import meant
from gateway.edms_adapter.sql.procedures import Call, Procedure, compiled

_BIND = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
_LITERAL = re.compile(r"'(?:[^']|'')*'|--[^\n]*")
# where a person or the sender can be told that the EDMS would not do it
DECIDABLE = ("register", "draft", "number.take", "number.reserve")
KEY = String(4000)  # LIMIT: characters of a key that Oracle gives back
COUNTERS = ("position",)  # names every loop gives: the item's place, from 1


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with the expressions of its binds."""

    sql: Executable
    values: Expressions
    place: str

    def first(self, work: Work, scope: Scope) -> Any:  # Any: a Record, its columns as the query has them
        return work.first(self.sql, self.values(scope))


@dataclass(frozen=True, slots=True)
class Insert:
    """What `check` wants to know of a table step."""

    table: str
    columns: tuple[str, ...]
    key: str | None
    place: str
    cut: Mapping[str, int] = field(default_factory=dict)  # columns whose texts are cut, and to how many characters


@dataclass(frozen=True, slots=True)
class ReadyCall:
    """A procedure with the expressions of its parameters."""

    call: Call
    values: Expressions


@dataclass(frozen=True, slots=True)
class ReadyStep:
    """One step, compiled."""

    statement: Statement | None
    call: ReadyCall | None
    cut: Mapping[str, int]  # values, and to how many characters
    is_insert: bool
    as_: str
    each: Expression | None
    item: str
    when: Expression | None
    failure: Failure | None
    steps: tuple["ReadyStep", ...]

    @property
    def may_be_declined(self) -> bool:
        """Whether a person may have to decide, or the sender to hear, about what this step or one inside tried."""
        own = self.failure is not None and self.failure.then != "not now"
        return own or any(step.may_be_declined for step in self.steps)


class Compiler:
    """Compiles the parts of one mapping and remembers what `check` must look at."""

    def __init__(self, sandbox: ImmutableSandboxedEnvironment, known: Iterable[str], vendor: str) -> None:
        self.sandbox, self.vendor = sandbox, vendor
        self._known = frozenset(known)
        self._kinds: dict[str, Any] = dict(ALWAYS)  # Any: see attributes
        self.inserts: list[Insert] = []
        self.statements: list[tuple[str, TextClause]] = []
        self.calls: list[Call] = []

    def expression(self, written: str, place: str, names: Iterable[str] = ()) -> Expression:
        made = Expression(self.sandbox, written, place)
        self._names_known((made,), names)
        return made

    def expressions(self, written: Values, place: str, names: Iterable[str] = ()) -> Expressions:
        made = Expressions(self.sandbox, written, place)
        self._names_known(made.each, names)
        return made

    def sql(self, written: str, place: str, given: Iterable[str]) -> TextClause:
        """Return a prepared statement whose binds are all among *given*."""
        unknown = sorted(binds(written) - set(given))
        if unknown:
            given_names = ", ".join(sorted(given)) or "nothing"
            raise MappingError(f"{place}: nothing gives :{', :'.join(unknown)}; there are: {given_names}")
        made = text(written)
        self.statements.append((place, made))
        return made

    def query(self, written: str, values: Values, place: str, names: Iterable[str]) -> Statement:
        """Return a statement whose binds are exactly *values*."""
        spare = sorted(values.keys() - binds(written))
        if spare:
            raise MappingError(f"{place}.values.{spare[0]}: the statement has no :{spare[0]}")
        return Statement(
            self.sql(written, place, values), self.expressions(values, f"{place}.values", names), f"{place}.sql"
        )

    def steps(self, written: Sequence[Step], place: str, names: Iterable[str]) -> tuple[ReadyStep, ...]:
        """Return *written* compiled; each sees *names* and what the steps before it are called."""
        seen = set(names)
        made = []
        for position, step in enumerate(written, 1):
            made.append(self._step(step, f"{place}[{position}]", seen))
            if step.as_:
                seen.add(step.as_)
        return tuple(made)

    def step(self, written: Step, place: str, names: Iterable[str]) -> ReadyStep:
        """Return the one step of a key that has no list of them."""
        return self._step(written, place, set(names))

    def _step(self, step: Step, place: str, seen: set[str]) -> ReadyStep:
        each = self.expression(step.each, f"{place}.each", seen) if step.each else None
        item = step.item or _singular(step.each or "")
        before = self._kinds
        if each:
            self._kinds = {**before, item: item_of(kind_of(each.tree, before))}
        try:
            return self._inside(step, place, seen, each, item)
        finally:
            self._kinds = before

    def _inside(self, step: Step, place: str, seen: set[str], each: Expression | None, item: str) -> ReadyStep:
        inner = seen | {item, *COUNTERS} if each else set(seen)
        when = self.expression(step.when, f"{place}.when", inner) if step.when else None
        statement = None
        if step.table:
            statement = self._insert(step, place, inner)
        elif step.sql:
            statement = self.query(step.sql, step.values, place, inner)
        call = self._call(step, place, inner)
        after = inner | ({step.as_} if step.as_ else set())
        failure = self._failure(step, place, after)
        below = self.steps(step.steps, f"{place}.steps", after)
        return ReadyStep(statement, call, step.cut, bool(step.table), step.as_ or "", each, item, when, failure, below)

    def _call(self, step: Step, place: str, names: set[str]) -> ReadyCall | None:
        if not step.call:
            return None
        procedure = Procedure(step.call, tuple(step.values), step.out, step.order, step.function)
        try:
            call = compiled(procedure, self.vendor, place)
        except ValueError as error:
            raise MappingError(f"{place}.call: {error}") from error
        self.calls.append(call)
        return ReadyCall(call, self.expressions(step.values, f"{place}.values", names))

    def _failure(self, step: Step, place: str, names: set[str]) -> Failure | None:
        if not step.failed or not step.text:
            return None
        if step.then != "not now" and place.partition("[")[0] not in DECIDABLE:
            raise MappingError(f'{place}.then: only the steps of {", ".join(DECIDABLE)} may say "{step.then}"')
        failed = self.expression(step.failed, f"{place}.failed", names)
        return Failure(failed, self.expression(step.text, f"{place}.text", names), step.then, step.reason)

    def _insert(self, step: Step, place: str, names: set[str]) -> Statement:
        whole = step.table or ""
        schema, _, name = whole.rpartition(".")
        columns = tuple(step.values)
        self.inserts.append(Insert(whole, columns, step.key, place, step.cut))
        keys = (step.key,) if step.key else ()
        target = table(name, *(column(part) for part in dict.fromkeys((*columns, *keys))), schema=schema or None)
        statement = insert(target).values({part: bindparam(part) for part in columns})
        # Oracle wants to know the type of what it gives back: as a text every key is right
        returning = statement.returning(type_coerce(target.c[step.key], KEY)) if step.key else statement
        return Statement(returning, self.expressions(step.values, f"{place}.values", names), place)

    def _names_known(self, made: Iterable[Expression], names: Iterable[str]) -> None:
        seen = self._known | set(names)
        for expression in made:
            unknown = sorted(expression.names - seen)
            if unknown:
                words = f"nothing here is called {unknown[0]!r}; {meant(unknown[0], seen)}"
                raise MappingError(f"{expression.place}: {expression.text!r}: {words}")
            if wrong := misspelt(expression.tree, self._kinds):
                whose, part, there = wrong
                words = f"a {whose} has no {part!r}; {meant(part, there)}"
                raise MappingError(f"{expression.place}: {expression.text!r}: {words}")


def run(steps: Sequence[ReadyStep], work: Work, scope: dict[str, Any]) -> None:  # Any: what expressions see
    """Run *steps* in order inside *work*; results join *scope* under their names."""
    for step in steps:
        if step.each is None:
            _once(step, work, scope)
            continue
        for position, item in enumerate(step.each(scope), 1):
            _once(step, work, {**scope, step.item: item, "position": position})


def _once(step: ReadyStep, work: Work, scope: dict[str, Any]) -> None:  # Any: what expressions see
    if step.when is not None and not step.when(scope):
        if step.as_:
            scope[step.as_] = None
        return
    result = _result(step, work, scope)
    if step.as_:
        scope[step.as_] = result
    if step.failure is not None:
        step.failure.judge(scope)
    run(step.steps, work, scope)


def _result(step: ReadyStep, work: Work, scope: dict[str, Any]) -> Any:  # Any: see Step
    """Do what *step* does itself; returns what `as` names."""
    if step.call is not None:
        return step.call.call.run(work, _cut(step.call.values(scope), step.cut))
    if step.statement is None:
        return None
    result = work.run(step.statement.sql, _cut(step.statement.values(scope), step.cut))
    if step.is_insert:
        return result.scalar_one() if step.as_ else None
    if result.returns_rows:
        rows = work.records(result)
        return rows[0] if rows else None
    return result.rowcount


def _cut(values: dict[str, Any], limits: Mapping[str, int]) -> dict[str, Any]:  # Any: see Expression
    """Return *values*, the texts among them no longer than *limits* say."""
    if not limits:
        return values
    return {
        name: value[: limits[name]] if name in limits and isinstance(value, str) else value
        for name, value in values.items()
    }


def binds(sql: str) -> set[str]:
    """Return the names of the binds of *sql*."""
    return set(_BIND.findall(_LITERAL.sub("''", sql)))


def _singular(each: str) -> str:
    """Return what one item of ``document.tasks`` is called when the mapping does not say: ``task``."""
    last = each.rpartition(".")[2].strip()
    if not last.isidentifier():
        return "item"
    return last.removesuffix("s")

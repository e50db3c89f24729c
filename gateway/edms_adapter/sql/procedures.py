# SPDX-License-Identifier: GPL-3.0-or-later
"""Stored procedures and functions: how each vendor calls one and gives back what it answers.

A call becomes a few statements, run one after the other on one connection; the last one answers.

| database | call | answer |
|---|---|---|
| postgresql | ``call p(a => :a, isn => null)``, ``select * from f(a => :a)`` | a row |
| mariadb, mysql | ``call p(:a, @isn)``, always by place | user variables, selected |
| mssql | ``declare`` … ``exec p @a = :a, @isn = @isn output`` | variables, selected |
| oracle | an anonymous block | out binds |

The last two are compiled in the tests and were never run by them.  SQLite has neither procedures nor functions of its
own making.  Names of procedures and parameters are part of the statement and therefore only letters, digits and
underscores; values are always bound.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, DateTime, Integer, Numeric, String, TextClause, outparam, text
from sqlalchemy.types import TypeEngine

from gateway.edms_adapter.sql.complaint import MappingError
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.mapping import Kind
from gateway.edms_adapter.sql.values import Record, day
from gateway.ports import Written

ONE_RESULT = ("mariadb", "mysql", "mssql")  # whose functions give one value

_MSSQL = {
    "integer": "bigint",
    "number": "decimal(38, 10)",
    "text": "nvarchar(max)",
    "date": "date",
    "moment": "datetime2",
}
_ORACLE = {
    "integer": "number(38)",
    "number": "number",
    "text": "varchar2(4000)",  # LIMIT: characters of an answer, what an out bind holds
    "date": "date",
    "moment": "timestamp",
}
_OUT_BINDS: Mapping[str, TypeEngine[Any]] = {  # Any: of each its own
    "integer": Integer(),
    "number": Numeric(),
    "text": String(4000),
    "date": Date(),
    "moment": DateTime(),
}


@dataclass(frozen=True, slots=True)
class Procedure:
    """What is called: a name in *out* that is among *given* too goes in and comes out."""

    name: str  # with its schema or package
    given: tuple[str, ...]  # parameters that get a value
    out: Mapping[str, Kind]
    order: tuple[str, ...] = ()  # every parameter as it is declared; empty: by name where the database can
    function: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        return self.order or (*self.given, *(name for name in self.out if name not in self.given))


@dataclass(frozen=True, slots=True)
class Call:
    """A call in a vendor's words: statements whose binds are all among the procedure's `given`."""

    procedure: Procedure
    statements: tuple[TextClause, ...]
    place: str

    def run(self, work: Work, values: Mapping[str, object]) -> Record:
        """Call it with *values*; returns a row of what came out."""
        work.note(Written(self.procedure.name, "call", tuple(values.items())))
        for statement in self.statements:
            names = statement._bindparams.keys()
            result = work.run(statement, {name: values[name] for name in names & values.keys()})
        found: Mapping[str, object] = {}
        if binds := getattr(result, "out_parameters", None):
            found = {name.removeprefix("out_"): value for name, value in binds.items()}
        elif result.returns_rows:
            found = dict(result.mappings().first() or {})
        return self._record(found)

    def _record(self, found: Mapping[str, object]) -> Record:
        out = self.procedure.out
        if len(found) == len(out) == 1:  # the value of a function, whatever its column is called
            found = dict(zip(out, found.values(), strict=True))
        known = {name.casefold(): value for name, value in found.items()}
        missing = [name for name in out if name.casefold() not in known]
        if missing:
            given = ", ".join(found) or "nothing"
            raise MappingError(f"{self.place}: {self.procedure.name} gave no {missing[0]}; it gave {given}")
        return Record({name: _READ[kind](known[name.casefold()]) for name, kind in out.items()})


def compiled(procedure: Procedure, vendor: str, place: str) -> Call:
    """Return *procedure* in the words of *vendor*; ValueError when that cannot be."""
    write = _WRITERS.get(vendor)
    if write is None:
        raise ValueError(f"{vendor} has no stored procedures: write a statement as 'sql', or the rows as 'table'")
    if procedure.function and vendor in ONE_RESULT and len(procedure.out) > 1:
        raise ValueError(f"a function of {vendor} gives one value: name one in 'out', or call a procedure")
    if procedure.function and procedure.out.keys() & set(procedure.given):
        raise ValueError("a function takes a value or gives it: name it in 'values' or in 'out'")
    return Call(procedure, write(procedure), place)


# --- one vendor each --------------------------------------------------------------------------------------------


def _postgresql(call: Procedure) -> tuple[TextClause, ...]:
    if call.function:
        return (text(f"select * from {_applied(call, ' => ')}"),)
    given = {name: f":{name}" if name in call.given else "null" for name in call.parameters}
    return (text(f"call {call.name}({_listed(call, given, '', ' => ')})"),)


def _mysql(call: Procedure) -> tuple[TextClause, ...]:
    if call.function:
        return (text(f"select {_applied(call, '')} as {next(iter(call.out))}"),)
    both = (text(f"set @edms_gw_{name} = :{name}") for name in call.out if name in call.given)
    given = ", ".join(f"@edms_gw_{name}" if name in call.out else f":{name}" for name in call.parameters)
    answers = ", ".join(f"@edms_gw_{name} as {name}" for name in call.out)
    return (*both, text(f"call {call.name}({given})"), *((text(f"select {answers}"),) if answers else ()))


def _mssql(call: Procedure) -> tuple[TextClause, ...]:
    if call.function:
        return (text(f"select {_applied(call, '')} as {next(iter(call.out))}"),)
    given = {name: f"@{name} output" if name in call.out else f":{name}" for name in call.parameters}
    batch = ["set nocount on"]
    for name, kind in call.out.items():
        batch.append(f"declare @{name} {_MSSQL[kind]}" + (f" = :{name}" if name in call.given else ""))
    batch.append(f"exec {call.name} {_listed(call, given, '@', ' = ')}".rstrip())
    if call.out:
        batch.append(f"select {', '.join(f'@{name} as {name}' for name in call.out)}")
    return (text("; ".join(batch)),)


def _oracle(call: Procedure) -> tuple[TextClause, ...]:
    declared = [
        f"o_{name} {_ORACLE[kind]}" + (f" := :{name}" if name in call.given else "") for name, kind in call.out.items()
    ]
    if call.function:
        done = f"o_{next(iter(call.out))} := {_applied(call, ' => ')}"
    else:
        given = {name: f"o_{name}" if name in call.out else f":{name}" for name in call.parameters}
        done = f"{call.name}({_listed(call, given, '', ' => ')})"
    answers = [f":out_{name} := o_{name}" for name in call.out]
    block = text(
        f"{_ended(['declare ' + declared[0], *declared[1:]]) if declared else ''}begin {_ended([done, *answers])}end;"
    )
    return (block.bindparams(*(outparam(f"out_{name}", _OUT_BINDS[kind]) for name, kind in call.out.items())),)


def _applied(call: Procedure, names_it: str) -> str:
    """Return the function with its arguments: by name with *names_it* between name and value, else by place."""
    names = call.order or call.given
    by_place = bool(call.order) or not names_it
    return f"{call.name}({', '.join(f':{name}' if by_place else f'{name}{names_it}:{name}' for name in names)})"


def _listed(call: Procedure, given: Mapping[str, str], sign: str, names_it: str) -> str:
    """Return the arguments of a procedure: by name, or by place when the mapping gives their order."""
    return ", ".join(value if call.order else f"{sign}{name}{names_it}{value}" for name, value in given.items())


def _ended(statements: list[str]) -> str:
    return "".join(f"{one}; " for one in statements)


_WRITERS: Mapping[str, Callable[[Procedure], tuple[TextClause, ...]]] = {
    "postgresql": _postgresql,
    "mariadb": _mysql,
    "mysql": _mysql,
    "mssql": _mssql,
    "oracle": _oracle,
}


# --- what comes out ---------------------------------------------------------------------------------------------


def _text(value: object) -> str | None:
    if isinstance(value, bytes | bytearray):  # a user variable of MariaDB's that has no character set
        return bytes(value).decode("utf-8")
    return None if value is None else str(value)


def _integer(value: object) -> int | None:
    return None if value is None else int(_text(value) or 0)


def _number(value: object) -> Decimal | None:
    return None if value is None else Decimal(_text(value) or 0)


def _as_it_is(value: object) -> object:
    return _text(value) if isinstance(value, bytes | bytearray) else value


_READ: Mapping[str, Callable[[object], object]] = {
    "integer": _integer,
    "number": _number,
    "text": _text,
    "date": lambda value: day(_as_it_is(value)),
    "moment": _as_it_is,  # `moment()` in an expression knows the zone
}

# SPDX-License-Identifier: GPL-3.0-or-later
"""What our account must be allowed, what it is not, and the words that the owner of the tables types then.

PostgreSQL is asked right by right, MariaDB for the list of what was granted, SQLite whether its file can be written.
LIMIT: what triggers and views do under our account is not seen here; the first letter shows it, and waits.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from gateway.edms_adapter.sql.check.look import Look
from gateway.edms_adapter.sql.check.queries import Query
from gateway.edms_adapter.sql.check.store import user
from gateway.ports import Finding

VERBS = ("select", "insert", "update", "delete")
REFUSED = ("42501", 1044, 1142, 1143, 1370)  # "not permitted": of PostgreSQL, of MariaDB
_SEQUENCE = re.compile(r"nextval\('([^']+)'::regclass\)")


@dataclass(frozen=True, slots=True)
class Needs:
    """What an account is to be granted: verbs by table, and functions and sequences to be used."""

    tables: Mapping[str, frozenset[str]]
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)  # that steps write, by table
    functions: frozenset[str] = frozenset()  # names; most are the database's own

    def only_reading(self) -> "Needs":
        """Return what an account needs that never writes."""
        return Needs({table: frozenset({"select"}) for table in self.tables}, {}, self.functions)


def needs(look: Look) -> Needs:
    """Return what the account of the mapping must be allowed; only of tables that are there."""
    verbs: dict[str, set[str]] = {table.fullname: set(VERBS) for table in look.plan.association.metadata.sorted_tables}
    columns: dict[str, set[str]] = {}
    for step in look.plan.compiler.inserts:
        verbs.setdefault(step.table, set()).update({"insert", "select"} if step.key else {"insert"})
        columns.setdefault(step.table, set()).update(step.columns)
    functions: set[str] = set()
    for _, query in look.queries:
        functions |= query.functions()
        for source in query.sources():
            verbs.setdefault(source.table, set()).update(_verbs(source.verb))
    there = {table: frozenset(wanted) for table, wanted in verbs.items() if look.columns(table) is not None}
    return Needs(there, {table: frozenset(of) for table, of in columns.items()}, frozenset(functions))


def _verbs(verb: str) -> set[str]:
    """Whoever changes or removes rows that he chooses must see them."""
    return {verb, "select"} if verb in ("update", "delete") else {verb}


def refused(error: SQLAlchemyError) -> bool:
    """Say whether the database did not permit it."""
    said = getattr(error, "orig", None)
    number = said.args[0] if said is not None and said.args else None
    return getattr(said, "sqlstate", None) in REFUSED or number in REFUSED


def rights(look: Look, wanted: Needs) -> Iterator[Finding]:
    """Yield what our account is not allowed of *wanted*; one finding that all is well when it is."""
    if look.dialect == "sqlite":
        yield from _sqlite(look)
        return
    if look.dialect not in ("postgresql", "mysql"):
        return
    found = tuple(_missing(look, wanted))
    yield from found or (Finding(True, f"rights of {account(look)}"),)


def typed_for(look: Look, query: Query) -> tuple[str, ...]:
    """Return the grants that *query* lacks."""
    verbs: dict[str, frozenset[str]] = {}
    for source in query.sources():
        if look.columns(source.table) is not None:
            verbs[source.table] = verbs.get(source.table, frozenset()) | _verbs(source.verb)
    return tuple(one.remedy for one in _missing(look, Needs(verbs, {}, query.functions())))


def account(look: Look) -> str:
    """Return our account as the database calls it, ready to be typed."""
    if look.dialect == "postgresql":
        return look.quote(str(look.ask("select current_user as name")[0].name))
    user, _, host = str(look.ask("select current_user() as name")[0].name).rpartition("@")
    return f"'{user}'@'{host}'"


def grants(look: Look, wanted: Needs, whom: str) -> Iterator[str]:
    """Yield every statement that gives *whom*, a name ready to be typed, what is *wanted*."""
    if look.dialect == "postgresql":
        for schema in _schemas(look):
            yield f"grant usage on schema {look.quote(schema)} to {whom};"
    for table, verbs in sorted(wanted.tables.items()):
        yield _grant(look, table, verbs, whom)
    if look.dialect == "postgresql":
        inserted = (table for table, verbs in sorted(wanted.tables.items()) if "insert" in verbs)
        for table in inserted:
            for sequence in _sequences(look, table, frozenset()):
                yield f"grant usage on sequence {sequence} to {whom};"
    for routine in _routines(look, wanted.functions):
        yield f"grant execute on {routine} to {whom};"


def _missing(look: Look, wanted: Needs) -> Iterator[Finding]:
    whom = account(look)
    if look.dialect == "postgresql":
        yield from _schemas_closed(look, whom)
    may = _may_postgres if look.dialect == "postgresql" else _Granted.read(look).may
    for table, verbs in sorted(wanted.tables.items()):
        lacking = [verb for verb in VERBS if verb in verbs and not may(look, table, verb, wanted.columns.get(table))]
        if lacking:
            detail = f"{whom} may not {', '.join(lacking)}"
            yield Finding(
                False, f"rights on table {table}", detail, _grant(look, table, lacking, whom), _at(look, table)
            )
    if look.dialect == "postgresql":
        yield from _sequences_closed(look, wanted, whom)
        yield from _functions_closed(look, wanted.functions, whom)


def _at(look: Look, table: str) -> str:
    """Return where the mapping first speaks of *table*."""
    if any(one.fullname == table for one in look.plan.association.metadata.sorted_tables):
        return look.places.where("claim")
    for step in look.plan.compiler.inserts:
        if step.table == table:
            return look.places.where(step.place)
    for place, query in look.queries:
        if any(source.table == table for source in query.sources()):
            return look.places.where(place)
    return str(look.places.file)


def _grant(look: Look, table: str, verbs: Iterable[str], whom: str) -> str:
    said = ", ".join(verb for verb in VERBS if verb in verbs)
    name = look.quoted(table)
    if look.dialect == "mysql" and "." not in table:
        name = f"{look.quote(_database(look))}.{name}"
    return f"grant {said} on {'table ' if look.dialect == 'postgresql' else ''}{name} to {whom};"


# --- PostgreSQL


def _may_postgres(look: Look, table: str, verb: str, columns: frozenset[str] | None) -> bool:
    """Say whether we may, on the whole table or on the columns that are written.

    Which columns a statement reads or changes is for the planner to say: any column is enough here.
    """
    oid = _oid(look, table)
    if look.ask("select has_table_privilege(cast(:o as oid), cast(:v as text)) as may", o=oid, v=verb)[0].may:
        return True
    if verb == "delete":
        return False
    if verb == "insert" and columns:
        asked = "select has_column_privilege(cast(:o as oid), cast(:c as text), 'insert') as may"
        known = look.columns(table) or {}
        return all(look.ask(asked, o=oid, c=column)[0].may for column in columns if column in known)
    asked = "select has_any_column_privilege(cast(:o as oid), cast(:v as text)) as may"
    return bool(look.ask(asked, o=oid, v=verb)[0].may)


def _oid(look: Look, name: str) -> int:
    """Return what the catalogue calls a table or a sequence; asked by name it would not tell of a closed schema."""
    schema, _, bare = name.replace('"', "").rpartition(".")
    asked = """
    select cast(c.oid as bigint) as oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relname = cast(:t as text)
      and (n.nspname = cast(:s as text) or cast(:s as text) = '' and pg_table_is_visible(c.oid))
    """
    return int(look.ask(asked, t=bare, s=schema)[0].oid)


def _schemas(look: Look) -> tuple[str, ...]:
    """Return the schemas that the mapping names, or the one that is used when none is named."""
    source = look.plan.source
    named = [one.strip().strip('"') for one in source.database.search_path.split(",") if one.strip()]
    named += [step.table.rpartition(".")[0] for step in look.plan.compiler.inserts]
    named += [one.table.rpartition(".")[0] for _, query in look.queries for one in query.sources()]
    named += [source.claim.db_schema or ""]
    found = tuple(dict.fromkeys(name for name in named if name))
    there = {row.name for row in look.ask("select nspname as name from pg_namespace")}
    return tuple(name for name in found if name in there) or ("public",)


def _schemas_closed(look: Look, whom: str) -> Iterator[Finding]:
    for schema in _schemas(look):
        asked = "select has_schema_privilege(cast(:s as text), 'usage') as may"
        if not look.ask(asked, s=schema)[0].may:
            remedy = f"grant usage on schema {look.quote(schema)} to {whom};"
            place = look.places.where("database.search_path")
            yield Finding(False, f"rights on schema {schema}", f"{whom} may not use it", remedy, place)


def _sequences(look: Look, table: str, filled: frozenset[str]) -> Iterator[str]:
    """Yield the sequences, ready to be typed, that fill columns of *table* which are not among *filled*."""
    for name, column in (look.columns(table) or {}).items():
        found = _SEQUENCE.search(str(column.get("default") or ""))
        if found and name not in filled:
            yield found[1]


def _sequences_closed(look: Look, wanted: Needs, whom: str) -> Iterator[Finding]:
    for table, verbs in sorted(wanted.tables.items()):
        for sequence in _sequences(look, table, wanted.columns.get(table, frozenset())) if "insert" in verbs else ():
            asked = "select has_sequence_privilege(cast(:o as oid), 'usage') as may"
            if not look.ask(asked, o=_oid(look, sequence))[0].may:
                remedy = f"grant usage on sequence {sequence} to {whom};"
                what = f"rights on sequence {sequence}"
                yield Finding(False, what, f"{whom} may not use it", remedy, _at(look, table))


def _functions_closed(look: Look, functions: frozenset[str], whom: str) -> Iterator[Finding]:
    for name, may in _functions(look, functions):
        if not may:
            remedy = f"grant execute on {name} to {whom};"
            yield Finding(False, f"rights on {name}", f"{whom} may not call it", remedy)


def _functions(look: Look, functions: frozenset[str]) -> list[tuple[str, bool]]:
    """Return functions and procedures that are not the database's own, and whether we may call each."""
    asked = """
    select case p.prokind when 'p' then 'procedure ' else 'function ' end || cast(p.oid::regprocedure as text) as name,
           has_function_privilege(p.oid, 'execute') as may
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.proname = any(string_to_array(cast(:names as text), ' '))
      and n.nspname not in ('pg_catalog', 'information_schema')
    order by 1
    """
    return [(str(row.name), bool(row.may)) for row in look.ask(asked, names=" ".join(functions))]


def _routines(look: Look, functions: frozenset[str]) -> Iterator[str]:
    if look.dialect == "postgresql":
        yield from (name for name, _ in _functions(look, functions))
    elif look.dialect == "mysql":
        asked = "select routine_type as kind, routine_name as name from information_schema.routines"
        asked += " where routine_schema = database()"
        for row in look.ask(asked):
            if str(row.name).lower() in functions:
                yield f"{str(row.kind).lower()} {look.quote(_database(look))}.{look.quote(str(row.name))}"


# --- MariaDB


def _database(look: Look) -> str:
    return str(look.database.engine.url.database or "")


@dataclass(frozen=True, slots=True)
class _Granted:
    """What ``show grants`` lists: the scope of each grant as a pattern, and its verbs."""

    lines: tuple[tuple[re.Pattern[str], frozenset[str]], ...]

    _LINE = re.compile(r"GRANT (.+?) ON (?:TABLE )?(\S+)\.(\S+) TO ", re.IGNORECASE)

    @classmethod
    def read(cls, look: Look) -> "_Granted":
        with look.database.reading() as work:
            said = [str(line) for (line,) in work.connection.exec_driver_sql("show grants")]
        return cls(tuple(cls._line(found) for line in said if (found := cls._LINE.match(line))))

    @staticmethod
    def _line(found: re.Match[str]) -> tuple[re.Pattern[str], frozenset[str]]:
        schema, table = (part.strip("`") for part in found.group(2, 3))
        # a database's name may hold % and _ as LIKE does; both are escaped by \
        pattern = "".join(
            re.escape(one[-1]) if len(one) == 2 else {"%": ".*", "*": ".*", "_": "."}.get(one, re.escape(one))
            for one in re.findall(r"\\.|.", schema)
        )
        whole = re.compile(pattern + re.escape(".") + (".*" if table == "*" else re.escape(table)), re.IGNORECASE)
        named = re.sub(r"\s*\([^)]*\)", "", found[1]).lower()  # rights on columns: the planner says whether they do
        verbs = frozenset(one.strip() for one in named.split(","))
        return whole, frozenset(VERBS) if verbs & {"all privileges", "all"} else verbs

    def may(self, look: Look, table: str, verb: str, columns: frozenset[str] | None) -> bool:
        whole = table if "." in table else f"{_database(look)}.{table}"
        return any(verb in verbs and scope.fullmatch(whole) for scope, verbs in self.lines)


# --- SQLite


def _sqlite(look: Look) -> Iterator[Finding]:
    """SQLite has no accounts: its file and the folder around it must be writable for the user we run as."""
    name = look.database.engine.url.database
    if not name or name == ":memory:":
        return
    file = Path(name)
    for place, kind in ((file, "file"), (file.resolve().parent, "folder")):
        may = os.access(place, os.W_OK)
        detail = "" if may else "cannot be written by the user we run as; SQLite writes beside its file too"
        remedy = "" if may else f"sudo chown {user()} {place}"
        yield Finding(may, f"database {kind} {place}", detail, remedy)

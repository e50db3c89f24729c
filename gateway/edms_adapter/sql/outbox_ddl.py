# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements that make the outbox and its triggers, for an owner of the EDMS's tables to run; and whether they ran.

They may be run again at any time: triggers of ours that the mapping no longer wants go, those that an upgrade of the
EDMS dropped come back, and a break makes us read everything once.  A trigger's name holds a digest of what it does, so
that an older one does not pass for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Inspector, inspect, text
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from gateway.edms_adapter.sql.complaint import MappingError
from gateway.edms_adapter.sql.database import Database, Work
from gateway.edms_adapter.sql.mapping import Watch
from gateway.edms_adapter.sql.outbox import REMEDY, Outbox, outbox_of
from gateway.edms_adapter.sql.plan import Plan
from gateway.edms_adapter.sql.values import Record
from gateway.ports import Finding

LONGEST_NAME = 40  # characters before the digest; PostgreSQL cuts names off at 63 bytes
LOCK_WAIT = "10s"  # LIMIT: how long making the triggers may keep people's saves waiting
HEAD = """\
-- The outbox of the mail gateway. Run it as an owner of the tables named below: again after every change of [outbox]
-- in the mapping, and after every upgrade of the EDMS.
"""
TABLE = {
    "postgresql": """\
create table if not exists {outbox} (
  tx xid8 not null default pg_current_xact_id(),
  id bigint generated always as identity,
  source text not null,
  row_key text,
  at timestamptz not null default clock_timestamp(),
  primary key (tx, id)
);
""",
    "sqlite": """\
create table if not exists {outbox} (
  id integer primary key autoincrement,
  source text not null,
  row_key text,
  at text not null default (strftime('%Y-%m-%d %H:%M:%f', 'now'))
);
""",
}
# Runs with the rights of who made it, so that nobody needs any on the outbox; whatever fails, people's saves do not.
FUNCTION = """\
create or replace function {function}() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $note$
begin
  if tg_op <> 'DELETE' then
    insert into {outbox} (source, row_key) values ('{source}', new.{key});
  end if;
  if tg_op = 'DELETE' or tg_op = 'UPDATE' and old.{key} is distinct from new.{key} then
    insert into {outbox} (source, row_key) values ('{source}', old.{key});
  end if;{notify}
  return null;
exception when others then
  raise warning 'the outbox of the mail gateway did not note a change of {source}: %', sqlerrm;
  return null;
end $note$;
"""
NOTIFY = "\n  perform pg_notify('{channel}', '');"
# every trigger of ours, wherever it is
EXISTING = {
    "postgresql": text(
        """
select t.tgname as name, cast(t.tgrelid as regclass)::text as place, cast(p.oid as regprocedure)::text as function
from pg_trigger t join pg_proc p on p.oid = t.tgfoid
where not t.tgisinternal and starts_with(t.tgname, :prefix) order by 1, 2
"""
    ),
    "sqlite": text(
        """
select name, tbl_name as place, null as function
from sqlite_master where type = 'trigger' and substr(name, 1, length(:prefix)) = :prefix order by 1
"""
    ),
}
# every trigger on one table that works
WORKING = {
    "postgresql": text(
        "select tgname as name from pg_trigger where tgrelid = to_regclass(:place) and tgenabled in ('O', 'A')"
    ),
    "sqlite": text("select name from sqlite_master where type = 'trigger' and lower(tbl_name) = lower(:place)"),
}


@dataclass(frozen=True, slots=True)
class _Trigger:
    watch: Watch
    verb: str  # "insert" | "update" | "delete"
    name: str

    @classmethod
    def of(cls, outbox: Outbox) -> "tuple[_Trigger, ...]":
        return tuple(
            cls(watch, verb, f"{_function(outbox, watch)}_{verb[0]}")
            for watch in outbox.section.watch
            for verb in watch.on
        )


def _function(outbox: Outbox, watch: Watch) -> str:
    """Return the name of what notes the changes of *watch*."""
    said = repr((watch.table, watch.key, sorted(watch.columns), sorted(watch.on), outbox.section.signal))
    name = f"{outbox.name}_{watch.table.replace('.', '_')}_{watch.key}"
    return f"{name[:LONGEST_NAME]}_{sha256(said.encode()).hexdigest()[:8]}"


def ddl(plan: Plan, database: Database) -> str:
    """Return the statements as a script; raises MappingError when the mapping has no [outbox]."""
    outbox = outbox_of(plan, database)
    if outbox is None:
        raise MappingError("outbox: the mapping has no such section, so no trigger is wanted")
    with database.reading() as work:
        script = _Script(outbox, _schema(plan, outbox, work), plan.source.database.search_path, database)
        there = work.rows(EXISTING[outbox.engine], {"prefix": f"{outbox.name}_"})
    return "".join((HEAD, *script.begin(), *script.drops(there), *script.makes()))


def outbox_findings(plan: Plan, database: Database) -> Iterator[Finding]:
    """Yield whether the outbox is there, whether every trigger works, and whether the rules can be read through it."""
    outbox = outbox_of(plan, database)
    if outbox is None:
        return
    try:
        with database.engine.connect() as connection:
            inspector = inspect(connection)
            if not inspector.has_table(outbox.name, schema=outbox.table.schema):
                yield Finding(
                    False, f"our table {outbox.name}", "is missing: nothing is told of what people do", REMEDY
                )
                return
            for position, watch in enumerate(outbox.section.watch, 1):
                yield from _watched(f"outbox.watch[{position}]", watch, inspector)
        with database.reading() as work:
            for trigger in _Trigger.of(outbox):
                yield _working(outbox, trigger, work, database)
        yield from _keyed(plan, outbox, database)
    except SQLAlchemyError as error:
        yield Finding(False, "outbox", str(getattr(error, "orig", error)).splitlines()[0][:300], REMEDY)


def _watched(place: str, watch: Watch, inspector: Inspector) -> Iterator[Finding]:
    schema, _, name = watch.table.rpartition(".")
    try:
        known = {str(one["name"]) for one in inspector.get_columns(name, schema or None)}
    except NoSuchTableError:
        yield Finding(False, f"{place}: table {watch.table}", "there is no such table", f"correct {place}.table")
        return
    for column in (watch.key, *watch.columns):
        if column not in known:
            remedy = f"there are: {', '.join(sorted(known))}; then {REMEDY}"
            yield Finding(False, f"{place}: column {watch.table}.{column}", "there is no such column", remedy)


def _working(outbox: Outbox, trigger: _Trigger, work: Work, database: Database) -> Finding:
    table = trigger.watch.table
    place = _written(table, database) if outbox.engine == "postgresql" else table
    names = {row.name for row in work.rows(WORKING[outbox.engine], {"place": place})}
    what = f"trigger after {trigger.verb} on {trigger.watch.table} for {trigger.watch.source}"
    if trigger.name in names:
        return Finding(True, what)
    detail = "is missing, switched off or of an older mapping: what people do there is not told"
    return Finding(False, what, detail, REMEDY)


def _keyed(plan: Plan, outbox: Outbox, database: Database) -> Iterator[Finding]:
    """Yield the columns by which rules and watched rows should meet, where the rule's query has none of that name."""
    for change in plan.changes:
        for name in sorted(outbox.columns(change.name)):
            try:
                with database.reading() as work:
                    work.ask(text(f"select fact.{name} from ({change.sql.text}) fact where 1 = 0"), {})
            except SQLAlchemyError:
                remedy = f"name another one in `tells`, or give it to the query of the rule {change.name!r}"
                yield Finding(False, f"outbox: column {name} of the rule {change.name!r}", "there is none", remedy)


def _written(table: str, database: Database) -> str:
    quote = database.engine.dialect.identifier_preparer.quote
    return ".".join(quote(part) for part in table.split("."))


class _Script:
    """Writes the parts of the script, every name quoted where it must be."""

    def __init__(self, outbox: Outbox, schema: str, search_path: str, database: Database) -> None:
        self.outbox, self.database, self.search_path = outbox, database, search_path
        self.postgres = outbox.engine == "postgresql"
        self.quote = database.engine.dialect.identifier_preparer.quote
        self.account = database.engine.url.username
        self.schema = self.quote(schema) + "." if schema else ""
        self.table = self.schema + self.quote(outbox.name)

    def begin(self) -> Iterator[str]:
        yield "begin;\n"
        if self.postgres:
            yield f"set local lock_timeout = '{LOCK_WAIT}';\n"
            if self.search_path:
                yield f"set local search_path = {self.search_path};\n"
        yield TABLE[self.outbox.engine].format(outbox=self.table)
        if self.postgres and self.account:
            yield f"grant select, update, delete on {self.table} to {self.quote(self.account)};\n"

    def drops(self, there: Sequence[Record]) -> Iterator[str]:
        """Take away every trigger that we find, those that will be made anew among them."""
        for row in there:
            yield f"drop trigger if exists {self.quote(row.name)}" + (f" on {row.place};\n" if self.postgres else ";\n")
        for function in dict.fromkeys(row.function for row in there if row.function):
            yield f"drop function if exists {function};\n"

    def makes(self) -> Iterator[str]:
        if self.postgres:
            yield from (self._function(watch) for watch in self.outbox.section.watch)
        yield from (self._trigger(trigger) for trigger in _Trigger.of(self.outbox))
        yield f"insert into {self.table} (source) values ('');  -- so that what was changed before is read too\n"
        yield "commit;\n"

    def _function(self, watch: Watch) -> str:
        signal = NOTIFY.format(channel=self.outbox.name) if self.outbox.section.signal else ""
        return FUNCTION.format(
            function=self.schema + self.quote(_function(self.outbox, watch)),
            outbox=self.table,
            source=watch.source,
            key=self.quote(watch.key),
            notify=signal,
        )

    def _trigger(self, trigger: _Trigger) -> str:
        watch = trigger.watch
        table = _written(watch.table, self.database)
        head = f"create trigger {self.quote(trigger.name)} after {trigger.verb} on {table} for each row"
        if trigger.verb == "update" and watch.columns:
            differs = "is distinct from" if self.postgres else "is not"
            columns = [self.quote(name) for name in dict.fromkeys((watch.key, *watch.columns))]
            head += " when (" + " or ".join(f"old.{name} {differs} new.{name}" for name in columns) + ")"
        if self.postgres:
            return f"{head}\n  execute function {self.schema}{self.quote(_function(self.outbox, watch))}();\n"
        return f"{head} begin\n{''.join(self._notes(trigger))}end;\n"

    def _notes(self, trigger: _Trigger) -> Iterator[str]:
        key, source = self.quote(trigger.watch.key), trigger.watch.source
        into = f"  insert into {self.table} (source, row_key)"
        if trigger.verb != "delete":
            yield f"{into} values ('{source}', new.{key});\n"
        if trigger.verb == "update":
            yield f"{into} select '{source}', old.{key} where old.{key} is not new.{key};\n"
        if trigger.verb == "delete":
            yield f"{into} values ('{source}', old.{key});\n"


def _schema(plan: Plan, outbox: Outbox, work: Work) -> str:
    """Return where our tables are; empty: the database has no such thing."""
    if outbox.engine == "sqlite":
        return ""
    if plan.source.claim.db_schema:
        return plan.source.claim.db_schema
    return str(work.connection.exec_driver_sql("select current_schema()").scalar_one())

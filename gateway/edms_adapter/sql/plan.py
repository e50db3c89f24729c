# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole mapping made ready to run: every statement prepared, every expression compiled, every name looked up."""

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, fields
from datetime import tzinfo
from zoneinfo import ZoneInfo

from sqlalchemy import TextClause

from gateway.edms_adapter.sql import values
from gateway.edms_adapter.sql.association import Association
from gateway.edms_adapter.sql.complaint import MappingError
from gateway.edms_adapter.sql.expression import Expression, Expressions, environment
from gateway.edms_adapter.sql.mapping import Change, Lookup, Mapping
from gateway.edms_adapter.sql.reservations import Reservations
from gateway.edms_adapter.sql.steps import Compiler, ReadyStep, Statement, binds
from gateway.model import Event, EventKind

EVERYWHERE = ("const", "const_of", "read", "file", "signature", "exchange_of")
INCOMING = (*EVERYWHERE, "document", "intake", "exchange", "now", "today", "files", "addressees", "resolve")
ROW = (*EVERYWHERE, "row")
OF_OFFICE = ("office", "today")  # binds of the queries for our people
OUTGOING_FIELDS = ("ref", "card", "to", "document", "answers", "subscription", "change")
WITHDRAWAL_FIELDS = ("ref", "why")
EVENT_FIELDS = tuple(field.name for field in fields(Event) if field.name not in {"kind", "key"})


@dataclass(frozen=True, slots=True)
class ReadyLookup:
    rule: Lookup
    query: Statement
    value: Expression | None  # what a column of the rows is compared with
    default: Expression | None
    text: Expression | None


@dataclass(frozen=True, slots=True)
class ReadyReader:
    sql: TextClause
    arguments: frozenset[str]
    value: Expression
    single: bool


@dataclass(frozen=True, slots=True)
class ReadyChange:
    rule: Change
    name: str
    sql: TextClause
    state: Expression | None
    fields: Expressions


@dataclass(frozen=True, slots=True)
class ReadyPartnerPeople:
    find: TextClause
    known: TextClause
    add: tuple[ReadyStep, ...]
    change: tuple[ReadyStep, ...]
    dismiss: tuple[ReadyStep, ...]


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter inside the registering transaction."""

    advance: TextClause
    read: TextClause
    start: TextClause | None


@dataclass(frozen=True, slots=True)
class Reserve:
    """How a number is got before the registering transaction, remembered, and given back."""

    step: ReadyStep
    back: tuple[ReadyStep, ...]
    rows: Reservations


@dataclass(frozen=True, slots=True)
class Assigned:
    """Where the number stands that the EDMS gave by itself."""

    query: Statement | None
    number: Expression
    date: Expression | None


@dataclass(frozen=True, slots=True)
class Numbering:
    """How a document gets its number: one of `counter`, `take`, `reserve` and `assigned` is there."""

    values: Expressions
    counter: Counter | None
    take: ReadyStep | None
    reserve: Reserve | None
    assigned: Assigned | None
    taken: TextClause | None
    format: Expression | None  # None only with `assigned`
    text: Expression | None

    @property
    def answer(self) -> str:
        """What expressions call the result of `take` or `reserve`; empty when there is none."""
        step = self.take or (self.reserve.step if self.reserve else None)
        return step.as_ if step else ""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Everything of a mapping, compiled; `source` is the file as written."""

    source: Mapping
    zone: tzinfo  # of naive columns
    office_zone: tzinfo  # of calendar dates
    functions: Dictionary[str, object]  # what every expression may call
    association: Association
    compiler: Compiler
    readers: Dictionary[str, ReadyReader]
    lookups: tuple[ReadyLookup, ...]
    same_number: Statement | None
    numbering: Numbering
    standing: TextClause | None  # every card with its number
    dispatches: TextClause | None  # every dispatch row that was taken
    exists: Dictionary[str, TextClause]  # by the kind of what is asked for
    inboxes: TextClause
    inbox_binds: frozenset[str]
    default_inbox: TextClause
    default_inbox_binds: frozenset[str]
    office: TextClause | None
    people: TextClause | None
    partner_people: ReadyPartnerPeople | None
    files_of_card: TextClause
    chunk: TextClause | None  # one row of a file's bytes
    referenced: TextClause | None
    register: tuple[ReadyStep, ...]
    card: Expression
    draft: tuple[ReadyStep, ...]
    draft_card: Expression | None
    waiting: tuple[ReadyStep, ...]
    waiting_card: Expression
    settled: TextClause | None
    attach: tuple[ReadyStep, ...]
    changes: tuple[ReadyChange, ...]
    outgoing: TextClause
    outgoing_fields: Expressions
    withdrawals: tuple[TextClause, Expressions] | None
    dispatch: TextClause
    record: tuple[tuple[frozenset[EventKind], tuple[ReadyStep, ...]], ...]
    mark: Dictionary[str, tuple[ReadyStep, ...]]
    original: Statement
    link: tuple[ReadyStep, ...]
    unlinked: tuple[ReadyStep, ...]

    @property
    def declinable(self) -> bool:
        """Whether the EDMS may decline a document while it is written, so that a person decides about it."""
        take = (self.numbering.take,) if self.numbering.take else ()
        return any(step.may_be_declined for step in (*take, *self.register, *self.draft))


def compile_mapping(mapping: Mapping, office_zone: tzinfo, vendor: str) -> Plan:
    """Return *mapping* compiled for the databases of *vendor*; raises MappingError with the key.

    Columns without a zone are read in the mapping's zone, or else in *office_zone*, where calendar dates live.
    """
    zone = ZoneInfo(mapping.database.time_zone) if mapping.database.time_zone else office_zone
    functions = values.functions(zone)
    compiler = Compiler(environment(), (*EVERYWHERE, *functions), vendor)
    found = tuple(lookup.name for lookup in mapping.lookup)
    known = (*INCOMING, *found)
    answers = tuple(step.as_ for step in (mapping.number.take, mapping.number.reserve) if step and step.as_)
    registering = compiler.steps(mapping.register_, "register", (*known, "number", "n", "reason", *answers))
    waiting = compiler.steps(mapping.waiting.steps, "waiting.steps", (*known, "reason")) or registering
    draft = compiler.steps(mapping.draft, "draft", (*known, "approvals"))
    association = Association(mapping.claim, mapping.database)
    top = {step.as_ for step in registering} - {""}
    top_draft = {step.as_ for step in draft} - {""}
    top_waiting = {step.as_ for step in waiting} - {""}
    record_names = (*EVERYWHERE, "event", "dispatch", "outgoing_ref", "now", "files")
    mark_names = (*EVERYWHERE, "outgoing_ref", "state", "detail", "at")
    link_names = (*EVERYWHERE, "exchange", "card", "original", "now")
    return Plan(
        source=mapping,
        zone=zone,
        office_zone=office_zone,
        functions=functions,
        association=association,
        compiler=compiler,
        readers={name: _reader(compiler, mapping, name) for name in mapping.read},
        lookups=_lookups(compiler, mapping),
        same_number=_same_number(compiler, mapping, known),
        numbering=_numbering(compiler, mapping, association, known, tuple(top)),
        standing=compiler.sql(mapping.standing.sql, "standing.sql", ()) if mapping.standing else None,
        dispatches=_optional(
            compiler, mapping.standing.dispatches if mapping.standing else None, "standing.dispatches"
        ),
        exists={
            kind: compiler.sql(written, f"exists.{kind}", ("name", "office"))
            for kind in type(mapping.exists).model_fields
            if (written := getattr(mapping.exists, kind))
        },
        inboxes=compiler.sql(mapping.routing.inboxes, "routing.inboxes", OF_OFFICE),
        inbox_binds=frozenset(binds(mapping.routing.inboxes)),
        default_inbox=compiler.sql(mapping.routing.default, "routing.default", ("wanted", "office")),
        default_inbox_binds=frozenset(binds(mapping.routing.default)),
        office=compiler.sql(mapping.office.known, "office.known", ("office",)) if mapping.office else None,
        people=compiler.sql(mapping.people.sql, "people.sql", OF_OFFICE) if mapping.people else None,
        partner_people=_partner_people(compiler, mapping),
        files_of_card=compiler.sql(mapping.files.of_card, "files.of_card", ("card",)),
        chunk=compiler.sql(mapping.files.chunk, "files.chunk", ("file", "number")) if mapping.files.chunk else None,
        referenced=_optional(compiler, mapping.files.referenced, "files.referenced"),
        register=registering,
        card=compiler.expression(mapping.card, "card", (*known, *top)),
        draft=draft,
        draft_card=compiler.expression(mapping.card, "card, for a draft", (*known, *top_draft)) if draft else None,
        waiting=waiting,
        waiting_card=compiler.expression(mapping.waiting.card or mapping.card, "waiting.card", (*known, *top_waiting)),
        settled=_optional(compiler, mapping.waiting.settled, "waiting.settled"),
        attach=compiler.steps(
            mapping.attach, "attach", (*EVERYWHERE, "document", "exchange", "now", "files", "resolve", "card")
        ),
        changes=tuple(_change(compiler, rule, position) for position, rule in enumerate(mapping.changes, 1)),
        outgoing=compiler.sql(mapping.outgoing.sql, "outgoing.sql", ()),
        outgoing_fields=_fields(compiler, mapping.outgoing.fields, "outgoing.fields", OUTGOING_FIELDS),
        withdrawals=_withdrawals(compiler, mapping),
        dispatch=compiler.sql(mapping.record.find, "record.find", ("ref",)),
        record=tuple(
            (frozenset(rule.events), compiler.steps(rule.steps, f"record.on[{position}].steps", record_names))
            for position, rule in enumerate(mapping.record.on, 1)
        ),
        mark={
            state: compiler.steps(getattr(mapping.mark, state), f"mark.{state}", mark_names)
            for state in type(mapping.mark).model_fields
        },
        original=compiler.query(mapping.link.find.sql, mapping.link.find.values, "link.find", link_names),
        link=compiler.steps(mapping.link.steps, "link.steps", (*link_names, "original_card")),
        unlinked=compiler.steps(mapping.link.missing, "link.missing", link_names),
    )


def _optional(compiler: Compiler, written: str | None, place: str) -> TextClause | None:
    return compiler.sql(written, place, ()) if written else None


def _withdrawals(compiler: Compiler, mapping: Mapping) -> tuple[TextClause, Expressions] | None:
    rule = mapping.withdrawal
    if rule is None:
        return None
    fields = _fields(compiler, rule.fields, "withdrawal.fields", WITHDRAWAL_FIELDS)
    return compiler.sql(rule.sql, "withdrawal.sql", ()), fields


def _same_number(compiler: Compiler, mapping: Mapping, known: tuple[str, ...]) -> Statement | None:
    rule = mapping.same_number
    return compiler.query(rule.sql, rule.values, "same_number", known) if rule else None


def _reader(compiler: Compiler, mapping: Mapping, name: str) -> ReadyReader:
    reader = mapping.read[name]
    arguments = frozenset(binds(reader.sql))
    return ReadyReader(
        compiler.sql(reader.sql, f"read.{name}.sql", arguments),
        arguments,
        compiler.expression(reader.value, f"read.{name}.value", (*EVERYWHERE, "row")),
        reader.single,
    )


def _partner_people(compiler: Compiler, mapping: Mapping) -> ReadyPartnerPeople | None:
    section = mapping.partner_people
    if section is None:
        return None
    names = (*EVERYWHERE, "correspondent", "now")
    return ReadyPartnerPeople(
        compiler.sql(section.find, "partner_people.find", ("index",)),
        compiler.sql(section.known, "partner_people.known", ("correspondent",)),
        compiler.steps(section.add, "partner_people.add", (*names, "official")),
        compiler.steps(section.change, "partner_people.change", (*names, "official", "known")),
        compiler.steps(section.dismiss, "partner_people.dismiss", (*names, "known")),
    )


def _lookups(compiler: Compiler, mapping: Mapping) -> tuple[ReadyLookup, ...]:
    made: list[ReadyLookup] = []
    names = list(INCOMING)
    for position, rule in enumerate(mapping.lookup, 1):
        place = f"lookup[{position}]"
        made.append(
            ReadyLookup(
                rule,
                compiler.query(rule.sql, rule.values, place, names),
                compiler.expression(rule.value, f"{place}.value", names) if rule.value else None,
                compiler.expression(rule.default, f"{place}.default", names) if rule.default else None,
                compiler.expression(rule.text, f"{place}.text", names) if rule.text else None,
            )
        )
        names.append(rule.name)
    return tuple(made)


def _numbering(
    compiler: Compiler, mapping: Mapping, association: Association, known: tuple[str, ...], results: tuple[str, ...]
) -> Numbering:
    number = mapping.number
    given = tuple(number.values)
    if number.missing:
        compiler.sql(number.missing, "number.missing", ("year",))
    answer = next((step.as_ for step in (number.take, number.reserve) if step and step.as_), "")
    return Numbering(
        compiler.expressions(number.values, "number.values", known),
        _counter(compiler, mapping),
        compiler.step(number.take, "number.take", known) if number.take else None,
        _reserve(compiler, mapping, association, known),
        _assigned(compiler, mapping, (*known, "card", *results)),
        compiler.sql(number.taken, "number.taken", (*given, "number")) if number.taken else None,
        compiler.expression(number.format, "number.format", (*known, "n", answer)) if number.format else None,
        compiler.expression(number.text, "number.text", known) if number.text else None,
    )


def _counter(compiler: Compiler, mapping: Mapping) -> Counter | None:
    number, given = mapping.number, tuple(mapping.number.values)
    if not (number.advance and number.read):
        return None
    return Counter(
        compiler.sql(number.advance, "number.advance", given),
        compiler.sql(number.read, "number.read", given),
        compiler.sql(number.start, "number.start", given) if number.start else None,
    )


def _reserve(compiler: Compiler, mapping: Mapping, association: Association, known: tuple[str, ...]) -> Reserve | None:
    number = mapping.number
    if not (number.reserve and number.reserve.as_):
        return None
    back = compiler.steps(number.return_, "number.return", (*EVERYWHERE, number.reserve.as_))
    rows = Reservations(association.metadata, mapping.claim.prefix)
    return Reserve(compiler.step(number.reserve, "number.reserve", known), back, rows)


def _assigned(compiler: Compiler, mapping: Mapping, names: tuple[str, ...]) -> Assigned | None:
    rule = mapping.number.assigned
    if rule is None:
        return None
    place, after = "number.assigned", (*names, "row") if rule.sql else names
    return Assigned(
        compiler.query(rule.sql, rule.values, place, names) if rule.sql else None,
        compiler.expression(rule.number, f"{place}.number", after),
        compiler.expression(rule.date, f"{place}.date", after) if rule.date else None,
    )


def _change(compiler: Compiler, rule: Change, position: int) -> ReadyChange:
    place = f"changes[{position}]"
    return ReadyChange(
        rule,
        rule.name or rule.event.value,
        compiler.sql(rule.sql, f"{place}.sql", ()),
        compiler.expression(rule.state, f"{place}.state", ROW) if rule.state else None,
        _fields(compiler, rule.fields, f"{place}.fields", EVENT_FIELDS),
    )


def _fields(compiler: Compiler, written: dict[str, str], place: str, allowed: tuple[str, ...]) -> Expressions:
    for name in written:
        if name not in allowed:
            raise MappingError(f"{place}.{name}: is no field; there are: {', '.join(allowed)}")
    return compiler.expressions(written, place, ROW)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of a mapping file; every complaint names the file, the line and the key.

Expressions are Jinja2 expressions, SQL is plain text with ``:name`` binds: values are always bound, never pasted.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from gateway.edms_adapter.sql.complaint import MappingError
from gateway.edms_adapter.sql.places import Places
from gateway.edms_adapter.sql.vendors import chosen, is_for
from gateway.errors import Reason
from gateway.model import EventKind
from gateway.settings.problems import remedy_of

PAGE = "docs/adding-an-edms.md"


def _for_our_vendor(written: object, info: ValidationInfo) -> object:
    return chosen(written, (info.context or {}).get("vendor", ""))


Expr = Annotated[str, Field(min_length=1)]  # a Jinja2 expression
# one statement: a text, or a table of texts by the database's name with `default` for the others (see vendors.py)
Sql = Annotated[str, Field(min_length=1), BeforeValidator(_for_our_vendor)]
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Name = Annotated[str, Field(pattern=f"^{NAME.pattern}$")]
Table = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$")]
# a procedure or function, with its schema or package; likewise
Routine = Annotated[
    str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_$#]*(\.[A-Za-z_][A-Za-z0-9_$#]*){0,2}$"), BeforeValidator(_for_our_vendor)
]
Kind = Literal["integer", "number", "text", "date", "moment"]  # of what a procedure answers
Values = dict[str, Expr]
Constant = str | int | float | bool | tuple[str, ...]
Route = Literal["index", "name and post", "initials", "post", "department"]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)


class Query(Section):
    """A statement and the expressions of its binds."""

    sql: Sql
    values: Values = {}


class Step(Section):
    """One thing done: a row inserted (`table`), a statement (`sql`), a procedure (`call`), or only inner `steps`.

    It may be a call on some databases and a statement on the others, each as a table of texts by the database's name.
    `each` repeats it over a list, giving every `item` a name; `when` leaves it out.
    `as` names its result: the returned `key` of an insert, the first row of a query, what a procedure answers (`out`),
    the row count of any other.  A result that says `failed` undoes the transaction, or what `then` says.
    """

    table: Table | None = None
    sql: Sql | None = None
    call: Routine | None = None
    function: bool = False  # what is called is a function, not a procedure
    out: dict[Name, Kind] = {}  # what it answers; a name that is among `values` too goes in and comes out
    order: tuple[Name, ...] = ()  # every parameter as it is declared; empty: by name, and as written on MariaDB, MySQL
    key: Name | None = None
    as_: Name | None = Field(default=None, alias="as")
    each: Expr | None = None
    item: Name | None = None
    when: Expr | None = None
    values: Values = {}
    # the longest a text of `values` may be, in characters: what is longer is cut there; nothing else ever is
    cut: dict[str, Annotated[int, Field(ge=1)]] = {}
    failed: Expr | None = None  # sees the result: true when the EDMS would not do it
    text: Expr | None = None  # why, for people; sees it too
    then: Literal["not now", "wait", "refuse"] = "not now"  # again later; before a person; back to the sender
    reason: Reason | None = None  # of a refusal
    steps: tuple["Step", ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _as_our_vendor_does_it(cls, written: object, info: ValidationInfo) -> object:
        """Leave out the one of `call` and `sql` that is written for other databases, with what is of calls alone."""
        vendor = (info.context or {}).get("vendor", "")
        if not (isinstance(written, dict) and {"call", "sql"} <= written.keys()):
            return written
        if is_for(written["call"], vendor) == is_for(written["sql"], vendor):
            return written
        others = ("sql",) if is_for(written["call"], vendor) else ("call", "out", "order", "function")
        return {key: value for key, value in written.items() if key not in others}

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if sum(map(bool, (self.table, self.sql, self.call))) > 1:
            raise ValueError("give either 'table', 'sql' or 'call', not two of them")
        if not (self.table or self.sql or self.call or self.steps):
            raise ValueError("does nothing: give 'table', 'sql', 'call' or inner 'steps'")
        if self.table and not self.values:
            raise ValueError("an insert needs 'values'")
        if self.table and bool(self.key) != bool(self.as_):
            raise ValueError("'key' (the column returned) and 'as' (its name in expressions) go together")
        if self.item and not self.each:
            raise ValueError("'item' names what 'each' goes through: give 'each' too")
        spare = sorted(self.cut.keys() - self.values.keys())
        if spare:
            raise ValueError(f"'cut' shortens values, and there is no value {spare[0]!r}: correct the name")
        return self

    @model_validator(mode="after")
    def _called_rightly(self) -> Self:
        if not self.call:
            if self.out or self.order or self.function:
                raise ValueError("'out', 'order' and 'function' are of a procedure: give 'call' too")
            return self
        if bool(self.out) != bool(self.as_):
            raise ValueError("'out' (what the procedure answers) and 'as' (its name in expressions) go together")
        if self.function and not self.out:
            raise ValueError("a function answers: name what in 'out'")
        wrong = [name for name in self.values if not NAME.fullmatch(name)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no name of a parameter: letters, digits and underscores only")
        parameters = self.values.keys() if self.function else self.values.keys() | self.out.keys()
        if self.order and sorted(self.order) != sorted(parameters):
            raise ValueError(f"'order' must name every parameter once: {', '.join(sorted(parameters)) or 'none'}")
        return self

    @model_validator(mode="after")
    def _failure_complete(self) -> Self:
        if not self.failed:
            if self.text or self.reason or self.then != "not now":
                raise ValueError("'text', 'then' and 'reason' are of a failure: give 'failed' too")
            return self
        if not (self.as_ and (self.call or self.sql)):
            raise ValueError("'failed' looks at a result: give 'call' or 'sql', and 'as'")
        if not self.text:
            raise ValueError("'failed' needs 'text', what people are told")
        if (self.then == "refuse") != (self.reason is not None):
            raise ValueError("then = \"refuse\" and 'reason', one of the words of docs/states.md, go together")
        return self


class DatabaseSection(Section):
    time_zone: str = ""  # of naive columns and of texts without a zone; empty: the office's
    search_path: str = ""  # PostgreSQL schema
    key: Literal["integer", "text"] = "integer"  # the type of a card's key

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name:
            try:
                ZoneInfo(name)
            except (KeyError, ValueError, OSError) as error:
                raise ValueError(f"{name!r} is no time zone: write a name such as 'Europe/Moscow'") from error
        return name


class ClaimSection(Section):
    # our own tables are <prefix>exchange, <prefix>follow_up, <prefix>told, and <prefix>reserved of `number.reserve`
    prefix: Name = "edms_gw_"
    db_schema: Name | None = Field(default=None, alias="schema")


class FilesSection(Section):
    """Where bytes go: at most `inline_max_bytes` into the row, larger ones into the file store by path.

    With `chunk_bytes` larger ones go into rows of so many bytes, which steps with ``each = "file.chunks"`` write.
    """

    inline_max_bytes: int = Field(default=0, ge=0, le=8 << 20)  # LIMIT: a row never holds more than 8 MiB
    chunk_bytes: int | None = Field(default=None, ge=1024, le=8 << 20)  # LIMIT: likewise; None: into the file store
    chunk: Sql | None = None  # :file, :number (from 1) → the bytes of that row, its first column
    # :card → path, size, sha256, content of every file and signature of the card; with chunk_bytes also chunks, which
    # `chunk` gets as :file
    of_card: Sql
    referenced: Sql | None = None  # → path of every file anybody needs; without it nothing is swept

    @model_validator(mode="after")
    def _chunks_are_read_back(self) -> Self:
        if (self.chunk_bytes is None) != (self.chunk is None):
            raise ValueError("'chunk_bytes' and 'chunk', the statement that reads one row, go together")
        return self


class ExistsSection(Section):
    """Queries by which `edms check` finds what rules name: one row is enough; without a query nothing is said."""

    group: Sql | None = None  # :name; may use :office
    journal: Sql | None = None  # likewise


class AssignedNumber(Section):
    """Where the number stands that the EDMS gave by itself while the card was made."""

    sql: Sql | None = None  # → one row; None: the results of the steps say it
    values: Values = {}  # see card and the results of the steps
    number: Expr  # sees row too
    date: Expr | None = None  # likewise; None: the day of registering


class NumberSection(Section):
    """How a document gets its number: one of four ways.

    `advance` and `read`: a counter inside the registering transaction.  Gap-free: what rolls back takes nothing.
    `take`: a sequence or a procedure, asked inside that transaction.  Not gap-free: what rolls back loses a number.
    `reserve` and `return`: a number got before, in a transaction of its own, and given back when it was not used.
    As gap-free as `return` makes it, and as the vendor does when a number that is given back goes to the next.
    `assigned`: the EDMS gives it while the card is made.  Gap-free if the EDMS is.
    No way gives one number to two cards.
    """

    values: Values = {}  # what a number belongs to, such as journal and year
    advance: Sql | None = None
    read: Sql | None = None  # → one row, its first column the number just taken
    start: Sql | None = None  # makes the counter's row so that `advance` gives 1
    take: Step | None = None  # the first value of its result is n
    reserve: Step | None = None  # likewise; its result is remembered as JSON until it is used or given back
    return_: tuple[Step, ...] = Field(default=(), alias="return")  # see that result under its name
    assigned: AssignedNumber | None = None
    # :year → name [, by_hand] of every journal without a counter for that year; by_hand: `start` does not make it
    missing: Sql | None = None
    # :number and the values → a row when a card has that number; without it no number is ever given a second time
    taken: Sql | None = None
    text: Expr | None = None  # why a document waits when there is no counter, for people
    format: Expr | None = None  # sees n and the result of `take` or `reserve`

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        counter = (self.advance, self.read)
        if any(counter) and not all(counter):
            raise ValueError("'advance' and 'read' go together: a counter is advanced, and then read")
        if sum(map(bool, (any(counter), self.take, self.reserve, self.assigned))) != 1:
            raise ValueError("give one way: 'advance' and 'read', 'take', 'reserve' and 'return', or 'assigned'")
        if bool(self.format) == bool(self.assigned):
            raise ValueError("'format' writes a number out of n: give it, but not with 'assigned'")
        if self.start and not self.advance:
            raise ValueError("'start' is of a counter: give 'advance' and 'read' too")
        if bool(self.reserve) != bool(self.return_):
            raise ValueError("'reserve' and 'return' go together: a number not used must go back")
        for name, step in (("take", self.take), ("reserve", self.reserve)):
            if step and (step.table or step.each or step.when or step.steps or not step.as_):
                raise ValueError(f"'{name}' is one 'sql' or 'call' with 'as', the name of its result, and no more")
        return self


class Lookup(Query):
    """A value needed to register, and what to do when there is none: never a silent NULL.

    The statement finds the row; or it gives the rows among which `column` is compared with `value` here, for what not
    every database compares as people do: `fold`, and `prefix`.
    """

    name: Name
    column: Name | None = None
    value: Expr | None = None
    fold: bool = False  # case, width and blanks around make no difference, in any alphabet
    prefix: bool = False  # `value` begins with `column`, and the longest wins: codes of a tree such as 0.2ABC.
    missing: Literal["default", "wait", "refuse"]
    default: Expr | None = None
    reason: Reason | None = None  # of a refusal
    text: Expr | None = None  # of a refusal or a wait, for people

    @model_validator(mode="after")
    def _compared_rightly(self) -> Self:
        compares = self.fold or self.prefix
        if compares != (self.column is not None) or compares != (self.value is not None):
            raise ValueError("'fold' or 'prefix' compares a 'column' of the rows with a 'value': give all of them")
        return self

    @model_validator(mode="after")
    def _outcome_complete(self) -> Self:
        if self.missing == "default" and self.default is None:
            raise ValueError("missing = \"default\" needs 'default', an expression (for nothing write 'none')")
        if self.missing != "default" and self.text is None:
            raise ValueError(f"missing = \"{self.missing}\" needs 'text', what people are told")
        if self.missing == "refuse" and self.reason is None:
            raise ValueError("missing = \"refuse\" needs 'reason', one of the words of docs/states.md")
        return self


class OfficeSection(Section):
    """Which organisations of ours the EDMS keeps apart."""

    known: Sql  # :office (an exchange index) → a row when the EDMS has that organisation


class StandingSection(Section):
    """Which cards there are: for `db verify`, and for cards that vanished."""

    sql: Sql  # → card, number, date of every card, as they are now
    dispatches: Sql | None = None  # → ref, a text: every dispatch row that counts as taken, sent or reported on


class RoutingSection(Section):
    # → key, name, post, department, index [, number, deputy_key, deputy_name, left_on, head_key, head_name]; may use
    # :office, :today.  The deputy counts while somebody is away and after he left, the head only then
    inboxes: Sql
    default: Sql  # :wanted (empty, or the name or key the office wants) → key, name; may use :office
    strategies: tuple[Route, ...] = ("index", "name and post", "initials", "post", "department")


class PeopleSection(Section):
    # may use :office, :today → index, name, post, department, deputy (an index), head (a flag)
    sql: Sql


class PartnerPeopleSection(Section):
    """Where a partner's people lie; the steps see `correspondent` and `now`, and what stands beside them."""

    find: Sql  # :index → the correspondent's key
    known: Sql  # :correspondent → index, name, post, department, deputy, head, dismissed, and what the steps need
    add: tuple[Step, ...]  # official
    change: tuple[Step, ...]  # official, known (its row); also for one who was dismissed and is there again
    dismiss: tuple[Step, ...]  # known


class Reader(Section):
    """A query expressions may call: ``read.files(card=row.card)`` gives a list, or with `single` one value or none."""

    sql: Sql
    value: Expr  # sees row
    single: bool = False


class WaitingSection(Section):
    """How a document is laid before a person; without `steps` those of [[register]], which see a `reason` then."""

    steps: tuple[Step, ...] = ()
    card: Expr | None = None  # its key; None: as [[register]] gives it
    # → waiting, card, number, date, at of every paper decided about; card is NULL for one that became none
    settled: Sql | None = None


class Change(Section):
    """What people did: rows with id, card and cur, and how each becomes an event."""

    event: EventKind
    name: str = ""  # part of the event key; empty: the event's
    sql: Sql  # → id, card, cur, …
    cursor: Literal["moment", "integer"] = "moment"
    # seconds, or steps of an integer cursor: longer than any transaction lives; None: a watch tells it
    overlap: int | None = Field(default=None, ge=0)
    state: Expr | None = None  # part of the event key, for rows that change state
    fields: Values = {}


class Watch(Section):
    """A table of the EDMS: a trigger of ours writes down which of its rows were changed."""

    table: Table
    key: Name  # the column that is written down
    type: Literal["integer", "text", "uuid"] = "integer"  # of that column
    on: tuple[Literal["insert", "update", "delete"], ...] = Field(default=("insert", "update"), min_length=1)
    columns: tuple[Name, ...] = ()  # only an update that changes one of these counts; empty: any update
    tells: dict[str, Name] = Field(min_length=1)  # the name of a rule → the column of its query that holds the key

    @property
    def source(self) -> str:
        """What stands in the outbox for it."""
        return f"{self.table}.{self.key}"


class OutboxSection(Section):
    """Changes written down by triggers, whose statements `edms outbox-ddl` prints; PostgreSQL and SQLite."""

    watch: tuple[Watch, ...] = Field(min_length=1)
    signal: bool = False  # the trigger also calls us (PostgreSQL: NOTIFY), so that we need not wait for the next poll

    def watches(self, rule: str) -> tuple[Watch, ...]:
        """Return what tells *rule*; nothing: it is read by its `cur` and its overlap."""
        return tuple(watch for watch in self.watch if rule in watch.tells)


class OutgoingSection(Section):
    sql: Sql  # → id, cur, … in sending order
    fields: Values  # ref, card, to, document [, answers, subscription, change]


class WithdrawalSection(Section):
    """Which dispatches a clerk wants taken back and nobody answered yet."""

    sql: Sql  # → id, cur, …
    fields: Values  # ref [, why]


class RecordRule(Section):
    events: tuple[EventKind, ...] = ()  # empty: every event
    steps: tuple[Step, ...]


class RecordSection(Section):
    find: Sql  # :ref → the dispatch row
    on: tuple[RecordRule, ...]


class MarkSection(Section):
    taken: tuple[Step, ...]
    sent: tuple[Step, ...]
    failed: tuple[Step, ...]
    refused: tuple[Step, ...]
    overdue: tuple[Step, ...]
    cancelled: tuple[Step, ...] = ()
    stands: tuple[Step, ...] = ()
    changes_taken: tuple[Step, ...] = ()
    changes_none: tuple[Step, ...] = ()
    changes_sent: tuple[Step, ...] = ()
    changes_failed: tuple[Step, ...] = ()


class LinkSection(Section):
    """How a document is tied to one it names; `original` is what its sender says of that one, and its kind of link."""

    find: Query  # → key of the original's card; none or two: it is not found
    steps: tuple[Step, ...]
    missing: tuple[Step, ...] = ()  # what is done with the words then


class Mapping(Section):
    """A whole mapping file."""

    const: dict[Name, Constant] = {}
    # other constants for one partner, by its id: where a document of its or for it is at hand (see docs)
    override: dict[str, dict[Name, Constant]] = {}
    database: DatabaseSection = DatabaseSection()
    claim: ClaimSection = ClaimSection()
    files: FilesSection
    number: NumberSection
    exists: ExistsSection = ExistsSection()
    lookup: tuple[Lookup, ...] = ()
    same_number: Query | None = None  # → card, number, date of a card that has the sender's number already
    office: OfficeSection | None = None  # None: the EDMS is one organisation's, and does not tell ours apart
    standing: StandingSection | None = None  # None: whether a card is still there is never looked at
    routing: RoutingSection
    people: PeopleSection | None = None
    partner_people: PartnerPeopleSection | None = None
    read: dict[Name, Reader] = {}
    register_: tuple[Step, ...] = Field(alias="register", min_length=1)
    draft: tuple[Step, ...] = ()  # a draft's card, without a number; sees approvals; none: drafts wait for a person
    card: Expr = "card"  # the key of the card that the steps of [[register]] or of [[draft]] made
    waiting: WaitingSection = WaitingSection()
    attach: tuple[Step, ...]
    changes: tuple[Change, ...] = ()
    outbox: OutboxSection | None = None  # None: every rule is read by its overlap
    outgoing: OutgoingSection
    withdrawal: WithdrawalSection | None = None  # None: clerks cannot take back what they sent
    record: RecordSection
    mark: MarkSection
    link: LinkSection

    @model_validator(mode="after")
    def _overrides_constants(self) -> Self:
        for partner, words in self.override.items():
            if unknown := sorted(words.keys() - self.const.keys()):
                raise ValueError(f"override.{partner}.{unknown[0]}: is no constant: name it in [const] for all others")
        return self

    @model_validator(mode="after")
    def _change_names_differ(self) -> Self:
        names = [change.name or change.event.value for change in self.changes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"changes: two rules are called {', '.join(twice)}: give one of them another 'name'")
        return self

    @model_validator(mode="after")
    def _every_change_is_told(self) -> Self:
        names = [change.name or change.event.value for change in self.changes]
        watches = self.outbox.watch if self.outbox else ()
        for position, watch in enumerate(watches, 1):
            if unknown := sorted(watch.tells.keys() - set(names)):
                known = ", ".join(names)
                raise ValueError(f"outbox.watch[{position}].tells: there is no rule {unknown[0]!r}; there are: {known}")
            if watch.source in [earlier.source for earlier in watches[: position - 1]]:
                raise ValueError(f"outbox.watch[{position}]: {watch.source} is watched already: make one of the two")
        for position, change in enumerate(self.changes, 1):
            told = self.outbox is not None and self.outbox.watches(names[position - 1])
            if change.overlap is None and not told:
                raise ValueError(
                    f"changes[{position}].overlap: is missing: give the longest life of a transaction, in seconds, "
                    "or let a watch of [outbox] tell the rule"
                )
        return self

    @model_validator(mode="after")
    def _what_goes_out_is_whole(self) -> Self:
        for name in ("ref", "card", "to", "document"):
            if name not in self.outgoing.fields:
                raise ValueError(f"outgoing.fields.{name}: is missing")
        return self

    @model_validator(mode="after")
    def _wishes_are_answered(self) -> Self:
        asked = ["cancelled", "stands"] if self.withdrawal else []
        if "change" in self.outgoing.fields:
            asked += ["changes_taken", "changes_none", "changes_failed"]
        for state in asked:
            if not getattr(self.mark, state):
                raise ValueError(f"mark.{state}: is missing: without it the clerk's wish is never answered")
        return self


def load(path: Path, vendor: str) -> Mapping:
    """Read a mapping file as it is for the databases of *vendor*.

    Raises MappingError that lists every complaint with its line and key.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise MappingError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: is not TOML: {error}") from error
    try:
        return Mapping.model_validate(raw, context={"vendor": vendor})
    except ValidationError as error:
        places = Places.read(path)
        lines = (places.said(f"{_key(item['loc'])}: {_said(item)}") for item in error.errors(include_url=False))
        raise MappingError("\n".join(lines)) from error


def _said(fault: ErrorDetails) -> str:
    """Return what is wrong and, where the words do not say it themselves, what would be right."""
    remedy = remedy_of(fault, Mapping, PAGE)
    return f"{fault['msg']}; {remedy}" if remedy else fault["msg"]


def _key(location: tuple[int | str, ...]) -> str:
    """Return a pydantic location the way people would say it: ``register[2].values.subject``."""
    key = ""
    for part in location:
        key += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if key else str(part)
    return key or "the file"

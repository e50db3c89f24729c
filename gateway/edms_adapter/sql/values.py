# SPDX-License-Identifier: GPL-3.0-or-later
"""What expressions build: values of the model out of columns, forgiving about NULL and about how SQLite keeps time."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from gateway.model import (
    Approval,
    ApprovalKind,
    Author,
    Citizen,
    ControlState,
    Department,
    Document,
    DocumentControl,
    DocumentRef,
    DocumentType,
    DocumentUid,
    Drafter,
    DraftState,
    Executor,
    Link,
    Number,
    Organisation,
    Party,
    Person,
    Refusal,
    Subscription,
    Task,
    TaskControl,
    TaskKind,
    TaskUid,
    Term,
)

FOLD_REACH = timedelta(hours=3)  # LIMIT: no clock is put back further


def text(value: object) -> str:
    return "" if value is None else str(value)


def moment(value: object, zone: tzinfo) -> datetime | None:
    """Return an aware UTC moment; a naive column is in *zone*; None for NULL.

    Of an hour that clocks repeat, the first is meant; a time they leave out counts from before they were put forward.
    """
    if value is None or value == "":
        return None
    when = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return (when if when.tzinfo else when.replace(tzinfo=zone)).astimezone(UTC)


def local(value: object, zone: tzinfo) -> datetime | None:
    """Return the moment *value* as clocks of *zone* show it, without a zone; None for NULL."""
    when = moment(value, zone)
    return None if when is None else when.astimezone(zone).replace(tzinfo=None)


def before_fold(when: datetime, zone: tzinfo) -> datetime:
    """Return *when*, or earlier by as much as clocks of *zone* are put back soon after it.

    A column without a zone repeats that hour: what was written in the second one looks older than the first's end.
    """
    back = (when.astimezone(zone).utcoffset() or timedelta()) - (
        (when + FOLD_REACH).astimezone(zone).utcoffset() or timedelta()
    )
    return when - max(back, timedelta())


def day(value: object) -> date | None:
    """Return a calendar date; None for NULL."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def number(number: object = None, date: object = None) -> Number:
    return Number(text(number), day(date))


def term(words: object = None, index: object = None) -> Term | None:
    """Return a Term, or None when there is neither text nor index."""
    return Term(text(words), text(index)) if words or index else None


def organisation(
    short_name: object = None, full_name: object = None, index: object = None, tax_id: object = None
) -> Organisation | None:
    """Return an Organisation, or None when all is empty."""
    named = Organisation(text(short_name), text(full_name), text(index), text(tax_id))
    return named if named != Organisation() else None


def party(
    organisation: Organisation | None = None,
    department: object = None,
    name: object = None,
    post: object = None,
    index: object = None,
    citizen: object = None,
) -> Party | None:
    """Return a Party of an organisation, a department by name and a person; None when all is empty."""
    if citizen:
        return Party(citizen=Citizen(text(citizen)))
    unit = Department(text(department)) if department else None
    person = Person(text(name), text(post), index=text(index)) if name or post else None
    return Party(organisation, unit, person) if organisation or unit or person else None


def control(
    state: object = None,
    deadline: object = None,
    progress: object = None,
    fact_date: object = None,
    resume: object = None,
    controller: Party | None = None,
) -> TaskControl | None:
    """Return a TaskControl; *state* is none, open or ended; None when all is empty."""
    made = TaskControl(
        ControlState(state) if state else None, controller, day(deadline), text(progress), day(fact_date), text(resume)
    )
    return made if made != TaskControl() else None


def document_control(state: object, deadline: object = None, fact_date: object = None) -> DocumentControl | None:
    return DocumentControl(ControlState(state), day(deadline), day(fact_date)) if state else None


def task(uid: object, **rest: Any) -> Task:  # Any: the fields of Task, checked by it
    """Return a Task; `kind` may be a word, dates and NULLs are put right."""
    fields: dict[str, Any] = {key: value for key, value in rest.items() if value is not None}
    if "kind" in fields:
        fields["kind"] = TaskKind(fields["kind"])
    if "signed_on" in fields:
        fields["signed_on"] = day(fields["signed_on"])
    for flag in {"private", "draft"} & fields.keys():
        fields[flag] = bool(fields[flag])
    fields["executors"] = tuple(fields.get("executors", ()))
    fields["files"] = tuple(fields.get("files", ()))
    return Task(TaskUid(text(uid)), **fields)


def document(**rest: Any) -> Document:  # Any: the fields of Document, checked by it
    """Return a Document; NULLs are left out, lists become tuples."""
    fields: dict[str, Any] = {}
    for key, value in rest.items():
        if value is None:
            continue
        fields[key] = tuple(value) if isinstance(value, list) else value
    fields["uid"] = DocumentUid(text(fields.get("uid")))
    if "type" in fields:
        fields["type"] = DocumentType(fields["type"])
    return Document(**fields)


def draft_state(status: object = None, version: object = None, version_uid: object = None) -> DraftState | None:
    """Return a DraftState; *status* is a word of the model; None when all is empty."""
    made = DraftState(text(status), None if version is None else int(str(version)), text(version_uid))
    return made if made != DraftState() else None


def functions(zone: tzinfo) -> dict[str, Callable[..., object]]:
    """Return what expressions may call, moments without a zone read as in *zone*."""

    def executor(party: Party, responsible: object = False, reported_at: object = None, **rest: Any) -> Executor:
        fields = {key: value for key, value in rest.items() if value is not None}  # Any: the fields of Executor
        fields["files"] = tuple(fields.get("files", ()))
        return Executor(party, bool(responsible), reported_at=moment(reported_at, zone), **fields)

    def approval(
        uid: object, kind: str, party: Party, signed_at: object = None, term: object = None, **rest: Any
    ) -> Approval:
        fields = {key: value for key, value in rest.items() if value is not None}  # Any: the fields of Approval
        fields["files"] = tuple(fields.get("files", ()))
        return Approval(text(uid), ApprovalKind(kind), party, moment(signed_at, zone), moment(term, zone), **fields)

    def link(kind: Term, uid: object, words: object, date: object, card: object = "", description: str = "") -> Link:
        return Link(kind, DocumentRef(DocumentUid(text(uid)), number(words, date), card=text(card)), description)

    def link_in_words(kind: Term | None, description: object, url: object = "") -> Link:
        return Link(kind or Term(), description=text(description), url=text(url))

    return {
        "text": text,
        "moment": lambda value, time_zone=None: moment(value, ZoneInfo(time_zone) if time_zone else zone),
        "local": lambda value, time_zone: local(value, ZoneInfo(time_zone)),
        "day": day,
        "number_of": number,
        "term": term,
        "organisation": organisation,
        "party": party,
        "control": control,
        "document_control": document_control,
        "task": task,
        "executor": executor,
        "approval": approval,
        "approval_kind": ApprovalKind,
        "draft_state": draft_state,
        "document": document,
        "link": link,
        "link_in_words": link_in_words,
        "author": lambda party=None, number=None: Author(party, number),
        "drafter": lambda party=None, note="": Drafter(party, text(note)) if party else None,
        "refusal": lambda code, words, place="", retryable=True: Refusal(
            int(code), text(words), text(place), retryable=bool(retryable)
        ),
        "flag": lambda value: None if value is None else bool(value),
        "subscription": lambda days: Subscription(int(days)),
        "task_uid": lambda uid: TaskUid(text(uid)) if uid else None,
        "without_nothing": without_nothing,
    }


def without_nothing(values: Iterable[object]) -> tuple[object, ...]:
    """Return *values* without None: for lists some of whose members are optional."""
    return tuple(value for value in values if value is not None)


class Record:
    """One row, its columns as attributes; what it does not have is undefined in an expression."""

    __slots__ = ("__dict__",)

    def __init__(self, columns: Mapping[Any, object] | Iterable[tuple[Any, object]]) -> None:  # Any: a driver's texts
        self.__dict__.update(columns)

    def __getattr__(self, name: str) -> Any:  # Any: a column holds what it holds
        raise AttributeError(f"the row has no column {name}; it has {', '.join(self.__dict__) or 'none'}")

    def __repr__(self) -> str:
        return f"Record({', '.join(self.__dict__)})"

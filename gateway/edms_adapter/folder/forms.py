# SPDX-License-Identifier: GPL-3.0-or-later
"""Every JSON that lies in the folders, by the name of its file; docs/edms-folder.schema.json is made of these.

Texts are UTF-8; moments are RFC 3339 with an offset or ``Z``; dates are calendar dates of the office, ``2026-11-22``;
sizes are bytes; SHA-256 is 64 lower-case hexadecimal digits.  A key that is not named here is kept where it stands and
means nothing to us; a key that is missing has its default.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from gateway.model import (
    ApprovalKind,
    Document,
    Event,
    EventKey,
    EventKind,
    Executor,
    FileRole,
    Number,
    Party,
    Refusal,
    Task,
    TaskUid,
    Term,
)

VERSION = 1
REFUSED_BY_A_PERSON = 2001  # the code of a refusal that names none: docs/protocol.md, refusals by a person
MAX_JSON_BYTES = 4 << 20  # LIMIT: of one JSON; a larger one is no card


class Form(BaseModel):
    """A JSON object; unknown keys are let be."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


def _plain(name: str) -> str:
    if not name or name in (".", "..") or any(letter in '/\\:\0<>"|?*' or ord(letter) < 32 for letter in name):
        raise ValueError("is not the plain name of a file in the package")
    return name


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _registration(number: Number) -> Number:
    if not number.text.strip() or number.date is None:
        raise ValueError('needs a text and a date: {"text": "IN-17", "date": "2026-11-22"}')
    return number


PlainName = Annotated[str, Field(max_length=255), AfterValidator(_plain)]
Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
Given = Annotated[Number, AfterValidator(_registration)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class PackageFile(Form):
    """One file of a package."""

    file: PlainName  # its name in the package: harmless on every system, never what the sender called it
    name: str = ""  # what people call it
    size: int | None = None  # bytes
    sha256: Digest | None = None
    media_type: str = "application/octet-stream"
    role: FileRole = FileRole.ANNEX
    signature_of: str = ""  # the `file` that this is a detached signature of; empty: it is no signature
    task: str = ""  # the uid of the task it belongs to; empty: the document's own


class Incoming(Form):
    """``incoming/<package>/document.json``, ours: a document to take in, or what is added to one."""

    version: int = VERSION
    package: str  # the name of its folder; a package that comes again under its name is the same one
    exchange: str  # names this document between this sender and us, for ever
    adds_to: str = ""  # the package whose card these files and tasks are for; empty: a document of its own
    office: str = ""  # the exchange index of our organisation it is for
    partner: str = ""  # who sent it, by the name in partners.toml
    correspondent: Party | None = None  # who sent it, proven
    received_at: Moment | None = None  # when the letter reached us
    register_on: date | None = None  # the date to register it under
    number: Number | None = None  # given already, it is to be registered under this one; None: the system gives it
    wait_because: str = ""  # why a person must decide first; empty: nothing stands against registering
    draft: bool = False  # a draft is not registered: people sign it
    group: str = ""  # our kind of document; empty: the system's default; so the next four
    journal: str = ""
    access: str = ""
    rule: str = ""  # of receiving, that applied
    default_inbox: str = ""
    files: tuple[PackageFile, ...] = ()  # all that came, signatures too
    document: Document = Document()  # everything its sender said


class Registered(Form):
    """``incoming/<package>/registered.json``, the system's: it is registered."""

    number: Given | None = None  # with its date; may be left out where we gave it
    at: Moment | None = None  # when


class Rejected(Form):
    """``incoming/<package>/refused.json``, the system's: a person refused it, and the sender is told why."""

    text: Annotated[str, Field(min_length=1)]  # the person's words, for the sender
    code: int = REFUSED_BY_A_PERSON
    at: Moment | None = None


Told = Literal[
    "edited",
    "forwarded",
    "assigned",
    "due_changed",
    "progress",
    "executor_reported",
    "executed",
    "reopened",
    "executor_changed",
    "task_cancelled",
    "acquainted",
    "redirected",
    "answered",
    "renumbered",
    "withdrawn",
    "deregistered",
    "directed",
    "signed",
    "draft_registered",
]
NEEDED: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("assigned", "due_changed", "progress", "executor_reported", "executed"), ("task",)),
    **dict.fromkeys(("reopened", "executor_changed", "task_cancelled"), ("task",)),
    **dict.fromkeys(("forwarded", "redirected"), ("to", "at")),
    **dict.fromkeys(("renumbered", "deregistered"), ("number",)),
    **dict.fromkeys(("edited", "signed", "draft_registered"), ("document",)),
    "answered": ("document", "at"),
    "directed": ("to", "at", "approval"),
}


class Fact(Form):
    """What both sides tell about a document: the fields of an event, of which each kind uses its own."""

    at: Moment | None = None
    who: Party | None = None
    number: Number | None = None
    to: Party | None = None
    way: Term | None = None
    task: Task | None = None  # the whole task, as it stands after the fact
    initial_task: str | None = None
    executor: Executor | None = None
    document: Document | None = None
    approval: ApprovalKind | None = None
    text: str = ""


class Happened(Fact):
    """``incoming/<package>/event-<name>.json``, the system's: what people did with a document."""

    kind: Told

    @model_validator(mode="after")
    def _whole(self) -> Self:
        lacking = [name for name in NEEDED.get(self.kind, ()) if getattr(self, name) is None]
        if lacking:
            raise ValueError(f"{self.kind} needs {' and '.join(lacking)}")
        return self

    def event(self, key: EventKey) -> Event:
        """Return it as a fact that is known by *key*."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in Fact.model_fields}  # Any: fields of Event
        fields["initial_task"] = TaskUid(self.initial_task) if self.initial_task else None
        return Event(EventKind(self.kind), key, **fields)


class News(Fact):
    """``outgoing/<package>/news-<number>-<key>.json``, ours: what the partner did with a document we sent him."""

    version: int = VERSION
    kind: EventKind
    key: str  # the same news always has the same key
    card: str = ""  # of the partner's
    refusal: Refusal | None = None
    about: str | None = None  # of no_longer_reported: the key of what vanished
    contradicts: str | None = None  # not empty: it does not stand, for this stands against it
    told_at: Moment | None = None  # when the report was made
    files: tuple[PackageFile, ...] = ()  # that lie beside it


class Sending(Form):
    """``outgoing/<package>/document.json``, the system's: a document to send to one organisation."""

    to: Annotated[str, Field(min_length=1)]  # the recipient organisation's exchange index
    card: str = ""  # the system's own key of the card
    answers: str = ""  # the incoming package that it answers; empty: none
    document: Document  # `uid` and what the partner shall see; its `files` are those below
    files: tuple[PackageFile, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.document.uid:
            raise ValueError("document.uid is missing: by it the partner's reports find the document again")
        names = [one.file for one in self.files]
        if len(set(names)) < len(names):
            raise ValueError("two files have the same name")
        lost = {one.signature_of for one in self.files} - {"", *names}
        if lost:
            raise ValueError(f"signature_of names {', '.join(sorted(lost))}, which is none of the files")
        return self


class Withdrawn(Form):
    """``outgoing/<package>/withdraw.json``, the system's: the clerk wants it taken back."""

    why: str = ""


class Answer(Form):
    """What became of a wish, or that a document is overdue."""

    state: str
    detail: str = ""
    at: Moment | None = None


class State(Form):
    """``outgoing/<package>/state.json``, ours: what became of a document to send."""

    version: int = VERSION
    state: Literal["taken", "sent", "failed", "refused"] | None = None  # None: it was not taken yet
    detail: str = ""  # words for the clerk
    at: Moment | None = None
    overdue: Answer | None = None
    withdrawal: Answer | None = None  # cancelled or stands
    changes: Answer | None = None


FORMS: Mapping[str, type[Form]] = {
    "incoming document.json": Incoming,
    "registered.json": Registered,
    "refused.json": Rejected,
    "event-*.json": Happened,
    "outgoing document.json": Sending,
    "withdraw.json": Withdrawn,
    "state.json": State,
    "news-*.json": News,
}


def written(form: Form) -> dict[str, Any]:  # Any: JSON
    """Return *form* as JSON, without what has its default."""
    plain: dict[str, Any] = form.model_dump(mode="json", exclude_defaults=True)
    return {"version": VERSION, **plain} if "version" in type(form).model_fields else plain


def news_of(event: Event, files: Sequence[PackageFile]) -> News:
    fields = {name: getattr(event, name) for name in News.model_fields if name not in ("version", "files")}
    return News.model_validate({**fields, "files": tuple(files)})


def schema() -> str:
    """Return the JSON Schema of every form, as docs/edms-folder.schema.json has it."""
    found: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema", "forms": {}, "$defs": {}}
    for place, form in FORMS.items():
        made = form.model_json_schema(ref_template="#/$defs/{model}")
        found["$defs"] |= {name: _bare(one) for name, one in made.pop("$defs", {}).items()}
        found["$defs"][form.__name__] = _bare(made)
        found["forms"][place] = {"$ref": f"#/$defs/{form.__name__}"}
    found["$defs"] = dict(sorted(found["$defs"].items()))
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def _bare(node: Any) -> Any:  # Any: JSON
    """Take out the titles, which repeat the names."""
    if isinstance(node, dict):
        return {key: _bare(one) for key, one in node.items() if key != "title" or not isinstance(one, str)}
    return [_bare(one) for one in node] if isinstance(node, list) else node

# SPDX-License-Identifier: GPL-3.0-or-later
"""The vocabulary: what an exchange between two records offices is made of, as frozen values.

Read this first.  Nothing here knows a wire format, a database or a socket.
Every value is optional unless its comment says otherwise; an empty text and an absent one mean the same,
so texts default to ``""`` and only things that can be *meaningfully* missing are ``None``.
Calendar dates (registration, deadlines) are ``date`` in the zone of the office that wrote them and are never converted;
moments are aware ``datetime`` in UTC.  Source: the neutral model in docs/protocol.md.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, date, datetime
from enum import Enum
from typing import NewType, Protocol, TypeVar, cast

MessageId = NewType("MessageId", str)
ReturnId = NewType("ReturnId", str)  # what every reply to a sent document quotes
DocumentUid = NewType("DocumentUid", str)
TaskUid = NewType("TaskUid", str)
PartnerId = NewType("PartnerId", str)
ExchangeId = NewType("ExchangeId", str)  # names one document between one partner and us, for ever
EventKey = NewType("EventKey", str)  # the same fact always has the same key within its exchange
CardRef = NewType("CardRef", str)  # names a card (or a waiting paper) inside one EDMS; opaque to everybody else
Sha256 = NewType("Sha256", str)  # 64 lower-case hexadecimal digits: files and contents are known by it
V = TypeVar("V")
Day = date  # a calendar date, by a name that a field called `date` does not hide


def utc(moment: datetime) -> datetime:
    """Return *moment* in UTC; a naive one is a mistake of the caller, never a guess."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC)


def folded(index: str) -> str:
    """Return an exchange index as it is compared: case and the blanks around it make no difference."""
    return index.strip().casefold()


# --- bytes --------------------------------------------------------------------------------------------------------


class Content(Protocol):
    """Bytes that lie somewhere and can be read again and again, in blocks, without holding them all."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    @property
    def sha256(self) -> Sha256:
        """The digest the bytes are known by."""

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes from the start; each block at most 1 MiB."""


class Sink(Protocol):
    """Where bytes are put while they arrive; `close` makes them a `Content`."""

    def write(self, block: bytes) -> None:
        """Append *block*; raises OSError when the disk is full."""

    def close(self) -> Content:
        """Finish and return what was written."""

    def discard(self) -> None:
        """Forget what was written; allowed at any time, also after `close`."""


NewSink = Callable[[], Sink]


Contents = Mapping[Sha256, Content]  # the bytes of every file a message names


# --- letters ------------------------------------------------------------------------------------------------------


class Severity(Enum):
    NOTE = "note"  # a leniency: understood all the same
    ERROR = "error"  # why something could not be understood


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a letter that is not as the standard wants it."""

    severity: Severity
    code: str  # stable, lower case with dashes, listed in docs/protocol.md
    place: str  # XML path, part number or header
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of a letter: decoded, its bytes somewhere."""

    path: str  # "1", "2", "3.1": its place in the MIME tree
    media_type: str  # lower case, "text/plain" when the letter does not say
    charset: str  # as declared, lower case; empty when not
    name: str  # the file name as best read, empty for none; display data, never a path
    names: tuple[str, ...]  # every reading of the name, `name` first
    content: Content


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail as received: transport wrapping, before anybody asks what it means."""

    headers: tuple[tuple[str, str], ...]  # in order; names as written, values unfolded and decoded to text
    parts: tuple[Part, ...]
    size: int  # bytes
    digest: Sha256  # of the letter without trace fields: the same by whatever route it came
    problems: tuple[Problem, ...] = ()

    def all(self, name: str) -> tuple[str, ...]:
        """Return the values of every header field called *name* (case does not matter), in order."""
        return tuple(value for field, value in self.headers if field.lower() == name.lower())

    def first(self, name: str) -> str:
        """Return the first value of header *name*, or empty."""
        return next(iter(self.all(name)), "")


# --- parties ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Term:
    """A word from somebody's dictionary (kind of document, access level, category …) and its exchange index."""

    text: str = ""
    index: str = ""


@dataclass(frozen=True, slots=True)
class Organisation:
    """A body that takes part in the exchange; only `index` identifies it, never a name or a tax number."""

    short_name: str = ""
    full_name: str = ""
    index: str = ""  # «Индекс СЭВ», at most 255 characters; compared without case and trailing blanks
    tax_id: str = ""  # ИНН / УНП
    registry_id: str = ""  # ОКПО


@dataclass(frozen=True, slots=True)
class Department:
    name: str = ""
    number: str = ""  # its number in the office's nomenclature, not an identity
    index: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """An official: known by name, or by post alone."""

    name: str = ""  # «Фамилия И. О.» or the full name
    post: str = ""
    number: str = ""
    index: str = ""


@dataclass(frozen=True, slots=True)
class PostalAddress:
    postcode: str = ""
    region: Term | None = None
    settlement: str = ""
    text: str = ""


class ContactKind(Enum):
    PHONE = "phone"
    EXTENSION = "extension"
    FAX = "fax"
    EMAIL = "email"
    EXCHANGE = "exchange"  # an address inside an exchange system
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ContactPoint:
    kind: ContactKind
    value: str


@dataclass(frozen=True, slots=True)
class Citizen:
    """A natural person who writes or is written to, with the identity papers the standards allow for."""

    name: str = ""
    sex: str = ""  # "female", "male", "undefined" or empty
    tax_id: str = ""
    insurance_id: str = ""  # СНИЛС, at most 14 characters
    passport_series: str = ""
    passport_number: str = ""
    passport_issuer: str = ""
    index: str = ""


@dataclass(frozen=True, slots=True)
class System:
    """The records-management system at one end."""

    name: str = ""
    version: str = ""
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody at one end: an organisation, down to a department and a person, or else a citizen."""

    organisation: Organisation | None = None
    department: Department | None = None
    person: Person | None = None
    citizen: Citizen | None = None  # excludes the three above
    postal: tuple[PostalAddress, ...] = ()
    contacts: tuple[ContactPoint, ...] = ()
    system: System | None = None

    def __post_init__(self) -> None:
        if self.citizen and (self.organisation or self.department or self.person):
            raise ValueError("a party is either an organisation or a citizen")

    @property
    def index(self) -> str:
        """The organisation's exchange index, or empty."""
        return self.organisation.index if self.organisation else ""

    @property
    def name(self) -> str:
        """How people would call this party, most particular first; empty when nothing is known."""
        names = (
            self.citizen and self.citizen.name,
            self.person and (self.person.name or self.person.post),
            self.department and self.department.name,
            self.organisation and (self.organisation.short_name or self.organisation.full_name),
        )
        return next((name for name in names if name), "")


# --- documents ----------------------------------------------------------------------------------------------------


class DocumentType(Enum):
    CREATED = "created"  # the sender's own
    INCOMING = "incoming"  # one the sender received
    DRAFT = "draft"  # never registered as incoming by itself


@dataclass(frozen=True, slots=True)
class Number:
    """A registration: free text and a calendar date."""

    text: str = ""
    date: Day | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """A detached signature, carried on unchanged; we never call one valid."""

    name: str  # as the sender called the file
    size: int  # bytes
    sha256: Sha256 | None  # None: the message names it but it did not come
    at: datetime | None = None
    kind: int | None = None  # 0 undefined, 1 author's, 2 agreeing, 3 approving, 4 certifying, 5 acquaintance
    certificate: str = ""  # its owner, in the sender's words
    description: str = ""


class FileRole(Enum):
    TEXT = "text"
    ANNEX = "annex"


@dataclass(frozen=True, slots=True)
class File:
    """A file of a document, a task or a report of an executor; its bytes are found by `sha256`."""

    name: str  # as shown to people; never used as a path
    uid: str = ""
    size: int = 0  # bytes; what came, not what was announced
    sha256: Sha256 | None = None  # None: the message names it but it did not come
    media_type: str = "application/octet-stream"
    role: FileRole = FileRole.ANNEX
    tag: str = ""  # the sender's content tag, passed on
    signatures: tuple[Signature, ...] = ()


class ControlState(Enum):
    NONE = "none"
    OPEN = "open"  # under control
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class DocumentControl:
    state: ControlState
    deadline: date | None = None
    fact_date: date | None = None


@dataclass(frozen=True, slots=True)
class Author:
    party: Party | None = None
    number: Number | None = None  # the document's registration at this author


@dataclass(frozen=True, slots=True)
class Visa:
    """A read-only visa of a finished document."""

    party: Party
    signed_on: date | None = None
    text: str = ""


class ApprovalKind(Enum):
    VISA = "visa"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Approval:
    """A visa or signature of a draft."""

    uid: str
    kind: ApprovalKind
    party: Party
    signed_at: datetime | None = None
    term: datetime | None = None
    result: str = ""
    remark: str = ""
    added_by: Party | None = None
    files: tuple[File, ...] = ()

    @property
    def given(self) -> bool:
        """Whether it is given (or denied) already, rather than asked for."""
        return self.signed_at is not None or bool(self.result)


@dataclass(frozen=True, slots=True)
class Drafter:
    """Who prepared the document («исполнитель»)."""

    party: Party
    note: str = ""


class FieldType(Enum):
    TEXT = "text"
    DATE = "date"
    DECIMAL = "decimal"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class AdditionalField:
    name: str
    type: FieldType
    value: str


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """Which document is meant: enough to find it again, not to show it."""

    uid: DocumentUid = DocumentUid("")
    number: Number = Number()
    kind: Term | None = None
    version_uid: str = ""  # of a draft
    card: str = ""  # the other side's own key of its card, for people; never an identity here


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another document: one described in this message, or only in words, or by address."""

    kind: Term
    document: DocumentRef | None = None
    description: str = ""
    url: str = ""

    @property
    def answers(self) -> bool:
        """Whether the document with this link answers the one it leads to."""
        return self.document is not None and self.kind.text.casefold().startswith("в ответ")


@dataclass(frozen=True, slots=True)
class DraftState:
    # "created", "at_sight", "initialed", "at_signature", "signed", "not_signed", "at_registration",
    # "at_registration_with_deletion", "registered"; empty: not said
    status: str = ""
    version: int | None = None
    version_uid: str = ""


# --- tasks --------------------------------------------------------------------------------------------------------


class TaskKind(Enum):
    RESOLUTION = "resolution"
    POINT = "point"


@dataclass(frozen=True, slots=True)
class Executor:
    party: Party
    responsible: bool = False
    uid: str = ""
    text: str = ""  # what this executor reported
    reported_at: datetime | None = None
    status: Term | None = None
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskControl:
    state: ControlState | None = None
    controller: Party | None = None
    deadline: date | None = None
    progress: str = ""
    fact_date: date | None = None  # taken off control on
    resume: str = ""  # the ground for taking it off control


@dataclass(frozen=True, slots=True)
class Task:
    """An instruction («поручение»): who shall do what by when, and what came of it."""

    uid: TaskUid  # required
    kind: TaskKind = TaskKind.RESOLUTION
    number: str = ""  # of a point
    author: Party | None = None
    signed_on: date | None = None
    text: str = ""
    files: tuple[File, ...] = ()
    executors: tuple[Executor, ...] = ()
    control: TaskControl | None = None
    note: str = ""
    category: Term | None = None
    parent: TaskUid | None = None  # None: it hangs on the document itself
    private: bool = False
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A document as its sender describes it."""

    uid: DocumentUid = DocumentUid("")  # required of a main document
    type: DocumentType = DocumentType.CREATED
    number: Number = Number()
    card: str = ""  # the sender's own key of its card
    kind: Term | None = None  # «группа документов»
    access: Term | None = None
    subject: str = ""
    pages: str = ""  # "6", "1+3"
    note: str = ""
    collective: bool | None = None  # None: not said
    original_follows: bool | None = None  # True: paper comes too; None: not said
    control: DocumentControl | None = None
    draft: DraftState | None = None
    rubrics: tuple[Term, ...] = ()
    files: tuple[File, ...] = ()
    authors: tuple[Author, ...] = ()
    visas: tuple[Visa, ...] = ()
    approvals: tuple[Approval, ...] = ()
    addressees: tuple[Party, ...] = ()
    drafters: tuple[Drafter, ...] = ()
    fields: tuple[AdditionalField, ...] = ()
    links: tuple[Link, ...] = ()
    linked: tuple["Document", ...] = ()  # other documents described in the same message, found by `card`
    accompanying: tuple[str, ...] = ()  # cards of accompanying documents in `linked`
    tasks: tuple[Task, ...] = ()
    supplement: bool = False  # adds to a document sent before, found by `uid`

    def addressees_in(self, index: str) -> "tuple[Party, ...]":
        """Return the addressees that live in the organisation with exchange *index*."""
        return tuple(party for party in self.addressees if folded(party.index) == folded(index))

    @property
    def ref(self) -> DocumentRef:
        """The short way to name this document."""
        return DocumentRef(self.uid, self.number, self.kind, self.draft.version_uid if self.draft else "", self.card)


def renamed(value: V, names: Mapping[str, str]) -> V:
    """Return *value* with every organisation whose folded index is in *names* under the index found there."""
    if not names:
        return value
    return cast(V, _renamed(value, names))


def _renamed(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, tuple):
        return tuple(_renamed(one, names) for one in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    if isinstance(value, Organisation):
        return replace(value, index=names.get(folded(value.index), value.index))
    said = {each.name: getattr(value, each.name) for each in fields(value)}
    changed = {name: new for name, old in said.items() if (new := _renamed(old, names)) is not old and new != old}
    return replace(value, **changed) if changed else value


# --- events and reports -------------------------------------------------------------------------------------------


class EventKind(Enum):
    """Everything one side can tell the other about a document: a closed list."""

    RECEIVED = "received"
    REFUSED = "refused"
    REGISTERED = "registered"
    EDITED = "edited"
    FORWARDED = "forwarded"
    ASSIGNED = "assigned"
    DUE_CHANGED = "due_changed"
    PROGRESS = "progress"
    EXECUTOR_REPORTED = "executor_reported"
    EXECUTED = "executed"
    REOPENED = "reopened"
    EXECUTOR_CHANGED = "executor_changed"
    TASK_CANCELLED = "task_cancelled"
    ACQUAINTED = "acquainted"
    REDIRECTED = "redirected"
    ANSWERED = "answered"
    RENUMBERED = "renumbered"
    WITHDRAWN = "withdrawn"
    DEREGISTERED = "deregistered"
    NO_LONGER_REPORTED = "no_longer_reported"
    DIRECTED = "directed"  # a draft, to visa or signature
    SIGNED = "signed"  # a draft: results of visas and signatures
    DRAFT_REGISTERED = "draft_registered"  # a draft became a registered document


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document was not registered, for machines and for people."""

    code: int
    text: str
    place: str = ""  # where in the message, for example an XML path
    expected: str = ""
    found: str = ""
    retryable: bool = True  # False: sending the same document again cannot help


@dataclass(frozen=True, slots=True)
class Event:
    """One fact about a document: what, when, who, and what belongs to its kind.

    `task` is always the *whole* task as it stood after the fact, so a later event supersedes an earlier one.
    """

    kind: EventKind
    key: EventKey
    at: datetime | None  # None: the source gives no moment
    who: Party | None = None
    # registered, renumbered, draft_registered: ours (or the partner's) registration; a draft that was taken has none
    number: Number | None = None
    card: str = ""  # registered: the registering side's key of its card
    to: Party | None = None  # forwarded, redirected, directed
    way: Term | None = None  # redirected, answered: how it was sent («вид доставки»)
    task: Task | None = None
    initial_task: TaskUid | None = None  # the sent task this own task belongs to; None: it concerns the whole document
    executor: Executor | None = None  # executor_reported, executor_changed
    # answered: the answer; edited: the card as it stands; registered: the same, when it is a draft's;
    # signed: the draft with its visas and signatures; draft_registered: the document it became
    document: Document | None = None
    refusal: Refusal | None = None
    approval: ApprovalKind | None = None  # directed, signed
    about: EventKey | None = None  # no_longer_reported: which fact vanished
    contradicts: EventKey | None = None  # the fact that stands against this one; None: nothing contradicts
    text: str = ""
    told_at: datetime | None = None  # when the report that told it was made; None: our own people did it

    def __post_init__(self) -> None:
        if self.at is not None and self.at.tzinfo is None:
            raise ValueError(f"event {self.key} has a moment without a zone")


class ReportKind(Enum):
    RECEIPT = "receipt"  # only says "it reached us"; owed nothing
    REFUSAL = "refusal"
    PROGRESS = "progress"  # what stands now, accumulated
    EDITED = "edited"  # data of a registered document were changed


@dataclass(frozen=True, slots=True)
class Registered:
    number: Number
    card: str = ""
    at: datetime | None = None  # when the system made the card
    document: Document | None = None  # the receiver's card as a document of the report


@dataclass(frozen=True, slots=True)
class Forwarding:
    to: Party
    at: datetime


@dataclass(frozen=True, slots=True)
class Consideration:
    """An instruction the receiver's own people issued."""

    task: Task
    initial_task: TaskUid | None = None


@dataclass(frozen=True, slots=True)
class Redirection:
    to: Party
    at: datetime
    way: Term = Term()


@dataclass(frozen=True, slots=True)
class Answer:
    document: Document
    at: datetime
    way: Term = Term()


@dataclass(frozen=True, slots=True)
class Direction:
    kind: ApprovalKind
    to: Party
    at: datetime


@dataclass(frozen=True, slots=True)
class Remark:
    """What is told in words only, because a standard has no other way."""

    text: str
    at: datetime
    who: Party | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """News about a document, as what *stands now*; what is new in it is found by `reports.news`."""

    kind: ReportKind
    about: DocumentRef
    fact: EventKind | None = None  # of PROGRESS: the one fact it tells; None: everything that stands
    received_at: datetime | None = None
    refusal: Refusal | None = None
    registered: Registered | None = None
    forwardings: tuple[Forwarding, ...] = ()
    considerations: tuple[Consideration, ...] = ()
    sent_tasks: tuple[Task, ...] = ()  # the tasks that came with the document, with what executors reported
    redirections: tuple[Redirection, ...] = ()
    answers: tuple[Answer, ...] = ()
    directions: tuple[Direction, ...] = ()
    approvals: Document | None = None  # a draft with its visas and signatures
    edited: Document | None = None
    edited_text: str = ""
    draft_registered: Document | None = None
    remarks: tuple[Remark, ...] = ()


# --- directories --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listing:
    """A line of a directory: an official, or a department when there is no person in `party`."""

    party: Party
    deleted: bool = False
    code: str = ""  # the sender's own key of the line, for machines; never an identity here


@dataclass(frozen=True, slots=True)
class DirectoryUpdate:
    """What changed in an organisation's directory of people; who is not in it stays as they are."""

    listings: tuple[Listing, ...] = ()


class DirectoryChange(Enum):
    """What became of a line of a directory on the other side."""

    ADDED = "added"
    CODED = "coded"  # the other side keeps the sender's code for it now
    NAME = "name"
    POST = "post"
    DEPARTMENT = "department"
    DELETED = "deleted"  # or restored
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class DirectoryOutcome:
    """What an update changed in one line."""

    listing: Listing
    changes: tuple[DirectoryChange, ...]


@dataclass(frozen=True, slots=True)
class DirectoryResult:
    """What an update changed on the other side; empty: nothing, or nobody there wanted it."""

    outcomes: tuple[DirectoryOutcome, ...] = ()


# --- messages -----------------------------------------------------------------------------------------------------


class TaskField(Enum):
    """What of a task is told only by agreement: everything beyond who shall do what by when, and that it was done."""

    TEXT = "text"
    NOTE = "note"
    CATEGORY = "category"
    CONTROLLER = "controller"
    PROGRESS = "progress"
    RESUME = "resume"
    EXECUTOR_TEXT = "executor_text"  # the words executors reported with
    STATUS = "status"  # the state executors reported
    FILES = "files"


@dataclass(frozen=True, slots=True)
class TaskDetails:
    """Which fields of a task the sender wants to hear about."""

    text: bool = True
    category: bool = True
    note: bool = True
    control_state: bool = True
    deadline: bool = True
    controller: bool = True
    progress: bool = True
    fact_date: bool = True
    status: bool = True
    resume: bool = True
    executor: bool = True
    executor_report: bool = True
    executor_all: bool | None = None  # True all, False the first only, None not said


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the sender wants to hear, and for how long."""

    days: int  # 1–999
    receipt: bool = True
    registration: bool = True  # registered or refused; a refusal is told whatever this says, see `refusal`
    forwarding: bool = True
    consideration: bool = True
    execution: bool = True
    redirection: bool = True
    answer: bool = True
    visa_direction: bool = False
    sign_direction: bool = False
    visa_information: bool = False
    sign_information: bool = False
    draft_registration: bool = False
    forwarding_all: bool | None = None  # True all, False the first only, None not said
    consideration_all: bool | None = None
    task_details: TaskDetails | None = None  # None: not said
    refusal: bool = True  # False: its standard lets a sender want no answer at all, and this one wants none


@dataclass(frozen=True, slots=True)
class Message:
    """One exchange message: who tells whom what."""

    id: MessageId
    return_id: ReturnId  # on a report: that of the document it answers, "unknown" when nobody knows
    sent_at: datetime
    sender: Party
    recipients: tuple[Party, ...]
    body: Document | Report | DirectoryUpdate | DirectoryResult
    dialect: str  # the wire standard it was read from or shall be written in: "sev"
    dialect_version: str = "1.0"
    subscription: Subscription | None = None  # None: the sender said nothing, the partner's default applies
    in_reply_to: MessageId | None = None
    thread: MessageId | None = None  # a document that answers: the first message of the chain, where a standard says it

    def __post_init__(self) -> None:
        if self.sent_at.tzinfo is None:
            raise ValueError(f"message {self.id} has a moment without a zone")

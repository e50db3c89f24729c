# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports: what the gateway asks of the world.

Three in use: an EDMS, a way to post letters, and tokens for accounts without passwords.
What drives *us* (listeners, mailboxes) has no port: it calls `accept`.
All methods of `Edms` are synchronous and are called from threads or worker processes, several at a time.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from gateway.errors import Reason, Refused
from gateway.model import (
    CardRef,
    Content,
    Document,
    DocumentUid,
    Event,
    ExchangeId,
    Number,
    PartnerId,
    Party,
    Subscription,
    Term,
)
from gateway.model import Contents as Contents

NO_FILES: Contents = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `Edms.check`: what was looked at and what is wrong with it.

    *advice* is what works and would work better as the remedy says: it is not ok only where it hurts already.
    """

    ok: bool
    what: str
    detail: str = ""
    remedy: str = ""
    place: str = ""  # of the mapping, as file:line; empty: it is not about one line
    advice: bool = False

    @property
    def level(self) -> str:
        """Return "ok", "advice" or "wrong"."""
        return "advice" if self.advice else "ok" if self.ok else "wrong"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something of the EDMS that the configuration counts on, by the name people wrote."""

    kind: str  # "group" | "journal" | "inbox"
    name: str
    place: str  # where it is written, for people
    office: str = ""  # the exchange index of our organisation that shall have it; empty: any


@dataclass(frozen=True, slots=True)
class Health:
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Expected:
    """What our configuration says of one organisation of ours: `Edms.check` looks whether the EDMS agrees."""

    office: str  # its exchange index
    default_inbox: str = ""  # empty: the mapping's default


@dataclass(frozen=True, slots=True)
class Addressee:
    """An inbox in the EDMS and how it was found."""

    inbox: str  # the EDMS's own key
    name: str
    route: str  # "index" | "name and post" | "initials" | "post" | "department" | "default"
    why: str  # for people, shown on the card
    found: bool = True  # False: nobody fitted and the default inbox was taken


@dataclass(frozen=True, slots=True)
class Intake:
    """What the office decided about an incoming document before the EDMS sees it."""

    office: str  # our organisation's exchange index
    partner: PartnerId
    correspondent: Party  # the proven sender
    received_at: datetime  # when the letter reached us
    register_on: date  # the calendar date in the office's zone
    return_id: str
    message_id: str
    group: str = ""  # our kind of document; empty: the mapping's default
    journal: str = ""  # ours, its counter with it; empty: the group's
    access: str = ""  # the access level the document counts as, by its word or index; never empty in practice
    rule: str = ""  # what people call the receive rule that applied
    default_inbox: str = ""  # empty: the mapping's default
    unknown_addressee: str = "default"  # "default" | "wait" | "refuse"
    same_number: str = "wait"  # "wait" | "attach" | "register"
    wait_because: str = ""  # not empty: do not register, lay it before a person, with this reason
    # told to the partner already, for a card that has vanished: register under it, or where that cannot be under the
    # next number; None: never registered
    number: Number | None = None
    # what an operator decided shall not stop this very document: what the mapping refuses for it waits instead
    accepted: frozenset[Reason] = frozenset()
    afresh: bool = True  # False: a person's refusal that we have not heard yet stands, and is `Waiting` until `changes`


@dataclass(frozen=True, slots=True)
class Registration:
    ref: CardRef
    number: Number  # empty: a draft, which lies there as one
    created: bool  # False: the exchange id stood registered already
    at: datetime | None = None  # when the EDMS made the card
    routed: tuple[Addressee, ...] = ()
    # facts that came with it (forwarded to an inbox, directed to visa or signature); `changes` repeats them, same keys
    events: tuple[Event, ...] = ()

    @property
    def is_draft(self) -> bool:
        """Whether it lies in the EDMS as a draft: on a card, with neither number nor date of registration."""
        return self.number == Number()


@dataclass(frozen=True, slots=True)
class Standing:
    """What the EDMS has for one exchange of ours."""

    exchange: ExchangeId
    card: CardRef  # the card it was tied to
    number: Number | None  # the card's as it is now, empty while it has none; None: the card is gone
    since: datetime  # when it was tied to that card


@dataclass(frozen=True, slots=True)
class Waiting:
    """The document lies in the EDMS before a person; `changes` will tell what became of it."""

    ref: CardRef
    reason: str


@dataclass(frozen=True, slots=True)
class Written:
    """A row that a registration would write or change."""

    table: str  # or procedure
    verb: str  # "insert" | "update" | "delete" | "call"
    values: tuple[tuple[str, object], ...]  # columns; of a statement of the mapping's own, its binds; no bytes


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What `register` would do: rolled back."""

    outcome: Registration | Waiting | Refused
    rows: tuple[Written, ...] = ()  # in order; none when the exchange is known already
    # the card that has the sender's number and date already, whoever made it: its register number, empty for none;
    # None: this EDMS cannot be asked, or the exchange is known already
    stands: Number | None = None


@dataclass(frozen=True, slots=True)
class EdmsEvent:
    """A fact about an exchange, as the EDMS's people made it."""

    exchange: ExchangeId
    event: Event


@dataclass(frozen=True, slots=True)
class ChangePage:
    events: tuple[EdmsEvent, ...]
    cursor: str  # opaque; only moves forward
    more: bool
    contents: Contents = field(default_factory=dict)  # of the files its events name


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A document the EDMS wants sent to one partner organisation."""

    ref: str  # one dispatch row of the EDMS, opaque
    card: CardRef
    to: str  # the recipient organisation's exchange index
    # complete; a link with a `document` names one the recipient knows (it came from him, or went to him), as he knows
    # it; of any other the link has words only, and whether those travel is agreed with the partner
    document: Document
    contents: Contents
    answers: ExchangeId | None = None  # the incoming exchange this answers
    subscription: Subscription | None = None
    # names one wish of the clerk to send what changed since the last sending; empty: to send the document
    change: str = ""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A clerk's wish to take back a document that he sent, or meant to send."""

    ref: str  # the dispatch row
    why: str  # the clerk's words; empty: none


@dataclass(frozen=True, slots=True)
class Official:
    """Somebody who may be an addressee in an organisation: known by `index`, whatever name and post become."""

    index: str  # «Индекс СЭВ», one person's alone in the organisation; empty: partners cannot choose this one
    name: str
    post: str = ""
    department: str = ""
    deputy: str = ""  # the index of who takes the papers; empty: nobody
    head: bool = False  # of the department


@dataclass(frozen=True, slots=True)
class Renewed:
    """An official whose entry in our EDMS was changed."""

    was: Official
    now: Official
    returned: bool = False  # True: was marked as dismissed


@dataclass(frozen=True, slots=True)
class Imported:
    """What a partner's directory changed in our EDMS."""

    added: tuple[Official, ...] = ()
    renewed: tuple[Renewed, ...] = ()
    dismissed: tuple[Official, ...] = ()
    unchanged: int = 0


class NotOffered(Exception):
    """The EDMS, or its mapping, does not have this ability; says what would give it."""


class OutgoingState(Enum):
    """What the sending clerk sees on the dispatch row."""

    TAKEN = "taken"  # queued
    SENT = "sent"  # handed to mail
    FAILED = "failed"  # not delivered
    REFUSED = "refused"  # we ourselves could not send it (unknown partner, too big …)
    OVERDUE = "overdue"
    # the answer to a withdrawal
    CANCELLED = "cancelled"  # taken back in time: nothing will be sent
    STANDS = "stands"  # it is with the partner; the detail says what was possible
    # the answer to a wish to send what changed, and what becomes of it
    CHANGES_TAKEN = "changes_taken"  # queued; the detail says what goes and what cannot be told
    CHANGES_NONE = "changes_none"  # nothing goes; the detail says why
    CHANGES_SENT = "changes_sent"  # handed to mail
    CHANGES_FAILED = "changes_failed"  # not sent, or not delivered


class Edms(Protocol):
    """One records-management system.

    Every exception that is not `Refused` means "not now": the caller repeats the call.
    Each writing method is one transaction, and repeating it after a crash yields the same result.
    """

    def check(self, expected: Sequence[Expected] = (), wanted: Sequence[Wanted] = ()) -> Health:
        """Verify connection, rights, tables and columns, counters, file store, and our organisations; change nothing.

        A document for an organisation that the EDMS does not know, or that has no default inbox, waits for a person;
        so does one whose receive rule names what is not there: *wanted*, as far as the EDMS can be asked for it.
        """

    def prepare(self) -> None:
        """Make what the gateway keeps of its own beside the EDMS, where it is missing; may need the right to do so."""

    def lacking(self) -> Sequence[Finding]:
        """Return what people must still prepare, quickly.

        Counters of this year, from 1 December of the next, and what the EDMS has no longer of what it is told to do.
        """

    def resolve(self, hint: Party) -> Addressee | None:
        """Return the inbox that *hint* means, or None; two candidates are None, never a guess."""

    def register(
        self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake
    ) -> Registration | Waiting:
        """Register *document*, once for ever per *exchange*; all or nothing, files readable back before it returns.

        A draft is never registered: it becomes a draft's card, takes no number, and the visas and signatures asked of
        our people go to their inboxes; an EDMS that keeps no drafts lays it before a person.
        Raises Refused when the mapping says so (a lookup with outcome ``refuse``).
        With a number told already (`Intake.number`) a card that has vanished is made again under that number and date,
        and the counter never gives it out again; when another card has it by now, under a new one.
        """

    def standing(self, exchanges: Sequence[ExchangeId]) -> Sequence["Standing"]:
        """Return what the EDMS has for *exchanges* (at most a page of them); one it knows nothing of is left out."""

    def holdings(self, after: ExchangeId | None, limit: int = 500) -> Sequence["Standing"]:
        """Return what the EDMS holds for us, in the order of exchange ids, at most *limit* beyond *after*.

        An *after* of None starts from the beginning; an empty page is the end.
        """

    def dispatches(self, after: str | None, limit: int = 500) -> Sequence[str]:
        """Return the dispatch rows that are marked as taken or as anything that comes after it, by `Outgoing.ref`.

        In an order of their own, at most *limit* beyond *after*; an empty page is the end.  Rows that we refused to
        send, or that were taken back, are not among them; an EDMS that cannot say returns none.
        """

    def rehearse(self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake) -> Rehearsal:
        """Do what `register` does and roll it back: no row, no file and no number is left of it."""

    def attach(
        self, exchange: ExchangeId, follow_up: Document, contents: Contents, follow_up_id: ExchangeId
    ) -> Registration:
        """Add the files and tasks of *follow_up* to the card of *exchange*; number and date never change."""

    def record(self, outgoing_ref: str, events: Sequence[Event], contents: Contents = NO_FILES) -> None:
        """Write a partner's news onto the sender's card and dispatch row; idempotent by event key.

        *contents* holds the bytes of the files that executors reported with, or that visas and signatures brought; one
        that is not in it is only named.
        """

    def changes(self, cursor: str | None, limit: int = 500) -> ChangePage:
        """Return what people did with documents we registered, never losing a committed change; may repeat.

        A *cursor* of None starts from the beginning of what we registered.
        """

    def outgoing(self, limit: int = 50, exclude: Collection[str] = ()) -> Sequence[Outgoing]:
        """Return documents, and what changed in documents sent before, that shall be sent and are not marked yet.

        Left out is what goes to organisations with these exchange indices (compared as `folded`): it stays where it
        lies, unmarked, and however much of it there is, keeps nothing back.  Several calls may be needed to get past
        it, fewer than there are documents; a call that is under way to what lies behind may return nothing.

        A change is asked for under a name of its own (`Outgoing.change`), new for every wish of the clerk, and comes
        with the whole document as it stands now: what is new in it is found by comparing it with what was sent.
        A document that shall be withdrawn is not handed out.
        """

    def withdrawals(self, limit: int = 50) -> Sequence[Withdrawal]:
        """Return the dispatches that a clerk wants taken back and that are not answered (CANCELLED, STANDS) yet.

        A records system that knows no such wish returns none.
        """

    def mark(self, outgoing_ref: str, state: OutgoingState, detail: str = "", at: datetime | None = None) -> None:
        """Tell the clerk what became of a dispatch; idempotent; failures also land in the clerk's inbox."""

    def link(self, exchange: ExchangeId, original: "Original") -> bool:
        """Tie the card of *exchange* to the card of *original*, both ways, with the word of its kind and its reverse.

        Found are only documents of the very correspondent that sent *exchange*, and ones that were sent to it.
        What is not there, or is not one document alone, is kept on the card as words, once; then False.
        """

    def people(self, office: str) -> Sequence["Official"]:
        """Return who may be an addressee in our organisation with exchange index *office*, in the order to show them.

        Who has left is not among them.  Raises NotOffered where that ability is missing.
        """

    def import_people(
        self,
        correspondent: str,
        officials: Sequence["Official"],
        *,
        gone: Sequence[str] | None = None,
        dry_run: bool = False,
    ) -> "Imported":
        """Make *officials* the people our users may choose in the organisation with exchange index *correspondent*.

        Known ones (by index, without case and blanks) are changed in place, new ones added, all others marked as
        dismissed; nobody is ever deleted.  With *gone* they are only what changed: of the others those with these
        indices alone are dismissed, one nobody knows is nobody, and of known ones deputy and head stay as they are.
        One transaction; with *dry_run* it is taken back, and says what it would have done.  Raises LookupError for an
        organisation the EDMS does not know, ValueError for an index that is empty or stands there twice, NotOffered
        where that ability is missing.
        """

    def sweep(self) -> object:
        """Remove files that crashes left behind in the EDMS's store and no card refers to; at any time.

        Whatever else the adapter keeps for a while only, it gives up here too, without losing a change.
        """

    def close(self) -> None:
        """Let go of connections."""


class Signal(Protocol):
    """A line on which an EDMS calls; one thread attends to it."""

    def wait(self, patience: timedelta) -> bool:
        """Return True as soon as it calls, False after *patience*; raises when the line is lost."""

    def close(self) -> None:
        """Hang up."""


@runtime_checkable
class Signals(Protocol):
    """What an EDMS may offer beside `Edms`: to call when people did something, so that we need not wait for the poll.

    A call may be lost, repeated or come for nothing: what happened is said by `changes` alone.
    """

    def signal(self) -> Signal | None:
        """Open a line; None: this EDMS does not call.  Raises whatever when it cannot be opened now."""


@dataclass(frozen=True, slots=True)
class Original:
    """The document that an incoming one refers to, as its sender names it; nothing of it is trusted."""

    uid: DocumentUid = DocumentUid("")  # empty with an empty number: only words or an address
    number: Number = Number()
    kind: Term = Term()  # of the link: «В ответ на», «Во исполнение» …
    description: str = ""
    url: str = ""  # text for people; nobody follows it


class Phase(Enum):
    """How far an attempt to send came; before DOT nothing can have been delivered."""

    CONNECT = "connect"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"  # the final dot was sent, the answer is unknown
    REPLIED = "replied"


class Outcome(Enum):
    SENT = "sent"
    TRY_LATER = "try-later"
    REJECTED = "rejected"  # 5xx: no use trying again
    AMBIGUOUS = "ambiguous"  # perhaps delivered; repeat the same bytes after a pause


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of one attempt."""

    outcome: Outcome
    phase: Phase
    code: int | None  # SMTP reply code
    words: str  # the server's own, one line, at most 500 characters
    again: timedelta | None = None  # what stands in the way is soon gone: each wait is longer by this, not doubled


class Post(Protocol):
    """A way to hand a sealed letter to mail."""

    async def send(self, letter: Content, sender: str, recipient: str) -> Posted:
        """Try once to deliver *letter* (CRLF lines) to one *recipient*; never raises for what the network does."""

    async def close(self) -> None:
        """Say goodbye to servers."""


class Verdict(Enum):
    """What a scanner says of a file."""

    CLEAN = "clean"
    VIRUS = "virus"
    ENCRYPTED = "encrypted"  # nobody can look into it
    TOO_LARGE = "too-large"  # nobody looked into the whole of it


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scanner found in one file."""

    verdict: Verdict
    words: str  # the signature; empty: nothing was found
    engine: str  # who looked, with its versions; empty: nobody did


class ScannerTrouble(Exception):
    """The scanner did not say what it thinks of a file: it is down, slow, or not understood; says how, in one line."""


class Scanner(Protocol):
    """Who looks for viruses.  It says what it sees; what becomes of that is the configuration's business."""

    def scan(self, content: Content, patience: timedelta) -> Scanned:
        """Look into *content*, in blocks; repeatable.

        Raises ScannerTrouble when there is no plain verdict after *patience*, and never takes silence for a clean one.
        """


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the moment, aware UTC."""


class Failpoint(Protocol):
    """A named place where a test may break things; does nothing in production."""

    def __call__(self, name: str) -> None: ...


def nothing_fails(name: str) -> None:
    """The failpoint of production: nothing breaks."""


class TokenRefused(Exception):
    """The provider gives no token until somebody mends something; the words are its own, and hold no secret."""


class NoToken(Exception):
    """No token can be had now; *wait* is how long the provider asks us to stay away, None when it does not say."""

    def __init__(self, words: str, wait: timedelta | None = None) -> None:
        super().__init__(words)
        self.wait = wait


class Tokens(Protocol):
    """Access tokens of one client for mailboxes and relays (XOAUTH2).  Called from threads, several at a time."""

    def current(self) -> str:
        """Return a token that is fresh, asking the provider when there is none; raises TokenRefused or NoToken."""
        ...

    def rejected(self, token: str) -> None:
        """A server did not accept *token*: it is never returned again.  Idempotent."""
        ...

    def good_for(self) -> timedelta | None:
        """Return how long the token that was given last is good, negative when it no longer is; None: there is none.

        Asks nobody and waits for nobody.
        """
        ...

# SPDX-License-Identifier: GPL-3.0-or-later
"""A letter to ourselves: a marked document through the relay, the way in, the rules and the EDMS, and every report.

The document is written as if a partner had sent it, from our own address to our own address.  Whoever finds it coming
in (`gateway.inbound.self_testing`) tries it in the EDMS, rolls that back, and answers with one report of each kind,
to ourselves again.  Its letters are known by their message ids, which stand in the journal and which nobody can guess.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from json import dumps, loads
from secrets import token_hex

from sqlalchemy import Connection

from gateway.content import Held
from gateway.dialects import version_of
from gateway.identity import self_test_id
from gateway.journal import cursors, entries, mailboxes
from gateway.journal.entries import Direction, Entry, Outbound, State
from gateway.model import (
    Answer,
    Author,
    Consideration,
    Contents,
    Document,
    DocumentRef,
    DocumentUid,
    ExchangeId,
    Executor,
    File,
    FileRole,
    Forwarding,
    Message,
    Number,
    Organisation,
    PartnerId,
    Party,
    Person,
    Refusal,
    Registered,
    Report,
    ReportKind,
    ReturnId,
    Task,
    TaskControl,
    TaskUid,
    Term,
)
from gateway.office import Partner
from gateway.sealing import Going, Sealer
from gateway.settings import OfficeSettings, Settings

KIND = "self-test"  # of an entry
CURSOR = "self-test"
LIFE = timedelta(days=3)  # LIMIT: a letter of an older test is none of ours any more
SUBJECT = "Самопроверка шлюза: делать ничего не нужно"
TEXT = Held("Это письмо шлюз написал самому себе. Делать ничего не нужно.\n".encode())
WHO = Party(person=Person("Проверочный П. П.", "делопроизводитель"))
REPORTS = ("received", "registered", "forwarded", "assigned", "executed", "answered", "edited", "refused")


@dataclass(frozen=True, slots=True)
class Run:
    """One self-test."""

    run: str  # its own name, the return id of its letters
    partner: str  # in whose name
    office: str  # the exchange index of our organisation that writes to itself
    address: str  # its own
    began: datetime


@dataclass(frozen=True, slots=True)
class Rung:
    """How far one letter of a test came."""

    what: str  # "document", or one of REPORTS
    stage: str  # "written", "sent", "came", "understood": the last one it reached, or where it failed
    ok: bool | None  # None: it is under way
    at: datetime | None
    words: str  # the server's, the EDMS's or ours


# --- writing ------------------------------------------------------------------------------------------------------


def begin(tx: Connection, sealer: Sealer, partner: PartnerId | None, now: datetime) -> Run:
    """Queue the document of a new test in the name of *partner* (None: the first one), as the latest run.

    Raises LookupError when there is no partner.
    """
    settings = sealer.office.settings
    name = partner or next((PartnerId(one.id) for one in settings.partners), None)
    known = sealer.office.partner_by_id(name) if name else None
    if known is None:
        raise LookupError("there is no partner in whose name a test can be written")
    run = Run(token_hex(16), known.id, settings.offices[0].index, settings.offices[0].address, now)
    letter = _document(run, sealer, known, settings.offices[0])
    entries.queue(tx, letter, now)
    cursors.put(tx, CURSOR, dumps({**asdict(run), "began": now.isoformat()}))
    return run


def _document(run: Run, sealer: Sealer, partner: Partner, ours: OfficeSettings) -> Outbound:
    now = run.began
    theirs = Organisation(partner.settings.name, index=partner.settings.indices[0])
    uid = _uid(run)
    number = Number(f"TEST-{run.run[:8]}", now.date())
    document = Document(
        uid=uid,
        number=number,
        kind=Term("Самопроверка"),
        subject=SUBJECT,
        pages="1",
        authors=(Author(Party(theirs, person=WHO.person), number),),
        addressees=(sealer.office.party(ours),),
        files=(File("Самопроверка.txt", uid, TEXT.size, TEXT.sha256, "text/plain", FileRole.TEXT),),
    )
    message = Message(
        id=self_test_id(sealer.secret, run.run, 0),
        return_id=ReturnId(run.run),
        sent_at=now,
        sender=replace(sealer.office.party(ours), organisation=theirs),
        recipients=(sealer.office.party(ours),),
        body=document,
        dialect=partner.channel.dialect,
        dialect_version=version_of(partner.channel.dialect, partner.channel.dialect_version),
    )
    return _to_ourselves(message, {TEXT.sha256: TEXT}, "document", sealer, partner, ours, now)


def answers(
    document: Message,
    registered: Number,
    sealer: Sealer,
    partner: Partner,
    ours: OfficeSettings,
    now: datetime,
) -> Iterator[Outbound]:
    """Yield a letter to ourselves for each of REPORTS, about *document* as if it stood *registered*."""
    assert isinstance(document.body, Document)
    told = _reports(document.body.ref, registered, now)
    for place, name in enumerate(REPORTS, 1):
        message = Message(
            id=self_test_id(sealer.secret, document.return_id, place),
            return_id=document.return_id,
            sent_at=now,
            sender=sealer.office.party(ours),
            recipients=(document.sender,),
            body=told[name],
            dialect=document.dialect,
            dialect_version=document.dialect_version,
            in_reply_to=document.id,
        )
        kind = "receipt" if told[name].kind is ReportKind.RECEIPT else "report"
        yield _to_ourselves(message, {}, kind, sealer, partner, ours, now)


def _to_ourselves(
    message: Message,
    contents: Contents,
    kind: str,
    sealer: Sealer,
    partner: Partner,
    ours: OfficeSettings,
    now: datetime,
) -> Outbound:
    """Return *message* sealed as for *partner*, for our own address and by the common relay."""
    channel = partner.channel.model_copy(update={"address": ours.address, "relay": "", "folder_out": None})
    here = Partner(partner.settings.model_copy(update={"mode": "live"}), channel)
    letter = sealer.sealed(Going(message, contents, here, ours, kind, ExchangeId("")), now)
    return replace(letter, partner=None, exchange=None, channel="", kind=KIND)


def _reports(about: DocumentRef, number: Number, now: datetime) -> Mapping[str, Report]:
    today = now.date()
    task = Task(
        TaskUid(sha256(f"task\0{about.uid}".encode()).hexdigest()[:32]),
        author=WHO, signed_on=today, text=SUBJECT, executors=(Executor(WHO, responsible=True),),
        control=TaskControl(deadline=today),
    )  # fmt: skip
    done = replace(task, control=TaskControl(deadline=today, fact_date=today))
    stands = Report(ReportKind.PROGRESS, about, registered=Registered(number, at=now))
    lies = replace(stands, forwardings=(Forwarding(WHO, now),))
    answer = Document(uid=DocumentUid(sha256(about.uid.encode()).hexdigest()[:32]), number=Number("TEST", today))
    return {
        "received": Report(ReportKind.RECEIPT, about, received_at=now),
        "registered": stands,
        "forwarded": lies,
        "assigned": replace(lies, considerations=(Consideration(task),)),
        "executed": replace(lies, considerations=(Consideration(done),)),
        "answered": replace(lies, answers=(Answer(answer, now),)),
        "edited": Report(ReportKind.EDITED, about, edited=Document(uid=about.uid, number=number)),
        "refused": Report(ReportKind.REFUSAL, about, refusal=Refusal(1, SUBJECT)),
    }


def _uid(run: Run) -> DocumentUid:
    return DocumentUid(sha256(f"self-test\0{run.run}".encode()).hexdigest()[:32])


def is_ours(secret: bytes, message: Message) -> bool:
    """Say whether *message* is a letter of some test of ours, by the ids in it alone."""
    return any(self_test_id(secret, message.return_id, step) == message.id for step in range(1 + len(REPORTS)))


# --- looking ------------------------------------------------------------------------------------------------------


def latest(tx: Connection) -> Run | None:
    """Return the run that began last; None: there was none."""
    noted = cursors.get(tx, CURSOR)
    if noted is None:
        return None
    known = loads(noted)
    return Run(**{**known, "began": datetime.fromisoformat(known["began"])})


def rungs(tx: Connection, run: Run, secret: bytes) -> tuple[Rung, ...]:
    """Return how far each letter of *run* came; the reports are not there before the document was understood."""
    domain = run.address.rpartition("@")[2]
    names = {
        f"{self_test_id(secret, run.run, place)}@{domain}": what for place, what in enumerate(("document", *REPORTS))
    }
    letters = entries.by_rfc_message_ids(tx, list(names))
    return tuple(
        _rung(what, [one for one in letters if one.rfc_message_id == name])
        for name, what in names.items()
        if any(one.rfc_message_id == name for one in letters)
    )


def never_entered(tx: Connection, settings: Settings) -> Mapping[str, str]:
    """Return the mailboxes that are not read yet, with what is wrong with them: what comes now might be left alone.

    With ``start = "now"`` that is whatever lies there when a mailbox is entered for the first time.
    """
    states = {state.mailbox: state for state in mailboxes.states(tx)}
    names = [box.name for box in settings.mailboxes if box.start == "now"]
    waiting = [name for name in names if name not in states or states[name].uidvalidity is None]
    return {name: states[name].words if name in states else "" for name in waiting}


def due(tx: Connection, every: timedelta, now: datetime) -> bool:
    """Say whether the latest test began so long ago that it is time for another."""
    run = latest(tx)
    return run is None or not timedelta() <= now - run.began < every


def standing(tx: Connection, secret: bytes, patience: timedelta, now: datetime) -> tuple[Run, tuple[Rung, ...]] | None:
    """Return the latest test and how far it came; what is under way for longer than *patience* has failed.

    None: there was none.
    """
    run = latest(tx)
    if run is None:
        return None
    found = rungs(tx, run, secret)
    if now - run.began > patience:
        found = tuple(replace(rung, ok=bool(rung.ok)) for rung in found)
    return run, found


def passed(found: tuple[Rung, ...]) -> bool | None:
    """Say whether a test passed; None while it is under way."""
    if any(rung.ok is False for rung in found):
        return False
    return True if len(found) == 1 + len(REPORTS) and all(rung.ok for rung in found) else None


def _rung(what: str, letters: list[Entry]) -> Rung:
    """Return how far the letter with these entries, ours and those that came, has got."""
    came = [one for one in letters if one.direction is Direction.IN]
    if came:
        first = min(came, key=lambda one: one.id)
        return Rung(what, "understood", first.reason is None, first.concluded_at, f"by {first.channel}: {first.detail}")
    ours = next(one for one in letters if one.direction is Direction.OUT)
    match ours.state:
        case State.SENT:
            return Rung(what, "sent", None, ours.sent_at, ours.words)
        case State.FAILED:
            return Rung(what, "written", False, ours.concluded_at, ours.words)
        case _:
            return Rung(what, "written", False if ours.words else None, ours.created_at, ours.words)

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a situation is made from: a plain document of one case, its package, its letter, and every id in them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from functools import cached_property

from gateway.conformance.case import Step, Told
from gateway.conformance.ground import Ground, Side
from gateway.conformance.letters import Leaf, Sheaf, letter
from gateway.content import Held, MemorySink, whole
from gateway.dialects import by_name, version_of
from gateway.dialects.wire import Dialect
from gateway.envelope import files_of
from gateway.errors import Reason, Refused
from gateway.inbound.rules import CODES, OTHER_CODE
from gateway.model import (
    Author,
    Document,
    DocumentRef,
    DocumentUid,
    EventKind,
    File,
    FileRole,
    Message,
    MessageId,
    Number,
    Organisation,
    Party,
    Person,
    Refusal,
    Report,
    ReportKind,
    ReturnId,
    Sha256,
    System,
    Term,
)

MAX_FILE = 64 << 20  # LIMIT: of one file the kit makes
RECEIVED = Told("received")
REGISTERED = Told("registered")
TAKEN = (RECEIVED, REGISTERED)  # what a document is owed that is registered at once
TEXT = "Проверка обмена документами: это письмо написала программа, отвечать на него не нужно.\n".encode()


class NothingToChange(ValueError):
    """A passport lacks what a case changes in it: in an older version of its standard the case may be none."""


def is_newest(ground: Ground) -> bool:
    return ground.version in ("", by_name(ground.dialect).versions[0])


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message as its dialect wrote it: the passport, and the files beside it by name."""

    passport_name: str
    passport: bytes
    beside: tuple[tuple[str, bytes], ...]
    subject: str


@dataclass
class Maker:
    """Makes the letters of one case."""

    ground: Ground
    name: str  # of the case
    place: int  # of the case in the book: its documents are numbered by it
    held: dict[Sha256, Held] = field(default_factory=dict)

    @cached_property
    def dialect(self) -> Dialect:
        return by_name(self.ground.dialect)

    # --- ids

    def id(self, *what: object) -> str:
        return self.ground.id(self.name, *what)

    @property
    def number(self) -> Number:
        return Number(f"{self.ground.run[:8]}/{self.place}", self.ground.at.date())

    # --- the message

    def organisation(self, side: Side) -> Party:
        return Party(Organisation(side.name, index=side.wire))

    def file(self, name: str = "Письмо.txt", data: bytes = b"", *, role: FileRole = FileRole.TEXT) -> File:
        """Return a file whose bytes the letter will carry; without *data* a text of its own."""
        content = Held(data or TEXT + name.encode())
        return self._kept(name, content, role)

    def empty_file(self, name: str) -> File:
        return self._kept(name, Held(b""), FileRole.TEXT)

    def _kept(self, name: str, content: Held, role: FileRole) -> File:
        self.held[content.sha256] = content
        uid = self.id("file", name, content.sha256)
        return File(name, uid, content.size, content.sha256, "application/octet-stream", role)

    def document(self, **given: object) -> Document:
        """Return a plain document that is registered at once; *given* fields stand instead of its own."""
        ground = self.ground
        author = replace(self.organisation(ground.ours), person=Person("Ветров Олег Ильич", "директор"))
        to = replace(self.organisation(ground.theirs), person=Person(ground.addressee))
        plain = Document(
            uid=DocumentUid(self.id("document")),
            number=self.number,
            card="1",
            kind=Term("Письма"),
            subject="О проверке обмена документами",
            pages="1",
            authors=(Author(author, self.number),),
            addressees=(to,),
            files=(self.file(),),
        )
        return replace(plain, **given)  # type: ignore[arg-type]  # the caller names fields of a document

    def message(self, body: Document | None = None, sending: int = 1, **given: object) -> Message:
        """Return the message of *body*, sent for the *sending*th time; *given* fields stand instead of its own."""
        ground = self.ground
        message_id = self.id("message", sending)
        plain = Message(
            id=MessageId(message_id),
            return_id=ReturnId(message_id if self.dialect.one_id else self.id("return", sending)),
            sent_at=ground.at,
            sender=replace(
                self.organisation(ground.ours), system=System("Conformance kit", "1.0", ground.id("system"))
            ),
            recipients=(self.organisation(ground.theirs),),
            body=body or self.document(),
            dialect=ground.dialect,
            dialect_version=version_of(ground.dialect, ground.version),
        )
        return replace(plain, **given)  # type: ignore[arg-type]  # the caller names fields of a message

    def telling(self, body: Document) -> Message:
        """Return the message of *body*; raises Refused when its standard does not tell it from a plain document."""
        message, plain = self.message(body), self.document()
        if body != plain and self.dialect.degrade(message) == self.dialect.degrade(self.message(plain)):
            raise Refused(Reason.UNSUPPORTED, "this standard says nothing of the kind")
        return message

    def anonymous(self) -> Message:
        """Return the plain message without an author; raises Refused when its standard cannot leave him out."""
        message = self.message(self.document(authors=()))
        read = self.dialect.degrade(message).body
        if isinstance(read, Document) and read.authors:
            raise Refused(Reason.UNSUPPORTED, "every document of this standard has an author")
        return message

    def from_strict(self, message: Message) -> Message:
        """Return *message* as from the organisation for which stricter receive rules are agreed."""
        assert self.ground.strict is not None
        return replace(
            message, sender=replace(message.sender, organisation=self.organisation(self.ground.strict).organisation)
        )

    # --- the letter

    def parcel(self, message: Message) -> Parcel:
        package = self.dialect.write(message)
        made = files_of(package, self.held, MemorySink)
        read = [(one.name, whole(one.content, MAX_FILE)) for one in made]
        passport = next(data for name, data in read if name == package.passport_name)
        beside = tuple((name, data) for name, data in read if name != package.passport_name)
        return Parcel(package.passport_name, passport, beside, package.subject)

    def sheaf(self, message: Message, parcel: Parcel, side: Side | None = None) -> Sheaf:
        """Return *parcel* as a letter that is not bytes yet."""
        side = side or self.ground.ours
        domain = side.address.rpartition("@")[2]
        head = (
            f"From: {side.address}",
            f"To: {self.ground.theirs.address}",
            f"Subject: conformance {self.name}",
            f"Date: {format_datetime(self.ground.at)}",
            f"Message-ID: <{message.id}@{domain}>",
            "MIME-Version: 1.0",
        )
        leaves = (
            Leaf(parcel.passport_name, parcel.passport, "application/xml"),
            *(Leaf(name, data) for name, data in parcel.beside),
        )
        return Sheaf(tuple(line.encode() for line in head), leaves, f"=_{self.id('boundary', message.id)}")

    def letter(self, message: Message, parcel: Parcel | None = None, side: Side | None = None) -> bytes:
        return letter(self.sheaf(message, parcel or self.parcel(message), side))

    # --- the step

    def step(
        self,
        message: Message,
        data: bytes | None = None,
        *,
        outcome: str = "registered",
        reports: Sequence[Told] = TAKEN,
        reason: Reason | None = None,
        side: Side | None = None,
    ) -> Step:
        """Return a step that sends *data* (by default the plain letter of *message*)."""
        side = side or self.ground.ours
        assert isinstance(message.body, Document)
        read = self.dialect.degrade(message).body
        assert isinstance(read, Document)
        files = read.files if data is None and outcome in ("registered", "edited") else ()
        return Step(
            letter=self.letter(message, side=side) if data is None else data,
            outcome=outcome,
            reports=self._said(reports),
            envelope_sender=side.address,
            letter_id=f"{message.id}@{side.address.rpartition('@')[2]}",
            return_id=message.return_id,
            uid=message.body.uid,
            number=read.number.text,
            files=tuple(file.sha256 for file in files if file.sha256),
            reason=reason.value if reason else "",
        )

    def _said(self, reports: Sequence[Told]) -> tuple[Told, ...]:
        """Return *reports* as this standard can tell them: some facts only in words, some not at all."""
        facts = [EventKind(told.tells) for told in reports if self.dialect.carries[EventKind(told.tells)].how != "no"]
        words = [fact for fact in facts if in_words(self.dialect, fact)]
        wanted = [told for told in reports if EventKind(told.tells) in facts]
        return tuple(Told(EventKind.PROGRESS.value) if EventKind(t.tells) in words else t for t in wanted)

    def refused(
        self,
        message: Message,
        data: bytes | None,
        reason: Reason,
        place: str = "",
        *,
        received: bool = False,
        side: Side | None = None,
        code: int | None = None,
    ) -> Step:
        """Return a step whose letter is refused; *received*: it could be read, so its receipt comes first.

        *code* is that of the standard itself; None: what it makes of ours.
        """
        place = place if self.ground.dialect == "sev" else ""
        told = (
            *((RECEIVED,) if received else ()),
            Told("refused", self._code(reason) if code is None else code, place),
        )
        return self.step(message, data, outcome="refused", reports=told, reason=reason, side=side)

    def _code(self, reason: Reason) -> int | None:
        """Return the code by which this standard says *reason*; None: that depends on the place."""
        if self.ground.dialect == "sev":
            return CODES.get(reason)
        if reason in (Reason.MISSING_FIELD, Reason.BAD_PASSPORT):
            return None
        refusal = Refusal(CODES.get(reason, OTHER_CODE), "-")
        report = Report(ReportKind.REFUSAL, DocumentRef(), refusal=refusal)
        said = self.dialect.degrade(replace(self.message(), body=report)).body
        return said.refusal.code if isinstance(said, Report) and said.refusal else None


def in_words(dialect: Dialect, fact: EventKind) -> bool:
    """Whether *fact* is told as a remark; a receipt and a refusal are messages of their own in every standard."""
    return dialect.carries[fact].how == "as" and fact not in (EventKind.RECEIVED, EventKind.REFUSED)


Steps = Callable[[Maker], Sequence[Step]]


@dataclass(frozen=True, slots=True)
class Situation:
    """One thing that can happen, in every dialect that can say it."""

    name: str
    title: str
    steps: Steps
    alone: bool = False
    needs: str = ""  # "strict", "unproven": what the ground must have
    dialects: tuple[str, ...] = ()  # empty: every one

    def fits(self, ground: Ground) -> bool:
        return (not self.dialects or ground.dialect in self.dialects) and (
            not self.needs or bool(getattr(ground, self.needs))
        )


Named = Mapping[str, tuple[str, Steps]]


def situations(family: str, named: Named, *, dialects: tuple[str, ...] = (), needs: str = "") -> tuple[Situation, ...]:
    """Return a table of situations: name → title and steps."""
    return tuple(
        Situation(f"{family}/{name}", title, steps, dialects=dialects, needs=needs)
        for name, (title, steps) in named.items()
    )

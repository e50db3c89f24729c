# SPDX-License-Identifier: GPL-3.0-or-later
"""What came from the gateway under test, read as any partner would read it, and what is wrong with it in itself."""

from dataclasses import dataclass
from tempfile import TemporaryFile

from gateway.content import Held, MemorySink
from gateway.dialects.wire import Reading
from gateway.envelope import unseal
from gateway.errors import Refused
from gateway.mail.headers import message_ids
from gateway.model import Document, Letter, Message, Number, Report, ReportKind, Severity
from gateway.office import from_address

ALONE = {ReportKind.RECEIPT: "received", ReportKind.REFUSAL: "refused", ReportKind.EDITED: "edited"}


@dataclass(frozen=True, slots=True)
class Heard:
    """One letter of theirs."""

    recipient: str  # the address of ours it came to
    data: bytes
    sender: str  # the one address in From; empty: none, or several
    letter_id: str  # its Message-ID, without angle brackets; empty: none
    in_reply_to: str  # likewise
    message: Message | None  # None: it could not be understood
    reading: Reading | None  # None: people's mail
    wrong: tuple[str, ...]  # what no partner would take
    odd: tuple[str, ...]  # what is only noted

    @property
    def report(self) -> Report | None:
        body = self.message.body if self.message else None
        return body if isinstance(body, Report) else None

    @property
    def document(self) -> Document | None:
        body = self.message.body if self.message else None
        return body if isinstance(body, Document) else None

    @property
    def tells(self) -> str:
        """The one word for what it says: "registered" for a report that shows a registration, else its first fact."""
        report = self.report
        if report is None:
            return "document" if self.document else "words"
        if report.kind in ALONE:
            return ALONE[report.kind]
        if report.fact is not None:
            return report.fact.value
        return "registered" if report.registered else "news"

    @property
    def number(self) -> Number | None:
        """The registration it shows; None: none."""
        report = self.report
        return report.registered.number if report and report.registered else None


def hear(recipient: str, data: bytes) -> Heard:
    """Return what the letter *data* that came to *recipient* says; never raises for what a peer can send."""
    try:
        opened = unseal(Held(data).blocks(), MemorySink, spool=TemporaryFile)
    except Refused as why:
        wrong = (f"the letter cannot be taken apart: {why}",)
        return Heard(recipient, data, "", "", "", None, None, wrong, ())
    letter, reading = opened.letter, opened.reading
    ids = message_ids(letter.first("Message-ID"))
    replies = message_ids(letter.first("In-Reply-To"))
    return Heard(
        recipient=recipient,
        data=data,
        sender=from_address(letter),
        letter_id=next(iter(ids), ""),
        in_reply_to=next(iter(replies), ""),
        message=reading.message if reading and reading.refusal is None else None,
        reading=reading,
        wrong=tuple(_wrong(letter, reading)),
        odd=tuple(_odd(letter, reading)),
    )


def _wrong(letter: Letter, reading: Reading | None) -> list[str]:
    found = [] if letter.first("Message-ID") else ["the letter has no Message-ID"]
    found += [] if letter.first("Date") else ["the letter has no Date"]
    if reading is None:
        return [*found, "the letter holds no message of a standard"]
    if reading.refusal is not None:
        found.append(f"the message cannot be taken: {reading.refusal}")
    faults = (one for one in reading.problems if one.code == "schema" or one.severity is Severity.ERROR)
    return found + [f"{one.code}: {one.text} ({one.place})" for one in faults]


def _odd(letter: Letter, reading: Reading | None) -> list[str]:
    notes = [f"{one.code}: {one.text} ({one.place})" for one in letter.problems]
    if reading is not None:
        notes += [f"{one.code}: {one.text} ({one.place})" for one in reading.problems if one.code != "schema"]
        if reading.kind != "document" and not letter.first("Auto-Submitted"):
            notes.append("a report without Auto-Submitted: a robot may answer it")
    return notes

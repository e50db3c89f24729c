# SPDX-License-Identifier: GPL-3.0-or-later
"""What an odd report is, and those that are odd in every standard: late, twice, about nothing, by a neighbour.

They come after the ladder of `sender`, about its third document, which stands registered by then, and about a fourth
that has heard nothing yet.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from gateway.conformance.making import Maker
from gateway.conformance.situations.altering import put
from gateway.conformance.situations.passports import Change, body_of, utf8
from gateway.conformance.situations.sender import LADDER, MARKS, Stands, marked, message, passport
from gateway.errors import Reason
from gateway.model import EventKind, Number, Registered, Report

RETURN_ID, UID, NUMBER = (mark for _, mark in MARKS)
OTHER = "ВХ-77"


@dataclass(frozen=True, slots=True)
class Telling:
    """One odd report while it is written."""

    stands: Stands
    name: str
    minute: int

    @property
    def make(self) -> Maker:
        return self.stands.make

    def said(self, report: Report, fact: EventKind = EventKind.REGISTERED, **given: object) -> bytes:
        return passport(self.make, report, fact, self.name, self.minute, **given)

    def changed(self, report: Report, change: Change, fact: EventKind = EventKind.REGISTERED) -> bytes:
        return change(body_of(self.said(report, fact)))

    def numbered(self, text: str, day: date | None = None) -> Report:
        """Return the report of a registration under another number."""
        number = Number(text, day or self.make.ground.at.date())
        return self.stands.registered(registered=Registered(number, at=self.make.ground.at))


Write = Callable[[Telling], bytes]


@dataclass(frozen=True, slots=True)
class Odd:
    """One odd report, and what must come of it."""

    title: str
    write: Write
    outcome: str = "noted"
    events: tuple[str, ...] = ()
    reason: Reason | None = None
    tells: EventKind = EventKind.REGISTERED  # a standard that cannot tell it has no such case
    receipt: bool = False  # no standard confirms one
    by_strict: bool = False
    document: int = 3
    minute: int | None = None  # when it says it was made; None: later than the one before


Table = Mapping[str, Odd]


def registered(*pairs: tuple[str, str]) -> Write:
    """Return the report of a registration with a change of its text."""
    return lambda t: t.changed(t.stands.registered(), put(*pairs))


def received(*pairs: tuple[str, str]) -> Write:
    return lambda t: t.changed(t.stands.receipt(), put(*pairs), EventKind.RECEIVED)


def refused(*pairs: tuple[str, str]) -> Write:
    return lambda t: t.changed(t.stands.refusal(), put(*pairs), EventKind.REFUSED)


def _again(t: Telling) -> bytes:
    make, name = t.make, "without-receipt"
    said = [one for one, (_, _, fact, _) in LADDER.items() if make.dialect.carries[fact].how != "no"]
    return passport(make, t.stands.registered(), EventKind.REGISTERED, name, said.index(name) + 1)


def _nobody(t: Telling) -> bytes:
    """A report about a document that nobody ever sent."""
    data = t.said(t.stands.registered())
    for mark in (RETURN_ID, UID):
        made = t.make.id(t.name, mark)
        dashed = "-".join((made[:8], made[8:12], made[12:16], made[16:20], made[20:]))
        data = data.replace(mark.encode(), made.encode()).replace(mark.lower().encode(), dashed.encode())
    return data.replace(NUMBER.encode(), b"4b19/4b19")


def _doctype(t: Telling) -> bytes:
    return utf8(body_of(t.said(t.stands.registered())), "<!DOCTYPE Report>")


def _forged(t: Telling) -> bytes:
    said = message(t.make, t.stands.refusal(), t.name, t.minute)
    return marked(t.make.dialect.write(t.make.from_strict(said)).passport)


EVERYWHERE: Table = {
    "same-report-again": Odd("The same report again changes nothing.", _again, "duplicate"),
    "receipt-again": Odd(
        "A second receipt under an id of its own says nothing new.",
        lambda t: t.said(t.stands.receipt(), EventKind.RECEIVED),
        events=("no received",),
        receipt=True,
        tells=EventKind.RECEIVED,
    ),
    "registered-again": Odd(
        "Nor does a second registration under the same number.",
        lambda t: t.said(t.stands.registered()),
        events=("no registered", "no renumbered"),
    ),
    "unknown-exchange": Odd(
        "A report on nothing they sent is laid aside.", _nobody, "parked", reason=Reason.UNKNOWN_EXCHANGE
    ),
    "cut-short": Odd(
        "A report that ends early is laid aside, unanswered.", lambda t: t.said(t.stands.registered())[:-30], "parked"
    ),
    "doctype": Odd("So is one with a document type declaration.", _doctype, "parked"),
    "forged": Odd(
        "Nobody reports for his neighbour.",
        _forged,
        "parked",
        reason=Reason.FORGED,
        by_strict=True,
        tells=EventKind.REFUSED,
    ),
    "renumbered": Odd(
        "Another number in a newer report renumbers.",
        lambda t: t.said(t.numbered(OTHER)),
        events=(f"renumbered {OTHER}",),
    ),
    "older-number": Odd(
        "An older report never turns the number back.",
        lambda t: t.said(t.numbered("ВХ-78")),
        events=("no renumbered", "no registered"),
        minute=2,
    ),
    "refused-after-registration": Odd(
        "A refusal after the registration is kept, and seen to contradict it.",
        lambda t: t.said(t.stands.refusal(), EventKind.REFUSED),
        events=("refused",),
        tells=EventKind.REFUSED,
    ),
    "made-long-ago": Odd(
        "A report may say that it was made before its document.",
        lambda t: t.said(t.numbered("ВХ-79"), sent_at=t.make.ground.at.replace(year=2001)),
        events=("no renumbered",),
    ),
    "dated-ahead": Odd(
        "A registration may be dated ahead.",
        lambda t: t.said(t.numbered(OTHER, date(2099, 12, 31))),
        events=(f"renumbered {OTHER}",),
    ),
    "dated-before-everything": Odd(
        "Or before everything.", lambda t: t.said(t.numbered(OTHER, date(1900, 1, 1))), events=(f"renumbered {OTHER}",)
    ),
    "executed-first": Odd(
        "An execution may come before everything else.",
        lambda t: t.said(t.stands.considered(t.stands.closed()), EventKind.EXECUTED),
        events=("executed",),
        document=4,
        tells=EventKind.EXECUTED,
    ),
    "registered-late": Odd(
        "A registration may come after what was done with the document.",
        lambda t: t.said(t.stands.registered()),
        events=("no renumbered",),
        document=4,
        minute=20,
    ),
    "receipt-last": Odd(
        "A receipt may come last of all.",
        lambda t: t.said(t.stands.receipt(), EventKind.RECEIVED),
        events=("received",),
        document=4,
        minute=19,
        receipt=True,
        tells=EventKind.RECEIVED,
    ),
}

SEV: Table = {
    "return-id-lost": Odd(
        "A report without its return id is known by the uid.",
        lambda t: t.said(t.stands.registered()).replace(RETURN_ID.encode(), b"unknown"),
    ),
}

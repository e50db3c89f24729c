# SPDX-License-Identifier: GPL-3.0-or-later
"""How a partner keeps what was agreed: receipts and registrations in time, refusals, clocks, letters nobody could use.

`dealings` asks the journal; `scorecard` is a function of what it gave.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median_low

from sqlalchemy import Connection

from gateway.errors import Reason
from gateway.journal import entries, events, problems, registers
from gateway.journal.entries import State
from gateway.journal.events import Recorded
from gateway.journal.registers import Asked, Line
from gateway.model import EventKind, PartnerId
from gateway.office import Office
from gateway.outbox import Expected, expected
from gateway.reports import Rung

MOST = 500  # LIMIT: documents of each direction that are looked at, the newest ones
AHEAD = timedelta(seconds=30)  # less than that is no clock of anybody's
Limit = Callable[[Line, Rung], Expected | None]  # what shall come after that rung, from the moment the line was sent


@dataclass(frozen=True, slots=True)
class Dealing:
    """One document, and what both sides said about it."""

    line: Line
    facts: tuple[Recorded, ...]


@dataclass(frozen=True, slots=True)
class Dealings:
    """What went between a partner and one of our organisations in a period, the newest of it first."""

    sent: tuple[Dealing, ...]
    received: tuple[Dealing, ...]
    unusable: tuple[tuple[str, int], ...]  # letters in quarantine now, whatever period: by reason
    cut: bool  # True: there was more than `MOST`
    observed: int = 0  # letters that were only read and lie aside now, whatever period
    # letters that were used though they are not as the standard wants them, to any organisation of ours, since the
    # beginning of the month in which the period begins: by code
    problems: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Promptness:
    """How one rung came, of the documents for which it was agreed."""

    in_time: int
    late: int  # it came, after its limit
    missing: int  # it has not come, and its limit is over
    pending: int  # it has not come, and may yet
    typical: timedelta | None  # from sending to hearing of it, the median; None: nothing came

    @property
    def due(self) -> int:
        """Of how many it is known whether it came in time."""
        return self.in_time + self.late + self.missing


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often documents were refused in these words."""

    ours: bool  # True: we refused theirs
    code: int
    text: str
    times: int


@dataclass(frozen=True, slots=True)
class Scorecard:
    sent: int
    received: int
    receipts: Promptness
    registrations: Promptness
    refusals: tuple[Refusals, ...]  # the most frequent first
    # from the moment a partner's message says it was written to the moment we had it, the shortest of all; None: none
    # came.  A letter cannot arrive before it is written: below zero, their clock or ours is wrong by at least that.
    quickest: timedelta | None
    unusable: tuple[tuple[str, int], ...]
    cut: bool
    observed: int
    problems: tuple[tuple[str, int], ...]

    @property
    def clock_ahead(self) -> timedelta | None:
        """By how much at least their clock goes before ours; None: nothing shows that it does."""
        return -self.quickest if self.quickest is not None and self.quickest < -AHEAD else None


def dealings(tx: Connection, asked: Asked, partner: PartnerId) -> Dealings:
    """Return what went between *partner* and the organisation of *asked*, at most `MOST` each way."""
    of_partner = replace(asked, partner=partner)
    sent = registers.opened(tx, "out", of_partner, None, MOST + 1, newest_first=True)
    received = registers.opened(tx, "in", of_partner, None, MOST + 1, newest_first=True)
    aside = Counter[str]()
    for pile in entries.piles(tx, (State.PARKED,)):
        if pile.partner == partner and pile.reason is not None:
            aside[pile.reason.value] += pile.letters
    observed = aside.pop(Reason.OBSERVED.value, 0)
    return Dealings(
        _with_facts(tx, sent[:MOST]),
        _with_facts(tx, received[:MOST]),
        tuple(aside.most_common()),
        cut=max(len(sent), len(received)) > MOST,
        observed=observed,
        problems=problems.since(tx, partner, asked.since),
    )


def _with_facts(tx: Connection, lines: Sequence[Line]) -> tuple[Dealing, ...]:
    facts = events.histories(tx, [line.exchange.id for line in lines])
    return tuple(Dealing(line, facts[line.exchange.id]) for line in lines)


def limits_of(office: Office) -> Limit:
    """Return what tells the limits that were agreed, also of an exchange that has ended since."""

    def limit(line: Line, rung: Rung) -> Expected | None:
        if line.letter is None or line.letter.sent_at is None:
            return None
        return expected(office, replace(line.exchange, open=True), rung, line.letter.sent_at)

    return limit


def scorecard(found: Dealings, limit: Limit, now: datetime) -> Scorecard:
    """Return how the partner fared until *now*."""
    return Scorecard(
        sent=len(found.sent),
        received=len(found.received),
        receipts=_promptness(found.sent, Rung.SENT, (EventKind.RECEIVED,), limit, now),
        registrations=_promptness(found.sent, Rung.RECEIVED, (EventKind.REGISTERED, EventKind.REFUSED), limit, now),
        refusals=_refusals((*found.sent, *found.received)),
        quickest=min(_delays(found), default=None),
        unusable=found.unusable,
        cut=found.cut,
        observed=found.observed,
        problems=found.problems,
    )


def _promptness(
    sent: Sequence[Dealing], before: Rung, kinds: tuple[EventKind, ...], limit: Limit, now: datetime
) -> Promptness:
    """Count how what comes after *before* came; whoever refuses has answered as well as who registers."""
    outcomes, waits = Counter[str](), list[float]()
    for dealing in sent:
        due, letter = limit(dealing.line, before), dealing.line.letter
        if due is None or letter is None or letter.sent_at is None:
            continue
        heard = [fact.at for fact in dealing.facts if not fact.ours and fact.event.kind in kinds]
        if heard:
            outcomes["in time" if heard[0] <= due.due_at else "late"] += 1
            waits.append(max((heard[0] - letter.sent_at).total_seconds(), 0))
        else:
            outcomes["missing" if due.due_at < now else "pending"] += 1
    return Promptness(
        in_time=outcomes["in time"],
        late=outcomes["late"],
        missing=outcomes["missing"],
        pending=outcomes["pending"],
        typical=timedelta(seconds=median_low(waits)) if waits else None,
    )


def _refusals(found: Sequence[Dealing]) -> tuple[Refusals, ...]:
    told = Counter(
        (fact.ours, fact.event.refusal.code, fact.event.refusal.text)
        for dealing in found
        for fact in dealing.facts
        if fact.event.kind is EventKind.REFUSED and fact.event.refusal is not None
    )
    return tuple(Refusals(*words, times) for words, times in told.most_common())


def _delays(found: Dealings) -> list[timedelta]:
    """Return how long what the partner wrote was on its way, by its clock and ours."""
    documents = [
        dealing.line.letter.created_at - dealing.line.message.sent_at
        for dealing in found.received
        if dealing.line.letter is not None and dealing.line.message is not None
    ]
    reports = [
        fact.at - fact.event.told_at
        for dealing in found.sent
        for fact in dealing.facts
        if not fact.ours and fact.event.told_at is not None
    ]
    return [*documents, *reports]

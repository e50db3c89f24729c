# SPDX-License-Identifier: GPL-3.0-or-later
"""How a partner keeps what was agreed, from what is known of its documents."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.journal.entries import Direction, Entry
from gateway.journal.events import Recorded
from gateway.journal.registers import Line
from gateway.model import Event, EventKey, EventKind, ExchangeId, Refusal
from gateway.outbox import Expected
from gateway.registers.scorecard import Dealing, Dealings, Promptness, Refusals, Scorecard, scorecard
from gateway.reports import Rung
from tests.journal.givens import exchange, message

SENT_AT = datetime(2026, 3, 11, 7, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = SENT_AT + 10 * DAY
AGREED = {Rung.SENT: Expected(Rung.RECEIVED, SENT_AT + HOUR), Rung.RECEIVED: Expected(Rung.REGISTERED, SENT_AT + DAY)}


def heard(kind: EventKind, after: timedelta, *, told_after: timedelta | None = None, ours: bool = False) -> Recorded:
    told_at = SENT_AT + told_after if told_after is not None else None
    refusal = Refusal(1016, "Адресат не установлен") if kind is EventKind.REFUSED else None
    event = Event(kind, EventKey(f"{kind.value}:{after}"), None, refusal=refusal, told_at=told_at)
    return Recorded(event, ours, SENT_AT + after, 1, ExchangeId("x"))


def letter(direction: Direction = Direction.OUT) -> Entry:
    """A letter that came, or was taken by mail, at `SENT_AT`; what it does not say is nothing."""
    said = {"id": 1, "direction": direction, "created_at": SENT_AT, "sent_at": SENT_AT}
    return Entry(**{name: said.get(name) for name in Entry.__dataclass_fields__})  # type: ignore[arg-type]


def sent(*facts: Recorded) -> Dealing:
    return Dealing(Line(exchange(direction="out"), letter(), None), facts)


def received(written_at: datetime) -> Dealing:
    return Dealing(Line(exchange(), letter(Direction.IN), message(sent_at=written_at)), ())


def judged(*sent: Dealing, received: tuple[Dealing, ...] = (), now: datetime = NOW) -> Scorecard:
    return scorecard(Dealings(sent, received, (), cut=False), lambda line, rung: AGREED.get(rung), now)


def test_what_comes_by_its_limit_is_in_time_and_what_comes_after_it_is_late() -> None:
    card = judged(
        sent(heard(EventKind.RECEIVED, HOUR)),
        sent(heard(EventKind.RECEIVED, HOUR + timedelta(seconds=1))),
        sent(heard(EventKind.RECEIVED, 5 * HOUR)),
        sent(),
    )

    assert card.receipts == Promptness(1, 2, 1, 0, typical=HOUR + timedelta(seconds=1))
    assert card.receipts.due == 4


def test_what_may_still_come_is_nobodys_fault() -> None:
    card = judged(sent(), now=SENT_AT + 2 * HOUR)

    assert (card.receipts.missing, card.registrations.missing, card.registrations.pending) == (1, 0, 1)


def test_who_refuses_in_time_has_answered_in_time() -> None:
    card = judged(sent(heard(EventKind.REFUSED, HOUR)))

    assert (card.registrations.in_time, card.registrations.missing) == (1, 0)


def test_what_was_not_agreed_is_not_judged() -> None:
    card = scorecard(Dealings((sent(),), (), (), cut=False), lambda line, rung: None, NOW)

    assert (card.receipts.due, card.receipts.pending, card.registrations.due) == (0, 0, 0)


def test_what_we_say_confirms_nothing_of_ours() -> None:
    assert judged(sent(heard(EventKind.RECEIVED, HOUR, ours=True))).receipts.missing == 1


def test_refusals_are_counted_by_whose_they_are_and_their_words() -> None:
    theirs, ours = heard(EventKind.REFUSED, HOUR), heard(EventKind.REFUSED, HOUR, ours=True)
    card = judged(sent(theirs), sent(theirs), received=(replace(received(SENT_AT), facts=(ours,)),))

    assert card.refusals == (
        Refusals(ours=False, code=1016, text="Адресат не установлен", times=2),
        Refusals(ours=True, code=1016, text="Адресат не установлен", times=1),
    )


def test_a_letter_that_came_before_it_was_written_shows_a_clock_that_is_ahead() -> None:
    ahead = judged(received=(received(SENT_AT + 7 * HOUR), received(SENT_AT - HOUR)))
    by_a_report = judged(sent(heard(EventKind.RECEIVED, HOUR, told_after=3 * HOUR)))
    slow = judged(received=(received(SENT_AT - HOUR), received(SENT_AT - DAY)))

    assert (ahead.clock_ahead, by_a_report.clock_ahead) == (7 * HOUR, 2 * HOUR)
    assert (slow.clock_ahead, slow.quickest) == (None, HOUR)
    assert judged(sent()).quickest is None

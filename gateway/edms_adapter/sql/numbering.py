# SPDX-License-Identifier: GPL-3.0-or-later
"""Registration numbers inside the registering transaction: the next one, the EDMS's own, and one told before."""

import re
from typing import Any

from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.failing import Unwilling
from gateway.edms_adapter.sql.plan import Counter, Numbering
from gateway.edms_adapter.sql.steps import run
from gateway.edms_adapter.sql.values import Record, day, text
from gateway.errors import Deferred
from gateway.model import Number
from gateway.ports import Intake

FURTHEST = 100_000  # LIMIT: how many numbers a counter is brought forward for one that was told
USED = 1000  # LIMIT: how many numbers that cards have already are passed over
NO_COUNTER = "нет счётчика номеров"  # when the mapping has no words of its own


def next_number(numbering: Numbering, work: Work, scope: dict[str, Any]) -> Any:  # Any: a number as the vendor has it
    """Take the next number of the counter, or of `take`, inside the transaction; Unwilling when there is none.

    `take` passes over numbers that cards have already: nothing brings a sequence forward for them.
    """
    if numbering.counter is not None:
        found = taken_number(numbering.counter, work, numbering.values(scope))
        if found is None:
            raise Unwilling(no_number(numbering, scope))
        return found
    assert numbering.take is not None
    for _ in range(USED):
        run((numbering.take,), work, scope)
        got = scope[numbering.answer]
        if got is None:
            raise Unwilling(no_number(numbering, scope))
        n = next(iter(got.__dict__.values()))
        if not on_a_card(numbering, work, {**scope, "n": n}):
            return n
    raise Deferred(f"cards have the next {USED} numbers already")


def on_a_card(numbering: Numbering, work: Work, scope: dict[str, Any]) -> bool:
    """Say whether a card has the number that is written out of the n of *scope*; False when nobody can say."""
    if numbering.taken is None or numbering.format is None:
        return False
    asked = {**numbering.values(scope), "number": text(numbering.format(scope))}
    return work.first(numbering.taken, asked) is not None


def no_number(numbering: Numbering, scope: dict[str, Any]) -> str:
    """Return why there is no number, for people."""
    return text(numbering.text(scope)) if numbering.text is not None else NO_COUNTER


def assigned_number(numbering: Numbering, work: Work, scope: dict[str, Any], intake: Intake) -> Number:
    """Return the number the EDMS gave the card of *scope* by itself; Deferred when it gave none."""
    rule = numbering.assigned
    assert rule is not None
    row = rule.query.first(work, scope) if rule.query else Record({})
    if row is None:
        raise Deferred("the EDMS shows no number of the card it made")
    seen = {**scope, "row": row}
    written = text(rule.number(seen)).strip()
    if not written:
        raise Deferred("the EDMS gave the card no number")
    return Number(written, (day(rule.date(seen)) if rule.date else None) or intake.register_on)


def taken_number(counter: Counter, work: Work, values: dict[str, Any]) -> int | None:
    """Advance the counter inside the transaction and return the number taken: no gap when it rolls back.

    None when there is no counter and nothing may start one.
    """
    for attempt in (1, 2):
        if work.run(counter.advance, values).rowcount == 1:
            return int(work.run(counter.read, values).scalar_one())
        if attempt == 1 and counter.start is not None:
            work.insert_or_catch(counter.start, values)
    return None


def given_again(numbering: Numbering, work: Work, scope: dict[str, Any], told: Number) -> bool:
    """Take the number *told* before into *scope*, its date with it, and keep the counter from giving it out again.

    False when it cannot be given: another card has it, the mapping cannot say whether one has, or the EDMS numbers
    by itself.  A sequence and a reservation cannot be brought forward; they pass over numbers that cards have.
    """
    if numbering.taken is None or not told.text or told.date is None:
        return False
    then = {**scope, "today": told.date}
    n = _place(numbering, then, told.text)
    if numbering.counter is not None and n is not None and not _brought_to(numbering, work, then, n):
        return False
    if work.first(numbering.taken, {**numbering.values(then), "number": told.text}) is not None:
        return False
    scope.update(today=told.date, n=n)
    if numbering.answer:
        scope[numbering.answer] = None
    return True


def _place(numbering: Numbering, scope: dict[str, Any], number: str) -> int | None:
    """Return which of the counter's numbers is written as *number*; None when it is none of its own."""
    if numbering.format is None or numbering.answer in numbering.format.names:
        return None
    for digits in re.findall(r"[0-9]{1,15}", number):
        if text(numbering.format({**scope, "n": int(digits)})) == number:
            return int(digits)
    return None


def _brought_to(numbering: Numbering, work: Work, scope: dict[str, Any], n: int) -> bool:
    """Advance the counter until it has given *n*; False when it is not there, or too far behind."""
    assert numbering.counter is not None
    values = numbering.values(scope)
    last = work.run(numbering.counter.read, values).scalar() or 0
    if n - last > FURTHEST:
        return False
    while last < n:
        following = taken_number(numbering.counter, work, values)
        if following is None or following <= last:
            return False
        last = following
    return True

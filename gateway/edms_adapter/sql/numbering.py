# SPDX-License-Identifier: GPL-3.0-or-later
"""The counter of registration numbers: the next number, and one that was told before."""

import re
from typing import Any

from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.plan import Counter
from gateway.edms_adapter.sql.values import text
from gateway.model import Number

FURTHEST = 100_000  # LIMIT: how many numbers a counter is brought forward for one that was told


def taken_number(counter: Counter, work: Work, scope: dict[str, Any]) -> int | None:
    """Advance the counter inside the transaction and return the number taken: no gap when it rolls back.

    None when there is no counter and nothing may start one.
    """
    values = counter.values(scope)
    for attempt in (1, 2):
        if work.run(counter.advance, values).rowcount == 1:
            return int(work.run(counter.read, values).scalar_one())
        if attempt == 1 and counter.start is not None:
            work.insert_or_catch(counter.start, values)
    return None


def given_again(counter: Counter, work: Work, scope: dict[str, Any], told: Number) -> bool:
    """Take the number *told* before into *scope*, its date with it, and keep the counter from giving it out again.

    False when it cannot be given: another card has it, or the mapping cannot say whether one has.
    """
    if counter.taken is None or not told.text or told.date is None:
        return False
    then = {**scope, "today": told.date}
    n = _place(counter, then, told.text)
    if n is not None and not _brought_to(counter, work, then, n):
        return False
    if work.first(counter.taken, {**counter.values(then), "number": told.text}) is not None:
        return False
    scope.update(today=told.date, n=n)
    return True


def _place(counter: Counter, scope: dict[str, Any], number: str) -> int | None:
    """Return which of the counter's numbers is written as *number*; None when it is none of its own."""
    for digits in re.findall(r"[0-9]{1,15}", number):
        if text(counter.format({**scope, "n": int(digits)})) == number:
            return int(digits)
    return None


def _brought_to(counter: Counter, work: Work, scope: dict[str, Any], n: int) -> bool:
    """Advance the counter until it has given *n*; False when it is not there, or too far behind."""
    last = work.run(counter.read, counter.values(scope)).scalar() or 0
    if n - last > FURTHEST:
        return False
    while last < n:
        following = taken_number(counter, work, scope)
        if following is None or following <= last:
            return False
        last = following
    return True

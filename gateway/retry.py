# SPDX-License-Identifier: GPL-3.0-or-later
"""When to try again, and when to give up."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double from *first* to *longest*; after *give_up* nobody tries again."""

    first: timedelta
    longest: timedelta
    give_up: timedelta | None = None  # None: never


POST = Backoff(timedelta(minutes=1), timedelta(hours=6), timedelta(days=5))  # RFC 5321 §4.5.4.1: at least 4–5 days
EDMS = Backoff(timedelta(seconds=5), timedelta(minutes=1))  # an EDMS comes back within a working day, by itself
AMBIGUOUS_PAUSE = timedelta(minutes=15)  # LIMIT: before repeating what may have been delivered already
LONGEST_AGAIN = timedelta(minutes=2)  # LIMIT: between tries at what is soon out of the way


def next_attempt(backoff: Backoff, attempts: int, since: datetime, now: datetime) -> datetime | None:
    """Return the moment of the next attempt, or None to give up.

    *attempts* counts tries already made, the last of them just now; *since* is when the first was due.
    """
    if backoff.give_up is not None and now - since >= backoff.give_up:
        return None
    doublings = min(max(attempts - 1, 0), 30)
    return now + min(backoff.first * (1 << doublings), backoff.longest)

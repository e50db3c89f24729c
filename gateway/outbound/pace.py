# SPDX-License-Identifier: GPL-3.0-or-later
"""How many letters a relay takes in a time: who sends faster is refused, or locked out (Microsoft: 30 a minute).

Nobody sleeps here: a letter whose relay has had its share stays in the queue, and the letters of other relays go on.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.journal.entries import Entry


@dataclass(frozen=True, slots=True)
class Rate:
    """At most *letters* in any *period*, wherever it begins."""

    letters: int
    period: timedelta


@dataclass(slots=True)
class Pace:
    """The letters that one relay was given lately."""

    rate: Rate
    given: deque[datetime] = field(default_factory=deque)  # the moments, oldest first

    def has_room(self, now: datetime) -> bool:
        """Say whether one more may go; moments that a clock set back put into the future do not count."""
        while self.given and not timedelta() <= now - self.given[0] < self.rate.period:
            self.given.popleft()
        return len(self.given) < self.rate.letters


class Paces:
    """The paces of all relays that have one, by name."""

    def __init__(
        self, rates: Mapping[str, Rate], relay_of: Callable[[Entry], str], relay_of_lane: Callable[[str], str]
    ) -> None:
        self._paces = {name: Pace(rate) for name, rate in rates.items()}
        self._relay_of = relay_of
        self._relay_of_lane = relay_of_lane

    def spent(self, lane: str, now: datetime) -> bool:
        """Say whether the relay of *lane* takes no letter now."""
        pace = self._paces.get(self._relay_of_lane(lane)) if self._paces else None
        return pace is not None and not pace.has_room(now)

    def admit(self, entry: Entry, now: datetime) -> bool:
        """Say whether *entry* may go now, and count it if so."""
        pace = self._paces.get(self._relay_of(entry)) if self._paces else None
        if pace is None:
            return True
        if not pace.has_room(now):
            return False
        pace.given.append(now)
        return True

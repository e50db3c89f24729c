# SPDX-License-Identifier: GPL-3.0-or-later
"""When the EDMS is asked what its people did; knows numbers only, no clock and no EDMS."""

from dataclasses import dataclass, field

REST_TIMES = 9  # LIMIT: of the time the EDMS took to answer; so asking takes a tenth of ours
CALLED_REST_TIMES = 1  # LIMIT: likewise, when it calls: it knows that it has news, and people wait for them


@dataclass
class Timetable:
    """Every *poll* seconds for a tenth of the time at most, and at its call for half of the time at most.

    Moments are seconds of any clock that only goes forward.
    """

    poll: float
    longest: float  # seconds of a pause while it does not answer
    ask_at: float
    called: bool = False  # the EDMS called, and was not asked since
    failures: int = 0
    _hears_from: float = field(default=float("-inf"))  # a call is followed

    def asks(self, now: float) -> bool:
        """Say whether the EDMS is asked now; whoever hears yes does it."""
        due = now >= self.ask_at or (self.called and now >= self._hears_from)
        if due:
            self.called = False
        return due

    def answered(self, began: float, ended: float, *, asked: bool, busy: bool) -> None:
        """Note that the EDMS works; when it was *asked* and had much to say (*busy*), it is asked again soon."""
        self.failures = 0
        if asked:
            worked = ended - began
            self._hears_from = ended + CALLED_REST_TIMES * worked
            self.ask_at = ended + max(0.0 if busy else self.poll, REST_TIMES * worked)

    def failed(self) -> None:
        self.failures += 1

    def pause(self, now: float) -> float:
        """Return how many seconds may pass until there is something to do."""
        if self.failures:
            return min(self.poll * 2.0 ** min(self.failures, 20), self.longest)
        return max(0.0, (self._hears_from if self.called else self.ask_at) - now)

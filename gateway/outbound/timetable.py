# SPDX-License-Identifier: GPL-3.0-or-later
"""When the EDMS is asked what its people did; knows numbers only, no clock and no EDMS."""

from dataclasses import dataclass, field

REST_TIMES = 9  # LIMIT: of the time the EDMS took to answer; so asking takes a tenth of ours


@dataclass
class Timetable:
    """Every *poll* seconds, at once when the EDMS calls, and never for more than a tenth of the time.

    Moments are seconds of any clock that only goes forward.
    """

    poll: float
    longest: float  # seconds of a pause while it does not answer
    ask_at: float
    called: bool = False  # the EDMS called, and was not asked since
    failures: int = 0
    _rest_until: float = field(default=float("-inf"))

    def asks(self, now: float) -> bool:
        """Say whether the EDMS is asked now; whoever hears yes does it."""
        due = now >= self._rest_until and (self.called or now >= self.ask_at)
        if due:
            self.called = False
        return due

    def answered(self, began: float, ended: float, *, asked: bool, busy: bool) -> None:
        """Note that the EDMS works; when it was *asked* and had much to say (*busy*), it is asked again soon."""
        self.failures = 0
        if asked:
            self._rest_until = ended + REST_TIMES * (ended - began)
            self.ask_at = max(ended if busy else ended + self.poll, self._rest_until)

    def failed(self) -> None:
        self.failures += 1

    def pause(self, now: float) -> float:
        """Return how many seconds may pass until there is something to do."""
        if self.failures:
            return min(self.poll * 2.0 ** min(self.failures, 20), self.longest)
        return max(0.0, (self._rest_until if self.called else self.ask_at) - now)

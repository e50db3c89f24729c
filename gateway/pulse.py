# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether every loop of a node makes progress or is provably idle; asked by the watchdog before it vouches for us.

A loop says again and again how long it may be until it says so the next time, or that it has nothing to do.
Whoever brings work to an idle loop says so for it.  One that overstays hangs.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from time import monotonic


class Beat:
    """What one loop says of itself."""

    def __init__(self, *, hurry: float = 1.0) -> None:
        self._hurry = hurry
        self._until: float | None = None  # None: it has nothing to do

    def busy(self, patience: timedelta) -> None:
        """It works, and speaks again within *patience*."""
        self._until = monotonic() + patience.total_seconds() / self._hurry

    def idle(self) -> None:
        """It waits for work, however long."""
        self._until = None

    def wanted(self, patience: timedelta) -> None:
        """There is work for it; one that is busy already gains no time by that."""
        if self._until is None:
            self.busy(patience)

    def overstays(self) -> bool:
        return self._until is not None and monotonic() > self._until


class Pulse:
    """The loops of one node, by name."""

    def __init__(self, *, hurry: float = 1.0) -> None:
        """*hurry* divides every patience, for tests."""
        self._hurry = hurry
        self._beats: dict[str, Beat] = {}
        self._workers: Callable[[], Iterable[tuple[str, float]]] = tuple

    def beat(self, name: str) -> Beat:
        """Return what the loop called *name* speaks with."""
        return self._beats.setdefault(name, Beat(hurry=self._hurry))

    def follow(self, workers: Callable[[], Iterable[tuple[str, float]]]) -> None:
        """Ask *workers* too: processes, by name, with the moment until which each may be silent (`monotonic`)."""
        self._workers = workers

    def hung(self) -> tuple[str, ...]:
        """Return what should have spoken by now, by name."""
        loops = [name for name, beat in self._beats.items() if beat.overstays()]
        return tuple(sorted([*loops, *(name for name, until in self._workers() if monotonic() > until)]))

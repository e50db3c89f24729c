# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the EDMS takes for what it is asked, by operation: for monitors.

Workers and the edge process count each for itself, in cells that the edge process reads.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, MutableSequence
from dataclasses import dataclass
from itertools import accumulate
from threading import Lock
from time import monotonic
from typing import Any, cast

from gateway.ports import Edms

OPERATIONS = ("resolve", "register", "attach", "rehearse", "record", "mark", "link", "changes", "outgoing")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)  # seconds
_ROW = len(BUCKETS) + 2  # one cell for each bucket, one for what took longer, one for the seconds of all together
CELLS = _ROW * len(OPERATIONS)  # all zero at the beginning


@dataclass(frozen=True, slots=True)
class Taken:
    """Calls of one operation."""

    within: tuple[int, ...]  # how many took at most so long, by bucket
    number: int
    seconds: float  # all of them together


class Tally:
    """Counts calls in *cells*, `CELLS` numbers that another process may read meanwhile."""

    def __init__(self, cells: MutableSequence[float]) -> None:
        self._cells = cells
        self._lock = Lock()

    def add(self, operation: str, seconds: float) -> None:
        row = OPERATIONS.index(operation) * _ROW
        with self._lock:
            self._cells[row + bisect_left(BUCKETS, seconds)] += 1
            self._cells[row + _ROW - 1] += seconds


def taken(operation: str, cells: Iterable[MutableSequence[float]]) -> Taken:
    """Return what all *cells* together count of *operation*."""
    row = OPERATIONS.index(operation) * _ROW
    summed = [sum(column) for column in zip(*(each[row : row + _ROW] for each in cells), strict=True)]
    *counts, seconds = summed or [0.0] * _ROW
    *within, number = accumulate(map(int, counts))
    return Taken(tuple(within), number, seconds)


def timed(edms: Edms, tally: Tally) -> Edms:
    """Return *edms*, whose calls are counted in *tally*."""
    return cast(Edms, _Timed(edms, tally))


class _Timed:
    """Everything of the EDMS, with a watch on its operations; one that fails took its time, too."""

    def __init__(self, edms: Edms, tally: Tally) -> None:
        self._edms, self._tally = edms, tally

    def __getattr__(self, name: str) -> Any:  # Any: whatever the EDMS has
        found = getattr(self._edms, name)
        return self._watched(name, found) if name in OPERATIONS else found

    def _watched(self, operation: str, call: Callable[..., Any]) -> Callable[..., Any]:  # Any: any of its operations
        def watched(*arguments: Any, **named: Any) -> Any:
            began = monotonic()
            try:
                return call(*arguments, **named)
            finally:
                self._tally.add(operation, monotonic() - began)

        return watched

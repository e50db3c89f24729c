# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaks one hit after the other, as SQLite's fault loops do, and holds the gateway to its ledger after each."""

from collections.abc import Iterable, Iterator

from tests.faults.errands import Errand
from tests.faults.house import House
from tests.faults.points import POINTS

MAX_HITS = 3  # LIMIT: of one name in one errand; later hits are the same moment of the next letter

Break = tuple[str, int, str]  # name, which hit, action


def break_one(house: House, errand: Errand, number: int, broken: Break, *, must: bool = True) -> bool:
    """Run *errand* with one hit broken, then check every invariant; return whether it broke."""
    house.breaks.arm(broken)
    try:
        errand(house, number)
        house.rest()
        house.ledger.check()
    except AssertionError as error:
        raise AssertionError(f"{errand.__name__} with {broken}: {error}") from error
    fired = bool(house.breaks.fired())
    house.breaks.arm()
    assert fired or not must, f"{errand.__name__} never comes to {broken[0]}"
    return fired


def dry_run(house: House, errand: Errand, number: int) -> dict[str, int]:
    """Run *errand* with nothing broken; return what it hits."""
    house.breaks.arm()
    errand(house, number)
    house.rest()
    house.ledger.check()
    return house.breaks.hits()


def every_break(errand: Errand, hits: dict[str, int]) -> Iterator[tuple[Errand, Break]]:
    """Yield each hit of each name with each action that it knows."""
    known = {point.name: point.actions for point in POINTS}
    for name, count in hits.items():
        for hit in range(1, min(count, MAX_HITS) + 1):
            for action in known[name]:
                yield errand, (name, hit, action)


def whole_loop(house: House, errands: Iterable[Errand]) -> dict[str, int]:
    """Break everything that *errands* hit; return how often each name broke."""
    number, broke = 0, dict.fromkeys((point.name for point in POINTS), 0)
    for errand in errands:
        number += 1
        hits = dry_run(house, errand, number)
        for one, broken in every_break(errand, hits):
            number += 1
            broke[broken[0]] += break_one(house, one, number, broken, must=False)
    return broke

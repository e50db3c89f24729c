# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the files that a package names are there: names meet from exact to "the same without index and case"."""

from collections import Counter
from collections.abc import Iterable

from gateway.dialects.names import LIKENESSES


def absent(named: Iterable[str], there: Iterable[str]) -> int:
    """Return how many of the *named* files are not among those that are *there*; each file stands for one name."""
    left, free = list(named), list(there)
    for likeness in LIKENESSES:
        offered = Counter(map(likeness, free))
        taken: Counter[str] = Counter()
        missing = []
        for name in left:
            key = likeness(name)
            if taken[key] < offered[key]:
                taken[key] += 1
            else:
                missing.append(name)
        rest = []
        for name in free:
            key = likeness(name)
            if taken[key]:
                taken[key] -= 1
            else:
                rest.append(name)
        left, free = missing, rest
    return len(left)

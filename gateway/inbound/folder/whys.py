# SPDX-License-Identifier: GPL-3.0-or-later
"""Why packages stay where they lie, in words for an operator; no names, for they speak of documents."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Why:
    """Why one package cannot be taken."""

    words: str
    alike: str = ""  # the same for several that differ in numbers; empty: `words`


def told(whys: Sequence[Why]) -> str:
    """Return how many packages cannot be taken, and of several reasons how many wait for each, the most first."""
    groups: dict[str, list[str]] = {}
    for why in whys:
        groups.setdefault(why.alike or why.words, []).append(why.words)
    reasons = []
    for alike, words in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        said = words[0] if len(set(words)) == 1 else alike
        reasons.append(f"{said} ({len(words)})" if len(groups) > 1 else said)
    return f"{packages(len(whys))} cannot be taken: {'; '.join(reasons)}"


def packages(number: int) -> str:
    return "1 package" if number == 1 else f"{number} packages"

# SPDX-License-Identifier: GPL-3.0-or-later
"""What one probe found: what was tried, what was said, what to do."""

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    GOOD = "good"
    WARNING = "warning"  # works, and will not for ever, or proves less than it seems to
    BAD = "bad"
    SKIPPED = "skipped"  # could not be tried; `said` is why


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    tried: str
    level: Level
    said: str = ""  # in the words of whoever answered, where there are any
    remedy: str = ""
    away: bool = False  # something we need does not answer at all, as opposed to: answers no


def good(tried: str, said: str = "") -> Finding:
    return Finding(tried, Level.GOOD, said)


def warning(tried: str, said: str, remedy: str) -> Finding:
    return Finding(tried, Level.WARNING, said, remedy)


def bad(tried: str, said: str, remedy: str, *, away: bool = False) -> Finding:
    return Finding(tried, Level.BAD, said, remedy, away)


def skipped(tried: str, why: str) -> Finding:
    return Finding(tried, Level.SKIPPED, why)

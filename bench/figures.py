# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement yields, and how the table of them is printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MET = {True: "met", False: "MISSED", None: ""}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    what: str
    figure: str
    aim: str = ""
    met: bool | None = None  # None: there is no aim, or nothing to hold against it
    spread: str = ""  # the lowest and highest of the rounds


def spread(values: Sequence[float], digits: int = 0) -> str:
    return f"{min(values):.{digits}f} … {max(values):.{digits}f}"


def middle(values: Sequence[float], digits: int = 0) -> str:
    return f"{median(values):.{digits}f}"


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return the ratio of every round: what was measured one right after the other is divided by each other."""
    return [one / other for one, other in zip(ours, theirs, strict=True)]


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which *share* of *values* lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * len(ordered)))]


def table(lines: Sequence[Line]) -> str:
    """Return *lines* as a table in Markdown, which people read as well."""
    heads = ("measured", "figure", "rounds", "aim", "")
    rows = [heads, *((line.what, line.figure, line.spread, line.aim, MET[line.met]) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    shown = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    shown.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(shown)

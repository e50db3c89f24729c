# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of docs/standards.md that says what becomes of each fact; ``python -m tests.facts`` writes it."""

from pathlib import Path

from gateway.dialects import DIALECTS
from gateway.dialects.wire import Carried
from gateway.model import EventKind

PAGE = Path(__file__).parents[1] / "docs" / "standards.md"
HEADING = "## What becomes of each fact"


def table() -> list[str]:
    """Return the lines of the table: a row for each kind of fact, a column for each dialect."""
    head = ["fact", *(f"`{dialect.name}`" for dialect in DIALECTS)]
    rows = [[f"`{kind.value}`", *(_cell(dialect.carries[kind]) for dialect in DIALECTS)] for kind in EventKind]
    return [_line(head), "|" + "---|" * len(head), *map(_line, rows)]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(row: Carried) -> str:
    return row.how if row.how == "whole" else f"{row.how}: {row.words}"


def written(page: str) -> str:
    """Return *page* with the table as it is now."""
    before, heading, rest = page.partition(f"\n{HEADING}\n")
    lines = rest.split("\n")
    first = next(place for place, line in enumerate(lines) if line.startswith("|"))
    last = next(place for place, line in enumerate(lines[first:], first) if not line.startswith("|"))
    return before + heading + "\n".join((*lines[:first], *table(), *lines[last:]))


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

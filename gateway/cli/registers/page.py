# SPDX-License-Identifier: GPL-3.0-or-later
"""A register on paper: a title, columns of fixed width that wrap, a total.  Plain text, never wider than 120."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rich.cells import cell_len, chop_cells, set_cell_size

from gateway.cli.output import printable
from gateway.cli.registers.columns import ON_PAPER
from gateway.registers.items import Item, Which
from gateway.registers.words import LANGUAGES
from gateway.settings import OfficeSettings

GAP = "  "


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above the columns."""

    which: Which
    office: OfficeSettings
    first: date | None  # None: from the beginning
    last: date
    made_at: datetime


def printed(items: Iterable[Item], heading: Heading) -> Iterator[str]:
    """Yield the lines of the page, ready to print."""
    words, zone = LANGUAGES[heading.office.language], ZoneInfo(heading.office.time_zone)
    columns = ON_PAPER[heading.which]
    widths = [column.width for column in columns]
    rule = "─" * (sum(widths) + len(GAP) * (len(widths) - 1))
    first = words.date(heading.first)
    period = words.period if first else words.until
    yield words.titles[heading.which]
    yield clean(f"{heading.office.name} ({heading.office.index})")
    yield (
        period.format(first=first, last=words.date(heading.last))
        + ", "
        + words.made.format(moment=words.moment(heading.made_at, zone))
    )
    yield rule
    yield from row([words.heads[column.head] for column in columns], widths)
    yield rule
    number = 0
    for item in items:
        number += 1
        yield from row([column.value(item, words, zone) for column in columns], widths)
        yield rule
    if not number:
        yield words.none
    yield words.total.format(number=number)
    yield ""


def row(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Yield the lines of one row: every cell is wrapped in its own width."""
    columns = [wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for place in range(max(map(len, columns))):
        parts = (column[place] if place < len(column) else "" for column in columns)
        padded = (set_cell_size(part, width) for part, width in zip(parts, widths, strict=True))
        yield GAP.join(padded).rstrip()


def wrapped(text: str, width: int) -> list[str]:
    """Return *text* in lines of at most *width* cells, broken between words and inside words that are longer."""
    lines = [""]
    for word in clean(text).split():
        for piece in chop_cells(word, width):
            joined = f"{lines[-1]} {piece}" if lines[-1] else piece
            if cell_len(joined) <= width:
                lines[-1] = joined
            else:
                lines.append(piece)
    return lines


def clean(text: str) -> str:
    """Return *text* as one line: what strangers write must not move the cursor or break the page."""
    return printable(" ".join(text.split()))

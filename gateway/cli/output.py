# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows for people (a table, times of this machine's zone) or for programs (one JSON object a line; times RFC 3339 UTC).

Dates are YYYY-MM-DD in both.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from textwrap import fill

import click

from gateway.moments import local as local

Row = Mapping[str, object]
GAP = 3  # between two columns of a table
LEAST = 24  # LIMIT: characters to which a column is cut; with less room the rows stand one below the other


def plain(value: object, *, here: bool = False) -> object:
    """Return *value* as JSON has it; with *here*, moments are told as to people at this machine."""
    if isinstance(value, datetime):
        return local(value) if here else value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item, here=here) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, here=here) for item in value]
    return value


def json_line(value: Row) -> str:
    """Return *value* on one line; what would move a cursor or turn the writing round stands there as an escape."""
    line = json.dumps(plain(value), ensure_ascii=False)
    if line.isprintable():
        return line
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in line)


def show(
    rows: Iterable[Row],
    columns: Sequence[str],
    *,
    as_json: bool,
    title: str = "",
    nothing: str = "",
    cut: str = "",
) -> None:
    """Print *rows*; a table shows *columns* only, JSON everything.

    On a terminal the column *cut* is cut to what room there is.  Rows that do not fit even so are printed one below the
    other, each value after its name: a table is never wrapped.
    """
    if as_json:
        for row in rows:
            click.echo(json_line(row))
        return
    from rich.box import SIMPLE_HEAD
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table

    cells = [{column: _cell(row.get(column)) for column in columns} for row in rows]
    if title:
        click.echo(title)
    if not cells:
        click.echo(nothing or "nothing")
        return
    console = Console(width=None if sys.stdout.isatty() else 10_000, highlight=False, markup=False)
    widths = {column: max(len(column), *(cell_len(row[column]) for row in cells)) for column in columns}
    room = console.width - sum(widths.values()) - GAP * (len(columns) - 1) - 2  # one blank on either side
    if cut and room < 0 and widths[cut] + room >= LEAST:
        cells = [{**row, cut: _cut(row[cut], widths[cut] + room)} for row in cells]
    elif room < 0:
        click.echo("\n".join(_block(row, console.width) for row in cells))
        return
    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in cells:
        table.add_row(*row.values())
    with console.capture() as drawn:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in drawn.get().splitlines() if line.strip()))


def _block(row: Mapping[str, str], width: int) -> str:
    """Return a row under its names, empty ones left out; wrapped lines stand under the first."""
    words = " · ".join(f"{name} {value}" for name, value in row.items() if value not in ("", "False"))
    return fill(words, width, subsequent_indent="   ", break_on_hyphens=False)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _cell(value: object) -> str:
    if value is None:
        return ""
    return printable(str(plain(value, here=True)))


def printable(text: str) -> str:
    """Return *text* without control characters: what strangers write must not move the cursor."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows for people (a table) or for programs (one JSON object a line; times RFC 3339 UTC, dates YYYY-MM-DD)."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum

import click

Row = Mapping[str, object]


def plain(value: object) -> object:
    """Return *value* as JSON has it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def json_line(value: Row) -> str:
    return json.dumps(plain(value), ensure_ascii=False)


def show(rows: Iterable[Row], columns: Sequence[str], *, as_json: bool, title: str = "", nothing: str = "") -> None:
    """Print *rows*; a table shows *columns* only, JSON everything."""
    if as_json:
        for row in rows:
            click.echo(json_line(row))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    if title:
        click.echo(title)
    if not table.rows:
        click.echo(nothing or "nothing")
        return
    console = Console(width=None if sys.stdout.isatty() else 10_000, highlight=False, markup=False)
    with console.capture() as drawn:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in drawn.get().splitlines() if line.strip()))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return local(value)
    return printable(str(plain(value)))


def local(moment: datetime) -> str:
    """Return *moment* as people here read it, with the offset of the zone."""
    return moment.astimezone().isoformat(" ", "seconds")


def printable(text: str) -> str:
    """Return *text* without control characters: what strangers write must not move the cursor."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)

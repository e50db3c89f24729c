# SPDX-License-Identifier: GPL-3.0-or-later
"""A register for a spreadsheet: CSV with semicolons (what a Russian locale expects) and CRLF, UTF-8 with a byte mark.

Cells come from strangers: one that a spreadsheet would take for a formula gets an apostrophe before it.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

import click

from gateway.cli.registers.columns import IN_A_SHEET
from gateway.cli.registers.page import clean
from gateway.registers.items import Item
from gateway.registers.words import LANGUAGES
from gateway.settings import OfficeSettings

FORMULAS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # what a cell that is computed begins with


def begin(language: str) -> None:
    """Print the byte mark and the heads of the columns, in the first office's language."""
    heads = LANGUAGES[language].heads
    _print("\ufeff" + _line([heads[column.head] for column in IN_A_SHEET]))


def write(items: Iterable[Item], ours: OfficeSettings) -> None:
    """Print one office's lines, in its own language."""
    words, zone = LANGUAGES[ours.language], ZoneInfo(ours.time_zone)
    for item in items:
        _print(_line([harmless(column.value(item, words, zone)) for column in IN_A_SHEET]))


def harmless(cell: str) -> str:
    """Return *cell* as one line that no spreadsheet computes."""
    text = clean(cell)
    return f"'{text}" if text.startswith(FORMULAS) else text


def _line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=";", lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _print(text: str) -> None:
    click.echo(text.encode(), nl=False)  # bytes: UTF-8 whatever the terminal has

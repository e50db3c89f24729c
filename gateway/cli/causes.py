# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong, for people: one screen of 80 by 24, the worst first."""

import shutil
from collections.abc import Sequence
from textwrap import wrap

import click

from gateway.causes import Cause
from gateway.cli.output import local, printable

SAID = 2  # LIMIT: lines of what a server said
LINES = 23  # LIMIT: of a screen, less the line of the prompt


def print_causes(causes: Sequence[Cause]) -> None:
    """Print of each cause what and since when, the server's own words, and what to type; nothing when all is well."""
    width = max(shutil.get_terminal_size((80, 24)).columns, 40)
    told, room = 0, LINES
    for cause in causes:
        lines = _lines(cause, width)
        if len(lines) > room - (told + 1 < len(causes)):  # what does not fit is named on the last line
            break
        click.echo("\n".join(lines))
        told, room = told + 1, room - len(lines)
    if told < len(causes):
        click.echo(f"and {len(causes) - told} more: edms-gateway status --json")


def _lines(cause: Cause, width: int) -> list[str]:
    """Return a cause for people; what a server said may be long, and is cut; what to type never is."""
    since = f", since {local(cause.since)}" if cause.since else ""
    lines = _wrapped(f"{'!' if cause.serious else '-'} {cause.what}{since}", width)
    if cause.words:
        said = _wrapped(f"    said: {cause.words}", width)
        lines += said if len(said) <= SAID else [*said[: SAID - 1], f"{said[SAID - 1][: width - 1]}…"]
    if cause.remedy:
        lines += _wrapped(f"    type: {cause.remedy}", width)
    return lines


def _wrapped(line: str, width: int) -> list[str]:
    return wrap(printable(line), width, subsequent_indent=" " * 10, break_on_hyphens=False)

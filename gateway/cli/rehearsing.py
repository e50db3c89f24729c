# SPDX-License-Identifier: GPL-3.0-or-later
"""``edms dry-run``: what a letter would become in the EDMS, done and rolled back."""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import click

from gateway.cli.context import PROBLEMS, Context, Ended, json_option, pass_context
from gateway.cli.output import Row, json_line, printable, show
from gateway.cli.reaching import opened
from gateway.cli.ruling import BY_INDEX, Ruling, rules_row, ruling_of
from gateway.content import BLOCK
from gateway.envelope import Opened, unseal
from gateway.errors import Refused
from gateway.inbound.intake import understood
from gateway.inbound.rehearsing import rehearsed
from gateway.journal.blobs import Blobs
from gateway.office import Office
from gateway.ports import Registration, Rehearsal, Waiting, Written

LONG = 60  # LIMIT: characters of a value that people are shown


@click.command("dry-run")
@click.argument("letter", type=click.Path(exists=True, path_type=Path, dir_okay=False))
@json_option
@pass_context
def dry_run(context: Context, letter: Path, as_json: bool) -> None:
    """Show the rows that LETTER (an .eml file) would write into the EDMS, and roll them back.

    The partner is chosen by the index inside: a file proves nothing.
    """
    settings = context.settings()
    office, now = Office(settings), context.now()
    with TemporaryDirectory() as folder:
        unsealed, ruling = _ruled(letter, Path(folder), office, now)
        rehearsal = Rehearsal(ruling.refused) if ruling.refused is not None else None
        if rehearsal is None:
            with opened(settings, None) as system:
                assert unsealed.reading is not None  # a ruling was made of it
                rehearsal = rehearsed(ruling.case, unsealed.letter, unsealed.reading.contents, office, system, now)
    outcome = _outcome(rehearsal)
    rules = rules_row(ruling, office)
    if as_json:
        rows = [{"table": row.table, "verb": row.verb, "values": _values(row)} for row in rehearsal.rows]
        click.echo(json_line({"rules": rules, **outcome, "rows": rows}))
    else:
        click.echo(f"partner: {ruling.case.partner.id} ({BY_INDEX})")
        click.echo(f"rule: {ruling.case.rule}")
        lines = [
            {"row": f"{row.verb} {row.table}" if place == 0 else "", "column": column, "value": _short(value)}
            for row in rehearsal.rows
            for place, (column, value) in enumerate(_values(row).items())
        ]
        if lines:
            show(lines, ("row", "column", "value"), as_json=False)
        words = outcome["number"] or outcome["detail"]
        known = outcome["outcome"] == "registered" and not rehearsal.rows
        said = "registered already as" if known else SAID[str(outcome["outcome"])]
        click.echo(printable(f"{said} {words}; nothing was written"))
    if outcome["outcome"] != "registered":
        raise SystemExit(PROBLEMS)


SAID = {"registered": "registered as", "waiting": "waits because", "refused": "refused because"}


def _ruled(path: Path, folder: Path, office: Office, now: datetime) -> tuple[Opened, Ruling]:
    """Return what *path* holds and the rules that apply; ends the command when it is no partner's document."""
    sink = Blobs(folder).sink()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            sink.write(block)
    try:
        opened = unseal(sink.close().blocks(), Blobs(folder).sink, spool=TemporaryFile)
    except Refused as why:
        raise Ended(str(why), PROBLEMS) from why
    if opened.reading is None:
        raise Ended("no passport of a known dialect is inside: people's mail", PROBLEMS)
    message, unreadable = understood(opened.reading, opened.letter, office.here(now))
    ruling = ruling_of(message, office, unreadable)
    if ruling is None:
        sender = opened.reading.heading.sender
        raise Ended(f"no document of a partner: its sender's index is {sender.index if sender else ''!r}", PROBLEMS)
    return opened, ruling


def _outcome(rehearsal: Rehearsal) -> Row:
    match rehearsal.outcome:
        case Registration(number=number, created=created):
            detail = "" if created else "it is registered already"
            return {"outcome": "registered", "number": number.text, "date": number.date, "detail": detail}
        case Waiting(reason=reason):
            return {"outcome": "waiting", "number": None, "date": None, "detail": reason}
        case refused:
            return {"outcome": "refused", "number": None, "date": None, "detail": refused.detail}


def _values(row: Written) -> dict[str, object]:
    return {column: f"({len(value)} bytes)" if isinstance(value, bytes) else value for column, value in row.values}


def _short(value: object) -> object:
    words = " ".join(value.split()) if isinstance(value, str) else value
    return words[: LONG - 1] + "…" if isinstance(words, str) and len(words) > LONG else words

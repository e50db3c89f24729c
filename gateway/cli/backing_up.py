# SPDX-License-Identifier: GPL-3.0-or-later
"""``db backup``: the journal and its letters, while the service runs."""

from pathlib import Path

import click

from gateway.cli.context import PROBLEMS, Context, Ended, json_option, pass_context
from gateway.cli.output import Row, json_line, show
from gateway.journal.backup import Copied, Incomplete, Lost, back_up

COLUMNS = ("entry", "direction", "state", "partner", "exchange", "digest", "detail")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
@pass_context
def backup(context: Context, folder: Path, as_json: bool) -> None:
    """Copy the journal and its large letters into a new FOLDER, while the service runs.

    Every letter is read back and compared with its digest.  One that is lost or damaged here is left out and named, and
    the command then ends with 1: the backup is complete but for those.
    The configuration and the secret are not copied.
    """
    settings = context.settings()
    with context.journal() as journal:
        try:
            copied = back_up(journal, settings.journal.url, folder)
        except (FileExistsError, Incomplete) as error:
            raise Ended(str(error), PROBLEMS) from error
    if as_json:
        click.echo(json_line(_row(copied, folder / "blobs")))
    else:
        _say(copied, folder / "blobs", context)
    if copied.lost:
        raise SystemExit(PROBLEMS)


def _say(copied: Copied, blobs: Path, context: Context) -> None:
    click.echo(f"written  {copied.database}")
    click.echo(f"written  {blobs}: {copied.letters} large letter(s), {copied.size} bytes")
    say_lost(copied)
    click.echo(f"NOT copied: {context.config}, partners.toml, and the secret they name.")
    click.echo("Keep those beside it: another secret makes other ids, and partners' answers would not be recognised.")


def say_lost(copied: Copied) -> None:
    """Name what could not be copied."""
    if copied.lost:
        title = "NOT in it, because lost or damaged in the journal itself; the backup is complete but for these:"
        show([_lost(one) for one in copied.lost], COLUMNS, as_json=False, title=title)


def _row(copied: Copied, blobs: Path) -> Row:
    return {
        "database": str(copied.database),
        "blobs": str(blobs),
        "letters": copied.letters,
        "bytes": copied.size,
        "lost": [_lost(one) for one in copied.lost],
    }


def _lost(one: Lost) -> Row:
    return {
        "entry": one.entry,
        "direction": one.direction,
        "state": one.state,
        "partner": one.partner,
        "exchange": one.exchange,
        "digest": one.digest,
        "detail": one.detail,
    }

# SPDX-License-Identifier: GPL-3.0-or-later
"""``db backup``: the journal and its letters, while the service runs."""

from pathlib import Path

import click

from gateway.cli.context import PROBLEMS, Context, Ended, pass_context


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@pass_context
def backup(context: Context, folder: Path) -> None:
    """Copy the journal and its large letters into a new FOLDER, while the service runs.

    Every letter is read back and compared with its digest.  The configuration and the secret are not copied.
    """
    from gateway.journal.backup import Incomplete, back_up

    settings = context.settings()
    with context.journal() as journal:
        try:
            copied = back_up(journal, settings.journal.url, folder)
        except (FileExistsError, Incomplete) as error:
            raise Ended(str(error), PROBLEMS) from error
    click.echo(f"written  {copied.database}")
    click.echo(f"written  {folder / 'blobs'}: {copied.letters} large letter(s), {copied.size} bytes")
    click.echo(f"NOT copied: {context.config}, partners.toml, and the secret they name.")
    click.echo("Keep those beside it: another secret makes other ids, and partners' answers would not be recognised.")

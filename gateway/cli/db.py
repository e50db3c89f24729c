# SPDX-License-Identifier: GPL-3.0-or-later
"""``db``: the journal as a database."""

import click

from gateway.cli.backing_up import backup
from gateway.cli.context import PROBLEMS, Context, Ended, pass_context
from gateway.cli.verifying import verify


@click.group()
def db() -> None:
    """The journal's database: upgrade, verify, backup."""


@db.command("upgrade")
@pass_context
def upgrade(context: Context) -> None:
    """Bring the journal's schema to this version of the program; stop the service first."""
    from gateway.journal import store

    settings = context.settings()
    try:
        store.upgrade(settings.journal.url, create=False)
    except store.NoJournal as error:
        raise Ended(str(error), PROBLEMS) from error
    click.echo("the journal is up to date")


db.add_command(verify)
db.add_command(backup)

# SPDX-License-Identifier: GPL-3.0-or-later
"""``db``: the journal as a database."""

import click

from gateway.cli.backing_up import backup
from gateway.cli.upgrading import upgrade
from gateway.cli.verifying import verify


@click.group()
def db() -> None:
    """The journal's database: upgrade, verify, backup."""


db.add_command(upgrade)
db.add_command(verify)
db.add_command(backup)

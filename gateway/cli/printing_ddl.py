# SPDX-License-Identifier: GPL-3.0-or-later
"""``edms ddl``: the tables that a shipped mapping is written for."""

import click

from gateway.cli.context import Ended
from gateway.edms_adapter.ddl import dialects, script, with_ddl

USAGE = 2


@click.command()
@click.argument("mapping")
@click.option("--dialect", required=True, metavar="NAME", help="The kind of database: sqlite, postgresql, mariadb …")
def ddl(mapping: str, dialect: str) -> None:
    """Print the tables that the shipped MAPPING is written for, to be run by the database's own client."""
    try:
        click.echo(script(mapping, dialect), nl=False)
    except LookupError as error:
        known = ", ".join(f"{name} ({', '.join(dialects(name))})" for name in with_ddl())
        raise Ended(f"{error}; there are: {known}", USAGE) from error

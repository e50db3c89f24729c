# SPDX-License-Identifier: GPL-3.0-or-later
"""``edms outbox-ddl``: the triggers that the mapping wants, for an owner of the EDMS's tables to make."""

import click

from gateway.cli.context import Context, pass_context
from gateway.cli.reaching import by_mapping, opened


@click.command("outbox-ddl")
@pass_context
def outbox_ddl(context: Context) -> None:
    """Print the statements that make the outbox and its triggers; changes nothing."""
    with opened(context.settings(), None) as system:
        script = by_mapping(system).outbox_ddl()
    click.echo(script, nl=False)

# SPDX-License-Identifier: GPL-3.0-or-later
"""``init`` and ``check-config``: the configuration before anything runs."""

from pathlib import Path

import click

from gateway.cli.context import BAD_CONFIGURATION, PROBLEMS, Context, Ended, pass_context
from gateway.edms_adapter import MappingError, read_mapping


@click.command("check-config")
@pass_context
def check_config(context: Context) -> None:
    """Read the configuration and name every problem at once; touches no network and no database."""
    settings = context.settings()
    try:
        edms = settings.edms
        if edms.mapping is not None and edms.database is not None:
            read_mapping(edms.mapping, edms.database, settings.offices[0].time_zone)
    except MappingError as error:
        raise Ended(str(error), BAD_CONFIGURATION) from error
    for warning in settings.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(
        f"{context.config}: ok: {len(settings.offices)} office(s), {len(settings.partners)} partner(s), "
        f"{len(settings.listeners)} listener(s), {len(settings.mailboxes)} mailbox(es)"
    )


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
def init(directory: Path) -> None:
    """Write a commented configuration into DIRECTORY that starts as it is, and a sample letter it registers."""
    from gateway.starter import write_starter

    try:
        starter = write_starter(directory)
    except FileExistsError as error:
        raise Ended(f"{error.filename} exists already; nothing was changed", PROBLEMS) from error
    for path in starter.paths:
        click.echo(f"written  {path}")
    config = directory / "gateway.toml"
    click.echo("\nNow type:")
    click.echo(f"  edms-gateway --config {config} check-config")
    click.echo(f"  edms-gateway --config {config} run")
    click.echo("and in another terminal:")
    envelope = f"--from {starter.sender} --to {starter.recipient}"
    click.echo(f"  swaks --server 127.0.0.1:2525 {envelope} --data @{directory / 'sample.eml'}")
    click.echo(f"  edms-gateway --config {config} trace 01-17/42")

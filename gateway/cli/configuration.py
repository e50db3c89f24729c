# SPDX-License-Identifier: GPL-3.0-or-later
"""``check-config``: the configuration before anything runs."""

from pathlib import Path

import click

from gateway.cli.context import BAD_CONFIGURATION, Context, Ended, pass_context
from gateway.edms_adapter import MappingError, read_mapping
from gateway.settings_files import load_edms


@click.command("check-config")
@pass_context
def check_config(context: Context) -> None:
    """Read the configuration and name every problem at once, those of partners and mapping too.

    Touches no network and no database.
    """
    settings, problems = context.judged()
    edms = settings.edms if settings else load_edms(Path(context.config))
    try:
        if edms is not None and edms.mapping is not None and edms.database is not None:
            read_mapping(edms.mapping, edms.database, settings.offices[0].time_zone if settings else "UTC")
    except MappingError as error:
        if not any(problem.endswith(str(error)) for problem in problems):  # that there is none has been said
            problems.append(str(error))
    if settings is None or problems:
        raise Ended("\n".join(problems), BAD_CONFIGURATION)
    for warning in settings.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(
        f"{context.config}: ok: {len(settings.offices)} office(s), {len(settings.partners)} partner(s), "
        f"{len(settings.listeners)} listener(s), {len(settings.mailboxes)} mailbox(es)"
        + (f", {len(settings.folders)} folder(s)" if settings.folders else "")
    )

# SPDX-License-Identifier: GPL-3.0-or-later
"""``edms``: the mapping between the gateway and the records-management system."""

import click

from gateway.cli.context import PROBLEMS, Context, Ended, json_option, pass_context
from gateway.cli.outbox_ddl import outbox_ddl
from gateway.cli.output import show
from gateway.cli.printing_ddl import ddl
from gateway.cli.reaching import by_mapping, database_option, opened
from gateway.cli.rehearsing import dry_run
from gateway.cli.rows import finding_row, finding_words
from gateway.cli.sampling import sample
from gateway.cli.watching import watch


@click.group()
def edms() -> None:
    """Begin, verify, try and watch the mapping to the EDMS."""


@edms.command()
@click.option("--all", "everything", is_flag=True, help="Show also what is as it should be.")
@click.option("--create", is_flag=True, help="First make the gateway's own tables in the EDMS's database.")
@database_option
@click.option("--reader", is_flag=True, help="Ask only for what an account needs that never writes.")
@json_option
@pass_context
def check(context: Context, everything: bool, create: bool, database: str | None, reader: bool, as_json: bool) -> None:
    """Verify connection, rights, tables, indexes, counters, file store, and what rules name.

    Changes nothing without --create.
    """
    from gateway.build import expected_of, wanted_of

    settings = context.settings()
    with opened(settings, database) as system:
        if create:
            system.prepare()
        ours, wanted = expected_of(settings), wanted_of(settings)
        health = by_mapping(system).check(ours, wanted, reader=True) if reader else system.check(ours, wanted)
    rows = [finding_row(finding) for finding in health.findings]
    told = [row for row in rows if row["level"] != "ok"]
    advice = sum(row["level"] == "advice" for row in rows)
    if as_json:
        show(rows, (), as_json=True)
    else:
        for row in rows if everything else told:
            click.echo(finding_words(row))
    if not as_json:
        passed = f"{sum(bool(row['ok']) for row in rows)} of {len(rows)} checks passed"
        click.echo(passed + (f"; advice: {advice}" if advice else ""))
    if not health.ok:
        raise SystemExit(PROBLEMS)


@edms.command()
@click.option("--writer", required=True, metavar="ACCOUNT", help="The account the gateway registers with.")
@click.option("--reader", required=True, metavar="ACCOUNT", help="An account that only looks: watch, sample, check.")
@database_option
@pass_context
def grants(context: Context, writer: str, reader: str, database: str | None) -> None:
    """Print what the owner of the EDMS's tables types so that two accounts may do their work, and no more.

    Accounts are written as the database writes them: gateway, or 'gateway'@'host' for MariaDB.
    """
    with opened(context.settings(), database) as system:
        typed = by_mapping(system).grants(writer, reader)
    if not typed:
        raise Ended("this database has no accounts: its file and folder belong to the user of the service", PROBLEMS)
    for line in typed:
        click.echo(line)


edms.add_command(dry_run)
edms.add_command(sample)
edms.add_command(watch)
edms.add_command(outbox_ddl)
edms.add_command(ddl)

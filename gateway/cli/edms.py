# SPDX-License-Identifier: GPL-3.0-or-later
"""``edms``: the mapping between the gateway and the records-management system."""

import click

from gateway.cli.context import BAD_CONFIGURATION, PROBLEMS, UNAVAILABLE, Context, Ended, json_option, pass_context
from gateway.cli.output import show
from gateway.cli.rehearsing import dry_run
from gateway.cli.rows import finding_row
from gateway.edms_adapter import MappingError
from gateway.ports import Expected, Wanted
from gateway.settings import Settings


@click.group()
def edms() -> None:
    """Verify the mapping to the EDMS."""


@edms.command()
@click.option("--all", "everything", is_flag=True, help="Show also what is as it should be.")
@click.option("--create", is_flag=True, help="First make the gateway's own tables in the EDMS's database.")
@json_option
@pass_context
def check(context: Context, everything: bool, create: bool, as_json: bool) -> None:
    """Verify connection, tables, counters, file store, and what rules name; changes nothing without --create."""
    from gateway.build import SystemClock, edms_of

    settings = context.settings()
    try:
        system = edms_of(settings, SystemClock())
        try:
            if create:
                system.prepare()
            ours = [Expected(ours.index, ours.default_inbox) for ours in settings.offices]
            health = system.check(ours, wanted_of(settings))
        finally:
            system.close()
    except MappingError as error:
        raise Ended(str(error), BAD_CONFIGURATION) from error
    except Exception as error:  # an edge: whatever a database driver raises is shown in one line
        raise Ended(f"the EDMS is not available: {type(error).__name__}: {error}", UNAVAILABLE) from error
    rows = [finding_row(finding) for finding in health.findings]
    wrong = [row for row in rows if not row["ok"]]
    if as_json or everything:
        show(rows, ("ok", "what", "detail", "remedy"), as_json=as_json)
    elif wrong:
        show(wrong, ("what", "detail", "remedy"), as_json=False)
    if not as_json:
        click.echo(f"{len(rows) - len(wrong)} of {len(rows)} checks passed")
    if not health.ok:
        raise SystemExit(PROBLEMS)


edms.add_command(dry_run)


def wanted_of(settings: Settings) -> tuple[Wanted, ...]:
    """Return what the receive rules of *settings* count on in the EDMS, for each of our organisations they are for."""
    found = []
    for place, (rule, at) in enumerate(zip(settings.receive, settings.receive_at, strict=True), 1):
        said = f'receive[{place}] "{rule.name}"' if rule.name else f"receive[{place}]"
        said += f" ({at})"
        named = (("group", rule.group), ("journal", rule.journal), ("inbox", rule.default_inbox))
        for office in rule.organisation or [ours.index for ours in settings.offices]:
            found += [Wanted(kind, name, said, office) for kind, name in named if name]
    return tuple(found)

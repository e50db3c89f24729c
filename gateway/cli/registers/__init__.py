# SPDX-License-Identifier: GPL-3.0-or-later
"""``register``: what was sent, came, waits or is late over a period, as a records clerk would print it.

Only the journal is asked, so it works while the EDMS is down.  `items` finds the lines, `page` prints them for people,
`sheet` for spreadsheets; the words are in `words`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import click

from gateway.cli.context import Context, json_option, pass_context
from gateway.cli.output import json_line
from gateway.cli.registers import page, sheet
from gateway.cli.registers.page import Heading
from gateway.journal.registers import Asked
from gateway.model import PartnerId
from gateway.office import Office
from gateway.registers.items import BEGINNING, STANDING, Which, items
from gateway.settings import OfficeSettings, Settings

YEARS = range(1970, 3000)


def day(context: click.Context, option: click.Parameter, value: str | None) -> date | None:
    """Return what was typed as a calendar date; anything else is a usage error."""
    if value is None:
        return None
    try:
        typed = date.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no date; write year, month and day: 2026-03-31") from error
    if typed.year not in YEARS:
        raise click.BadParameter(f"{value!r} is no day a register can begin or end with")
    return typed


@dataclass(frozen=True, slots=True)
class Period:
    """Calendar dates in an office's zone, both inclusive."""

    first: date | None  # None: from the beginning
    last: date

    def asked(self, office: OfficeSettings, partner: PartnerId | None) -> Asked:
        """Return the question for the lines of *office* in this period."""
        zone = ZoneInfo(office.time_zone)
        since = datetime.combine(self.first, time.min, zone) if self.first else BEGINNING
        return Asked(office.index, since, datetime.combine(self.last + timedelta(days=1), time.min, zone), partner)


@click.command()
@click.argument("which", type=click.Choice([which.value for which in Which]))
@click.option("--from", "first", callback=day, metavar="DATE", help="The first day; without it the first of the month.")
@click.option("--to", "last", callback=day, metavar="DATE", help="The last day, inclusive; without it today.")
@click.option("--partner", type=PartnerId, help="Only this partner's.")
@click.option("--office", "index", help="Only of this organisation of ours; without it of each.")
@click.option("--csv", "as_csv", is_flag=True, help="For a spreadsheet: semicolons, UTF-8 with a mark.")
@json_option
@pass_context
def register(
    context: Context,
    which: str,
    first: date | None,
    last: date | None,
    partner: PartnerId | None,
    index: str | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Print a register of documents: sent, received, waiting or overdue.

    What waits or is overdue is shown as it stands now, however old; --from cuts it.
    """
    if as_csv and as_json:
        raise click.UsageError("--csv and --json are two forms of the same register: choose one")
    kind, now, settings = Which(which), context.now(), context.settings()
    office, offices = Office(settings), _offices(settings, index)
    if partner is not None and office.partner_by_id(partner) is None:
        known = ", ".join(one.id for one in settings.partners) or "none"
        raise click.BadParameter(f"there is no partner {partner!r}; there are: {known}", param_hint="--partner")
    periods = [(ours, _period(kind, first, last, now.astimezone(ZoneInfo(ours.time_zone)).date())) for ours in offices]
    with context.journal() as journal:
        if as_csv:
            sheet.begin(offices[0].language)
        for ours, period in periods:
            lines = items(journal, kind, period.asked(ours, partner), office, ours, now)
            if as_json:
                for item in lines:
                    click.echo(json_line(asdict(item)))
            elif as_csv:
                sheet.write(lines, ours)
            else:
                for line in page.printed(lines, Heading(kind, ours, period.first, period.last, now)):
                    click.echo(line)


def _offices(settings: Settings, index: str | None) -> Sequence[OfficeSettings]:
    """Return the organisations whose registers are wanted; an unknown one is a usage error."""
    if index is None:
        return settings.offices
    found = Office(settings).ours(index)
    if found is None:
        known = ", ".join(one.index for one in settings.offices)
        raise click.BadParameter(f"there is no office {index!r}; there are: {known}", param_hint="--office")
    return (found,)


def _period(kind: Which, first: date | None, last: date | None, today: date) -> Period:
    """Return the period that is meant; one that ends before it begins is a usage error."""
    last = last or today
    if first is None and kind not in STANDING:
        first = last.replace(day=1)
    if first is not None and first > last:
        raise click.UsageError(f"the register would begin on {first} and end before it, on {last}")
    return Period(first, last)

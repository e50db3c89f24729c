# SPDX-License-Identifier: GPL-3.0-or-later
"""Which letters are meant: by their numbers, or by what they have in common."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Connection

from gateway.cli.context import Context
from gateway.errors import Reason
from gateway.journal import entries
from gateway.journal.entries import Entry, State
from gateway.model import PartnerId

PAGE = 500  # LIMIT: letters read at once


@dataclass(frozen=True, slots=True)
class Sought:
    """What letters have in common; None and empty do not matter."""

    reason: Reason | None = None
    partner: PartnerId | None = None
    office: str = ""
    since: datetime | None = None
    until: datetime | None = None  # not included
    text: str = ""

    @property
    def names_something(self) -> bool:
        return self != Sought()

    def letters(
        self, tx: Connection, states: tuple[State, ...], limit: int, *, before: int | None = None, refused: bool = False
    ) -> list[Entry]:
        """Return at most *limit* of them, the newest first, with ids below *before*."""
        return entries.select(
            tx,
            states=states,
            reason=self.reason,
            partner=self.partner,
            office=self.office,
            since=self.since,
            until=self.until,
            text=self.text,
            before=before,
            refused=refused,
            limit=limit,
        )

    def all(self, tx: Connection, states: tuple[State, ...]) -> Iterator[Entry]:
        """Yield every one of them, the newest first."""
        before = None
        while page := self.letters(tx, states, PAGE, before=before):
            yield from page
            before = page[-1].id


def sought_of(
    context: Context,
    *,
    reason: Reason | None,
    partner: PartnerId | None,
    office: str,
    since: date | datetime | None,
    until: date | datetime | None,
    search: str,
) -> Sought:
    """Return what was typed after the options of `sought_by`; a date alone is a whole day of the office.

    A partner that nobody ever heard of is a usage error.
    """
    zone = ZoneInfo(context.settings().offices[0].time_zone)
    if partner is not None:
        known_partner(context, partner)
    if until is not None and not isinstance(until, datetime):
        until += timedelta(days=1)
    return Sought(reason, partner, office, moment_of(since, zone), moment_of(until, zone), search.strip())


def known_partner(context: Context, partner: PartnerId) -> None:
    """Raise a usage error that names the known ones for a *partner* that neither settings nor journal know."""
    ids = [one.id for one in context.settings().partners]
    if partner in ids:
        return
    with context.journal() as journal, journal.read() as tx:
        if entries.select(tx, partner=partner, limit=1):  # it was one, and its letters are here still
            return
    known = ", ".join(ids) or "none"
    raise click.BadParameter(f"there is no partner {partner!r}; there are: {known}", param_hint="--partner")


def moment_of(typed: date | datetime | None, zone: ZoneInfo) -> datetime | None:
    """Return what was typed as a moment in UTC; without a zone it is one of *zone*."""
    if typed is None:
        return None
    moment = typed if isinstance(typed, datetime) else datetime.combine(typed, time.min)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def moment_typed(context: click.Context, option: click.Parameter, value: str | None) -> date | datetime | None:
    """Read a date, or a date and time, of an option."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value) if len(value) == len("2026-03-31") else datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no moment; write 2026-03-31 or 2026-03-31T14:05") from error


def _reason(context: click.Context, option: click.Parameter, value: str | None) -> Reason | None:
    return None if value is None else Reason(value)


def sought_by(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the filters to *command*: what was typed is for `sought_of`."""
    for option in (
        click.option("--search", default="", metavar="TEXT", help="In ids, addresses, details, numbers, subjects."),
        click.option("--until", callback=moment_typed, metavar="WHEN", help="Came before; of a date the day included."),
        click.option(
            "--since", callback=moment_typed, metavar="WHEN", help="Came then or later: a date, or date and time."
        ),
        click.option("--office", default="", metavar="INDEX", help="Only for this organisation of ours."),
        click.option("--partner", type=PartnerId, help="Only this partner's."),
        click.option(
            "--reason",
            type=click.Choice([reason.value for reason in Reason]),
            callback=_reason,
            metavar="REASON",
            help="Only with this reason; `quarantine reasons` lists them.",
        ),
    ):
        command = option(command)
    return command

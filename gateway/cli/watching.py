# SPDX-License-Identifier: GPL-3.0-or-later
"""``edms watch``: what people do in the EDMS, shown as it happens.

Only looked at: the service's cursor stays where it is, and nothing is written, so a reading account is enough.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from gateway.cli.choosing import moment_of, moment_typed
from gateway.cli.context import Context, Ended, json_option, pass_context
from gateway.cli.explaining import event_row
from gateway.cli.output import Row, json_line, local, printable
from gateway.cli.reaching import database_option, opened
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.journal import cursors
from gateway.ports import ChangePage, EdmsEvent

CURSOR = "edms"  # the name under which the service keeps how far it has come
KEPT = 100_000  # LIMIT: keys of changes that are remembered, so that one that is read again is shown once
Pages = Callable[[str | None], ChangePage]


@dataclass
class Watch:
    """Goes through the changes again and again and hands out each once; *since* is the oldest that counts."""

    pages: Pages
    cursor: str | None
    since: datetime | None = None  # None: whatever is there already is not news
    _known: dict[str, None] = field(default_factory=dict)
    _began: bool = False

    def news(self) -> Iterator[EdmsEvent]:
        """Yield what came since the last call; the first call yields what happened since *since*."""
        more = True
        while more:
            page = self.pages(self.cursor)
            self.cursor, more = page.cursor, page.more
            for one in page.events:
                if self._fresh(one.event.key) and (self._began or self._young(one.event.at)):
                    yield one
        self._began = True

    def _young(self, at: datetime | None) -> bool:
        return self.since is not None and (at is None or at >= self.since)

    def _fresh(self, key: str) -> bool:
        if key in self._known:
            return False
        self._known[key] = None
        if len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        return True


@click.command()
@click.option("--since", callback=moment_typed, metavar="WHEN", help="Begin then: a date, or date and time.")
@click.option("--every", type=click.FloatRange(0.1, 3600), metavar="SECONDS", help="How often to ask; else edms.poll.")
@click.option("--once", is_flag=True, help="Show what there is and end, instead of waiting for more.")
@database_option
@json_option
@pass_context
def watch(
    context: Context,
    since: date | datetime | None,
    every: float | None,
    once: bool,
    database: str | None,
    as_json: bool,
) -> None:
    """Show what people do with documents from partners, as the mapping sees it, until Ctrl-C.

    Without --since it begins now.  Nothing is written, and the service tells its partners all the same.
    """
    settings = context.settings()
    from_when = moment_of(since, ZoneInfo(settings.offices[0].time_zone))
    pause = timedelta(seconds=every) if every else settings.edms.poll
    try:
        with opened(settings, database) as system:
            pages = system.watched if isinstance(system, SqlEdms) else system.changes
            watched = Watch(pages, None if from_when else _cursor(context), from_when)
            while True:
                for one in watched.news():
                    click.echo(json_line(row(one)) if as_json else words(one))
                if once:
                    return
                time.sleep(pause.total_seconds())
    except KeyboardInterrupt:
        return  # a person has seen enough


def _cursor(context: Context) -> str | None:
    """Return how far the service has come, so that what it told long ago is not read; None when it cannot be asked."""
    try:
        with context.journal() as journal, journal.read() as tx:
            return cursors.get(tx, CURSOR)
    except Ended:
        return None


def row(one: EdmsEvent) -> Row:
    """Return a change under its stable keys."""
    return {"exchange": one.exchange, "key": one.event.key, **event_row(one.event)}


def words(one: EdmsEvent) -> str:
    """Return a change for people, on one line."""
    event = event_row(one.event)
    moment = local(one.event.at) if one.event.at else "no moment"
    parts = [f"{name} {event[name]}" for name in ("number", "date", "to", "task", "deadline", "text") if event[name]]
    return printable(f"{moment}  {one.event.kind.value:<18} {one.event.key}  " + " · ".join(parts)).rstrip()

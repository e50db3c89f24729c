# SPDX-License-Identifier: GPL-3.0-or-later
"""Who sending leaves alone at the moment, how many letters wait behind them, and what a retry does about it."""

from collections import Counter
from collections.abc import Callable

from sqlalchemy import Connection

from gateway.cli.output import Row, local
from gateway.journal import circuits, entries
from gateway.journal.circuits import OpenCircuit
from gateway.journal.entries import Entry, State
from gateway.outbound.circuits import names_of
from gateway.settings import Settings


def left_alone(tx: Connection, settings: Settings) -> list[Row]:
    """Return the open circuits under their stable keys; `letters` wait behind them, 0 when nothing does (any more)."""
    from gateway.causes.left_alone import waiting_behind

    found = circuits.stand(tx)
    behind = waiting_behind(entries.waiting(tx), settings) if found else Counter()
    return [
        {
            "name": one.name,
            "opened_at": one.opened_at,
            "retry_at": one.retry_at,
            "failures": one.failures,
            "letters": behind[one.name],
            "words": one.words or None,
        }
        for one in found
    ]


def for_people(row: Row) -> Row:
    return {**row, "letters": row["letters"] or "nothing waits"}


def names_for(settings: Settings) -> Callable[[Entry], tuple[str, str]]:
    """Return what tells of a letter behind which relay and which partner it goes."""
    from gateway.doors import Posts

    posts = Posts(settings)
    return lambda entry: names_of(posts.relay_of(entry), entry.lane)


def tried_again(tx: Connection, entry: Entry, names: tuple[str, str]) -> str:
    """Say what comes of a letter that was queued by hand: it goes at once, unless a person or a letter stops it."""
    letter = f"letter {entry.id} is"
    if entry.held:
        return f"{letter} queued again, but held: edms-gateway queue release {entry.id}"
    earlier = _earlier(tx, entry)
    if earlier is not None:
        return f"{letter} tried again after letter {earlier.id}, which is before it about the same document"
    alone = [one for one in circuits.stand(tx) if one.name in names]
    if not alone:
        return f"{letter} tried again"
    return f"{letter} tried again now, though {' and '.join(map(_said, alone))}; once it is taken, the others go too"


def _earlier(tx: Connection, entry: Entry) -> Entry | None:
    if entry.exchange is None:
        return None
    before = entries.select(tx, states=[State.QUEUED], exchange=entry.exchange, before=entry.id, limit=1)
    return before[0] if before else None


def _said(one: OpenCircuit) -> str:
    return f"{one.name} is left alone until {local(one.retry_at)} ({one.words})"

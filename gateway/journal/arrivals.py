# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters that came in: accepted once, claimed fairly, concluded, or put off."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, and_, bindparam, func, or_, select, update

from gateway.journal import claiming, schema
from gateway.journal.blobs import Kept
from gateway.journal.claiming import FRESH, SUSPECT, Turn
from gateway.journal.columns import EPOCH, Moment
from gateway.journal.entry import Entry, insert_or_ignore, store_letters
from gateway.journal.states import State

E = schema.entries.c
_CHUNK = 500  # LIMIT: sources in one question


@dataclass(frozen=True, slots=True)
class Arrival:
    """A letter at the door, its bytes safe already."""

    source: str  # unique transport identity: "smtp:<uuid>", or `imap_source`
    channel: str  # listener or mailbox
    lane: str  # for fair turns only, never for trust
    envelope_sender: str
    envelope_recipients: tuple[str, ...]
    peer: str
    arrived_anew: bool  # False: a rescan found it
    letter: Kept

    def __post_init__(self) -> None:
        if not self.source or not self.lane:
            raise ValueError("an arrival needs a source and a lane")


def imap_source(mailbox: str, uidvalidity: int, uid: int) -> str:
    """Return the transport identity of one copy in a mailbox."""
    return f"imap:{uidvalidity}:{uid}:{mailbox}"


# --- accepting ------------------------------------------------------------------------------------------------------

_ACCEPT = {
    engine: statement.returning(E.id, E.source) for engine, statement in insert_or_ignore(schema.entries).items()
}
_BY_SOURCE = select(E.id, E.source).where(E.source.in_(bindparam("sources", expanding=True)))


def accept(tx: Connection, arrivals: Sequence[Arrival], now: datetime) -> list[int]:
    """Write *arrivals* and return their ids in the same order; one whose source is known keeps its id and its row.

    The commit of *tx* is the moment from which we answer for them.
    """
    by_source = {arrival.source: arrival for arrival in arrivals}
    if not by_source:
        return []
    rows = [_row(arrival, now) for arrival in by_source.values()]
    ids = {source: id for id, source in tx.execute(_ACCEPT[tx.dialect.name], rows)}
    store_letters(tx, ((id, by_source[source].letter) for source, id in ids.items()))
    known = [source for source in by_source if source not in ids]
    if known:
        ids |= {source: id for id, source in tx.execute(_BY_SOURCE, {"sources": known})}
    return [ids[arrival.source] for arrival in arrivals]


def known(tx: Connection, sources: Sequence[str]) -> frozenset[str]:
    """Return those of *sources* that were accepted."""
    found: set[str] = set()
    for start in range(0, len(sources), _CHUNK):
        rows = tx.execute(_BY_SOURCE, {"sources": list(sources[start : start + _CHUNK])})
        found.update(source for _, source in rows)
    return frozenset(found)


def _row(arrival: Arrival, now: datetime) -> dict[str, Any]:  # Any: column values
    copy = arrival.source.split(":", 3) if arrival.source.startswith("imap:") else None
    return {
        "direction": "in",
        "state": State.ACCEPTED.value,
        "source": arrival.source,
        "channel": arrival.channel,
        "lane": arrival.lane,
        "envelope_sender": arrival.envelope_sender,
        "envelope_recipients": json.dumps(arrival.envelope_recipients),
        "peer": arrival.peer,
        "arrived_anew": arrival.arrived_anew,
        "size": arrival.letter.size,
        "sha256": arrival.letter.sha256,
        "created_at": now,
        "ready_at": EPOCH,
        "uidvalidity": int(copy[1]) if copy else None,
        "uid": int(copy[2]) if copy else None,
    }


_SHARE = insert_or_ignore(schema.entries)
_FOR = update(schema.entries).where(E.id == bindparam("entry")).values(office=bindparam("for_office"))


def share(tx: Connection, entry: Entry, offices: Sequence[str]) -> Entry:
    """Make *entry* the first of *offices*' (exchange indices, at least one) and return it; each other gets its own.

    Those come into the queue as if they had been accepted with it: same moment, lane and way in, and the very same
    letter, which is not copied.  Done again it adds nothing.
    """
    first, *others = offices
    tx.execute(_FOR, {"entry": entry.id, "for_office": first})
    rows = [_shared(entry, office) for office in others]
    if rows:
        tx.execute(_SHARE[tx.dialect.name], rows)
    return replace(entry, office=first)


def _shared(entry: Entry, office: str) -> dict[str, Any]:  # Any: column values
    return {
        "direction": "in",
        "state": State.ACCEPTED.value,
        "source": f"entry:{entry.id}:{office}",
        "office": office,
        "letter_of": entry.id,
        "channel": entry.channel,
        "lane": entry.lane,
        "envelope_sender": entry.envelope_sender,
        "envelope_recipients": json.dumps(entry.envelope_recipients),
        "peer": entry.peer,
        "arrived_anew": entry.arrived_anew,
        "size": entry.size,
        "sha256": entry.sha256,
        "created_at": entry.created_at,
        "ready_at": EPOCH,
    }


# --- claiming -------------------------------------------------------------------------------------------------------


def claim(tx: Connection, worker: str, limit: int, now: datetime, lease: timedelta) -> list[Entry]:
    """Hand *worker* up to *limit* due entries for the time of *lease*, each lane its equal share, oldest first.

    `starts` counts the claim and is committed with it, so a letter that kills its worker is known by its count.
    One with a start behind it (its worker died, or it is suspected of a defect) comes alone, in turn with the others.
    """
    if limit < 1:
        return []
    lanes = claiming.lanes_with_work(tx, (SUSPECT, FRESH), now)
    if not any(lanes.values()):
        return []
    only = sum(len(names) for names in lanes.values()) == 1
    turn = Turn() if only else claiming.turn_of(tx, worker)
    queue = SUSPECT if lanes[SUSPECT] and not (turn.alone and lanes[FRESH]) else FRESH
    order = claiming.rotated(lanes[queue], turn.lane)
    room = 1 if queue is SUSPECT else limit
    taken = claiming.take(tx, queue, order, worker, room, now, now + lease)
    if not only:
        claiming.remember(tx, worker, Turn(order[min(room, len(order)) - 1], queue is SUSPECT))
    return taken


_RENEW = (
    update(schema.entries)
    .where(E.id.in_(bindparam("ids", expanding=True)), E.worker == bindparam("who"))
    .where(E.state.in_([State.ACCEPTED.value, State.QUEUED.value]))
    .values(ready_at=bindparam("until", type_=Moment()))
    .returning(E.id)
)


def _named(worker: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a name is the bound prefix, or that and a dot and more: "node-1" is neither "node-10" nor "node-1-b"."""
    length = bindparam("length", type_=Integer())
    following = func.substr(worker, length + 1, 1)
    whole = and_(func.substr(worker, 1, length) == bindparam("prefix"), following.in_(("", ".")))
    return or_(length == 0, whole)


_FREE = {"worker": "", "ready_at": func.coalesce(E.not_before, bindparam("epoch", EPOCH, type_=Moment()))}
_RELEASE = (
    update(schema.entries)
    .where(E.direction.in_(["in", "out"]), E.state.in_(["accepted", "queued"]), E.worker != "")
    .where(_named(E.worker), E.id.not_in(bindparam("keeping", expanding=True)))
    .values(_FREE)
)
_LEAVE = schema.turns.delete().where(_named(schema.turns.c.worker))


def renew(tx: Connection, worker: str, ids: Sequence[int], now: datetime, lease: timedelta) -> frozenset[int]:
    """Prolong *worker*'s claims on *ids* and return those it still holds; the others are somebody else's by now."""
    if not ids:
        return frozenset()
    values = {"ids": list(ids), "who": worker, "until": now + lease}
    return frozenset(tx.execute(_RENEW, values).scalars())


_GIVE_BACK = (
    update(schema.entries)
    .where(E.id.in_(bindparam("ids", expanding=True)), E.worker == bindparam("who"))
    .values(_FREE | {"starts": E.starts - 1})
)


def give_back(tx: Connection, worker: str, ids: Sequence[int]) -> None:
    """Give back letters that *worker* claimed and never began: nothing is counted against them."""
    if ids:
        tx.execute(_GIVE_BACK, {"ids": list(ids), "who": worker})


_DISOWN = (
    update(schema.entries)
    .where(E.direction == "in", E.state == State.ACCEPTED.value, E.worker != "", E.worker == bindparam("who"))
    .values(_FREE | {"starts": E.starts - 1})
)
_BLAME = (
    update(schema.entries)
    .where(E.id == bindparam("entry"), E.state == State.ACCEPTED.value, E.worker == bindparam("who"))
    .values(_FREE | {"detail": bindparam("how")})
)


def disown(tx: Connection, worker: str) -> None:
    """Give back every letter that *worker* holds; nothing is counted against any."""
    tx.execute(_DISOWN, {"who": worker})


def died(tx: Connection, worker: str, in_hand: int, words: str) -> None:
    """Give back what *worker* held when it died of entry *in_hand* (0: of none), which *words* are written onto.

    Its start stays counted; the rest of the batch was not begun, and nothing is counted against it.
    """
    tx.execute(_BLAME, {"entry": in_hand, "who": worker, "how": words})
    disown(tx, worker)
    tx.execute(_LEAVE, {"length": len(worker), "prefix": worker})


def release(tx: Connection, worker_prefix: str | None, now: datetime, *, keeping: Sequence[int] = ()) -> int:
    """Give back what dead workers held, but for the entries in *keeping*, and return how many; `starts` stays.

    They are *worker_prefix* itself and what has its name before a dot ("node-1" is not "node-10"), or all for None.
    """
    prefix = worker_prefix or ""
    values = {"length": len(prefix), "prefix": prefix}
    tx.execute(_LEAVE, values)
    return tx.execute(_RELEASE, values | {"keeping": list(keeping)}).rowcount

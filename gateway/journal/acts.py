# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator may do to an entry; who did it and why is written beside it, in the same transaction."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Update, and_, bindparam, insert, literal_column, or_, select, update

from gateway.errors import Reason
from gateway.journal import exchanges, schema
from gateway.journal.columns import BY_HAND, EPOCH, Moment
from gateway.journal.exchanges import Exchange
from gateway.journal.settling import impossible
from gateway.journal.states import State
from gateway.journal.values import from_json, to_json
from gateway.model import CardRef, ExchangeId, PartnerId, Party

E = schema.entries.c


@dataclass(frozen=True, slots=True)
class Fix:
    """What a person decided about one letter, for good: it holds however often the letter is processed."""

    accepts: frozenset[Reason] = frozenset()  # what stops it no more
    readdressed: Mapping[str, Party] = field(default_factory=dict)  # whom the letter names: who gets it instead


NO_FIX = Fix()


@dataclass(frozen=True, slots=True)
class Act:
    """Something an operator did."""

    entry: int
    at: datetime
    act: str  # "hold", "release", "retry", "drop", "reprocess", "fix", "apply", "decline"
    who: str
    why: str
    accepts: str = ""  # fix: the `Reason` that stops this letter no more; empty: none
    addressee: str = ""  # fix: whom the letter names …
    instead: str = ""  # … and who gets it, a Party as JSON; empty: nobody was chosen


_AT_ONCE: dict[str, Any] = {  # Any: column values
    "worker": "",
    "not_before": None,
    "concluded_at": None,
    "ready_at": bindparam("epoch", EPOCH, type_=Moment()),
}
_THIS = E.id == bindparam("entry")
_HOLD = update(schema.entries).where(_THIS, E.state == "queued").values(held=literal_column("true"))
_TO_HOLD_BACK = select(E.id).where(
    E.partner.in_(bindparam("partners", expanding=True)),
    E.state == "queued",
    E.held.is_(False),
    E.id.not_in(select(schema.acts.c.entry).where(schema.acts.c.act == "release")),
)
_FREE = update(schema.entries).where(_THIS, E.state == "queued").values(held=literal_column("false"))
_AGAIN = update(schema.entries).where(_THIS, E.state.in_(["failed", "queued"]), E.stored)
_HELD = or_(E.held, bindparam("hold", type_=Boolean()))
_RETRY = _AGAIN.values(state="queued", held=_HELD, **_AT_ONCE)
_RETRY_BY_HAND = _AGAIN.values(
    state="queued", held=_HELD, **(_AT_ONCE | {"ready_at": bindparam("by_hand", BY_HAND, type_=Moment())})
)
_DROP = (
    update(schema.entries)
    .where(_THIS, E.state == "parked")
    .values(state="dropped", concluded_at=bindparam("now", type_=Moment()))
)
_REPROCESS = (
    update(schema.entries)
    .where(_THIS, E.state.in_(["parked", "waiting"]))
    .values(state="accepted", starts=0, **_AT_ONCE)
)
_RECREATE = (
    update(schema.entries)
    .where(_THIS, E.state == "done", E.kind == "document", E.exchange == bindparam("of_exchange"))
    .values(state="accepted", starts=0, **_AT_ONCE)
)
_FIX = (
    update(schema.entries)
    .where(_THIS, or_(E.state == "parked", and_(E.state == "done", E.kind == "document", E.reason.is_not(None))))
    .values(state="accepted", starts=0, **_AT_ONCE)
)
_DECIDE = (
    update(schema.entries)
    .where(_THIS, E.state == "waiting", E.reason == Reason.DIRECTORY.value)
    .values(state="accepted", starts=0, **_AT_ONCE)
)
_NOTE = insert(schema.acts)
_DECISION = (
    select(schema.acts.c.act)
    .where(schema.acts.c.entry == bindparam("entry"), schema.acts.c.act.in_(["apply", "decline"]))
    .order_by(schema.acts.c.id.desc())
    .limit(1)
)
_FIXES = (
    select(schema.acts.c.accepts, schema.acts.c.addressee, schema.acts.c.instead)
    .where(schema.acts.c.entry == bindparam("entry"), schema.acts.c.act == "fix")
    .order_by(schema.acts.c.id)
)


def set_held(tx: Connection, id: int, held: bool, *, who: str, why: str, now: datetime) -> None:
    """Stop a queued letter, or let it go again; those behind it in its exchange wait with it."""
    _act(tx, _HOLD if held else _FREE, id, State.SENT, now)
    _note(tx, id, "hold" if held else "release", who, why, now)


def hold_back(tx: Connection, partners: Collection[PartnerId], *, who: str, why: str, now: datetime) -> int:
    """Stop every queued letter to *partners*, but those that an operator released; return how many."""
    letters = tuple(tx.execute(_TO_HOLD_BACK, {"partners": list(partners)}).scalars())
    for id in letters:
        set_held(tx, id, True, who=who, why=why, now=now)
    return len(letters)


def retry(
    tx: Connection, id: int, *, who: str, why: str, now: datetime, by_hand: bool = False, hold: bool = False
) -> None:
    """Queue a failed letter again, or send a deferred one at once; the same bytes.

    *by_hand*: a person wants it tried, also when its relay or its partner's server is left alone (`take_by_hand`).
    *hold*: it waits until somebody releases it.
    """
    _act(tx, _RETRY_BY_HAND if by_hand else _RETRY, id, State.QUEUED, now, hold=hold)
    _note(tx, id, "retry", who, why, now)


def drop(tx: Connection, id: int, *, who: str, why: str, now: datetime) -> None:
    """Put a parked letter away for good."""
    _act(tx, _DROP, id, State.DROPPED, now)
    _note(tx, id, "drop", who, why, now)


def reprocess(tx: Connection, id: int, *, who: str, why: str, now: datetime) -> None:
    """Process a parked letter afresh, or a waiting one whose person decided; its starts are forgiven."""
    _act(tx, _REPROCESS, id, State.ACCEPTED, now)
    _note(tx, id, "reprocess", who, why, now)


def recreate(tx: Connection, id: int, *, who: str, why: str, now: datetime) -> None:
    """Process a letter that is done afresh, because the card it brought has vanished; the caller has looked.

    Until the card is there again its exchange has none, and keeps the number that was told.
    """
    done = exchange_of(tx, id)
    if tx.execute(_RECREATE, {"entry": id, "of_exchange": done.id}).rowcount == 0:
        raise impossible(tx, id, State.ACCEPTED, None)
    exchanges.advance(tx, replace(done, subject_card=CardRef("")))
    _note(tx, id, "reprocess", who, why, now)


def exchange_of(tx: Connection, id: int) -> Exchange:
    """Return the exchange that entry *id* registered, its row ours; raises ValueError when it registered none."""
    named: ExchangeId | None = tx.scalar(select(E.exchange).where(E.id == id))
    exchange = exchanges.get(tx, named, lock=True) if named else None
    if exchange is None or exchange.direction != "in" or exchange.registered is None:
        raise ValueError(f"entry {id} registered no document")
    return exchange


def fix(
    tx: Connection,
    id: int,
    *,
    who: str,
    why: str,
    now: datetime,
    accepts: Reason | None = None,
    addressee: str = "",
    instead: Party | None = None,
) -> None:
    """Process a parked letter, or a document that was refused, afresh under a decision that stays with it.

    It may pass what it was stopped by (*accepts*), or go to *instead* where it names *addressee*.
    """
    if accepts is None and not (addressee and instead):
        raise ValueError(f"what is decided about entry {id}?")
    _act(tx, _FIX, id, State.ACCEPTED, now)
    chosen = {"accepts": accepts.value if accepts else "", "addressee": addressee}
    _note(tx, id, "fix", who, why, now, **chosen, instead=to_json(instead) if instead else "")


def fix_of(tx: Connection, id: int) -> Fix:
    """Return everything that was ever decided about entry *id*; of two choices for one addressee the later."""
    rows = tx.execute(_FIXES, {"entry": id}).all()
    return Fix(
        frozenset(Reason(row.accepts) for row in rows if row.accepts),
        {row.addressee: from_json(Party, row.instead) for row in rows if row.instead},
    )


def decide(tx: Connection, id: int, *, apply: bool, who: str, why: str, now: datetime) -> None:
    """Have a directory that waits for an administrator applied, or declined."""
    _act(tx, _DECIDE, id, State.ACCEPTED, now)
    _note(tx, id, "apply" if apply else "decline", who, why, now)


def decision_of(tx: Connection, id: int) -> str:
    """Return what was decided last about the directory in entry *id*, "apply" or "decline"; empty: nothing yet."""
    decision: str | None = tx.scalar(_DECISION, {"entry": id})
    return decision or ""


def reopen(tx: Connection, exchange: ExchangeId, why: str, now: datetime) -> int:
    """Process the waiting letters of *exchange* afresh, because a person decided in the EDMS; return how many."""
    waiting = select(E.id).where(E.exchange == exchange, E.state == "waiting").order_by(E.id)
    ids = tx.execute(waiting).scalars().all()
    for id in ids:
        reprocess(tx, id, who="EDMS", why=why, now=now)
    return len(ids)


def acts(tx: Connection, id: int) -> tuple[Act, ...]:
    """Return what operators did to entry *id*, in order."""
    table = schema.acts.c
    columns = (table.entry, table.at, table.act, table.who, table.why, table.accepts, table.addressee, table.instead)
    rows = tx.execute(select(*columns).where(table.entry == id).order_by(table.id))
    return tuple(Act(*row) for row in rows)


def _act(tx: Connection, statement: Update, id: int, target: State, now: datetime, **more: bool) -> None:
    if tx.execute(statement, {"entry": id, "now": now, **more}).rowcount == 0:
        raise impossible(tx, id, target, None)


def _note(tx: Connection, id: int, act: str, who: str, why: str, now: datetime, **chosen: str) -> None:
    if not who or not why:
        raise ValueError(f"who did {act} to entry {id}, and why?")
    tx.execute(_NOTE, {"entry": id, "at": now, "act": act, "who": who, "why": why, **chosen})

# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters that go out: queued sealed, sent in order within their exchange, told to the EDMS, sent again on demand."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Boolean,
    Connection,
    Integer,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from gateway.journal import claiming, schema
from gateway.journal.blobs import Kept
from gateway.journal.claiming import OUTGOING, Turn
from gateway.journal.columns import BY_HAND, EPOCH, Moment
from gateway.journal.entry import COLUMNS, Entry, entry_of, insert_or_ignore, store_letters
from gateway.journal.settling import impossible, let_go
from gateway.journal.states import State
from gateway.model import ExchangeId, MessageId, PartnerId
from gateway.ports import Outcome, Phase, Posted

E = schema.entries.c
_QUEUED = E.state == literal_column("'queued'")


@dataclass(frozen=True, slots=True)
class Outbound:
    """A sealed letter, its bytes safe already."""

    exchange: ExchangeId | None  # None: an answer to what nobody could read
    partner: PartnerId | None  # None: it goes to nobody we have an agreement with
    channel: str
    office: str
    kind: str  # "document", "addition", "report", "receipt", "directory" or "directory_result"
    message_id: str
    rfc_message_id: str
    envelope_sender: str
    recipient: str
    letter: Kept
    outgoing_ref: str | None  # the EDMS's dispatch row; None: ours alone
    in_reply: bool
    not_before: datetime | None = None  # None: at once
    held: bool = False
    change: str = ""  # the EDMS's wish to send what changed since; empty: the document itself, or no document
    detail: str = ""  # what it brings, in words for people


_QUEUE = {engine: statement.returning(E.id) for engine, statement in insert_or_ignore(schema.entries).items()}
_BY_REF = select(E.id).where(
    E.outgoing_ref == bindparam("ref"), E.office == bindparam("office"), E.change == bindparam("wish")
)


def queue(tx: Connection, outbound: Outbound, now: datetime) -> int:
    """Queue *outbound* and return its entry.

    A dispatch row that its office sent before, or a change of it, returns the standing entry.
    """
    row = {
        "direction": "out",
        "state": State.QUEUED.value,
        "lane": outbound.partner or outbound.channel or "people",
        "channel": outbound.channel,
        "partner": outbound.partner or None,
        "exchange": outbound.exchange or None,
        "office": outbound.office,
        "kind": outbound.kind,
        "message_id": outbound.message_id,
        "rfc_message_id": outbound.rfc_message_id,
        "envelope_sender": outbound.envelope_sender,
        "recipient": outbound.recipient,
        "outgoing_ref": outbound.outgoing_ref,
        "change": outbound.change,
        "detail": outbound.detail,
        "in_reply": outbound.in_reply,
        "held": outbound.held,
        "size": outbound.letter.size,
        "sha256": outbound.letter.sha256,
        "created_at": now,
        "not_before": outbound.not_before,
        "ready_at": outbound.not_before or EPOCH,
    }
    id: int | None = tx.scalar(_QUEUE[tx.dialect.name], row)
    if id is None:
        named = {"ref": outbound.outgoing_ref, "office": outbound.office, "wish": outbound.change}
        return int(tx.execute(_BY_REF, named).scalar_one())
    store_letters(tx, ((id, outbound.letter),))
    return id


def forget_ref(tx: Connection, outgoing_ref: str, office: str) -> None:
    """Let a dispatch row be sent anew: the letter that went for it before keeps everything but the row's name."""
    mine = (E.outgoing_ref == outgoing_ref, E.office == office, E.change == literal_column("''"))
    tx.execute(update(schema.entries).where(*mine).values(outgoing_ref=None))


def take_due(
    tx: Connection, worker: str, limit: int, now: datetime, lease: timedelta, busy: Container[str] = ()
) -> list[Entry]:
    """Hand *worker* up to *limit* letters to send now, each partner its equal share, oldest first.

    An entry waits until the earlier ones of its exchange are SENT or FAILED, held ones among them.
    Lanes in *busy* are left out.
    """
    found = claiming.lanes_with_work(tx, (OUTGOING,), now)[OUTGOING] if limit > 0 else []
    lanes = [lane for lane in found if lane not in busy]
    if len(lanes) < 2:
        return claiming.take(tx, OUTGOING, lanes, worker, limit, now, now + lease)
    order = claiming.rotated(lanes, claiming.turn_of(tx, worker).lane)
    taken = claiming.take(tx, OUTGOING, order, worker, limit, now, now + lease)
    claiming.remember(tx, worker, Turn(order[min(limit, len(order)) - 1]))
    return taken


def take_by_hand(
    tx: Connection, worker: str, now: datetime, lease: timedelta, busy: Container[str] = ()
) -> list[Entry]:
    """Hand *worker* at most one letter that a person wants tried now (`acts.retry`); lanes in *busy* are left out."""
    lanes = [lane for lane in claiming.lanes_with_work(tx, (OUTGOING,), BY_HAND)[OUTGOING] if lane not in busy]
    return claiming.take(tx, OUTGOING, lanes, worker, 1, BY_HAND, now + lease)


_PUT_BACK = (
    update(schema.entries)
    .where(E.id.in_(bindparam("ids", expanding=True)), E.worker == bindparam("who"), _QUEUED)
    .values(worker="", ready_at=func.coalesce(E.not_before, bindparam("epoch", EPOCH, type_=Moment())))
)
_TOO_OLD = (
    select(E.id)
    .where(literal_column(f"({schema.DUE_OUT})"), E.lane == bindparam("of_lane"), E.worker == "")
    .where(E.created_at <= bindparam("before", type_=Moment()))
    .where(E.ready_at > bindparam("by_hand", BY_HAND, type_=Moment()))  # those are tried once more
    .order_by(E.id)
    .limit(bindparam("most", type_=Integer()))
)
_GIVE_UP = (
    update(schema.entries)
    .where(E.id.in_(bindparam("ids", expanding=True)), _QUEUED)
    .values(
        state=State.FAILED.value,
        words=bindparam("said"),
        concluded_at=bindparam("now", type_=Moment()),
        not_before=None,
        told_at=None,
    )
    .returning(E.id, E.exchange)
)


def put_back(tx: Connection, worker: str, ids: Sequence[int]) -> None:
    """Give back letters that *worker* took and may not send now: no attempt is counted."""
    if ids:
        tx.execute(_PUT_BACK, {"ids": list(ids), "who": worker})


def give_up(tx: Connection, lane: str, before: datetime, words: str, now: datetime, limit: int = 200) -> int:
    """Fail up to *limit* letters of *lane* that were written *before* and that nobody tries now; return how many."""
    old = tx.scalars(_TOO_OLD, {"of_lane": lane, "before": before, "most": limit}).all()
    if not old:
        return 0
    given_up = tx.execute(_GIVE_UP, {"ids": list(old), "said": words, "now": now}).all()
    for row in given_up:
        note = {"entry": row.id, "at": now, "outcome": Outcome.TRY_LATER.value, "phase": Phase.CONNECT.value}
        tx.execute(_NOTE, note | {"code": None, "words": words})
        if row.exchange is not None:
            let_go(tx, row.id, row.exchange)
    return len(given_up)


def lanes_due(tx: Connection, now: datetime) -> list[str]:
    """Return the lanes that have letters to send now."""
    return claiming.lanes_with_work(tx, (OUTGOING,), now)[OUTGOING]


_WAITING = (
    select(E.lane, func.count(E.id)).where(literal_column(f"({schema.DUE_OUT})")).group_by(E.lane).order_by(E.lane)
)


def waiting(tx: Connection) -> dict[str, int]:
    """Return how many letters each lane has that are not sent yet, due or not; held ones wait for a person instead."""
    return {row[0]: row[1] for row in tx.execute(_WAITING)}


def held(tx: Connection) -> tuple[int, datetime | None]:
    """Return how many letters wait for a person to release them, and when the oldest was queued."""
    row = tx.execute(select(func.count(), func.min(E.created_at)).where(_QUEUED, E.direction == "out", E.held)).one()
    return row[0], row[1]


# --- what became of it ----------------------------------------------------------------------------------------------

_ATTEMPTED = (
    update(schema.entries)
    .where(E.id == bindparam("entry"), _QUEUED)
    .where(or_(bindparam("any_worker", type_=Boolean()), E.worker == bindparam("who")))
    .values(
        state=bindparam("to_state"),
        attempts=E.attempts + 1,
        worker="",
        phase=bindparam("phase"),
        words=bindparam("words"),
        told_at=None,
        not_before=bindparam("next_try", type_=Moment()),
        ready_at=func.coalesce(bindparam("next_try", type_=Moment()), E.ready_at),
        concluded_at=bindparam("concluded", type_=Moment()),
        sent_at=bindparam("sent", type_=Moment()),
        ambiguous_since=case(
            (
                bindparam("ambiguous", type_=Boolean()),
                func.coalesce(E.ambiguous_since, bindparam("now", type_=Moment())),
            ),
            (bindparam("done", type_=Boolean()), None),
            else_=E.ambiguous_since,
        ),
    )
    .returning(E.exchange, E.attempts)
)
_NOTE = insert(schema.attempts)
# Those behind it wait as long as it does, so the queue's index holds nothing that is due but cannot go.
_PUT_OFF = (
    update(schema.entries)
    .where(E.exchange == bindparam("of_exchange"), _QUEUED, E.id > bindparam("entry"))
    .where(E.worker == "", E.ready_at < bindparam("next_try", type_=Moment()))
    .values(ready_at=bindparam("next_try", type_=Moment()))
)


def attempted(
    tx: Connection, id: int, posted: Posted, now: datetime, next_try: datetime | None, *, worker: str | None = None
) -> None:
    """Write down one attempt at entry *id*: SENT, or QUEUED again until *next_try*, or FAILED when that is None.

    After an ambiguous attempt `ambiguous_since` stands until the letter is sent.
    With *worker*, only that worker's claim counts: raises Overtaken otherwise.  Raises ValueError when not queued.
    """
    sent = posted.outcome is Outcome.SENT
    state = State.SENT if sent else State.QUEUED if next_try else State.FAILED
    values = {
        "entry": id,
        "any_worker": worker is None,
        "who": worker or "",
        "to_state": state.value,
        "phase": posted.phase.value,
        "words": posted.words,
        "next_try": None if sent else next_try,
        "concluded": None if state is State.QUEUED else now,
        "sent": now if sent else None,
        "ambiguous": posted.outcome is Outcome.AMBIGUOUS,
        "done": sent,
        "now": now,
    }
    row = tx.execute(_ATTEMPTED, values).one_or_none()
    if row is None:
        raise impossible(tx, id, State.SENT, worker)
    note = {"entry": id, "at": now, "outcome": posted.outcome.value, "phase": posted.phase.value}
    tx.execute(_NOTE, note | {"code": posted.code, "words": posted.words})
    if row.exchange is not None and state is State.QUEUED:
        tx.execute(_PUT_OFF, {"of_exchange": row.exchange, "entry": id, "next_try": next_try})
    elif row.exchange is not None and row.attempts > 1:
        let_go(tx, id, row.exchange)


_UNTOLD = (
    select(*COLUMNS)
    .where(literal_column("outgoing_ref IS NOT NULL AND told_at IS NULL AND state IN ('sent', 'failed')"))
    .order_by(E.id)
    .limit(bindparam("most", type_=Integer()))
)
_TOLD = (
    update(schema.entries)
    .where(E.id.in_(bindparam("ids", expanding=True)))
    .where(or_(bindparam("any_state", type_=Boolean()), E.state == bindparam("seen")))
    .values(told_at=bindparam("now", type_=Moment()))
)


def untold(tx: Connection, limit: int) -> list[Entry]:
    """Return letters whose being SENT or FAILED the EDMS was not told, oldest first."""
    return [entry_of(row) for row in tx.execute(_UNTOLD, {"most": limit})]


def told(tx: Connection, ids: Sequence[int], now: datetime, *, seen: State | None = None) -> None:
    """Note that the EDMS knows what became of *ids*; with *seen*, only of those that still stand there."""
    if ids:
        values = {"ids": list(ids), "now": now, "any_state": seen is None, "seen": seen.value if seen else ""}
        tx.execute(_TOLD, values)


# --- taken back -----------------------------------------------------------------------------------------------------

# One statement: whoever claims the letter at this moment has it, or finds it cancelled.
_CANCEL = (
    update(schema.entries)
    .where(E.exchange == bindparam("of_exchange"), E.direction == "out", _QUEUED, E.worker == "")
    .where(E.kind.in_(["document", "addition"]))
    .where(or_(bindparam("changes_too", type_=Boolean()), E.change == literal_column("''")))
    .values(state="cancelled", concluded_at=bindparam("now", type_=Moment()), not_before=None, detail=bindparam("why"))
    .returning(E.id)
)


def cancel(tx: Connection, exchange: ExchangeId, why: str, now: datetime, *, changes: bool = False) -> tuple[int, ...]:
    """Take back the queued letters with the document of *exchange* (and its *changes*); return their entries.

    A letter that a worker has in its hands stays: perhaps it is being sent.
    """
    values = {"of_exchange": exchange, "why": why, "now": now, "changes_too": changes}
    return tuple(tx.execute(_CANCEL, values).scalars())


# --- again ----------------------------------------------------------------------------------------------------------

_ANSWERS = select(*COLUMNS).where(E.exchange == bindparam("of_exchange"), E.in_reply, E.direction == "out", E.stored)
_ANSWERS = _ANSWERS.order_by(E.id)
_BY_MESSAGE_ID = select(*COLUMNS).where(
    E.rfc_message_id == bindparam("rfc"), E.rfc_message_id != literal_column("''"), E.direction == "out"
)
_RESEND = (
    update(schema.entries)
    .where(E.id == bindparam("entry"), E.state == "sent", E.stored)
    .values(
        state="queued",
        concluded_at=None,
        not_before=None,
        ready_at=bindparam("epoch", EPOCH, type_=Moment()),
        held=or_(E.held, bindparam("hold", type_=Boolean())),
    )
)


def answers_to(tx: Connection, exchange: ExchangeId) -> list[Entry]:
    """Return the receipts and reports of *exchange* that went or go out, in order, as far as we still have them."""
    return [entry_of(row) for row in tx.execute(_ANSWERS, {"of_exchange": exchange})]


def by_rfc_message_id(tx: Connection, rfc_message_id: str) -> Entry | None:
    """Return the letter of ours with that Message-ID (angle brackets do not matter), the latest of several."""
    rows = tx.execute(_BY_MESSAGE_ID.order_by(E.id.desc()).limit(1), {"rfc": rfc_message_id.strip().strip("<>")})
    row = rows.one_or_none()
    return entry_of(row) if row else None


def by_rfc_message_ids(tx: Connection, rfc_message_ids: Sequence[str]) -> list[Entry]:
    """Return the letters, ours and those that came, with one of these Message-IDs (without angle brackets)."""
    found = select(*COLUMNS).where(E.rfc_message_id != literal_column("''"), E.rfc_message_id.in_(rfc_message_ids))
    return [entry_of(row) for row in tx.execute(found.order_by(E.id))]


def resend(tx: Connection, id: int, now: datetime, *, hold: bool = False) -> None:
    """Send a SENT letter again, the same bytes; how often is the caller's care.  Raises ValueError when not SENT.

    *hold*: it waits until somebody releases it.
    """
    if tx.execute(_RESEND, {"entry": id, "hold": hold}).rowcount == 0:
        raise impossible(tx, id, State.QUEUED, None)


_REPEAT = insert(schema.repeats)
_REPEATS = select(func.count()).where(
    schema.repeats.c.partner == bindparam("partner"),
    schema.repeats.c.office == bindparam("office"),
    schema.repeats.c.message_id == bindparam("message_id"),
    schema.repeats.c.at >= bindparam("since", type_=Moment()),
)


def note_repeat(tx: Connection, partner: PartnerId, office: str, message_id: MessageId, now: datetime) -> None:
    """Note that *office*'s stored answers to a message were given again."""
    tx.execute(_REPEAT, {"partner": partner, "office": office, "message_id": message_id, "at": now})


def repeats(tx: Connection, partner: PartnerId, office: str, message_id: MessageId, since: datetime) -> int:
    """Return how often *office*'s stored answers to a message were given again since *since*."""
    values = {"partner": partner, "office": office, "message_id": message_id, "since": since}
    return int(tx.execute(_REPEATS, values).scalar_one())

# SPDX-License-Identifier: GPL-3.0-or-later
"""What is heard of a letter of ours after it left: undelivered, delayed, passed on, in the mailbox, proven by reports.

Each notice is a line among the letter's attempts, with the phase "notice"; only FAILED and SENT are states.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, insert, literal_column, or_, select, update

from gateway.journal import schema
from gateway.journal.columns import Moment
from gateway.journal.entry import COLUMNS, Entry, entry_of
from gateway.journal.settling import let_go

E = schema.entries.c
PHASE = "notice"
DELAY_ENDS = timedelta(days=7)  # LIMIT: servers give up after about 5 days (RFC 5321 §4.5.4.1)
_NOTE = insert(schema.attempts)
_NOW = bindparam("now", type_=Moment())

_TO_US = (E.id == bindparam("entry"), E.direction == "out")
# One that was never begun cannot have come back: whoever says so has invented it.
_BEGUN = or_(E.state == "sent", literal_column("(state = 'queued' AND (attempts > 0 OR worker <> ''))"))
_BOUNCE = (
    update(schema.entries)
    .where(*_TO_US, _BEGUN)
    .values(state="failed", words=bindparam("said"), concluded_at=_NOW, told_at=None, worker="", not_before=None)
    .returning(E.exchange)
)
_DELAY = update(schema.entries).where(*_TO_US, E.delivered_at.is_(None), E.state.in_(["queued", "sent"]))
_DELAY = _DELAY.values(delayed_since=func.coalesce(E.delayed_since, _NOW), words=bindparam("said"))
_DELIVER = update(schema.entries).where(*_TO_US)
_DELIVER = _DELIVER.values(delivered_at=func.coalesce(E.delivered_at, _NOW), delayed_since=None)
# Whoever has it in hands writes down himself what became of it.
_PROVE = (
    update(schema.entries)
    .where(*_TO_US, E.state.in_(["queued", "failed"]), E.ambiguous_since.is_not(None), E.worker == "")
    .values(
        state="sent",
        sent_at=func.coalesce(E.sent_at, _NOW),
        concluded_at=_NOW,
        ambiguous_since=None,
        not_before=None,
        told_at=None,
        words=bindparam("said"),
    )
    .returning(E.exchange)
)
_ARRIVED = update(schema.entries).where(*_TO_US, E.delayed_since.is_not(None)).values(delayed_since=None)
_BY_MESSAGE_ID = select(*COLUMNS).where(E.message_id == bindparam("sought"), E.direction == "out")
_BY_MESSAGE_ID = _BY_MESSAGE_ID.order_by(E.id.desc()).limit(1)


def bounced(tx: Connection, id: int, words: str, now: datetime) -> bool:
    """A letter of ours came back: FAILED, with the server's *words*; False when it had failed before, or never went.

    A bounce may be faster than the note that the letter was sent, so a QUEUED one that was begun fails as well.
    """
    row = tx.execute(_BOUNCE, {"entry": id, "said": words, "now": now}).one_or_none()
    if row is None:
        return False
    noted(tx, id, "bounced", words, now)
    if row.exchange is not None:
        let_go(tx, id, row.exchange)
    return True


def delayed(tx: Connection, id: int, words: str, now: datetime) -> None:
    """A server has the letter and goes on trying to pass it on: shown, and final in no way."""
    tx.execute(_DELAY, {"entry": id, "said": words, "now": now})
    noted(tx, id, "delayed", words, now)


def delivered(tx: Connection, id: int, words: str, now: datetime) -> None:
    """A server put the letter into the mailbox; that proves nothing of who read it, and is no receipt."""
    tx.execute(_DELIVER, {"entry": id, "now": now})
    noted(tx, id, "delivered", words, now)


def noted(tx: Connection, id: int, outcome: str, words: str, now: datetime) -> None:
    """Write down what a server told of the letter, and change nothing else."""
    note = {"entry": id, "at": now, "outcome": outcome, "phase": PHASE, "code": None, "words": words}
    tx.execute(_NOTE, note)


def proven(tx: Connection, id: int, words: str, now: datetime) -> bool:
    """Settle a letter that was perhaps delivered as SENT, because something proves that it was; else return False."""
    row = tx.execute(_PROVE, {"entry": id, "said": words, "now": now}).one_or_none()
    if row is None:
        return False
    noted(tx, id, "proven", words, now)
    if row.exchange is not None:
        let_go(tx, id, row.exchange)
    return True


def received(tx: Connection, id: int, now: datetime) -> None:
    """The partner itself has told of the letter: it is neither delayed nor perhaps delivered any more."""
    tx.execute(_ARRIVED, {"entry": id})
    proven(tx, id, "proven by the partner's report", now)


def by_message_id(tx: Connection, message_id: str) -> Entry | None:
    """Return the letter of ours that carries the message, the latest of several."""
    row = tx.execute(_BY_MESSAGE_ID, {"sought": message_id}).one_or_none()
    return entry_of(row) if row else None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Letters of ours of which it is open whether they arrived."""

    ambiguous: int  # perhaps delivered: the server took the letter and did not answer
    ambiguous_oldest: datetime | None  # when the oldest of them was written; None: there is none
    delayed: int  # a server on the way has it and could not pass it on yet
    delayed_oldest: datetime | None  # since when the longest has been delayed; None: there is none


def unsettled(tx: Connection, now: datetime) -> Unsettled:
    """Return how many letters of ours may have arrived or not; costs what is open.

    A delay older than `DELAY_ENDS` counts no more: the server has given up and said so, or has passed the letter on.
    """
    doubtful = select(func.count(), func.min(E.created_at)).where(literal_column(f"({schema.AMBIGUOUS})"))
    waiting = select(func.count(), func.min(E.delayed_since)).where(literal_column(f"({schema.DELAYED})"))
    ambiguous = tx.execute(doubtful).one()
    held_up = tx.execute(waiting.where(E.delayed_since > now - DELAY_ENDS)).one()
    return Unsettled(ambiguous[0], ambiguous[1], held_up[0], held_up[1])

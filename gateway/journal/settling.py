# SPDX-License-Identifier: GPL-3.0-or-later
"""How an entry leaves its queue: concluded or put off, by whoever holds it, along `TRANSITIONS` only."""

from datetime import datetime

from sqlalchemy import Boolean, Connection, and_, bindparam, case, func, literal_column, or_, select, update

from gateway.errors import Reason
from gateway.journal import schema
from gateway.journal.columns import EPOCH, Moment, Words
from gateway.journal.entry import forget_letter
from gateway.journal.states import TRANSITIONS, State, sources
from gateway.model import ExchangeId, PartnerId

E = schema.entries.c
LEFT_ALONE = (Reason.NO_PASSPORT, Reason.OBSERVED)  # letters of these reasons are never flagged or moved in a mailbox


class Overtaken(ValueError):
    """Somebody else holds or concluded the entry: what we did is to be forgotten."""


_CONCLUDE = (
    update(schema.entries)
    .where(E.id == bindparam("entry"), E.state.in_(bindparam("from_states", expanding=True)))
    .where(or_(bindparam("any_worker", type_=Boolean()), E.worker == bindparam("who")))
    .values(
        state=bindparam("to_state"),
        concluded_at=bindparam("now", type_=Moment()),
        not_before=None,
        worker="",
        told_at=None,
        reason=bindparam("reason"),
        detail=bindparam("detail"),
        place=bindparam("place"),
        partner=func.coalesce(bindparam("partner", type_=Words()), E.partner),
        exchange=func.coalesce(bindparam("exchange", type_=Words()), E.exchange),
        message_id=func.coalesce(func.nullif(bindparam("message_id", type_=Words()), ""), E.message_id),
        kind=func.coalesce(bindparam("kind", type_=Words()), E.kind),
        rfc_message_id=func.coalesce(func.nullif(bindparam("letter_id", type_=Words()), ""), E.rfc_message_id),
        office=func.coalesce(func.nullif(bindparam("for_office", type_=Words()), ""), E.office),
        stored=and_(E.stored, bindparam("keep", type_=Boolean())),
        flag_due=and_(E.uid.is_not(None), E.flagged_at.is_(None), bindparam("for_us", type_=Boolean())),
    )
    .returning(E.exchange)
)
_LET_GO = (
    update(schema.entries)
    .where(E.exchange == bindparam("of_exchange"), E.state == literal_column("'queued'"))
    .where(E.id > bindparam("entry"), E.worker == "")
    .values(ready_at=func.coalesce(E.not_before, bindparam("epoch", EPOCH, type_=Moment())))
)
_STANDS = select(E.state, E.worker).where(E.id == bindparam("id"))


def conclude(
    tx: Connection,
    id: int,
    state: State,
    *,
    now: datetime,
    reason: Reason | None = None,
    detail: str = "",
    place: str = "",
    partner: PartnerId | None = None,
    exchange: ExchangeId | None = None,
    message_id: str = "",
    kind: str | None = None,
    rfc_message_id: str = "",
    office: str = "",
    keep_letter: bool = True,
    worker: str | None = None,
) -> None:
    """Bring entry *id* to *state* and end its claim; None and empty leave what is known alone.

    *keep_letter* False gives up its bytes.  With *worker*, only that worker's claim may conclude: raises Overtaken
    when the lease has passed to somebody else.  Raises ValueError when `TRANSITIONS` knows no such way (our defect).
    """
    if state in (State.ACCEPTED, State.QUEUED):
        raise ValueError(f"{state.value} is a queue, not an end: reprocess, retry and resend lead there")
    values = {
        "entry": id,
        "from_states": [known.value for known in sources(state)],
        "any_worker": worker is None,
        "who": worker or "",
        "to_state": state.value,
        "now": now,
        "reason": reason.value if reason else None,
        "detail": detail,
        "place": place,
        "partner": partner,
        "exchange": exchange,
        "message_id": message_id,
        "kind": kind,
        "letter_id": rfc_message_id,
        "for_office": office,
        "keep": keep_letter,
        "for_us": reason not in LEFT_ALONE,
    }
    row = tx.execute(_CONCLUDE, values).one_or_none()
    if row is None:
        raise impossible(tx, id, state, worker)
    if not keep_letter:
        forget_letter(tx, id)
    if state in (State.FAILED, State.CANCELLED) and row.exchange is not None:
        let_go(tx, id, row.exchange)


def let_go(tx: Connection, id: int, exchange: str) -> None:
    """Let those that waited for outgoing entry *id*, in the same exchange, come to their turn."""
    tx.execute(_LET_GO, {"of_exchange": exchange, "entry": id})


def impossible(tx: Connection, id: int, target: State, worker: str | None) -> Exception:
    """Return why entry *id* cannot come to *target*."""
    row = tx.execute(_STANDS, {"id": id}).one_or_none()
    if row is None:
        return LookupError(f"there is no entry {id}")
    if worker is not None and (row.worker != worker or target not in TRANSITIONS[State(row.state)]):
        return Overtaken(f"entry {id} is {row.state} and held by {row.worker or 'nobody'}, not by {worker}")
    return ValueError(f"entry {id} is {row.state} and cannot become {target.value}")


_DEFER = (
    update(schema.entries)
    .where(E.id == bindparam("entry"), E.state == literal_column("'accepted'"))
    .where(or_(bindparam("any_worker", type_=Boolean()), E.worker == bindparam("who")))
    .values(
        worker="",
        not_before=bindparam("until", type_=Moment()),
        ready_at=bindparam("until", type_=Moment()),
        deferred_at=bindparam("now", type_=Moment()),
        attempts=E.attempts + 1,
        detail=bindparam("detail"),
        starts=case((and_(bindparam("forgive", type_=Boolean()), E.starts > 0), E.starts - 1), else_=E.starts),
    )
)


def defer(
    tx: Connection,
    id: int,
    until: datetime,
    detail: str,
    *,
    now: datetime | None = None,
    defect: bool = False,
    worker: str | None = None,
) -> None:
    """Put an accepted entry off until *until* and give its claim back.

    The start is taken back, for nothing is wrong with the letter, unless *defect* says we failed on it.
    Raises like `conclude`.
    """
    values = {
        "entry": id,
        "any_worker": worker is None,
        "who": worker or "",
        "until": until,
        "now": now,
        "detail": detail,
        "forgive": not defect,
    }
    if tx.execute(_DEFER, values).rowcount == 0:
        raise impossible(tx, id, State.ACCEPTED, worker)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchanges: the life of one document between one partner and us, as far as the journal remembers it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, literal_column, or_, select, update

from gateway.journal import schema
from gateway.journal.entry import insert_or_ignore
from gateway.journal.values import from_json, to_json
from gateway.model import (
    CardRef,
    DocumentUid,
    ExchangeId,
    Message,
    Number,
    PartnerId,
    ReturnId,
    Subscription,
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One document between one partner and one of our organisations."""

    id: ExchangeId
    direction: Literal["in", "out"]  # "in": they sent it to us; "out": we sent it
    partner: PartnerId
    office: str  # our organisation's exchange index
    document_uid: DocumentUid
    opened_at: datetime
    digest: str = ""  # of the document as it was last sent
    return_id: ReturnId = ReturnId("")  # the newest; `return_ids` knows them all
    number: Number = Number()  # as its sender has it
    subject_card: CardRef = CardRef("")  # the card in our EDMS; empty: none yet
    outgoing_ref: str | None = None  # out: the newest dispatch row of our EDMS
    follows: ExchangeId | None = None  # in: a paper that changes or repeats that one's document; it reports nothing
    until: datetime | None = None  # the last moment at which reports are owed; None: no end
    subscription: Subscription | None = None  # None: the sender said nothing
    message: Message | None = None  # the newest message with the document; None: not kept
    registered: Number | None = None  # as its receiver has it; None: not registered
    rung: str = ""  # how far the ladder of reports has come
    letter_id: str = ""  # in: the Message-ID of the letter that brought the newest message, without angle brackets
    rule: str = ""  # in: the receive rule that applied to the newest message, as people call it
    attempt: int = 0  # out: how often the document was sent as a new message
    open: bool = True  # False: nothing is expected any more
    heard_at: datetime | None = None  # out: when the newest accumulated report that came was made
    due_at: datetime | None = None  # out: when the partner's next rung is overdue; None: nothing is expected


X = schema.exchanges.c
_EMPTY: ColumnElement[str] = literal_column("''")  # literal, or the partial indexes would not answer
R = schema.return_ids.c
_NAMES = (
    *("id", "direction", "partner", "office", "document_uid", "opened_at", "digest", "return_id"),
    *("number_text", "number_date", "subject_card", "outgoing_ref", "follows", "until", "subscription", "message"),
    *("registered_text", "registered_date", "rung", "letter_id", "rule", "attempt", "open", "due_at", "heard_at"),
)
_COLUMNS = tuple(X[name] for name in _NAMES)
_OPEN = {engine: statement.returning(X.id) for engine, statement in insert_or_ignore(schema.exchanges).items()}
_REMEMBER = insert_or_ignore(schema.return_ids)
_GET = select(*_COLUMNS).where(X.id == bindparam("exchange"))
_LOCK = _GET.with_for_update()
_SEVERAL = select(*_COLUMNS).where(X.id.in_(bindparam("ids", expanding=True))).order_by(X.opened_at, X.id)
_SAVE = (
    update(schema.exchanges)
    .where(X.id == bindparam("exchange"))
    .values({name: bindparam(f"new_{name}", type_=X[name].type) for name in _NAMES[1:]})
)
_ADVANCE = (
    update(schema.exchanges)
    .where(X.id == bindparam("exchange"))
    .values(
        {
            name: bindparam(f"new_{name}", type_=X[name].type)
            for name in ("rung", "subject_card", "registered_text", "registered_date")
        }
    )
)
_BY_RETURN_ID = (
    select(*_COLUMNS)
    .where(X.id == R.exchange, R.return_id == bindparam("sought"), X.direction == "out")
    .order_by(X.opened_at.desc())
    .limit(1)
)
_BY_DOCUMENT = (
    select(*_COLUMNS)
    .where(X.partner == bindparam("with_partner"), X.document_uid == bindparam("sought"))
    .order_by(X.opened_at, X.id)
)
_BY_NUMBER = (
    select(*_COLUMNS)
    .where(X.number_text == bindparam("sought"), X.number_text != _EMPTY)
    .where(X.partner == bindparam("with_partner"), X.direction == "out")
    .order_by(X.opened_at, X.id)
)
_BY_REF = select(*_COLUMNS).where(X.outgoing_ref == bindparam("sought")).order_by(X.opened_at.desc())
_BY_ENTRY_REF = select(*_COLUMNS).where(
    X.id == schema.entries.c.exchange, schema.entries.c.outgoing_ref == bindparam("sought")
)


def open_(tx: Connection, exchange: Exchange) -> Exchange:
    """Write *exchange*, or return the one that stands under its id; either way its row is ours until the commit."""
    if tx.execute(_OPEN[tx.dialect.name], _row(exchange)).first() is None:
        standing = get(tx, exchange.id, lock=True)
        assert standing is not None  # it was there a moment ago, and exchanges are never removed while letters come
        return standing
    _remember(tx, exchange)
    return exchange


def get(tx: Connection, id: ExchangeId, lock: bool = False) -> Exchange | None:
    """Return exchange *id*; with *lock* nobody else changes it before the commit of *tx* (a writing one)."""
    return _first(tx, _LOCK if lock else _GET, {"exchange": id})


def several(tx: Connection, ids: Collection[ExchangeId]) -> tuple[Exchange, ...]:
    """Return those of *ids* (at most a page of them) that are there, the oldest first."""
    return tuple(map(_exchange, tx.execute(_SEVERAL, {"ids": list(ids)}))) if ids else ()


def save(tx: Connection, exchange: Exchange) -> None:
    """Write every field of a standing *exchange*; raises LookupError when there is none."""
    row = {f"new_{name}": value for name, value in _row(exchange).items() if name != "id"}
    if tx.execute(_SAVE, {"exchange": exchange.id, **row}).rowcount == 0:
        raise LookupError(f"there is no exchange {exchange.id}")
    _remember(tx, exchange)


def advance(tx: Connection, exchange: Exchange) -> None:
    """Write how far a standing *exchange* has come: rung, card and registration; its message and terms stay."""
    values = {
        "exchange": exchange.id,
        "new_rung": exchange.rung,
        "new_subject_card": exchange.subject_card,
        "new_registered_text": exchange.registered.text if exchange.registered else None,
        "new_registered_date": exchange.registered.date if exchange.registered else None,
    }
    if tx.execute(_ADVANCE, values).rowcount == 0:
        raise LookupError(f"there is no exchange {exchange.id}")


def by_return_id(tx: Connection, return_id: ReturnId) -> Exchange | None:
    """Return the exchange of ours that was ever sent under *return_id*.

    Partners' own return ids are not looked at: a partner who sends us ours back must not find its own exchange.
    """
    return _first(tx, _BY_RETURN_ID, {"sought": return_id}) if return_id else None


def by_document(tx: Connection, direction: str, partner: PartnerId, uid: DocumentUid) -> Exchange | None:
    """Return the newest exchange of a document with *partner* that goes in *direction*."""
    found = [exchange for exchange in all_by_document(tx, partner, uid) if exchange.direction == direction]
    return found[-1] if found else None


def by_number(tx: Connection, partner: PartnerId, number: Number) -> Exchange | None:
    """Return the one exchange of a document that *partner* was sent under *number*; None when there are several."""
    if not number.text:
        return None
    found = map(_exchange, tx.execute(_BY_NUMBER, {"with_partner": partner, "sought": number.text}))
    same = [exchange for exchange in found if number.date in (None, exchange.number.date)]
    return same[0] if len(same) == 1 else None


def all_by_document(tx: Connection, partner: PartnerId, uid: DocumentUid) -> tuple[Exchange, ...]:
    """Return every exchange of a document with *partner*, the oldest first: several of ours may have it."""
    if not uid:
        return ()
    return tuple(map(_exchange, tx.execute(_BY_DOCUMENT, {"with_partner": partner, "sought": uid})))


def by_outgoing_ref(tx: Connection, ref: str, office: str | None = None) -> Exchange | None:
    """Return the exchange in which dispatch row *ref* was ever sent, of any office or of *office*."""
    statements = (_BY_REF, _BY_ENTRY_REF)
    if office is not None:
        statements = (_BY_REF.where(X.office == office), _BY_ENTRY_REF.where(X.office == office))
    for statement in statements:
        if (exchange := _first(tx, statement.limit(1), {"sought": ref})) is not None:
            return exchange
    return None


def overdue(tx: Connection, now: datetime, limit: int) -> tuple[Exchange, ...]:
    """Return at most *limit* exchanges whose next rung should have been proven before *now*, the longest due first."""
    statement = select(*_COLUMNS).where(X.due_at < now).order_by(X.due_at).limit(limit)
    return tuple(map(_exchange, tx.execute(statement)))


def versions(tx: Connection, id: ExchangeId) -> tuple[ExchangeId, ...]:
    """Return *id* and every exchange that follows it: all papers of one document."""
    followers = tx.execute(select(X.id).where(X.follows == id).order_by(X.id)).scalars()
    return (id, *map(ExchangeId, followers))


def return_ids(tx: Connection, id: ExchangeId) -> tuple[ReturnId, ...]:
    """Return every return id the exchange ever used."""
    found = tx.execute(select(R.return_id).where(R.exchange == id).order_by(R.return_id))
    return tuple(ReturnId(value) for value in found.scalars())


def find(tx: Connection, text: str) -> tuple[ExchangeId, ...]:
    """Return the exchanges that *text* names, the oldest first.

    By any id, number (either side's, of all years), Message-ID, card or dispatch row.
    """
    sought = text.strip()
    entries, messages = schema.entries.c, schema.messages.c
    letter = sought.strip("<>")
    questions = (
        select(X.id).where(X.id == sought),
        select(X.id).where(X.document_uid == sought, X.document_uid != _EMPTY),
        select(X.id).where(X.number_text == sought, X.number_text != _EMPTY),
        select(X.id).where(X.registered_text == sought),
        select(X.id).where(X.subject_card == sought, X.subject_card != _EMPTY),
        select(X.id).where(X.outgoing_ref == sought),
        select(R.exchange).where(R.return_id == sought),
        select(messages.exchange).where(messages.message_id == sought),
        select(entries.exchange).where(entries.message_id == sought, entries.message_id != _EMPTY),
        select(entries.exchange).where(
            or_(entries.rfc_message_id == letter, entries.rfc_message_id == sought), entries.rfc_message_id != _EMPTY
        ),
        select(entries.exchange).where(entries.source == sought),
        select(entries.exchange).where(entries.outgoing_ref == sought),
    )
    found = {id for question in questions for id in tx.execute(question).scalars() if id} if sought else set()
    return tuple(exchange.id for exchange in several(tx, found))


def _first(tx: Connection, statement: Select[Any], values: dict[str, Any]) -> Exchange | None:  # Any: bound values
    row = tx.execute(statement, values).first()
    return _exchange(row) if row else None


def _remember(tx: Connection, exchange: Exchange) -> None:
    if exchange.return_id:
        tx.execute(_REMEMBER[tx.dialect.name], {"return_id": exchange.return_id, "exchange": exchange.id})


def _row(exchange: Exchange) -> dict[str, Any]:  # Any: column values
    return {
        "id": exchange.id,
        "direction": exchange.direction,
        "partner": exchange.partner,
        "office": exchange.office,
        "document_uid": exchange.document_uid,
        "opened_at": exchange.opened_at,
        "digest": exchange.digest,
        "return_id": exchange.return_id,
        "number_text": exchange.number.text,
        "number_date": exchange.number.date,
        "subject_card": exchange.subject_card,
        "outgoing_ref": exchange.outgoing_ref or None,
        "follows": exchange.follows,
        "until": exchange.until,
        "subscription": to_json(exchange.subscription) if exchange.subscription else None,
        "message": to_json(exchange.message) if exchange.message else None,
        "registered_text": exchange.registered.text if exchange.registered else None,
        "registered_date": exchange.registered.date if exchange.registered else None,
        "rung": exchange.rung,
        "letter_id": exchange.letter_id,
        "rule": exchange.rule,
        "attempt": exchange.attempt,
        "open": exchange.open,
        "due_at": exchange.due_at,
        "heard_at": exchange.heard_at,
    }


def _exchange(row: Row[Any]) -> Exchange:  # Any: a row of `_COLUMNS`
    return Exchange(
        id=row.id,
        direction=row.direction,
        partner=row.partner,
        office=row.office,
        document_uid=row.document_uid,
        opened_at=row.opened_at,
        digest=row.digest,
        return_id=row.return_id,
        number=Number(row.number_text, row.number_date),
        subject_card=row.subject_card,
        outgoing_ref=row.outgoing_ref,
        follows=row.follows,
        until=row.until,
        subscription=from_json(Subscription, row.subscription) if row.subscription else None,
        message=from_json(Message, row.message) if row.message else None,
        registered=None if row.registered_text is None else Number(row.registered_text, row.registered_date),
        rung=row.rung,
        letter_id=row.letter_id,
        rule=row.rule,
        attempt=row.attempt,
        open=row.open,
        due_at=row.due_at,
        heard_at=row.heard_at,
    )

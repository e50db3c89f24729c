# SPDX-License-Identifier: GPL-3.0-or-later
"""Which messages and which contents have been seen.

A message is known by its partner, our organisation it is for, and its id; a letter by its digest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from gateway.journal import schema
from gateway.journal.entry import insert_or_ignore
from gateway.model import ExchangeId, MessageId, PartnerId, Sha256

M = schema.messages.c


@dataclass(frozen=True, slots=True)
class Noted:
    """A message that was seen; the first of its name."""

    partner: PartnerId
    office: str  # our organisation's exchange index
    message_id: MessageId
    digest: str  # empty: a report has none
    exchange: ExchangeId | None  # None: it found none
    entry: int | None  # the letter that brought it; None: removed since
    at: datetime


_COLUMNS = (M.partner, M.office, M.message_id, M.digest, M.exchange, M.entry, M.at)
_NOTE = {engine: statement.returning(*_COLUMNS) for engine, statement in insert_or_ignore(schema.messages).items()}
_FIND = select(*_COLUMNS).where(
    M.partner == bindparam("with_partner"), M.office == bindparam("for_office"), M.message_id == bindparam("sought")
)
_OF_ENTRY = select(*_COLUMNS).where(M.entry == bindparam("of_entry"))
_BROUGHT = select(M.entry).where(M.exchange == bindparam("of_exchange"), M.entry.is_not(None)).order_by(M.entry)
_SEEN = select(schema.contents.c.entry).where(schema.contents.c.digest == bindparam("sought"))
_SEE = insert_or_ignore(schema.contents)


def note(
    tx: Connection,
    partner: PartnerId,
    office: str,
    message_id: MessageId,
    digest: str,
    exchange: ExchangeId | None,
    entry: int,
    now: datetime,
) -> Noted:
    """Write a message down, or return what stands under its name; the caller compares digest and entry."""
    row = {"partner": partner, "office": office, "message_id": message_id, "digest": digest}
    fresh = tx.execute(_NOTE[tx.dialect.name], {**row, "exchange": exchange, "entry": entry, "at": now}).first()
    if fresh is not None:
        return _noted(fresh)
    standing = find(tx, partner, office, message_id)
    assert standing is not None  # it stood in the way of ours
    return standing


def find(tx: Connection, partner: PartnerId, office: str, message_id: MessageId) -> Noted | None:
    """Return what was noted of *partner*'s message to *office* (its exchange index)."""
    row = tx.execute(_FIND, {"with_partner": partner, "for_office": office, "sought": message_id}).first()
    return _noted(row) if row else None


def of_entry(tx: Connection, entry: int) -> Noted | None:
    """Return the message that *entry* brought; None when it brought none, or one that had come before."""
    row = tx.execute(_OF_ENTRY, {"of_entry": entry}).first()
    return _noted(row) if row else None


def brought_by(tx: Connection, exchange: ExchangeId) -> tuple[int, ...]:
    """Return the entries whose messages were noted for *exchange*, also those that are not done yet."""
    return tuple(tx.scalars(_BROUGHT, {"of_exchange": exchange}))


def seen_content(tx: Connection, digest: Sha256) -> int | None:
    """Return the entry that first brought a letter with this digest (without trace fields)."""
    entry: int | None = tx.scalar(_SEEN, {"sought": digest})
    return entry


def note_content(tx: Connection, digest: Sha256, entry: int) -> None:
    """Note that *entry* brought a letter with this digest; the first one stands."""
    tx.execute(_SEE[tx.dialect.name], {"digest": digest, "entry": entry})


def _noted(row: Sequence[Any]) -> Noted:  # Any: a row of `_COLUMNS`
    return Noted(*row)

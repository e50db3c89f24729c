# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that partners' reports brought, kept from the report's arrival until our EDMS has them on its card.

Small ones lie in the row, large ones beside the letters (`gateway.journal.blobs`).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, exists, select

from gateway.journal import schema
from gateway.journal.blobs import Blobs, Kept
from gateway.journal.entry import insert_or_ignore
from gateway.model import Content, ExchangeId, Sha256

F = schema.files.c
_KEEP = insert_or_ignore(schema.files)
_OF = select(F.sha256, F.size, F.bytes).where(F.exchange == bindparam("of_exchange"))
_UNTOLD = select(
    exists().where(
        schema.events.c.exchange == bindparam("of_exchange"), schema.events.c.tell, schema.events.c.told_at.is_(None)
    )
)
_FORGET = delete(schema.files).where(F.exchange == bindparam("of_exchange"))


def keep(tx: Connection, exchange: ExchangeId, files: Sequence[Kept], now: datetime) -> None:
    """Note the bytes that the events of *exchange* name; what is there already stays."""
    rows = {
        kept.sha256: {
            "exchange": exchange,
            "sha256": kept.sha256,
            "size": kept.size,
            "bytes": kept.inline,
            "at": now,
        }
        for kept in files
    }
    if rows:
        tx.execute(_KEEP[tx.dialect.name], list(rows.values()))


def of(tx: Connection, blobs: Blobs, exchange: ExchangeId) -> dict[Sha256, Content]:
    """Return the files that wait for our EDMS, by digest; raises OSError when one is damaged or gone."""
    found = tx.execute(_OF, {"of_exchange": exchange})
    return {row.sha256: blobs.content(Kept(row.sha256, row.size, row.bytes)) for row in found}


def forget_told(tx: Connection, exchange: ExchangeId) -> None:
    """Give up the files of *exchange* unless an event still waits to be told; call it with the exchange locked."""
    if not tx.scalar(_UNTOLD, {"of_exchange": exchange}):
        tx.execute(_FORGET, {"of_exchange": exchange})

# SPDX-License-Identifier: GPL-3.0-or-later
"""How far each source was read: opaque words by name, committed with what was read."""

from sqlalchemy import Connection, bindparam, insert, select, update

from gateway.journal import schema

C = schema.cursors.c
_GET = select(C.cursor).where(C.name == bindparam("source"))
_MOVE = update(schema.cursors).where(C.name == bindparam("source")).values(cursor=bindparam("new"))
_START = insert(schema.cursors)


def get(tx: Connection, name: str) -> str | None:
    """Return the cursor *name*; None: nothing was read yet."""
    cursor: str | None = tx.scalar(_GET, {"source": name})
    return cursor


def put(tx: Connection, name: str, cursor: str) -> None:
    """Move the cursor *name*."""
    if tx.execute(_MOVE, {"source": name, "new": cursor}).rowcount == 0:
        tx.execute(_START, {"name": name, "cursor": cursor})

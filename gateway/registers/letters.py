# SPDX-License-Identifier: GPL-3.0-or-later
"""Which letters tell of a document."""

from sqlalchemy import Connection

from gateway.journal import entries, messages
from gateway.journal.entries import Entry
from gateway.model import ExchangeId

MOST = 1000  # LIMIT: letters of one document that are shown


def letters_about(tx: Connection, exchange: ExchangeId) -> list[Entry]:
    """Return the letters about a document, the oldest first, also those that are still worked on."""
    found = {entry.id: entry for entry in entries.select(tx, exchange=exchange, limit=MOST)}
    for number in messages.brought_by(tx, exchange):
        entry = entries.get(tx, number)
        if entry is not None:
            found.setdefault(number, entry)
    return [found[number] for number in sorted(found)]

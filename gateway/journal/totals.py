# SPDX-License-Identifier: GPL-3.0-or-later
"""How many letters there ever were, for monitors that draw curves: numbers that only grow."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from gateway.journal import schema

E = schema.entries.c
DOCUMENTS = ("document", "addition")


@dataclass(frozen=True, slots=True)
class Totals:
    """Letters since the journal began."""

    received: Mapping[str, int]  # by listener or mailbox
    documents: Mapping[str, int]  # that came, by their end: "registered", "refused"
    sent: Mapping[str, int]  # of ours that mail took, by kind: "document", "receipt", "report" …


def totals(tx: Connection) -> Totals:
    """Return the numbers; walks through the whole journal."""
    coming, documents = E.direction == "in", E.kind.in_(DOCUMENTS)
    number, refused = func.count().label("letters"), E.reason.is_not(None).label("refused")
    received = tx.execute(select(E.channel, number).where(coming).group_by(E.channel))
    ended = tx.execute(select(refused, number).where(coming, E.state == "done", documents).group_by(refused))
    sent = tx.execute(select(E.kind, number).where(E.direction == "out", E.sent_at.is_not(None)).group_by(E.kind))
    return Totals(
        {row.channel: row.letters for row in received},
        {"refused" if row.refused else "registered": row.letters for row in ended},
        {row.kind: row.letters for row in sent},
    )

# SPDX-License-Identifier: GPL-3.0-or-later
"""What people decided about papers that were laid before them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, column, select

from gateway.edms_adapter.sql.database import Database, Work
from gateway.edms_adapter.sql.plan import Plan
from gateway.edms_adapter.sql.values import day, moment, text
from gateway.model import ExchangeId, Number

COLUMNS = ("waiting", "card", "number", "date", "at")  # of the mapping's query


@dataclass(frozen=True, slots=True)
class Settled:
    """A paper somebody decided about."""

    exchange: ExchangeId
    card: object  # the card it became or was put on; None: refused
    number: Number
    at: datetime | None


def settled_papers(plan: Plan, work: Work, exchange: ExchangeId | None = None) -> Sequence[Settled]:
    """Return the decided papers we still note as waiting, of one *exchange* or of all."""
    if plan.settled is None:
        return ()
    paper = plan.settled.columns(*(column(name) for name in COLUMNS)).subquery("paper")
    tied, exchange_id, waits = plan.association.tied_papers(paper)
    query = select(paper, exchange_id.label("exchange")).select_from(tied).where(waits.is_not(None))
    if exchange is not None:
        query = query.where(exchange_id == bindparam("exchange_id"))
    found = work.ask(query, {"exchange_id": exchange} if exchange is not None else {})
    return [
        Settled(ExchangeId(row.exchange), row.card, Number(text(row.number), day(row.date)), moment(row.at, plan.zone))
        for row in found
    ]


def note_settled(plan: Plan, database: Database, now: datetime) -> None:
    """Tie every exchange whose paper was registered to its card, known since *now*, so that its history is told."""
    with database.reading() as work:
        if not any(paper.card is not None for paper in settled_papers(plan, work)):
            return
    with database.writing() as work:
        for paper in settled_papers(plan, work):
            if paper.card is not None:
                known = {"card": paper.card, "number": paper.number.text, "number_date": paper.number.date}
                plan.association.move(work, paper.exchange, {**known, "made_at": paper.at, "known_at": now})

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the records system has for our exchanges: the ties it keeps for us, and whether their cards are still there."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, String, bindparam, column, select

from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.plan import Plan
from gateway.edms_adapter.sql.values import Record, day, moment, text
from gateway.model import CardRef, ExchangeId, Number
from gateway.ports import Standing


def standing(plan: Plan, work: Work, exchanges: Sequence[ExchangeId]) -> tuple[Standing, ...]:
    """See `gateway.ports.Edms.standing`."""
    if not exchanges:
        return ()
    wanted = plan.association.exchange_id().in_([bindparam(f"id_{place}") for place, _ in enumerate(exchanges)])
    values = {f"id_{place}": exchange for place, exchange in enumerate(exchanges)}
    return _found(plan, work, _ties(plan).where(wanted), values)


def holdings(plan: Plan, work: Work, after: ExchangeId | None, limit: int) -> tuple[Standing, ...]:
    """See `gateway.ports.Edms.holdings`."""
    page = _ties(plan).limit(bindparam("limit"))
    if after is None:
        return _found(plan, work, page, {"limit": limit})
    beyond = plan.association.exchange_id() > bindparam("after")
    return _found(plan, work, page.where(beyond), {"after": after, "limit": limit})


def dispatches(plan: Plan, work: Work, after: str | None, limit: int) -> tuple[str, ...]:
    """See `gateway.ports.Edms.dispatches`."""
    if plan.dispatches is None:
        return ()
    row = plan.dispatches.columns(column("ref", String)).subquery("dispatched").c
    page = select(row.ref).order_by(row.ref).limit(bindparam("limit"))
    values: dict[str, object] = {"limit": limit}
    if after is not None:
        page, values = page.where(row.ref > bindparam("after")), {**values, "after": after}
    return tuple(text(found.ref) for found in work.ask(page, values))


def card_is_gone(plan: Plan, work: Work, exchange: ExchangeId) -> bool:
    """Say whether *exchange* is tied to a card that is not there any more."""
    return any(one.number is None for one in standing(plan, work, (exchange,)))


@lru_cache(16)
def _ties(plan: Plan) -> Select[Any]:  # Any: see Association.ties
    if plan.standing is None:
        return plan.association.ties(None)
    return plan.association.ties(plan.standing.columns(*map(column, ("card", "number", "date"))).subquery("stands"))


def _found(plan: Plan, work: Work, query: Select[Any], values: Mapping[str, object]) -> tuple[Standing, ...]:
    return tuple(_standing(plan, row) for row in work.ask(query, values) if row.card is not None)


def _standing(plan: Plan, row: Record) -> Standing:
    number = None if row.seen is None else Number(text(row.number), day(row.date))
    since = moment(row.known_at, plan.zone) or datetime.fromtimestamp(0, UTC)
    return Standing(ExchangeId(row.exchange_id), CardRef(str(row.card)), number, since)

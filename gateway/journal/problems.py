# SPDX-License-Identifier: GPL-3.0-or-later
"""How many letters of each partner were not as the standard wants them, by what was wrong: numbers, no letters.

LIMIT: a year is kept, and codes are a closed list (docs/protocol.md): no more rows than partners × codes × months.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, select, update

from gateway.journal import schema
from gateway.journal.entry import insert_or_ignore
from gateway.model import PartnerId

P = schema.problems.c
KEPT = timedelta(days=366)  # LIMIT: months that ended earlier are forgotten
_BEGIN = insert_or_ignore(schema.problems)
_THIS = (P.partner == bindparam("of"), P.code == bindparam("wrong"), P.month == bindparam("in_month"))
_COUNT = update(schema.problems).where(*_THIS).values(letters=P.letters + 1)
_FORGET = delete(schema.problems).where(P.month < bindparam("before"))


def note(tx: Connection, partner: PartnerId, codes: Iterable[str], now: datetime) -> None:
    """Count a letter of *partner* once for each of *codes*."""
    month = _month(now)
    for code in sorted(set(codes)):
        tx.execute(_BEGIN[tx.dialect.name], {"partner": partner, "code": code, "month": month, "letters": 0})
        tx.execute(_COUNT, {"of": partner, "wrong": code, "in_month": month})
    tx.execute(_FORGET, {"before": _month(now - KEPT)})


def since(tx: Connection, partner: PartnerId, moment: datetime) -> tuple[tuple[str, int], ...]:
    """Return how many letters of *partner* had which problem since the beginning of *moment*'s month, most first."""
    number = func.sum(P.letters)
    statement = select(P.code, number).where(P.partner == partner, P.month >= _month(moment)).group_by(P.code)
    return tuple((code, int(letters)) for code, letters in tx.execute(statement.order_by(number.desc(), P.code)))


def _month(moment: datetime) -> str:
    return f"{moment:%Y-%m}"

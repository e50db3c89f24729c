# SPDX-License-Identifier: GPL-3.0-or-later
"""Partners that have not reported in time on documents of ours."""

from collections.abc import Iterator
from datetime import UTC, datetime

from gateway.causes.cause import Cause
from gateway.causes.look import Look
from gateway.journal import registers
from gateway.journal.entries import State
from gateway.journal.registers import Asked, Line
from gateway.outbox import late

PAGE = 500  # LIMIT: documents looked at
NAMED = 5  # LIMIT: partners that are named
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def partners(look: Look) -> Iterator[Cause]:
    late_ones: dict[str, list[datetime]] = {}
    for line in _unproven(look):
        letter = line.letter
        sent_at = letter.sent_at if letter is not None and letter.state is State.SENT else None
        if missing := late(look.office, line.exchange, sent_at, look.now):
            late_ones.setdefault(line.exchange.partner, []).append(missing.due_at)
    if not late_ones:
        return
    number, names = sum(map(len, late_ones.values())), ", ".join(sorted(late_ones)[:NAMED])
    more = f" and {len(late_ones) - NAMED} more" if len(late_ones) > NAMED else ""
    said = "1 document" if number == 1 else f"{number} documents"
    what = f"partner {names}{more} is late about {said}"
    if len(late_ones) > 1:
        what = f"partners are late about {said}: {names}{more}"
    remedy = "edms-gateway register overdue; then ask the partner"
    yield Cause("overdue", what, min(map(min, late_ones.values())), "", remedy)


def _unproven(look: Look) -> Iterator[Line]:
    """Yield documents of ours of which neither registration nor refusal is known, PAGE of each organisation at most.

    It is looked at every minute: whoever has more of them has more to do than to read how many.
    """
    for ours in look.settings.offices:
        yield from registers.unproven(look.tx, Asked(ours.index, BEGINNING, look.now), look.now, None, PAGE)

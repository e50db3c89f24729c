# SPDX-License-Identifier: GPL-3.0-or-later
"""What a partner writes not quite as the standard wants it is read all the same, and counted for its scorecard."""

from datetime import datetime

from gateway.dialects.wire import Reading
from gateway.inbound.desk import Desk
from gateway.journal import problems
from gateway.journal.entries import Entry
from gateway.model import PartnerId, Severity


def count_problems(entry: Entry, reading: Reading, partner: PartnerId, desk: Desk, now: datetime) -> None:
    """Count the problems of *reading*, when *entry* is looked at for the first time.

    A letter that is tried again, processed again by an operator, or for several organisations of ours counts once; one
    whose worker died before it was counted does not.
    """
    again = entry.partner is not None or entry.attempts or entry.starts > 1 or entry.letter_of is not None
    codes = {problem.code for problem in reading.problems if problem.severity is Severity.NOTE}
    if codes and not again:
        with desk.journal.write() as tx:
            problems.note(tx, partner, codes, now)

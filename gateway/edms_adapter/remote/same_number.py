# SPDX-License-Identifier: GPL-3.0-or-later
"""Two letters under one number of their sender, for an EDMS that keeps no such number to look for."""

from hashlib import sha256

from gateway.edms_adapter.step_journal import StepJournal
from gateway.model import Document, ExchangeId, folded
from gateway.ports import Intake, Registration


def same_number(
    journal: StepJournal, document: Document, exchange: ExchangeId, intake: Intake, *, claiming: bool = False
) -> str:
    """Return why a letter waits whose number and date its correspondent gave to another one that came by mail.

    With *claiming* the first one with that number is remembered.
    """
    if intake.same_number == "register" or not document.number.text or document.number.date is None:
        return ""
    named = f"{folded(intake.correspondent.index)}\0{document.number.text}\0{document.number.date.isoformat()}"
    with journal.errand(f"same-number/{sha256(named.encode()).hexdigest()}") as noted:
        other = noted.done("exchange")
        if other is None and claiming:
            noted.note("exchange", exchange)
    if other is None or other == exchange:
        return ""
    settled = journal.outcome(ExchangeId(other))
    number = settled.number.text if isinstance(settled, Registration) else ""
    return f"документ с этим исходящим номером и датой уже зарегистрирован: № {number}" if number else ""

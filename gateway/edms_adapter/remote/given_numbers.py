# SPDX-License-Identifier: GPL-3.0-or-later
"""Which register number an exchange was given, in the step journal: one that was given is never given up."""

import json
from datetime import date

from gateway.edms_adapter.step_journal import StepJournal
from gateway.model import ExchangeId, Number

ERRAND = "register-number"  # whoever takes a number is alone with this one
GIVEN = "number"


def given(journal: StepJournal, exchange: ExchangeId) -> Number | None:
    """Return the number that *exchange* has, if it has one."""
    noted = journal.noted(exchange).get(GIVEN)
    if noted is None:
        return None
    text, day = json.loads(noted)
    return Number(text, date.fromisoformat(day) if day else None)


def give(journal: StepJournal, exchange: ExchangeId, number: Number) -> Number:
    """Note that *exchange* has *number*, and return it."""
    day = number.date.isoformat() if number.date else ""
    journal.note(exchange, GIVEN, json.dumps([number.text, day]))
    return number


def recall(journal: StepJournal, exchange: ExchangeId, number: Number) -> None:
    """Remember that *exchange* has *number*, as its card says, unless it has one."""
    with journal.errand(ERRAND):
        if given(journal, exchange) is None:
            give(journal, exchange, number)

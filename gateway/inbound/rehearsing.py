# SPDX-License-Identifier: GPL-3.0-or-later
"""What a document would become in the EDMS, by the rules that apply to it: done and rolled back."""

from datetime import datetime

from gateway.errors import Refused
from gateway.inbound.intake import intake_of, office_of, opened_exchange
from gateway.inbound.rules import RULES, Case
from gateway.inbound.taking import taken
from gateway.model import Contents, Letter
from gateway.office import Office
from gateway.ports import Edms, Rehearsal


def rehearsed(
    case: Case, letter: Letter, contents: Contents, office: Office, edms: Edms, received_at: datetime
) -> Rehearsal:
    """Return what *edms* would do with the document of *case*, had its *letter* come at *received_at*."""
    ours = office_of(case, office)
    intake = intake_of(case, ours, received_at, office.settings)
    exchange = opened_exchange(case, office, letter, received_at)
    document = taken(case.document, case.receive, case.level, ours.index)
    return edms.rehearse(document, contents, exchange.id, intake)


def refused_by_rules(case: Case) -> Refused | None:
    """Return why a rule of the exchange refuses *case* before any EDMS is asked, or None."""
    try:
        for rule in RULES:
            rule(case)
    except Refused as why:
        return why
    return None

# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules apply to a document in a file, as the configuration has them: for `explain` and `edms dry-run`.

Nothing proves who sent a file, so the partner is chosen by the exchange index inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway import policy
from gateway.errors import Refused
from gateway.inbound.intake import case_of, office_of
from gateway.inbound.rehearsing import refused_by_rules
from gateway.inbound.rules import Case
from gateway.model import Document, Message
from gateway.office import Office
from gateway.policy import Chosen
from gateway.settings import OfficeSettings, ReceiveSettings, ReportSettings, RuleSettings

BY_INDEX = "chosen by the index inside; nothing is proven"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the configuration says about one document."""

    case: Case
    ours: OfficeSettings
    receive: Chosen[ReceiveSettings]
    report: Chosen[ReportSettings]
    refused: Refused | None  # by a rule of the exchange, before any EDMS is asked


def ruling_of(
    message: Message | None, office: Office, unreadable: Refused | None = None, index: str = ""
) -> Ruling | None:
    """Return the rules that apply to the document in *message*, for our organisation *index* or the first it is for.

    None when there is no document, or no partner has the index of its sender.
    """
    partner = office.partner_by_index(message.sender.index) if message is not None else None
    if message is None or partner is None or not isinstance(message.body, Document):
        return None
    addressed = office.addressed(message.recipients)
    ours = office.ours(index) or (addressed[0] if addressed else None)
    case = case_of(message, message.body, partner, ours, office)
    case = replace(case, unreadable=unreadable)
    ours = office_of(case, office)
    facts = policy.Facts.of(message.body, partner.id, ours.index)
    receive = policy.receiving(office.settings.receive, facts)
    report = policy.reporting(office.settings.report, replace(facts, access=case.level))
    return Ruling(case, ours, receive, report, refused_by_rules(case))


def rules_row(ruling: Ruling, office: Office) -> dict[str, object]:
    """Return *ruling* under its stable keys (docs/operating.md)."""
    return {
        "partner": ruling.case.partner.id,
        "organisation": ruling.ours.index,
        "receive": _chosen(ruling.receive, office.settings.receive),
        "report": _chosen(ruling.report, office.settings.report),
    }


def _chosen(chosen: Chosen[RuleSettings], rules: Sequence[RuleSettings]) -> dict[str, object]:
    over = [{"name": rules[place - 1].name or None, "place": place, "why": why} for place, why in chosen.passed_over]
    return {"name": chosen.name, "place": chosen.place, "passed_over": over}

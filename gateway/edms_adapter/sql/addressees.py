# SPDX-License-Identifier: GPL-3.0-or-later
"""Addressees of a document against the people in the database, and what happens when nobody fits."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from gateway.edms_adapter.sql import routing
from gateway.edms_adapter.sql.complaint import MappingError
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.plan import Plan
from gateway.edms_adapter.sql.values import Record, text
from gateway.errors import Reason, Refused
from gateway.model import Approval, Document, Party, folded
from gateway.ports import Addressee, Intake

WHOLE = "адресован организации в целом"
NO_INBOX = "нет ящика%s для документов без адресата"
ANYBODY = "лицо не названо: запрошено у организации в целом"


@dataclass(frozen=True, slots=True)
class Asked:
    """A visa or signature of a draft, and whose inbox it goes to; None: it is not asked of our people."""

    approval: Approval
    addressee: Addressee | None


def inboxes(plan: Plan, work: Work, office: str, today: date) -> list[routing.Inbox]:
    """Return everybody who may be an addressee in *office* (empty: in any) on that day."""
    given = {"office": office, "today": today}
    asked = {name: value for name, value in given.items() if name in plan.inbox_binds}
    return [_inbox(row) for row in work.rows(plan.inboxes, asked)]


def resolver(plan: Plan, work: Work, office: str, today: date) -> Callable[[Party | None], Addressee | None]:
    """Return a function that finds the inbox of a party, reading the people at most once.

    A party of another organisation than *office* (empty: any) has none here, whoever his namesakes are.
    """
    everybody: list[routing.Inbox] = []

    def resolve(party: Party | None) -> Addressee | None:
        if party is None or not routing.wanted(party) or (office and not ours(party, office)):
            return None
        if not everybody:
            everybody.extend(inboxes(plan, work, office, today))
        return routing.addressee(routing.find(party, everybody, plan.source.routing.strategies))

    return resolve


def routed(plan: Plan, work: Work, document: Document, intake: Intake) -> tuple[tuple[Addressee, ...], str]:
    """Return the inboxes for *document*, each once, and why a person must decide, if so.

    A document for the default inbox waits when there is none.
    One unknown addressee among several does not hold up the rest: it goes to the default inbox with them.
    Raises Refused when nobody was found and the office refuses that.
    """
    named = [party for party in document.addressees if ours(party, intake.office) and routing.wanted(party)]
    everybody = inboxes(plan, work, intake.office, intake.register_on) if named else []
    routes = [routing.find(party, everybody, plan.source.routing.strategies) for party in named]
    found = [one for route in routes if (one := routing.addressee(route))]
    vacant = [route.why for route in routes if route.vacant]
    lost = [route.why for route in routes if route.inbox is None and not route.vacant]
    if lost and not found and not vacant and _must_wait("; ".join(lost), intake):
        return (), "; ".join(lost)
    if lost or vacant or not found:
        default = _default(plan, work, intake, "; ".join((*lost, *vacant)) or WHOLE, found=not lost)
        if default is None:
            return (), _no_inbox(intake)
        found.append(default)
    once: dict[str, Addressee] = {}
    for one in found:
        before = once.get(one.inbox)
        once[one.inbox] = replace(before, why=f"{before.why}; {one.why}") if before else one
    return tuple(once.values()), ""


def asked(plan: Plan, work: Work, draft: Document, intake: Intake) -> tuple[tuple[Asked, ...], str]:
    """Return the visas and signatures of *draft*, each asked of our people with an inbox, and why a person must decide.

    What names nobody, or nobody we know, goes to the default inbox, which says why.
    Raises Refused when nobody was found and the office refuses that.
    """
    everybody = inboxes(plan, work, intake.office, intake.register_on) if draft.approvals else []
    routes = {
        place: routing.find(approval.party, everybody, plan.source.routing.strategies)
        for place, approval in enumerate(draft.approvals)
        if not approval.given and ours(approval.party, intake.office) and routing.wanted(approval.party)
    }
    lost = "; ".join(route.why for route in routes.values() if route.inbox is None and not route.vacant)
    nobody = not any(route.inbox or route.vacant for route in routes.values())
    if lost and nobody and _must_wait(lost, intake):
        return _of_nobody(draft), lost
    made = []
    for place, approval in enumerate(draft.approvals):
        addressee = None
        if not approval.given and ours(approval.party, intake.office):
            route = routes.get(place)
            why = route.why if route else ANYBODY
            addressee = routing.addressee(route) if route else None
            addressee = addressee or _default(plan, work, intake, why, found=route is None)
            if addressee is None:
                return _of_nobody(draft), _no_inbox(intake)
        made.append(Asked(approval, addressee))
    return tuple(made), ""


def _of_nobody(draft: Document) -> tuple[Asked, ...]:
    return tuple(Asked(approval, None) for approval in draft.approvals)


def _default(plan: Plan, work: Work, intake: Intake, why: str, *, found: bool) -> Addressee | None:
    return default_inbox(plan, work, intake.office, intake.default_inbox, why, found=found)


def _no_inbox(intake: Intake) -> str:
    return NO_INBOX % (f" «{intake.default_inbox}»" if intake.default_inbox else "")


def _must_wait(lost: str, intake: Intake) -> bool:
    """Say whether a person decides about addressees nobody fits; raises Refused when the office refuses them."""
    if intake.unknown_addressee == "refuse":
        raise Refused(Reason.UNKNOWN_ADDRESSEE, lost)
    return intake.unknown_addressee == "wait"


def default_inbox(plan: Plan, work: Work, office: str, wanted: str, why: str, *, found: bool) -> Addressee | None:
    """Return the inbox of *office* (empty: of any) for what nobody fits; None when the mapping's query gives none."""
    given = {"wanted": wanted, "office": office}
    asked = {name: value for name, value in given.items() if name in plan.default_inbox_binds}
    row = work.first(plan.default_inbox, asked)
    if row is None:
        return None
    return Addressee(text(row.key), text(row.name), "default", why, found)


def ours(party: Party, office: str) -> bool:
    """Say whether an addressee is of our *office*; one that names no organisation is."""
    return not party.index or folded(party.index) == folded(office)


def _inbox(row: Record) -> routing.Inbox:
    try:
        return routing.Inbox(**{name: text(value) for name, value in row.__dict__.items()})
    except TypeError as error:
        raise MappingError(f"routing.inboxes: {error}") from error

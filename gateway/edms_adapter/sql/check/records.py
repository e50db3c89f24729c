# SPDX-License-Identifier: GPL-3.0-or-later
"""What must lie in the tables before a document can be registered: counters, inboxes, and what rules name."""

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from gateway.edms_adapter.sql import addressees
from gateway.edms_adapter.sql.check.look import Look
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.plan import Plan
from gateway.edms_adapter.sql.steps import binds
from gateway.ports import Expected, Finding, Wanted

DECEMBER = 12


def counters(look: Look, today: date) -> Iterator[Finding]:
    """Yield what is known of the counters of this year, and in December of the next one too."""
    yield from _counters_of(look, today.year)
    if today.month == DECEMBER:
        yield from _counters_of(look, today.year + 1)


def _counters_of(look: Look, year: int) -> Iterator[Finding]:
    missing = look.plan.source.number.missing
    if missing is None:
        return
    try:
        with look.database.reading() as work:
            rows = work.ask(text(missing), {"year": year})
    except SQLAlchemyError:
        return  # said already, with the statement
    place = look.places.where("number.missing")
    for row in rows:
        made = look.plan.source.number.start is not None and not getattr(row, "by_hand", False)
        detail = "is made at the first use" if made else "is missing: documents of that year wait"
        remedy = "" if made else f"open the year {year} in the journal {row.name}"
        yield Finding(made, f"counter of {row.name} for {year}", detail, remedy, place)
    if not rows:
        yield Finding(True, f"counters for {year}")


def organisation(look: Look, ours: Expected) -> Iterator[Finding]:
    """Yield whether the EDMS knows an organisation of ours and has an inbox for what is addressed to nobody."""
    plan = look.plan
    default = look.places.where("routing.default")
    what = f"default inbox of {ours.office}" if ours.office else "default inbox"
    try:
        with look.database.reading() as work:
            known = not ours.office or plan.office is None or work.first(plan.office, {"office": ours.office})
            inbox = addressees.default_inbox(plan, work, ours.office, ours.default_inbox, "", found=True)
    except SQLAlchemyError:
        return  # said already, with the statement
    if not known:
        detail, remedy = "the EDMS does not know it: its documents wait", "add it there, or correct [[office]] index"
        yield Finding(False, f"organisation {ours.office}", detail, remedy, look.places.where("office.known"))
    elif inbox is None:
        named = f"there is no inbox {ours.default_inbox!r}" if ours.default_inbox else "there is none"
        remedy = "give the organisation an inbox that the query routing.default finds, or correct default_inbox"
        yield Finding(False, what, f"{named}: documents without an addressee wait", remedy, default)
    else:
        yield Finding(True, what, inbox.name)


def not_there(look: Look, wanted: Sequence[Wanted]) -> Iterator[Finding]:
    """Yield for everything of *wanted* whether the EDMS has it; what the mapping cannot ask for is left out."""
    for one in wanted:
        what = f"{one.kind} {one.name!r} of {one.place}" + (f" for {one.office}" if one.office else "")
        try:
            with look.database.reading() as work:
                there = _is_there(look.plan, work, one)
        except SQLAlchemyError:
            return  # said already, with the statement
        if there is not None:
            detail = "" if there else "the EDMS has none of this name: documents wait"
            yield Finding(there, what, detail, "" if there else f"make it there, or mend the name in {one.place}")


def _is_there(plan: Plan, work: Work, one: Wanted) -> bool | None:
    """Say whether the EDMS has it; None when the mapping has no query for it."""
    if one.kind == "inbox":
        return addressees.default_inbox(plan, work, one.office, one.name, "", found=True) is not None
    query = plan.exists.get(one.kind)
    if query is None:
        return None
    given = {"name": one.name, "office": one.office}
    asked = {name: value for name, value in given.items() if name in binds(query.text)}
    return work.first(query, asked) is not None

# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be found in the records system before a document is registered, and what happens when it is not.

Rows that the database cannot compare as people do are compared here: folded, for alphabets beyond its own, and by the
longest prefix, for codes such as ``0.2ABC.`` that name a place in a tree.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any

from gateway.edms_adapter.sql.complaint import MappingError
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.plan import Plan, ReadyLookup
from gateway.edms_adapter.sql.values import Record, text
from gateway.errors import Reason, Refused

MOST_ROWS = 100_000  # LIMIT: how many rows of a lookup are compared here


def looked_up(plan: Plan, work: Work, scope: dict[str, Any]) -> list[str]:  # Any: what expressions see
    """Add every lookup to *scope*; return why a person must decide, if so.

    Raises Refused when a lookup says so, unless an operator has accepted that reason: then a person decides.
    """
    waits = []
    intake = scope.get("intake")
    accepted = intake.accepted if intake is not None else frozenset()
    for lookup in plan.lookups:
        value, why = _value(lookup, work, scope, accepted)
        scope[lookup.rule.name] = value
        if why:
            waits.append(why)
    return waits


def _value(
    lookup: ReadyLookup, work: Work, scope: dict[str, Any], accepted: frozenset[Reason]
) -> tuple[Any, str]:  # Any: one column's value, or a Record of several
    """Return what a lookup gives, and why a person must decide, if so."""
    rows = work.rows(lookup.query.sql, lookup.query.values(scope))
    if lookup.value is not None:
        rows = _matching(lookup, rows, text(lookup.value(scope)))
    if len(rows) == 1:
        columns = tuple(rows[0].__dict__.values())
        return (columns[0] if len(columns) == 1 else rows[0]), ""
    rule = lookup.rule
    if rule.missing == "default" and lookup.default is not None:
        return lookup.default(scope), ""
    why = text(lookup.text(scope)) if lookup.text is not None else rule.name
    if rows:
        why = f"{why} (подходят несколько)"
    if rule.missing == "refuse" and rule.reason is not None and rule.reason not in accepted:
        raise Refused(rule.reason, why, place=rule.name)
    return None, why


def _matching(lookup: ReadyLookup, rows: Sequence[Record], wanted: str) -> list[Record]:
    """Return the rows whose `column` is *wanted*, or the longest one that *wanted* begins with; empty is nobody's."""
    rule = lookup.rule
    if len(rows) > MOST_ROWS:
        raise MappingError(f"{lookup.query.place}: gives {len(rows)} rows: let it give fewer than {MOST_ROWS}")
    sought = folded(wanted) if rule.fold else wanted
    known = [(_compared(lookup, row), row) for row in rows]
    if not rule.prefix:
        return [row for code, row in known if code and code == sought]
    found = [(code, row) for code, row in known if code and sought.startswith(code)]
    longest = max((len(code) for code, _ in found), default=0)
    return [row for code, row in found if len(code) == longest]


def _compared(lookup: ReadyLookup, row: Record) -> str:
    rule = lookup.rule
    try:
        written = text(getattr(row, rule.column or ""))
    except AttributeError as error:
        raise MappingError(f"{lookup.query.place}: 'column': {error}") from error
    return folded(written) if rule.fold else written


def folded(words: str) -> str:
    """Return *words* for comparison: case, width and the blanks around them make no difference, in any alphabet."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", words).casefold()).strip()

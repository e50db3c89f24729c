# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever order a partner's reports come in, and however late: the newest one stands, an older one changes nothing."""

from itertools import permutations

import pytest

from gateway.reports import registered
from tests.story.offices import Town
from tests.story.test_contradictions import Partner

REPORTS = ("refused 1", "registered 2", "renumbered 3")  # each with the minute it was made in


def says(moscow: Partner, report: str) -> None:
    kind, minute = report.split()
    if kind == "refused":
        moscow.refuses(int(minute))
    else:
        moscow.registers(int(minute), "77" if kind == "registered" else "78", made=int(minute))


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("order", list(permutations(REPORTS)), ids=lambda order: ", ".join(order))
def test_the_newest_report_stands_in_every_order_and_late_ones_supersede_what_was_overdue(
    offices: Town, order: tuple[str, ...], late: bool
) -> None:
    moscow = Partner(offices)
    if late:
        offices.clock.advance(hours=25)
        offices.settle()
        assert moscow.row.state == "overdue"

    for report in order:
        says(moscow, report)

    standing = registered(moscow.history())
    assert standing is not None
    assert standing.number is not None
    assert standing.number.text == "78"
    assert (moscow.row.state, moscow.row.partner_number) == ("registered", "78")
    assert (moscow.row.refusal, moscow.row.trouble) == (None, None)
    offices.clock.advance(days=3)
    offices.settle()
    assert moscow.row.state == "registered"  # nothing is overdue any more

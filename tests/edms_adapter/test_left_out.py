# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents for whom nothing goes now are passed, also where only an expression tells whom they are for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.edms_adapter.sql import left_out
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.ports import OutgoingState
from tests.edms_adapter import vendor

HEAP = 3 * left_out.PAGE
WRITE = "insert into letter (note, state) values ('{}', 'to send')"


@pytest.fixture(params=["row.note", "text(row.note)", "row.note or ''"])
def edms(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlEdms]:
    rest = vendor.REST.replace("select id, id as cur, num, about from", "select id, id as cur, num, about, note from")
    rest = rest.replace("\"'X'\"", f'"{request.param}"')
    with vendor.opened(vendor.mapping_of(rest=rest), f"sqlite:///{tmp_path}/own.sqlite", tmp_path) as made:
        vendor.run(made, *[WRITE.format("Ёж")] * HEAP)
        yield made


def found(edms: SqlEdms, calls: int) -> list[str]:
    """Return whom the documents are for that so many calls hand out, each marked as taken."""
    return [one for _ in range(calls) for one in marked(edms)]


def marked(edms: SqlEdms) -> list[str]:
    page = edms.outgoing(20, ["ЁЖ "])
    for one in page:
        edms.mark(one.ref, OutgoingState.TAKEN)
    return [one.to for one in page]


def test_a_heap_that_is_left_out_keeps_nothing_back_for_more_calls_than_it_has_pages(edms: SqlEdms) -> None:
    vendor.run(edms, WRITE.format("gorod"))

    assert found(edms, 4) == ["gorod"]


def test_what_lies_before_the_place_that_was_read_to_is_found_as_well(edms: SqlEdms) -> None:
    vendor.run(edms, "update letter set note = 'gorod' where id in (7, 8)", WRITE.format("bereg"))
    before = found(edms, 4)
    vendor.run(edms, "update letter set state = 'to send' where id = 7")

    assert before == ["gorod", "gorod", "bereg"]
    assert found(edms, 4) == ["gorod"]


def test_more_than_is_asked_for_is_handed_out_in_order_and_none_is_left_behind(edms: SqlEdms) -> None:
    vendor.run(edms, *[WRITE.format(f"to {place}") for place in range(45)])

    assert found(edms, 7) == [f"to {place}" for place in range(45)]


def test_what_is_for_nobody_is_not_left_out(edms: SqlEdms) -> None:
    vendor.run(edms, "insert into letter (note, state) values (null, 'to send')", WRITE.format(""))

    assert found(edms, 4) == ["", ""]

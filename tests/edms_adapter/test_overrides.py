# SPDX-License-Identifier: GPL-3.0-or-later
"""A partner's own constants reach everything where a document of its or for it is at hand."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.edms_adapter import MappingError
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.model import ExchangeId, PartnerId
from gateway.ports import Registration, Waiting
from tests.edms_adapter import vendor
from tests.edms_adapter.desk import PDF, intake, letter
from tests.edms_adapter.vendor import rows

OVERRIDES = """
[const]
mark = "all"
[override.bereg]
mark = "bereg"

[[lookup]]
name = "found"
sql = "select state from letter where note = :mark"
values = { mark = "const.mark" }
missing = "default"
default = "'found for ' ~ const.mark"

[read.partner]
sql = "select note from letter where id = :card"
value = "row.note"
single = true
"""
NUMBER = vendor.NUMBER.replace("'N-%s' % n", "'%s-%s' % (const.mark, n)")
STATE = "('waits with %s' if reason else 'made with %s; ' ~ found) % const.mark"
REGISTER = vendor.REGISTER.replace('"reason or none"', '"intake.partner"').replace(
    "\"'waiting' if reason else 'registered'\"", f'"{STATE}"'
)
REST = (
    (
        vendor.REST.replace(
            'title = "file.name"', "title = \"'added for %s' % const_of(read.partner(card=card)).mark\""
        )
        .replace("select id, id as cur, num, about from", "select id, id as cur, num, note from")
        .replace("\"'X'\"", '"row.note"')
        .replace("subject=row.about", "subject='out to ' ~ const.mark")
    )
    + """
[[changes]]
event = "progress"
sql = "select id, id as card, id as cur, note from letter"
cursor = "integer"
overlap = 0
fields = { text = "const_of(row.note).mark" }
"""
)


@pytest.fixture
def edms(tmp_path: Path) -> Iterator[SqlEdms]:
    mapping = vendor.mapping_of(NUMBER, REGISTER + vendor.ATTACHMENTS, more=OVERRIDES, rest=REST)
    with vendor.opened(mapping, f"sqlite:///{tmp_path}/own.sqlite", tmp_path) as made:
        yield made


def come(edms: SqlEdms, partner: str, wait: str = "") -> Registration | Waiting:
    given = replace(intake(), partner=PartnerId(partner), wait_because=wait)
    return vendor.register(edms, f"ex-{partner}", given=given)


def both(edms: SqlEdms, column: str) -> list[str]:
    return [row.found for row in rows(edms, f"select {column} as found from letter order by id")]


def test_they_reach_lookups_numbers_and_the_steps_of_a_document_that_comes(edms: SqlEdms) -> None:
    for partner in ("bereg", "gorod"):
        come(edms, partner)

    assert both(edms, "num") == ["bereg-1", "all-2"]
    assert both(edms, "state") == ["made with bereg; found for bereg", "made with all; found for all"]


def test_they_reach_a_document_that_waits(edms: SqlEdms) -> None:
    for partner in ("bereg", "gorod"):
        come(edms, partner, "so decided")

    assert both(edms, "state") == ["waits with bereg", "waits with all"]


def test_they_reach_a_document_that_goes_out(edms: SqlEdms) -> None:
    vendor.run(edms, *(f"insert into letter (note, state) values ('{to}', 'to send')" for to in ("bereg", "gorod")))

    found = [(one.to, one.document.subject) for one in edms.outgoing()]

    assert found == [("bereg", "out to bereg"), ("gorod", "out to all")]


def test_additions_and_changes_ask_for_them_by_the_partner(edms: SqlEdms) -> None:
    for partner in ("bereg", "gorod"):
        come(edms, partner)
        edms.attach(ExchangeId(f"ex-{partner}"), letter(), {PDF.sha256: PDF}, ExchangeId(f"more-{partner}"))

    added = [row.title for row in rows(edms, "select title from attachment where title like 'added%' order by id")]
    assert added == ["added for bereg", "added for all"]
    assert [one.event.text for one in edms.changes(None).events] == ["bereg", "all"]


def test_a_word_that_overrides_nothing_is_told_with_its_key(tmp_path: Path) -> None:
    mapping = vendor.mapping_of(more=OVERRIDES.replace("[override.bereg]\nmark", "[override.bereg]\nmakr"))
    with (
        pytest.raises(MappingError, match=r"override\.bereg\.makr: is no constant: name it in \[const\]"),
        vendor.opened(mapping, "sqlite://", tmp_path, tables=""),
    ):
        pass

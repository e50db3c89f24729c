# SPDX-License-Identifier: GPL-3.0-or-later
"""A vendor's upgrade takes a column away: it is named at the start and by status, and letters wait without blame."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.inbound.worker import Worker
from gateway.journal import entries
from gateway.journal.entries import State
from tests.cli.test_commands import call
from tests.cli.test_operating import Desk
from tests.edge.test_node import Node, eventually, numbers, running
from tests.edge.test_node import document as for_node
from tests.faults.test_disks import log_of
from tests.story import partner

UPGRADE = "alter table card_file drop column media_type"
BACK = "alter table card_file add column media_type text"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "d")
    yield made
    made.parts.close()


def upgraded(desk: Desk, statement: str) -> None:
    assert isinstance(desk.parts.edms, SqlEdms)
    with desk.parts.edms.database.writing() as work:
        work.run(text(statement))


def alter(node: Node, statement: str) -> None:
    with people.at_work(f"sqlite:///{node.home}/registry.db") as work:
        work.run(text(statement))


def cards(desk: Desk) -> list[int]:
    """Return how many cards, files and claims there are."""
    assert isinstance(desk.parts.edms, SqlEdms)
    with desk.parts.edms.database.reading() as work:
        tables = ("card", "card_file", "edms_gw_exchange")
        return [int(work.rows(text(f"select count(*) as n from {table}"))[0].n) for table in tables]


def document(number: int, *, files: bool) -> bytes:
    inside = partner.passport(
        sender="EXAMPLE-PARTNER",
        recipient="EXAMPLE-OFFICE",
        message_id=f"{number:032x}",
        return_id=f"{number + 100:032x}",
        uid=f"{number + 200:032x}",
        number=f"77-{number}",
        files=None if files else {},
    )
    return partner.letter(inside, None if files else {}, sender="exchange@partner.example")


def test_a_letter_that_meets_a_dropped_column_waits_however_many_others_go_through(desk: Desk) -> None:
    upgraded(desk, UPGRADE)
    entry = desk.receive(document(1, files=True), 1)
    later = desk.parts.clock.now()
    others = []
    for number in range(2, 8):
        others.append(desk.receive(document(number, files=False), number))
        for _ in range(4):  # the EDMS rests after it failed, and others come to their turn
            later += timedelta(minutes=20)
            replace(desk.worker, now=lambda moment=later: moment).work()
    assert {desk.state(other) for other in others} == {State.DONE}
    assert desk.state(entry) is State.ACCEPTED
    assert cards(desk) == [6, 0, 6]
    with desk.parts.journal.read() as tx:
        waiting = entries.get(tx, entry)
    assert waiting is not None
    assert "the EDMS was changed" in waiting.detail
    assert "media_type" in waiting.detail

    upgraded(desk, BACK)
    Worker("test", desk.parts.desk(), lambda: later + timedelta(hours=1), max_seconds=60).work()
    assert desk.state(entry) is State.DONE
    assert cards(desk) == [7, 1, 7]


def test_status_names_the_dropped_column_with_its_line(desk: Desk) -> None:
    upgraded(desk, UPGRADE)
    told = call("--config", desk.config, "status", "--json").stdout
    lacking = [one for one in json.loads(told)["lacking"] if one["what"].endswith("card_file: column media_type")]

    assert any(one["what"].startswith("register[") for one in lacking)
    assert all("registry.toml:" in one["place"] for one in lacking)


def test_status_of_a_service_that_is_well_otherwise_ends_with_1_until_it_is_back(tmp_path: Path) -> None:
    node = Node(tmp_path / "d")
    with running(node):
        well = call("--config", node.config, "status").exit_code
        alter(node, UPGRADE)
        upgraded_now = call("--config", node.config, "status").exit_code
        alter(node, BACK)

        assert (well, upgraded_now, call("--config", node.config, "status").exit_code) == (0, 1, 0)


@pytest.mark.thorough
def test_a_service_that_starts_names_it_and_registers_once_it_is_back(tmp_path: Path) -> None:
    node = Node(tmp_path / "d")
    alter(node, UPGRADE)
    with running(node):
        eventually(lambda: "column media_type" in log_of(node))
        assert node.deliver(for_node(1)) == 250
        eventually(lambda: "the EDMS failed" in log_of(node))
        assert node.registered() == []
        alter(node, BACK)

        eventually(lambda: node.registered() == numbers(1))

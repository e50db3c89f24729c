# SPDX-License-Identifier: GPL-3.0-or-later
"""A real gateway and a real clamd: one that dies and comes back delays documents, and does nothing else to them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.errors import Reason
from gateway.journal.entries import State
from tests.edge.test_node import Node, document, eventually, numbers, running
from tests.servers.clamd import EICAR, Clamd
from tests.story import partner


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[Clamd]:
    started = Clamd(tmp_path / "c")
    yield started
    started.stop()


def infected(number: int) -> bytes:
    """Return `document` with the test virus for its file."""
    inside = partner.passport(
        message_id=f"{number:032x}",
        return_id=f"{number + 1000:032x}",
        uid=f"{number + 2000:032x}",
        number=f"77-{number:03}",
        sender="EXAMPLE-PARTNER",
        recipient="EXAMPLE-OFFICE",
    )
    return partner.letter(inside, {"letter[1].pdf": EICAR}, sender="exchange@partner.example")


def status(node: Node) -> Any:  # Any: JSON
    return json.loads(CliRunner().invoke(main, ["--config", str(node.config), "status", "--json"]).stdout)


@pytest.mark.thorough
def test_documents_go_on_by_themselves_when_a_scanner_that_died_is_back(tmp_path: Path, scanner: Clamd) -> None:
    node = Node(tmp_path / "d")
    node.config.write_text(f'{node.config.read_text()}\n[antivirus]\nclamd = "unix:{scanner.socket}"\n')
    with running(node):
        assert [node.deliver(document(1)), node.deliver(infected(2))] == [250, 250]
        eventually(lambda: node.registered() == numbers(1))
        (found,) = eventually(lambda: [letter for letter in node.letters() if letter.state is State.PARKED])

        scanner.stop()
        assert [node.deliver(document(3)), node.deliver(infected(4))] == [250, 250]
        paused = eventually(lambda: status(node)["scanner"])
        waiting = node.registered()
        scanner.start()

        eventually(lambda: node.registered() == numbers(1, 3))
        eventually(lambda: [letter.state for letter in node.letters()].count(State.PARKED) == 2)
        assert found.reason is Reason.VIRUS
        assert "Error connecting" in paused["words"]
        assert waiting == numbers(1)
        assert eventually(lambda: status(node)["scanner"] is None)

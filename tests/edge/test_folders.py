# SPDX-License-Identifier: GPL-3.0-or-later
"""A running gateway that exchanges documents by directories with a partner without mail."""

import re
from functools import partial
from pathlib import Path

import pytest

from tests.edge.test_node import Node, eventually, numbers, running
from tests.story import partner

FOLDER = """
[[folder]]
name = "from-partner"
path = "exchange/in"
layout = "sev"
archive = "exchange/taken"
poll = "1 s"

"""
PROOF = """
[channel.proof]
kind = "folder"
name = "from-partner"

[channel.folder_out]
path = "exchange/out"
layout = "sev"

"""


def at_least(node: Node, number: int) -> bool:
    return len(node.registered()) >= number


class ByFolder(Node):
    """A gateway whose only partner is reached by directories, and has no address."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.exchange = home / "exchange"
        for name in ("in", "out"):
            (self.exchange / name).mkdir(parents=True)
        text = self.config.read_text()
        self.config.write_text(text.replace("# --- how letters go", FOLDER + "# --- how letters go", 1))
        partners = home / "partners.toml"
        text = re.sub(r'(?m)^address = "exchange@partner.example".*$', "", partners.read_text())
        partners.write_text(re.sub(r"(?m)^\[channel.proof\]\nkind = .*\nname = .*\n", PROOF, text))

    def put(self, number: int) -> None:
        """Put a document there as a vendor's server does: the folder, and then its sidecar."""
        package = self.exchange / "in" / f"7d0a6c1e-2b3f-4c5d-8e9f-{number:012x}"
        package.mkdir()
        passport = partner.passport(
            message_id=f"{number:032x}",
            return_id=f"{number + 1000:032x}",
            uid=f"{number + 2000:032x}",
            number=f"77-{number:03}",
            sender="EXAMPLE-PARTNER",
            recipient="EXAMPLE-OFFICE",
        )
        (package / "DocInfo.xml").write_bytes(passport.encode("utf-8-sig"))
        (package / "letter[1].pdf").write_bytes(partner.PDF)
        package.with_name(f"{package.name}.env").write_text(
            f"<Envelop><MessageDir>{package.name}</MessageDir></Envelop>"
        )

    def answers(self) -> list[str]:
        """Return what kinds of report lie there for the partner."""
        found = [path.read_text("utf-8-sig") for path in (self.exchange / "out").glob("*/Report.xml")]
        return sorted(re.search(r'MessageType="(\w+)"', text)[1] for text in found)  # type: ignore[index]


def test_a_document_comes_by_folder_is_registered_and_answered_by_folder(tmp_path: Path) -> None:
    with running(ByFolder(tmp_path / "d")) as node:
        assert isinstance(node, ByFolder)
        node.put(1)

        eventually(lambda: node.registered() == numbers(1))
        eventually(lambda: node.answers() == ["Reception", "Report"])
        eventually(lambda: list((node.exchange / "in").iterdir()) == [])

    assert len(list((node.exchange / "out").glob("*.env"))) == 2
    assert len(list((node.exchange / "taken").glob("*/*.env"))) == 1


@pytest.mark.thorough
def test_a_gateway_that_is_killed_again_and_again_registers_and_answers_each_package_once(tmp_path: Path) -> None:
    node = ByFolder(tmp_path / "d")
    for first in (1, 6, 11, 16):
        for number in range(first, first + 5):
            node.put(number)
        node.start()
        eventually(partial(at_least, node, first))
        node.kill()

    with running(node):
        eventually(lambda: node.registered() == numbers(*range(1, 21)))
        eventually(lambda: list((node.exchange / "in").iterdir()) == [])
        eventually(lambda: node.answers() == ["Reception"] * 20 + ["Report"] * 20)

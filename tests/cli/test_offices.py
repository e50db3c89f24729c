# SPDX-License-Identifier: GPL-3.0-or-later
"""With several organisations of ours, every list says which one a letter is for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.build import SystemClock, build
from gateway.inbound.worker import Worker
from gateway.journal import entries
from gateway.ports import Outcome, Phase, Posted
from gateway.settings_files import load
from tests.cli.test_commands import call
from tests.cli.test_operating import Desk
from tests.story import partner

BRANCH = """
[[office]]
index = "EXAMPLE-BRANCH"
name = "Branch"
address = "branch@office.example"
"""
OURS = ["EXAMPLE-OFFICE", "EXAMPLE-BRANCH"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An office of two organisations, one of which the EDMS does not know."""
    made = Desk(tmp_path / "d")
    made.parts.close()
    made.config.write_text(made.config.read_text() + BRANCH)
    made.parts = build(load(made.config), SystemClock())
    made.worker = Worker("test", made.parts.desk(), made.parts.clock.now, max_seconds=60)
    yield made
    made.parts.close()


def for_both(**changes: str) -> bytes:
    inside = partner.passport(sender="EXAMPLE-PARTNER", recipient=OURS[0], **changes)  # type: ignore[arg-type]
    ours, theirs = (f'<Contact><Organization UID="{index}"><ShortName>Us</ShortName></Organization>' for index in OURS)
    inside = inside.replace(f"<Recipient>{ours}</Contact>", f"<Recipient>{ours}</Contact>{theirs}</Contact>")
    return partner.letter(inside, sender="exchange@partner.example")


def arrive(desk: Desk, data: bytes, number: int) -> None:
    desk.receive(data, number)
    desk.worker.work()  # the other one's


def test_a_document_for_both_has_a_story_for_each(desk: Desk) -> None:
    arrive(desk, for_both(), 1)

    stories = desk.call("trace", "77-1", "--json")
    assert sorted(str(story["office"]) for story in stories) == sorted(OURS)
    for story in stories:
        steps = story["steps"]
        assert isinstance(steps, list)
        assert {step["office"] for step in steps if step["what"] == "letter"} == {story["office"]}
    told = call("--config", desk.config, "trace", "77-1").output
    assert "from partner to EXAMPLE-OFFICE: " in told
    assert "from partner to EXAMPLE-BRANCH: " in told


def test_parked_and_queued_letters_say_which_organisation_they_are_for(desk: Desk) -> None:
    arrive(desk, for_both(), 1)
    arrive(desk, for_both(number="77-2"), 2)  # a conflict, for both

    parked, queued = desk.call("quarantine", "list", "--json"), desk.call("queue", "list", "--json")

    assert sorted(str(row["office"]) for row in parked) == sorted(OURS)
    assert {str(row["office"]) for row in queued} == set(OURS)


def test_status_says_for_which_organisation_a_letter_was_tried_in_vain(desk: Desk) -> None:
    arrive(desk, for_both(), 1)
    now = desk.parts.clock.now()
    with desk.parts.journal.write() as tx:
        for letter in entries.take_due(tx, "test", 10, now, now - now):
            entries.attempted(tx, letter.id, Posted(Outcome.TRY_LATER, Phase.CONNECT, None, "no"), now, now)

    (status,) = desk.call("status", "--json")
    troubled = status["troubled"]
    assert isinstance(troubled, list)
    assert {row["office"] for row in troubled} == set(OURS)


def test_edms_check_names_the_organisation_that_the_edms_does_not_know(desk: Desk) -> None:
    findings = desk.call("edms", "check", "--json")

    assert [row["what"] for row in findings if not row["ok"]] == ["organisation EXAMPLE-BRANCH"]

# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator sees of letters that went: perhaps delivered, delayed, in the mailbox, and who is left alone."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.journal import circuits, entries
from gateway.journal.circuits import OpenCircuit
from gateway.node import only_one
from gateway.ports import Outcome, Phase, Posted
from tests.cli.test_commands import call
from tests.cli.test_operating import Desk, document
from tests.test_docs import documented

LOST = Posted(Outcome.AMBIGUOUS, Phase.DOT, None, "the connection was lost")
TAKEN = Posted(Outcome.SENT, Phase.REPLIED, 250, "2.0.0 taken")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An office whose receipt is queued."""
    made = Desk(tmp_path / "d")
    made.receive(document(), 1)
    yield made
    made.parts.close()


def receipt(desk: Desk) -> int:
    return min(int(str(row["id"])) for row in desk.call("queue", "list", "--state", "queued", "--json"))


def posted(desk: Desk, letter: int, how: Posted) -> None:
    now = desk.parts.clock.now()
    with desk.parts.journal.write() as tx:
        entries.attempted(tx, letter, how, now, now + timedelta(minutes=15))


def printed(desk: Desk, *arguments: str) -> str:
    return " ".join(call("--config", desk.config, *arguments).output.split())


def test_what_is_perhaps_delivered_is_counted_and_said_everywhere(desk: Desk) -> None:
    letter = receipt(desk)
    posted(desk, letter, LOST)

    (status,) = desk.call("status", "--json")
    (shown, attempt) = desk.call("queue", "show", str(letter), "--json")
    (story,) = desk.call("trace", "77-1", "--json")

    unsettled = status["unsettled"]
    assert isinstance(unsettled, list)
    assert unsettled[0] == {"what": "ambiguous", "letters": 1, "oldest": shown["created_at"]}
    assert (shown["ambiguous_since"], attempt["outcome"]) == (attempt["at"], "ambiguous")
    steps = story["steps"]
    assert isinstance(steps, list)
    assert [step["ambiguous_since"] for step in steps if step.get("id") == letter] == [attempt["at"]]
    for command in (("queue", "list"), ("queue", "show", str(letter)), ("trace", "77-1")):
        assert "perhaps delivered (" in printed(desk, *command)
    assert "Letters of ours that may or may not have arrived" in printed(desk, "status")


def test_a_delay_on_the_way_is_counted_and_said(desk: Desk) -> None:
    letter, now = receipt(desk), desk.parts.clock.now()
    posted(desk, letter, TAKEN)
    with desk.parts.journal.write() as tx:
        entries.delayed(tx, letter, "451 busy", now)

    (status,) = desk.call("status", "--json")

    unsettled = status["unsettled"]
    assert isinstance(unsettled, list)
    assert (unsettled[1]["what"], unsettled[1]["letters"]) == ("delayed", 1)
    assert "delayed on the way since" in printed(desk, "trace", "77-1")
    assert "451 busy" in printed(desk, "queue", "show", str(letter))


def test_a_delay_of_last_week_counts_no_more(desk: Desk) -> None:
    letter, now = receipt(desk), desk.parts.clock.now()
    posted(desk, letter, TAKEN)
    with desk.parts.journal.write() as tx:
        entries.delayed(tx, letter, "451 busy", now - timedelta(days=8))

    with desk.parts.journal.read() as tx:
        assert entries.unsettled(tx, now).delayed == 0


def test_a_delivery_is_said_and_counts_as_nothing_else(desk: Desk) -> None:
    letter, now = receipt(desk), desk.parts.clock.now()
    posted(desk, letter, TAKEN)
    with desk.parts.journal.write() as tx:
        entries.delivered(tx, letter, "250 ok", now)

    (shown, *attempts) = desk.call("queue", "show", str(letter), "--json")

    assert (shown["state"], shown["delivered_at"] is not None) == ("sent", True)
    assert [(one["outcome"], one["phase"]) for one in attempts] == [("sent", "replied"), ("delivered", "notice")]
    assert "in the mailbox (" in printed(desk, "trace", "77-1")


def test_who_is_left_alone_is_said_with_the_reason_and_status_is_not_well(desk: Desk) -> None:
    now = desk.parts.clock.now()
    alone = OpenCircuit("relay", now, now + timedelta(minutes=5), 4, "connection refused")
    with desk.parts.journal.write() as tx:
        circuits.write(tx, (), (alone,))

    (status,) = desk.call("status", "--json")

    (row,) = status["circuits"]  # type: ignore[misc]
    assert (row["name"], row["failures"], row["letters"], row["words"]) == ("relay", 4, 2, "connection refused")
    assert set(row) == documented("a circuit of `status`")
    assert status["ok"] is False
    assert "Left alone for now name opened_at" in printed(desk, "status")


def test_who_is_left_alone_while_nothing_waits_is_said_so_and_gets_nobody_up(desk: Desk) -> None:
    now = desk.parts.clock.now()
    gone = OpenCircuit("partner of-old", now, now + timedelta(minutes=5), 5, "450 not now")
    with desk.parts.journal.write() as tx:
        circuits.write(tx, (), (gone,))
    lock = only_one(desk.parts.journal.blobs.directory)

    (status,) = desk.call("status", "--json")
    lock.close()

    (row,) = status["circuits"]  # type: ignore[misc]
    assert (row["name"], row["letters"]) == ("partner of-old", 0)
    assert (status["troubled"], status["ok"]) == ([], True)
    assert "nothing waits" in printed(desk, "status")


def test_a_retry_says_who_is_left_alone_and_that_the_letter_goes_all_the_same(desk: Desk) -> None:
    letter, now = receipt(desk), desk.parts.clock.now()
    alone = OpenCircuit("relay", now, now + timedelta(minutes=5), 4, "connection refused")
    with desk.parts.journal.write() as tx:
        circuits.write(tx, (), (alone,))

    said = printed(desk, "queue", "retry", str(letter), "--why", "their server is back")

    assert said.startswith(f"letter {letter} is tried again now, though relay is left alone until ")
    assert said.endswith("(connection refused); once it is taken, the others go too")
    with desk.parts.journal.write() as tx:
        assert [entry.id for entry in entries.take_by_hand(tx, "me", now, timedelta(minutes=30))] == [letter]


def test_a_retry_of_a_letter_that_something_else_stops_says_what(desk: Desk) -> None:
    first = receipt(desk)
    second = max(int(str(row["id"])) for row in desk.call("queue", "list", "--json"))
    desk.call("queue", "hold", str(first), "--why", "wait")

    held = printed(desk, "queue", "retry", str(first), "--why", "now")
    behind = printed(desk, "queue", "retry", str(second), "--why", "now")

    assert held == f"letter {first} is queued again, but held: edms-gateway queue release {first}"
    assert behind.startswith(f"letter {second} is tried again after letter {first}, which is before it")

# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator at work: the queue and the quarantine, every act recorded."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from gateway.build import SystemClock, build
from gateway.content import Held
from gateway.inbound.accept import take
from gateway.inbound.delivery import Delivery
from gateway.inbound.worker import Worker
from gateway.journal import entries, events
from gateway.journal.entries import State
from gateway.model import Event, EventKey, EventKind, ExchangeId
from gateway.settings_files import load
from tests.cli.test_commands import call
from tests.story import partner


class Desk:
    """An office whose worker we are, and its command line."""

    def __init__(self, home: Path, rule: str = "", instead: Mapping[str, str] = MappingProxyType({})) -> None:
        """Open it; *rule* comes before the others in partners.toml, in which *instead* replaces some lines."""
        assert call("init", home).exit_code == 0
        self.config = home / "gateway.toml"
        partners = home / "partners.toml"
        written = partners.read_text().replace("\n[[receive]]", f"\n{rule}\n[[receive]]", 1)
        for one, other in instead.items():
            assert one in written
            written = written.replace(one, other, 1)
        partners.write_text(written)
        self.parts = build(load(self.config), SystemClock())
        self.worker = Worker("test", self.parts.desk(), self.parts.clock.now, max_seconds=60)

    def receive(self, data: bytes, number: int) -> int:
        delivery = Delivery(
            source=f"smtp:{number}",
            channel="door",
            envelope_sender="exchange@partner.example",
            recipients=("exchange@office.example",),
            peer="127.0.0.1",
            letter=Held(data),
        )
        (entry,) = take([delivery], self.parts.journal, self.parts.office, self.parts.clock.now(), lambda name: None)
        self.worker.work()
        return entry

    def call(self, *arguments: str) -> list[dict[str, object]]:
        told = call("--config", self.config, *arguments)
        assert told.exit_code in (0, 1), told.output
        return [json.loads(line) for line in told.output.splitlines() if line.startswith("{")]

    def state(self, entry: int) -> State:
        with self.parts.journal.read() as tx:
            found = entries.get(tx, entry)
        assert found is not None
        return found.state


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "d")
    yield made
    made.parts.close()


def document(**changes: str) -> bytes:
    inside = partner.passport(sender="EXAMPLE-PARTNER", recipient="EXAMPLE-OFFICE", **changes)  # type: ignore[arg-type]
    return partner.letter(inside, sender="exchange@partner.example")


def test_a_parked_letter_is_listed_with_its_reason(desk: Desk) -> None:
    entry = desk.receive(b"From: who@nowhere.example\r\n\r\nhello\r\n", 1)

    (row,) = desk.call("quarantine", "list", "--json")
    assert (row["id"], row["reason"], row["state"]) == (entry, "no-passport", "parked")


def test_export_gives_the_very_bytes_and_never_overwrites(desk: Desk, tmp_path: Path) -> None:
    data = b"From: who@nowhere.example\r\n\r\nhello\r\n"
    entry = desk.receive(data, 1)

    desk.call("quarantine", "export", str(entry), str(tmp_path / "out.eml"))
    again = call("--config", desk.config, "quarantine", "export", str(entry), str(tmp_path / "out.eml"))

    assert (tmp_path / "out.eml").read_bytes() == data
    assert again.exit_code == 1


def test_a_conflict_can_be_looked_at_and_dropped_with_a_reason(desk: Desk) -> None:
    desk.receive(document(), 1)
    conflict = desk.receive(document(number="77-2"), 2)

    rows = desk.call("quarantine", "show", str(conflict), "--json")
    desk.call("quarantine", "drop", str(conflict), "--by", "night shift", "--why", "a mistake of theirs")

    assert rows[0]["reason"] == "conflict"
    assert rows[1]["kind"] == "document"
    assert desk.state(conflict) is State.DROPPED
    with desk.parts.journal.read() as tx:
        (act,) = entries.acts(tx, conflict)
    assert (act.who, act.why) == ("night shift", "a mistake of theirs")


def test_reprocess_lets_a_parked_letter_be_judged_again(desk: Desk) -> None:
    inside = partner.passport(sender="EXAMPLE-NOBODY", recipient="EXAMPLE-OFFICE")
    entry = desk.receive(partner.letter(inside, sender="exchange@partner.example"), 1)
    assert desk.state(entry) is State.PARKED

    desk.call("quarantine", "reprocess", str(entry), "--why", "looked again")

    assert desk.state(entry) is State.ACCEPTED


@pytest.mark.parametrize(
    "act",
    [
        "quarantine drop",
        "quarantine reprocess",
        "quarantine fix --accept",
        "queue retry",
        "queue hold",
        "queue release",
    ],
)
@pytest.mark.parametrize("why", [(), ("--why", ""), ("--why", "  "), ("--why", "so", "--by", " ")], ids=" ".join)
def test_an_act_without_a_reason_or_anybody_who_acts_is_a_usage_error(
    desk: Desk, act: str, why: tuple[str, ...]
) -> None:
    entry = desk.receive(b"From: who@nowhere.example\r\n\r\nhello\r\n", 1)

    told = call("--config", desk.config, *act.split(), str(entry), *why)

    assert told.exit_code == 2
    assert "--by" in told.output if "--by" in why else "--why" in told.output
    assert desk.state(entry) is State.PARKED


def test_a_held_letter_waits_until_it_is_released(desk: Desk) -> None:
    desk.receive(document(), 1)
    receipt, report = sorted(int(str(row["id"])) for row in desk.call("queue", "list", "--json"))

    desk.call("queue", "hold", str(receipt), "--why", "wait")
    held = {row["id"]: row["held"] for row in desk.call("queue", "list", "--json")}
    desk.call("queue", "release", str(receipt), "--why", "go")

    assert held == {receipt: True, report: False}
    assert not any(row["held"] for row in desk.call("queue", "list", "--json"))


def test_trace_tells_the_story_by_any_name(desk: Desk) -> None:
    desk.receive(document(), 1)

    for name in ("77-1", "ВХ-1", "0c" * 16, "0a" * 16, "0b" * 16):
        (story,) = desk.call("trace", name, "--json")
        assert (story["number"], story["registered"], story["rung"]) == ("77-1", "ВХ-1", "forwarded")
        kinds = [step.get("kind") for step in story["steps"]]  # type: ignore[attr-defined]
        assert {"document", "received", "registered", "receipt", "report"} <= set(kinds)


def test_a_piece_of_a_number_or_of_an_id_is_no_document(desk: Desk) -> None:
    desk.receive(document(), 1)
    parked = desk.receive(b"From: who@nowhere.example\r\n\r\nhello\r\n", 2)
    with desk.parts.journal.read() as tx:
        came = entries.get(tx, parked)
    assert came is not None

    for piece in ("77", "ВХ", "0c" * 8):
        told = call("--config", desk.config, "trace", piece)
        assert (told.exit_code, told.output.count("nothing is known under")) == (1, 1)
    assert [row["reason"] for row in desk.call("trace", came.source, "--json")] == ["no-passport"]


def test_trace_shows_a_letter_that_waits_for_the_edms(desk: Desk, tmp_path: Path) -> None:
    registry = tmp_path / "d/registry.db"
    desk.parts.edms.close()
    registry.rename(registry.with_suffix(".away"))
    registry.mkdir()
    entry = desk.receive(document(), 1)

    (story,) = desk.call("trace", "77-1", "--json")

    letters = [(step["id"], step["state"]) for step in story["steps"] if step["what"] == "letter"]  # type: ignore[attr-defined]
    assert letters[0] == (entry, "accepted")


def test_status_counts_what_wants_a_person(desk: Desk) -> None:
    desk.receive(b"From: who@nowhere.example\r\n\r\nhello\r\n", 1)

    (status,) = desk.call("status", "--json")

    assert status["ok"] is False
    assert {"state": "parked", "reason": "no-passport", "letters": 1} in status["reasons"]  # type: ignore[operator]


def test_what_contradicts_is_shown_by_trace_and_counted_by_status(desk: Desk) -> None:
    desk.receive(document(), 1)
    (exchange,) = [story["exchange"] for story in desk.call("trace", "77-1", "--json")]
    now = desk.parts.clock.now()
    refused = Event(EventKind.REFUSED, EventKey("refused"), now, contradicts=EventKey("registered"))
    with desk.parts.journal.write() as tx:
        events.add(tx, ExchangeId(str(exchange)), [refused], ours=False, now=now)

    (story,) = desk.call("trace", "77-1", "--json")
    steps = story["steps"]
    assert isinstance(steps, list)
    assert [step["kind"] for step in steps if step.get("contradicts") == "registered"] == ["refused"]
    assert "they told refused CONTRADICTS what stands" in call("--config", desk.config, "trace", "77-1").output
    assert desk.call("status", "--json")[0]["contradictions"] == 1
    assert "contradicted themselves: 1" in call("--config", desk.config, "status").output

# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway with the folder adapter, whole: a letter comes, the import answers, and its sender hears it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.build import Parts, SystemClock, build
from gateway.cli import main
from gateway.content import Held
from gateway.inbound.accept import take
from gateway.inbound.delivery import Delivery
from gateway.inbound.worker import Worker
from gateway.journal import entries
from gateway.journal.states import Direction
from gateway.outbound.collect import Collector
from gateway.ports import nothing_fails
from gateway.settings_files import load
from gateway.starter import write_starter
from tests.edms_adapter.systems.folder import put

EDMS = """[edms]
adapter = "folder"
files = "edms"

[edms.options]
incoming_folder = "exchange/incoming"
outgoing_folder = "exchange/outgoing"

"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    home = tmp_path / "gw"
    write_starter(home)
    place = home / "gateway.toml"
    place.write_text(re.sub(r"^\[edms\]\n(?:(?!\[).*\n)*", EDMS, place.read_text(encoding="utf-8"), flags=re.M))
    for name in ("incoming", "outgoing"):
        (home / "exchange" / name).mkdir(parents=True)
    return place


@pytest.fixture
def parts(config: Path) -> Iterator[Parts]:
    made = build(load(config), SystemClock())
    yield made
    made.close()


def reports(parts: Parts) -> list[str]:
    with parts.journal.read() as tx:
        return [entry.message_id for entry in entries.select(tx, direction=Direction.OUT, limit=50)]


def test_a_letter_waits_for_the_import_and_its_number_goes_home(config: Path, parts: Parts) -> None:
    home = config.parent
    letter = Held((home / "sample.eml").read_bytes())
    came = Delivery(
        source="smtp:1",
        channel="door",
        envelope_sender="exchange@partner.example",
        recipients=("exchange@office.example",),
        peer="192.0.2.1",
        letter=letter,
    )
    worker = Worker("here", parts.desk(), parts.clock.now, max_seconds=60)
    collector = Collector(parts.journal, parts.edms, parts.office, parts.outbox, parts.clock.now, nothing_fails)
    take([came], parts.journal, parts.office, parts.clock.now(), nothing_fails)
    worker.work()
    collector.round()
    before = reports(parts)
    (package,) = (home / "exchange" / "incoming").iterdir()
    put(package, "registered.json", {"number": {"text": "IN-17", "date": "2026-11-22"}})
    collector.round()
    worker.work()
    shown = CliRunner().invoke(main, ["--config", str(config), "register", "received"])

    assert (package / "document.json").is_file()
    assert len(reports(parts)) == len(before) + 1
    assert "IN-17" in shown.output


def test_the_folders_are_checked_like_any_edms(config: Path) -> None:
    found = CliRunner().invoke(main, ["--config", str(config), "edms", "check"])
    (config.parent / "exchange" / "outgoing").rmdir()
    lost = CliRunner().invoke(main, ["--config", str(config), "edms", "check"])

    assert found.exit_code == 0, found.output
    assert lost.exit_code != 0
    assert "outgoing" in lost.output

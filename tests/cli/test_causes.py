# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``status`` says when something broke: what, since when, in whose words, and what to type."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
import trustme

from gateway.cli import main
from gateway.journal import circuits, entries, mailboxes
from gateway.journal.circuits import OpenCircuit
from gateway.node import only_one
from gateway.ports import Outcome, Phase, Posted
from gateway.running import note
from tests.cli.test_commands import call
from tests.cli.test_operating import Desk, document

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MAILBOX = """
[[mailbox]]
name = "exchange"
host = "imap.office.example"
user = "exchange"
password_file = "office.secret"
start = "now"
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Desk]:
    """An office with a mailbox, of which a gateway runs."""
    desk = Desk(tmp_path / "d")
    desk.config.write_text(desk.config.read_text() + MAILBOX)
    with only_one(tmp_path / "d" / "blobs"):
        yield desk
    desk.parts.close()


def failed(desk: Desk, words: str, *, login_refused: bool = False) -> None:
    with desk.parts.journal.write() as tx:
        mailboxes.heard(tx, "exchange", NOON)
        mailboxes.failed(tx, "exchange", words, NOON + timedelta(hours=1), login_refused=login_refused)


def causes(desk: Desk) -> dict[str, dict[str, Any]]:  # Any: as JSON has it
    (status,) = desk.call("status", "--json")
    return {cause["key"]: cause for cause in status["causes"]}  # type: ignore[attr-defined]


def told(desk: Desk) -> list[str]:
    return call("--config", desk.config, "status").output.splitlines()


def test_a_gateway_that_is_well_has_no_cause(office: Desk) -> None:
    assert causes(office) == {}
    assert told(office)[0] == "the service runs"


def test_a_password_changed_under_our_feet_is_told_first_with_the_servers_words_and_the_file(office: Desk) -> None:
    failed(office, "[AUTHENTICATIONFAILED] Authentication failed.", login_refused=True)

    first, said, type_, *rest = told(office)

    assert first.startswith("! mailbox exchange: the login was refused, since 2026-11-22 ")
    assert said == "    said: [AUTHENTICATIONFAILED] Authentication failed."
    assert "put the right password into" in type_
    assert f"{office.config.parent}/office.secret" in "".join([type_, *rest[:3]]).replace(" " * 10, "")


def test_a_mailbox_is_out_of_order_since_its_first_failure_however_often_it_is_tried_again(office: Desk) -> None:
    failed(office, "no", login_refused=True)
    with office.parts.journal.write() as tx:
        mailboxes.failed(tx, "exchange", "no", NOON + timedelta(hours=5), login_refused=True)

    assert causes(office)["mailbox:exchange"]["since"] == "2026-11-22T13:00:00Z"

    with office.parts.journal.write() as tx:
        mailboxes.heard(tx, "exchange", NOON + timedelta(hours=6))
        mailboxes.failed(tx, "exchange", "no", NOON + timedelta(hours=7), login_refused=True)

    assert causes(office)["mailbox:exchange"]["since"] == "2026-11-22T19:00:00Z"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("[NONEXISTENT] Mailbox doesn't exist: Exchange (0.001 + 0.000 secs).", "the folder INBOX is gone"),
        ("Unknown Mailbox: Exchange (Failure)", "the folder INBOX is gone"),
        ("[Errno 111] Connect call failed ('192.0.2.1', 993)", "cannot be read"),
    ],
)
def test_a_folder_that_vanished_is_told_from_a_server_that_does_not_answer(office: Desk, words: str, what: str) -> None:
    failed(office, words)

    assert what in causes(office)["mailbox:exchange"]["what"]


def test_what_was_said_of_a_mailbox_that_is_configured_no_longer_calls_nobody(office: Desk) -> None:
    failed(office, "[AUTHENTICATIONFAILED]", login_refused=True)
    office.config.write_text(office.config.read_text().replace(MAILBOX, ""))

    assert causes(office) == {}


def test_a_service_that_does_not_run_is_the_first_cause(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "d")
    desk.parts.close()

    assert told(desk)[0] == "! the service does not run"


def test_an_edms_that_is_away_is_told_in_its_own_words(office: Desk) -> None:
    office.config.write_text(office.config.read_text().replace("registry.db", "gone.db"))

    found = causes(office)

    assert found["edms"]["what"] == "the EDMS does not answer"
    assert "the EDMS has no database there" in found["edms"]["words"]


def test_a_parked_letter_is_told_with_its_reason_and_where_it_lies(office: Desk) -> None:
    office.receive(b"From: who@nowhere.example\r\n\r\nhello\r\n", 1)

    cause = causes(office)["parked:no-passport"]

    assert cause["what"] == "1 letter parked: no-passport"
    assert cause["remedy"] == "edms-gateway quarantine list"


def test_a_relay_that_does_not_work_is_one_cause_with_the_letters_behind_it(office: Desk) -> None:
    office.receive(document(), 1)
    alone = OpenCircuit("relay", NOON, NOON + timedelta(minutes=5), 3, "Connection refused")
    with office.parts.journal.write() as tx:
        circuits.write(tx, (), (alone,))

    found = causes(office)

    assert list(found) == ["alone:relay"]
    assert found["alone:relay"]["words"] == "Connection refused"
    assert "letters wait behind it" in found["alone:relay"]["what"]


def test_a_letter_that_cannot_be_sent_is_told_with_the_command_that_shows_its_attempts(office: Desk) -> None:
    office.receive(document(), 1)
    now = office.parts.clock.now()
    with office.parts.journal.write() as tx:
        (letter, *_) = entries.take_due(tx, "test", 10, now, now - now)
        entries.attempted(tx, letter.id, Posted(Outcome.TRY_LATER, Phase.CONNECT, None, "no"), now, now)

    typed = str(causes(office)["in-vain:out"]["remedy"]).partition(";")[0].removeprefix("edms-gateway ")
    shown, attempt = office.call(*typed.split(), "--json")

    assert shown["id"] == letter.id
    assert attempt["words"] == "no"


@pytest.mark.parametrize(("days", "said"), [(13, "expires on"), (-1, "expired on")])
def test_a_certificate_of_ours_is_told_two_weeks_before_it_ends(office: Desk, days: int, said: str) -> None:
    with_certificate(office, datetime.now(UTC) + timedelta(days=days))

    assert said in causes(office)["certificate:door"]["what"]


def test_a_certificate_that_lasts_is_no_cause(office: Desk) -> None:
    with_certificate(office, datetime.now(UTC) + timedelta(days=15))

    assert causes(office) == {}


def with_certificate(desk: Desk, ends: datetime) -> None:
    home = desk.config.parent
    ours = trustme.CA().issue_cert("gateway.office.example", not_after=ends.replace(tzinfo=None))
    ours.cert_chain_pems[0].write_to_path(home / "certificate.pem")
    ours.private_key_pem.write_to_path(home / "key.pem")
    (home / "key.pem").chmod(0o600)
    tls = 'tls = "starttls"\ncertificate = "certificate.pem"\nkey = "key.pem"\n'
    desk.config.write_text(desk.config.read_text().replace('bind = "127.0.0.1:2525"', f'{tls}bind = "127.0.0.1:2525"'))


def test_however_much_is_wrong_one_screen_says_the_worst_of_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "d")
    boxes = [MAILBOX.replace("exchange", f"box{number}") for number in range(20)]
    desk.config.write_text(desk.config.read_text() + "".join(boxes))
    with desk.parts.journal.write() as tx:
        for number in range(20):
            mailboxes.failed(tx, f"box{number}", "no, " * 200, NOON, login_refused=True)
    desk.parts.close()

    lines = told(desk)
    screen = lines[: lines.index("the service DOES NOT RUN")]

    assert len(screen) <= 24
    assert max(map(len, screen)) <= 80
    assert screen[0] == "! the service does not run"
    assert re.fullmatch(r"and \d+ more: edms-gateway status --json", screen[-1])


def test_every_command_that_a_cause_tells_to_type_exists() -> None:
    """Read from the sources: a remedy that nobody can type is worse than none."""
    folder = Path(__file__).parents[2] / "gateway" / "causes"
    sources = "".join(file.read_text() for file in folder.glob("*.py"))
    typed = re.findall(r'[":;] ?edms-gateway ((?:[a-z-]+ ?)+)', sources)

    assert len(typed) > 5
    for words in typed:
        command: click.Command | None = main
        for word in words.split():
            if not isinstance(command, click.Group) or word not in command.list_commands(click.Context(command)):
                break
            command = command.get_command(click.Context(command), word)
        assert command is not main, words


def test_what_a_server_says_moves_no_cursor(office: Desk) -> None:
    failed(office, "\x1b[2Jno")

    assert "\x1b" not in call("--config", office.config, "status").output
    json.loads(call("--config", office.config, "status", "--json").output)


def test_looking_for_causes_makes_no_journal(tmp_path: Path) -> None:
    assert call("init", tmp_path / "d").exit_code == 0

    call("--config", tmp_path / "d" / "gateway.toml", "status")

    assert not (tmp_path / "d" / "journal.db").exists()


def test_times_for_people_are_those_of_this_machine_and_for_programs_utc(
    office: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(office, "no", login_refused=True)
    with_certificate(office, NOON - timedelta(days=300))
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        words = " ".join(call("--config", office.config, "status").output.split())
        found = causes(office)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert "the login was refused, since 2026-11-22 18:45:00+05:45" in words
    assert "expired on 2026-01-26 17:45:00+05:45" in words
    assert not re.search(r"\+00:00|\d Z|\dZ\b|UTC", words)
    assert found["mailbox:exchange"]["since"] == "2026-11-22T13:00:00Z"


@pytest.mark.parametrize(
    ("started", "typed"),
    [
        ({"pid": 4711, "by_systemd": False}, "kill -HUP 4711"),
        ({"pid": 4711, "by_systemd": True}, "systemctl reload edms-gateway"),
        ({}, "systemctl reload edms-gateway (without systemd: kill -HUP, and the pid of edms-gateway run)"),
    ],
)
def test_what_to_type_is_what_works_for_the_service_as_it_was_started(
    office: Desk, started: dict[str, object], typed: str
) -> None:
    failed(office, "no", login_refused=True)
    settings = office.parts.settings
    note(settings, NOON)
    place = settings.journal.blobs / "configuration.json"
    noted = json.loads(place.read_text())
    del noted["pid"], noted["by_systemd"]
    place.write_text(json.dumps(noted | started))

    assert str(causes(office)["mailbox:exchange"]["remedy"]).endswith(f"office.secret, then: {typed}")


def test_a_service_that_systemd_did_not_start_is_not_started_by_systemd(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "d")
    desk.parts.close()
    before = causes(desk)["service"]["remedy"]
    note(desk.parts.settings, NOON)

    assert str(before).startswith("systemctl start edms-gateway; journalctl")
    assert str(before).endswith("(without systemd: edms-gateway run)")
    assert causes(desk)["service"]["remedy"] == "edms-gateway run; what it prints says why it ended"

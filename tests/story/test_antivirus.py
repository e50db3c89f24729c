# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing infected reaches the EDMS, and a scanner that does not work makes documents wait: none passes or is lost."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.edms_adapter.registry import people
from gateway.errors import Reason
from gateway.journal.entries import Entry, State
from tests.scanning.scripted import Script, scripted
from tests.servers.clamd import EICAR, SIGNATURE
from tests.servers.clamd import Clamd as Server
from tests.story.acts import LETTER, cards, dispatch, do, news, send_letter
from tests.story.offices import Town, TownOffice, town

FILES_AND_WORDS = '[[report]]\nfields = ["files", "executor_text"]'
INFECTED = {"Письмо.pdf": LETTER, "Смета.com": EICAR}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("clamd"))
    yield running
    running.stop()


def screened(place: Path, more: str = "") -> dict[str, str]:
    return {"also": f'[antivirus]\nclamd = "unix:{place}"\n{more}\n'}


def typed(office: TownOffice, *words: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(office.home / "gateway.toml"), *words])


def status(office: TownOffice) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(typed(office, "status", "--json").stdout)
    return found


def came(office: TownOffice) -> Entry:
    (entry,) = office.incoming()
    return entry


def zipped(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file.getvalue()


# --- a virus --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("files", [INFECTED, {"Архив.zip": zipped("смета.com", EICAR)}], ids=["plain", "zip"])
def test_an_infected_document_lies_in_quarantine_and_the_edms_never_sees_it(
    tmp_path: Path, server: Server, files: dict[str, bytes]
) -> None:
    with town(tmp_path, moscow=screened(server.socket)) as offices:
        card = send_letter(offices.minsk, files=files)
        offices.settle()

        entry = came(offices.moscow)
        assert (entry.state, entry.reason) == (State.PARKED, Reason.VIRUS)
        assert entry.place == list(files)[-1]
        assert SIGNATURE in entry.detail
        assert cards(offices.moscow, "true") == []
        assert not list((offices.moscow.home / "files").rglob("*"))
        assert news(offices.minsk, card) == ["received"]


def test_what_was_found_by_whom_and_when_is_shown(tmp_path: Path, server: Server) -> None:
    with town(tmp_path, moscow=screened(server.socket)) as offices:
        send_letter(offices.minsk, files=INFECTED)
        offices.settle()
        entry = came(offices.moscow)

        shown = typed(offices.moscow, "quarantine", "show", str(entry.id))
        looked = json.loads(typed(offices.moscow, "quarantine", "show", str(entry.id), "--json").stdout.splitlines()[0])
        story = typed(offices.moscow, "trace", str(entry.exchange)).stdout

        said = {scan["file"]: (scan["verdict"], scan["signature"]) for scan in looked["scans"]}
        assert said["Письмо.pdf"] == ("clean", None)
        assert said["Смета.com"][0] == "virus"
        assert f"file Смета.com: virus {SIGNATURE}" in " ".join(shown.stdout.split())
        assert "(ClamAV " in shown.stdout
        assert f"file Смета.com: virus {SIGNATURE}" in story


def test_by_agreement_the_partner_is_told_which_file_and_what_is_in_it(tmp_path: Path, server: Server) -> None:
    with town(tmp_path, moscow=screened(server.socket, 'on_virus = "refuse"')) as offices:
        card = send_letter(offices.minsk, files=INFECTED)
        offices.settle()

        assert came(offices.moscow).state is State.DONE
        assert cards(offices.moscow, "true") == []
        assert news(offices.minsk, card) == ["received", "refused"]
        (told,) = [mail for mail in offices.moscow.sent() if SIGNATURE.encode() in passport(mail)]
        assert b"1021" in passport(told)
        assert "Смета.com".encode() in passport(told)


def passport(mail: Any) -> bytes:
    return b"".join(part.get_payload(decode=True) for part in mail.walk() if part.get_content_type().endswith("xml"))


def test_a_stranger_with_a_virus_hears_nothing(tmp_path: Path, server: Server) -> None:
    with town(tmp_path, moscow=screened(server.socket, 'on_virus = "refuse"')) as offices:
        send_letter(offices.minsk, files=INFECTED)
        offices.post.delivers = False
        offices.settle()
        ((sender, _, letter),) = offices.post.carried
        offices.moscow.receive(letter, sender, peer="203.0.113.9")
        offices.settle()

        assert came(offices.moscow).state is State.PARKED
        assert offices.moscow.outgoing() == []


def test_a_false_alarm_is_released_for_this_letter_alone(tmp_path: Path, server: Server) -> None:
    with town(tmp_path, moscow=screened(server.socket)) as offices:
        card = send_letter(offices.minsk, files=INFECTED)
        offices.settle()
        number = str(came(offices.moscow).id)
        fixed = typed(offices.moscow, "quarantine", "fix", number, "--accept", "--why", "a test file, asked them")
        offices.settle()
        send_letter(offices.minsk, files={"Другая.com": EICAR})
        offices.settle()

        assert fixed.exit_code == 0, fixed.output
        first, second = offices.moscow.incoming()
        assert (first.state, second.state) == (State.DONE, State.PARKED)
        assert news(offices.minsk, card) == ["received", "registered", "forwarded"]
        assert "a test file, asked them" in typed(offices.moscow, "trace", str(first.exchange)).stdout


def test_an_infected_file_of_a_report_is_not_written_onto_the_card(tmp_path: Path, server: Server) -> None:
    with town(tmp_path, minsk=screened(server.socket), moscow={"partner": FILES_AND_WORDS}) as offices:
        moscow = offices.moscow
        card = send_letter(offices.minsk)
        offices.settle()
        incoming = cards(moscow)[-1].id
        task = do(moscow, people.instruct, incoming, "Дать справку", author="Берёзкина", executors=["Кленов"])
        files = {"Справка.com": EICAR}
        do(moscow, people.report, task, "Готово", by="Кленов", files=files, store=moscow.home / "files")
        offices.settle()

        (parked,) = [entry for entry in offices.minsk.incoming() if entry.state is State.PARKED]
        assert (parked.kind, parked.reason) == ("report", Reason.VIRUS)
        with people.at_work(offices.minsk.registry) as work:
            assert people.rows(work, "select * from card_file where card_id = :card and received", card=card) == []


# --- what we send ---------------------------------------------------------------------------------------------------


def test_an_infected_document_of_ours_does_not_leave_and_its_clerk_reads_why(tmp_path: Path, server: Server) -> None:
    with town(tmp_path, minsk=screened(server.socket)) as offices:
        card = send_letter(offices.minsk, files=INFECTED)
        offices.settle()

        assert offices.minsk.outgoing() == []
        row = dispatch(offices.minsk, card)
        assert row.state == "failed"
        assert "Смета.com" in row.trouble
        assert SIGNATURE in row.trouble


def test_what_we_send_waits_for_a_scanner_that_is_down_and_goes_by_itself(tmp_path: Path) -> None:
    place = tmp_path / "clamd.ctl"
    with town(tmp_path, minsk=screened(place)) as offices:
        card = send_letter(offices.minsk)
        offices.settle()
        waited = [entry.id for entry in offices.minsk.outgoing()]
        with scripted(place, Script()):
            offices.clock.advance(minutes=2)
            offices.settle()

        assert waited == []
        assert dispatch(offices.minsk, card).state == "registered"


def test_what_we_send_is_not_scanned_when_so_agreed(tmp_path: Path, server: Server) -> None:
    with town(tmp_path, minsk=screened(server.socket, "outgoing = false")) as offices:
        send_letter(offices.minsk, files=INFECTED)
        offices.settle()

        assert offices.minsk.outgoing() != []


def test_a_round_of_slow_scans_ends_so_that_the_node_is_not_taken_for_hung(tmp_path: Path, server: Server) -> None:
    with town(tmp_path, minsk=screened(server.socket)) as offices:
        for number in range(3):
            send_letter(offices.minsk, files={f"Письмо {number}.pdf": LETTER})
        collector = replace(offices.minsk.collector, longest=timedelta(0))
        queued = [collector.fetch_outgoing() for _ in range(4)]

        assert queued == [1, 1, 1, 0]


# --- a scanner that does not work -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(None, id="down"),
        pytest.param(Script(hangs=True), id="hangs"),
        pytest.param(Script(b"stream: nonsense OK\n"), id="garbage", marks=pytest.mark.thorough),
        pytest.param(Script(b""), id="hangs up", marks=pytest.mark.thorough),
        pytest.param(Script(engine=b"220 mail.example ESMTP\n"), id="another server", marks=pytest.mark.thorough),
        pytest.param(Script(reads_at_most=0), id="cut", marks=pytest.mark.thorough),
    ],
)
def test_documents_wait_for_a_scanner_that_does_not_work_and_go_on_by_themselves(
    tmp_path: Path, script: Script | None
) -> None:
    place = tmp_path / "clamd.ctl"
    with town(tmp_path, moscow=screened(place, 'time_limit = "1 s"\non_virus = "refuse"')) as offices:
        card = send_letter(offices.minsk)
        for _ in range(6):  # more often than a letter may fail
            try_once(offices, place, script)
        entry, heard = came(offices.moscow), news(offices.minsk, card)
        told = status(offices.moscow)
        with scripted(place, Script()):
            offices.clock.advance(minutes=2)
            offices.settle()

        assert (entry.state, entry.starts, heard) == (State.ACCEPTED, 0, ["received"])
        assert told["ok"] is False
        assert told["scanner"]["failures"] >= 2
        assert "clamd at" in told["scanner"]["words"]
        assert "the scanner does not work" in entry.detail
        assert came(offices.moscow).state is State.DONE
        assert news(offices.minsk, card) == ["received", "registered", "forwarded"]
        assert status(offices.moscow)["scanner"] is None


def try_once(offices: Town, place: Path, script: Script | None) -> None:
    if script is None:
        offices.settle()
    else:
        script.over.clear()
        with scripted(place, script):
            offices.settle()
    offices.clock.advance(minutes=2)


def test_a_scanner_that_does_not_work_is_left_alone_for_a_while_by_every_letter(tmp_path: Path) -> None:
    place, script = tmp_path / "clamd.ctl", Script(b"")
    with town(tmp_path, moscow=screened(place)) as offices, scripted(place, script):
        for _ in range(5):
            send_letter(offices.minsk, files={"Письмо.pdf": LETTER})
        offices.minsk.work()
        offices.moscow.work()

        assert len(offices.moscow.incoming()) == 5
        assert script.asked == 1


def test_status_says_in_words_why_documents_wait(tmp_path: Path) -> None:
    with town(tmp_path, moscow=screened(tmp_path / "clamd.ctl")) as offices:
        send_letter(offices.minsk)
        offices.settle()

        said = typed(offices.moscow, "status")

        assert said.exit_code == 1
        assert "! the scanner does not work, documents wait, since" in said.stdout
        assert "No such file or directory" in " ".join(said.stdout.split())


def test_a_scanner_that_does_not_work_is_one_cause_however_many_letters_wait(tmp_path: Path) -> None:
    place = tmp_path / "clamd.ctl"
    with town(tmp_path, moscow=screened(place)) as offices:
        for _ in range(3):
            send_letter(offices.minsk, files={"Письмо.pdf": LETTER})
        offices.minsk.work()
        offices.moscow.work()
        waits = offices.clock.now()
        (cause,) = [one for one in status(offices.moscow)["causes"] if one["key"] != "service"]

        assert cause["key"] == "scanner"
        assert cause["serious"] is True
        assert str(place) in cause["words"]
        assert datetime.fromisoformat(cause["since"]) <= waits
        assert "systemctl status clamav-daemon" in cause["remedy"]


def test_a_file_found_clean_is_not_scanned_again_while_the_rest_waits(tmp_path: Path) -> None:
    place, script = tmp_path / "clamd.ctl", Script()
    with town(tmp_path, moscow=screened(place)) as offices, scripted(place, script):
        registry = Path(offices.moscow.registry.removeprefix("sqlite:///"))
        away = registry.rename(registry.with_suffix(".away"))
        registry.mkdir()  # the EDMS cannot be opened
        offices.moscow.parts.edms.close()
        send_letter(offices.minsk)
        offices.minsk.work()
        for _ in range(3):
            offices.moscow.worker.work()
            offices.clock.advance(minutes=2)
        registry.rmdir()
        away.rename(registry)
        offices.settle()

        assert came(offices.moscow).state is State.DONE
        assert script.asked == 2  # files of the letter


# --- what nobody can look into --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("too_large", "state"), [("wait", State.PARKED), ("pass", State.DONE)])
def test_a_file_too_large_to_be_scanned_waits_or_passes_as_agreed(
    tmp_path: Path, server: Server, too_large: str, state: State
) -> None:
    rule = f'max_size = "1 KiB"\ntoo_large = "{too_large}"\non_virus = "refuse"'
    with town(tmp_path, moscow=screened(server.socket, rule)) as offices:
        send_letter(offices.minsk, files={"Чертёж.tif": b"II*\0" + b"x" * 5000})
        offices.settle()

        entry = came(offices.moscow)
        assert entry.state is state
        assert entry.reason is (Reason.NOT_SCANNED if state is State.PARKED else None)


@pytest.mark.parametrize(("encrypted", "state"), [("wait", State.PARKED), ("pass", State.DONE)])
def test_an_encrypted_file_waits_or_passes_as_agreed(tmp_path: Path, encrypted: str, state: State) -> None:
    place = tmp_path / "clamd.ctl"
    rule = f'encrypted = "{encrypted}"'
    script = Script(b"stream: Heuristics.Encrypted.Zip FOUND\n")
    with town(tmp_path, moscow=screened(place, rule)) as offices, scripted(place, script):
        send_letter(offices.minsk)
        offices.settle()

        assert came(offices.moscow).state is state


def test_a_virus_beside_a_file_that_is_too_large_is_still_a_virus(tmp_path: Path, server: Server) -> None:
    with town(tmp_path, moscow=screened(server.socket, 'max_size = "1 KiB"')) as offices:
        send_letter(offices.minsk, files={"Чертёж.tif": b"x" * 5000, "Смета.com": EICAR})
        offices.settle()

        assert came(offices.moscow).reason is Reason.VIRUS


# --- a program ------------------------------------------------------------------------------------------------------


def test_a_command_scans_as_clamd_does(tmp_path: Path) -> None:
    program = tmp_path / "scanner"
    program.write_text('#!/bin/sh\nif grep -q EICAR "$1"; then echo "Found: EICAR"; exit 1; fi\n')
    program.chmod(0o755)
    rule = {"also": f'[antivirus]\ncommand = ["{program}", "{{file}}"]\n'}
    with town(tmp_path, moscow=rule) as offices:
        send_letter(offices.minsk)
        offices.settle()
        send_letter(offices.minsk, files=INFECTED)
        offices.settle()

        first, second = offices.moscow.incoming()
        assert (first.state, second.state) == (State.DONE, State.PARKED)
        assert "Found: EICAR" in second.detail

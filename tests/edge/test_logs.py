# SPDX-License-Identifier: GPL-3.0-or-later
"""What the log of a running gateway says: every line of a letter's story names it, and none quotes it."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.journal.entries import State
from tests.canaries import TEXT
from tests.edge.test_node import Node, document, eventually, numbers, running
from tests.story import partner

Line = dict[str, Any]  # Any: as JSON has it

BREAK = "create trigger broken before insert on card begin select raise(abort, 'out of order'); end"
SPEAKS = """
import logging, sys, structlog
from pathlib import Path
from gateway.logs import configure_logs, story
configure_logs(journal=Path(sys.argv[1]))
log = structlog.get_logger("gateway.trial")
with story(exchange_id="ab12", partner="north", entry=7):
    log.info("letter done", state="done", words="two\\nlines")
    logging.getLogger("library").info("smaller lines of a library may quote a letter")
    logging.getLogger("library").warning("from a library")
    try:
        raise ValueError("what it quotes")
    except ValueError:
        log.exception("it failed")
log.warning("after it", large="x" * 400_000)
"""


def lines(node: Node) -> list[Line]:
    written, _, _ = (node.home / "gateway.log").read_bytes().rpartition(b"\n")  # the last line may be only begun
    return [json.loads(line) for line in written.splitlines() if line.startswith(b"{")]


def telling(number: int) -> bytes:
    """A document with words that nobody may read but its addressee."""
    inside = partner.passport(
        message_id=f"{number:032x}",
        return_id=f"{number + 1000:032x}",
        uid=f"{number + 2000:032x}",
        number=f"77-{number:03}",
        sender="EXAMPLE-PARTNER",
        recipient="EXAMPLE-OFFICE",
        addressee=f"{TEXT} Пётр",
        files={f"{TEXT}[1].pdf": f"{TEXT}.pdf"},
    ).replace("About it", f"{TEXT} about it")
    files = {f"{TEXT}[1].pdf": partner.PDF + TEXT.encode()}
    return partner.letter(inside, files, sender="exchange@partner.example", headers={"Comments": TEXT})


def breaking(node: Node, statement: str) -> None:
    with closing(sqlite3.connect(node.home / "registry.db", timeout=30)) as edms, edms:
        edms.execute(statement)


def test_every_line_of_a_letter_names_it_and_none_of_another_one(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d")) as node:
        node.deliver(document(1))
        eventually(lambda: node.registered() == numbers(1))
        breaking(node, BREAK)
        node.deliver(telling(2))
        eventually(lambda: any(line["event"] == "the EDMS failed" for line in lines(node)))
        node.deliver(b"From: exchange@partner.example\r\nSubject: people\r\n\r\nhello\r\n")
        eventually(lambda: any(letter.state is State.PARKED for letter in node.letters()))
        eventually(lambda: any(line["event"] == "letter done" and line["entry"] > 2 for line in lines(node)))
        eventually(lambda: any(line["event"] == "posted" for line in lines(node)))
    told = lines(node)

    (done,) = [line for line in told if line["event"] == "letter done" and line.get("kind") == "document"]
    failed = next(line for line in told if line["event"] == "the EDMS failed")
    people = next(line for line in told if line.get("reason") == "no-passport")
    assert (done["partner"], done["office"], done["listener"]) == ("partner", "EXAMPLE-OFFICE", "door")
    assert (failed["partner"], failed["office"], failed["listener"]) == ("partner", "EXAMPLE-OFFICE", "door")
    assert failed["exchange_id"] not in ("", done["exchange_id"])
    assert failed["error"].startswith("IntegrityError in the EDMS")
    assert people["partner"] is None
    assert people["exchange_id"] is None
    posted = [line for line in told if line["event"] == "posted"]
    assert {line["exchange_id"] for line in posted} <= {done["exchange_id"], failed["exchange_id"]}
    assert all(line["partner"] == "partner" and line["entry"] for line in posted)


@pytest.mark.thorough
def test_no_line_quotes_a_document_though_everything_fails(tmp_path: Path) -> None:
    """CWE-532: nor its subject, its people, the names of its files; errors of a database would like to."""
    with running(Node(tmp_path / "d")) as node:
        breaking(node, BREAK)
        node.deliver(telling(1))
        eventually(lambda: any(line["event"] == "the EDMS failed" for line in lines(node)))
        breaking(node, "drop trigger broken")
        node.deliver(telling(2))
        node.deliver(telling(2).replace(b"base64", b"base63"))
        eventually(lambda: any(line["event"] == "posted" for line in lines(node)))
        eventually(lambda: len([line for line in lines(node) if line.get("entry")]) > 3)
    written = (node.home / "gateway.log").read_text()

    assert "Traceback" not in written
    assert "the EDMS failed" in written
    assert TEXT not in written
    assert json.dumps(TEXT)[1:-1] not in written
    assert "out of order" not in written


@pytest.mark.thorough
def test_the_level_is_one_key_and_a_hangup_away(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d")) as node:
        eventually(lambda: node.started())
        text = node.config.read_text()
        node.config.write_text(f'{text}\n[log]\nlevel = "error"\n')
        assert node.process is not None
        node.process.send_signal(signal.SIGHUP)
        eventually(lambda: any(line["event"] == "stopped" for line in lines(node)))
        eventually(node.greets)
        before = len(lines(node))
        node.deliver(document(1))
        eventually(lambda: all(letter.state is State.DONE for letter in node.letters()))

    assert node.registered() == numbers(1)
    assert node.started() == 1
    assert lines(node)[before:] == []


# --- the journal of systemd


class Journald:
    """What listens where journald does."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind(str(place))
        self.line.settimeout(10)

    def entry(self) -> dict[str, str]:
        """Return the fields of the next entry, read as the page of the protocol says."""
        data, fields = self.line.recv(1 << 20), {}
        while data:
            name, _, rest = data.partition(b"\n")
            size = int.from_bytes(rest[:8], "little")
            assert rest[8 + size : 9 + size] == b"\n"
            fields[name.decode("ascii")] = rest[8 : 8 + size].decode()
            data = rest[9 + size :]
        return fields


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[Journald]:
    journald = Journald(tmp_path / "socket")
    yield journald
    journald.line.close()


@pytest.fixture
def speak(tmp_path: Path) -> Callable[..., str]:
    def speak(place: Path, inode: int = 0) -> str:
        """Let a process log whose stderr the environment says is the journal; return what it wrote there."""
        with (tmp_path / "stderr").open("w+") as stderr:
            there = os.fstat(stderr.fileno())
            environment = {**os.environ, "JOURNAL_STREAM": f"{there.st_dev}:{inode or there.st_ino}"}
            command = [sys.executable, "-c", SPEAKS, str(place)]
            subprocess.run(command, stderr=stderr, env=environment, check=True, timeout=60)
            stderr.seek(0)
            return stderr.read()

    return speak


def test_the_journal_of_systemd_gets_fields_to_look_for(journald: Journald, speak: Callable[..., str]) -> None:
    """`journalctl EXCHANGE_ID=ab12` finds the story, `-p warning` what is wrong in it."""
    written = speak(journald.place)
    done, library, failed, after = (journald.entry() for _ in range(4))

    assert written == ""
    ours = {"EXCHANGE_ID": "ab12", "PARTNER": "north", "ENTRY": "7", "SYSLOG_IDENTIFIER": "edms-gateway"}
    assert ours.items() <= done.items()
    assert (done["PRIORITY"], done["STATE"], done["WORDS"]) == ("6", "done", "two\nlines")
    assert done["MESSAGE"].startswith("letter done  ")
    assert "exchange_id=ab12" in done["MESSAGE"]
    assert ours.items() <= library.items()
    assert (library["PRIORITY"], library["LOGGER"]) == ("4", "library")
    assert ours.items() <= failed.items()
    assert failed["PRIORITY"] == "3"
    assert failed["MESSAGE"].endswith("ValueError")
    assert "what it quotes" not in str(failed)
    assert not ours.keys() & after.keys() - {"SYSLOG_IDENTIFIER"}
    assert set("".join(done)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ_")


def test_a_stderr_that_is_not_the_journal_gets_json(journald: Journald, speak: Callable[..., str]) -> None:
    """Somebody redirected it: JOURNAL_STREAM is inherited all the same (systemd.exec(5))."""
    told = [json.loads(line) for line in speak(journald.place, inode=1).splitlines()]

    assert [line["event"] for line in told] == ["letter done", "from a library", "it failed", "after it"]
    assert [line.get("exchange_id") for line in told] == ["ab12", "ab12", "ab12", None]


def test_a_journal_that_is_away_loses_nothing(tmp_path: Path, speak: Callable[..., str]) -> None:
    assert len(speak(tmp_path / "absent").splitlines()) == 4

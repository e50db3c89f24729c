# SPDX-License-Identifier: GPL-3.0-or-later
"""The conformance kit against peers that are down, refuse, stay silent or are late: what its command says of them."""

import json
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gateway.conformance import book
from gateway.conformance.ground import Ground
from gateway.demo.offices import free_ports

ONE = ("--only", "sev/files/one", "--role", "receiver")
PATIENCE = ("--patience", "2", "--quiet", "1")


class Server(socketserver.ThreadingTCPServer):
    """An SMTP server of a few words."""

    allow_reuse_address = True
    daemon_threads = True
    to_recipient = b"250 2.1.5 Ok"
    taken = 0


class Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say(b"220 peer.example")
        inside = False
        for line in self.rfile:
            if inside:
                inside = line != b".\r\n"
                if not inside:
                    self.server.taken += 1  # type: ignore[attr-defined]  # a `Server`
                    self._say(b"250 2.0.0 Ok")
                continue
            word = line[:4].upper()
            inside = word == b"DATA"
            if word == b"RCPT":
                self._say(self.server.to_recipient)  # type: ignore[attr-defined]  # a `Server`
            else:
                self._say(b"354 go on" if inside else b"221 bye" if word == b"QUIT" else b"250 Ok")

    def _say(self, words: bytes) -> None:
        self.wfile.write(words + b"\r\n")


@contextmanager
def serving(to_recipient: bytes = b"250 2.1.5 Ok") -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Conversation) as server:
        server.to_recipient = to_recipient
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def command(via: int, listen: int, *more: str) -> list[str]:
    peer = ("--peer", "edms@peer.example", "--via", f"127.0.0.1:{via}", "--listen", f"127.0.0.1:{listen}")
    return [sys.executable, "-m", "gateway", "conformance", *peer, *more]


def kit(via: int, *more: str) -> "subprocess.CompletedProcess[str]":
    (listen,) = free_ports(1)
    return subprocess.run(command(via, listen, *more), capture_output=True, text=True, timeout=120)


def test_a_peer_that_is_down_is_told_at_once_and_nothing_is_waited_for() -> None:
    (nobody,) = free_ports(1)
    ended = kit(nobody)  # which waits for far less than one --patience of 300 s

    assert ended.returncode == 75
    assert f"nobody answers at 127.0.0.1:{nobody}, the mail server of --via" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_peer_that_refuses_the_recipient_is_quoted_and_not_waited_for() -> None:
    with serving(b"550 5.1.1 no such mailbox") as server:
        ended = kit(server.server_address[1], *ONE, "--patience", "300", "--quiet", "1")

    assert ended.returncode == 1
    assert "the letter was not taken: 550" in ended.stdout
    assert "no such mailbox" in ended.stdout
    assert server.taken == 0


@pytest.mark.thorough
def test_a_peer_that_takes_everything_and_answers_nothing_fails_with_the_whole_story(tmp_path: Path) -> None:
    with serving() as server:
        ended = kit(server.server_address[1], *ONE, *PATIENCE, "--run", "r", "--junit", str(tmp_path / "junit.xml"))

    (step,) = next(one for one in book.cases(Ground(run="r", strict=None)) if one.name == "sev/files/one").steps
    for words in (
        "“received” never came",
        f"sent <{step.letter_id}>",
        "250 2.0.0 Ok; expected: registered, “received”, “registered”",
        "see docs/standards.md, “SEV”",
        "--write DIR --run r --at ",
    ):
        assert words in ended.stdout
    assert ended.returncode == 1
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    failed = [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None]
    assert failed == ["one"]
    assert step.letter_id in (suite.findtext(".//failure") or "")


@pytest.mark.thorough
def test_the_end_of_a_run_by_hand_tells_what_is_known_and_what_was_not_played() -> None:
    (listen,) = free_ports(1)
    with serving() as server:
        more = ("--role", "receiver", "--only", "sev/files/*", "--patience", "60", "--json")
        process = subprocess.Popen(
            command(server.server_address[1], listen, *more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        assert next(line for line in process.stderr if "Listening" in line)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

    verdicts = {json.loads(line)["verdict"] for line in out.splitlines()}
    assert verdicts <= {"not played", "FAILED", "passed"}
    assert "not played" in verdicts
    assert process.returncode == 1
    assert "Traceback" not in err


def test_a_port_that_is_taken_is_named() -> None:
    with serving() as server, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = taken.getsockname()[1]
        run = command(server.server_address[1], listen, *ONE)
        ended = subprocess.run(run, capture_output=True, text=True, timeout=60)

    assert ended.returncode == 75
    assert f"cannot listen on 127.0.0.1:{listen}: Address already in use" in ended.stderr
    assert "Errno" not in ended.stderr

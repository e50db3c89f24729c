# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody is called when a running gateway is in trouble: by a command, over the web, by another mail server."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.demo.offices import free_ports
from tests.edge.test_node import Node, eventually, running
from tests.prompt import GATEWAY, typed

QUICK = 'every = "1 s"\nafter = "1 s"\n'


class Web:
    """A web server that keeps what is POSTed to it, and answers with `code`."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []  # Any: as JSON has it
        self.code = 204
        web = self

        class Keep(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                web.said.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(web.code)
                if web.code == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Keep)
        self.url = f"http://127.0.0.1:{self.server.server_port}/token-4711"


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    thread = threading.Thread(target=web.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield web
    web.server.shutdown()
    thread.join()
    web.server.server_close()


class Letters:
    def __init__(self) -> None:
        self.came: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.came.append(envelope.content)
        return "250 kept"


@pytest.fixture
def admins() -> Iterator[tuple[int, list[bytes]]]:
    """The mail server of the administrators, and what came."""
    letters, (port,) = Letters(), free_ports(1)
    controller = Controller(letters, hostname="127.0.0.1", port=port)
    controller.start()
    yield port, letters.came
    controller.stop()


def alarmed(home: Path, alarm: str) -> Node:
    node = Node(home)
    text = node.config.read_text()
    node.config.write_text(f"{text}\n{alarm}")
    return node


def script(folder: Path, *lines: str) -> str:
    file = folder / "call-me"
    file.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    file.chmod(0o755)
    return str(file)


def tried(node: Node) -> tuple[int, str]:
    done = typed(GATEWAY, "--config", node.config, "alarm", "test")
    return done.returncode, done.output


def test_a_disk_that_fails_calls_by_command_and_web_and_calls_once_more_when_it_is_well(
    tmp_path: Path, web: Web
) -> None:
    came = tmp_path / "came"
    command = script(tmp_path, f'cat >> "{came}"; echo "$EDMS_ALARM_KEY" >> "{came}"; env >> "{tmp_path}/env"')
    ways = f'command = ["{command}"]\nwebhook = "{web.url}"\n'
    with running(alarmed(tmp_path / "d", f"[alarm]\n{ways}{QUICK}")) as node:
        mark = node.blobs / "SICK"
        mark.write_text("EIO at fsync")
        eventually(lambda: web.said)
        mark.unlink()
        eventually(lambda: len(web.said) == 2)
        eventually(lambda: len(came.read_text().splitlines()) == 4)

    wrong, over = web.said
    assert (wrong["alarm"], wrong["key"], wrong["words"]) == ("wrong", "disk:sick", "EIO at fsync")
    assert str(mark) in wrong["remedy"]
    assert (over["alarm"], over["key"]) == ("over", "disk:sick")
    first, key, _, _ = came.read_text().splitlines()
    assert json.loads(first) == wrong
    assert key == "disk:sick"
    assert "PYTHONPATH" not in (tmp_path / "env").read_text()


@pytest.mark.thorough
def test_an_alarm_that_was_called_is_not_called_again_after_a_restart(tmp_path: Path, web: Web) -> None:
    node = alarmed(tmp_path / "d", f'[alarm]\nwebhook = "{web.url}"\n{QUICK}')
    with running(node):
        (node.blobs / "SICK").write_text("EIO")
        eventually(lambda: web.said)
        eventually(lambda: '"called": true' in (node.blobs / "alarms.json").read_text())
    before = (node.blobs / "alarms.json").read_text()
    with running(node):
        eventually(lambda: (node.blobs / "alarms.json").read_text() != before)

    assert len(web.said) == 1


@pytest.mark.thorough
def test_a_way_that_fails_stops_nothing_and_is_told_by_status_and_by_the_other_way(tmp_path: Path, web: Web) -> None:
    command = script(tmp_path, 'echo "no line free" >&2', "exit 3")
    ways = f'command = ["{command}"]\nwebhook = "{web.url}"\n'
    with running(alarmed(tmp_path / "d", f"[alarm]\n{ways}{QUICK}")) as node:
        (node.blobs / "SICK").write_text("EIO")
        eventually(lambda: any(said["key"] == "alarm:command" for said in web.said))
        said = typed(GATEWAY, "--config", node.config, "status", "--json")

    found = {cause["key"]: cause for cause in json.loads(said.stdout)["causes"]}
    assert found["alarm:command"]["words"] == f"{command} ended with 3: no line free"


def test_mail_goes_by_the_relay_that_is_named_and_answers_nobody(
    tmp_path: Path, admins: tuple[int, list[bytes]]
) -> None:
    port, came = admins
    relay = f'[[other_relay]]\nname = "admins"\nhost = "localhost"\nport = {port}\ntls = "none"\n'
    node = alarmed(tmp_path / "d", f'{relay}[alarm]\nmail = ["admin@office.example"]\nrelay = "admins"\n')

    assert tried(node) == (0, "mail: called\n")
    (letter,) = came
    assert b"To: admin@office.example" in letter
    assert b"Auto-Submitted: auto-generated" in letter


@pytest.mark.parametrize(("code", "words"), [(500, "HTTP 500"), (302, "HTTP 302")])
def test_a_web_address_that_does_not_take_it_has_failed_and_its_token_is_not_printed(
    tmp_path: Path, web: Web, code: int, words: str
) -> None:
    web.code = code
    exit_code, printed = tried(alarmed(tmp_path / "d", f'[alarm]\nwebhook = "{web.url}"\n'))

    assert exit_code == 1
    assert f"webhook: {words}" in printed
    assert "token-4711" not in printed


def test_a_command_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    command = script(tmp_path, f'sleep 300 & echo $! > "{pid}"; wait')
    exit_code, printed = tried(alarmed(tmp_path / "d", f'[alarm]\ncommand = ["{command}"]\ntime_limit = "1 s"\n'))

    assert (exit_code, printed) == (1, "command: not done after 1 s\n")
    eventually(lambda: gone(pid))


def gone(pid: Path) -> bool:
    """Say whether the process that *pid* names has ended, reaped or not, or was never begun in the time there was."""
    if not pid.exists() or not (number := pid.read_text().strip()):
        return True
    try:
        return "State:\tZ" in Path(f"/proc/{number}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_without_anybody_to_call_it_is_said_what_to_write(tmp_path: Path) -> None:
    exit_code, printed = tried(Node(tmp_path / "d"))

    assert exit_code == 1
    assert "[alarm]" in printed


@pytest.mark.parametrize(
    ("alarm", "place"),
    [
        ('mail = ["admin@office.example"]', "alarm.mail: would be the only alarm"),
        ('mail = ["admin@office.example"]\nrelay = "admin"', 'alarm.relay: there is no relay "admin"'),
        ('webhook = "alarm.office.example"', "alarm.webhook: is no web address"),
        ('command = "/usr/local/bin/call-me"', "alarm.command: "),
        ("webhok = 1", "did you mean webhook?"),
        ('command = ["x"]\n[health]\nbind = "0.0.0.0:9105"', "health.bind: is no port of this machine"),
    ],
)
def test_an_alarm_that_could_not_come_through_is_named_before_it_is_needed(
    tmp_path: Path, alarm: str, place: str
) -> None:
    node = alarmed(tmp_path / "d", f"[alarm]\n{alarm}\n")
    done = typed(GATEWAY, "--config", node.config, "check-config")

    assert done.returncode == 78
    assert place in done.output

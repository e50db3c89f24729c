# SPDX-License-Identifier: GPL-3.0-or-later
"""What a monitor hears of a running gateway, and that the rules and the dashboard we ship ask for what there is."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.demo.offices import free_ports
from gateway.edms_adapter import timing
from gateway.health.door import turning
from gateway.journal.durations import STAGES
from gateway.journal.entries import State
from gateway.ports import Edms
from gateway.templates_home import shipped
from tests.edge.test_node import Node, document, eventually, numbers, outage, running, workers_of

RULES = "edms-gateway.rules.yml"
MAILBOX = """
[[oauth]]
name = "provider"
provider = "other"
token_endpoint = "http://127.0.0.1:1/token"
client_id = "gateway"
secret_file = "office.secret"
[[mailbox]]
name = "by-token"
host = "127.0.0.1"
port = 1
tls = "none"
user = "somebody@office.example"
oauth = "provider"
start = "now"
[[mailbox]]
name = "exchange"
host = "127.0.0.1"
port = 1
tls = "none"
user = "nobody@office.example"
password_file = "office.secret"
start = "now"
"""


class Watched(Node):
    """A gateway with a health port, and a mailbox that cannot be read."""

    def __init__(self, home: Path, *, journal: str = "") -> None:
        super().__init__(home, journal=journal)
        (self.health,) = free_ports(1)
        text = self.config.read_text()
        self.config.write_text(f'{text}{MAILBOX}[health]\nbind = "127.0.0.1:{self.health}"\n')

    def asked(self, path: str, host: str = "localhost") -> tuple[int, str]:
        request = Request(f"http://127.0.0.1:{self.health}{path}", headers={"Host": host})
        try:
            with urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def numbers(self) -> dict[str, float]:
        """Return every sample, under its name with its labels' values."""
        code, text = self.asked("/metrics")
        assert code == 200, text
        return {
            " ".join([sample.name, *sample.labels.values()]): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "d")


def test_every_series_is_there_from_the_start_and_none_names_an_address(watched: Watched) -> None:
    with running(watched):
        found = watched.numbers()
        text = watched.asked("/metrics")[1]

    assert found["gw_messages_received_total door"] == 0
    assert found["gw_messages_received_total exchange"] == 0
    assert found["gw_mailbox_connection_up exchange"] == 0
    assert found["gw_mailbox_last_success_timestamp_seconds exchange"] == 0
    assert found["gw_oauth_token_expiry_timestamp_seconds by-token"] == 0
    assert "gw_oauth_token_expiry_timestamp_seconds exchange" not in found
    assert found["gw_partner_last_heard_timestamp_seconds partner"] == 0
    assert [found[f"gw_queue_depth {state}"] for state in ("accepted", "queued", "waiting", "parked", "failed")] == [
        *(0, 0, 0, 0, 0)
    ]
    assert found["gw_panic_total"] == 0
    assert found["gw_edms_up"] == 1
    assert [found[f"gw_exchange_duration_seconds_count {stage}"] for stage in STAGES] == [0, 0, 0, 0]
    assert found["gw_adapter_duration_seconds_count sql register"] == 0
    assert found["gw_adapter_duration_seconds_bucket sql +Inf register"] == 0
    assert "@" not in text


@pytest.mark.thorough
def test_a_letter_that_was_registered_and_one_that_was_parked_are_counted(watched: Watched) -> None:
    with running(watched):
        assert watched.deliver(document(1)) == 250
        assert watched.deliver(b"From: who@nowhere.example\r\n\r\nhello\r\n") == 250
        eventually(lambda: watched.registered() == numbers(1))
        eventually(lambda: watched.numbers()["gw_quarantine_messages"] == 1)
        found = watched.numbers()

    assert found["gw_queue_depth parked"] == 1
    assert found["gw_causes serious"] >= 1


def test_every_operation_that_is_timed_is_one_of_the_edms() -> None:
    assert [name for name in timing.OPERATIONS if not hasattr(Edms, name)] == []


def test_the_time_the_edms_takes_is_counted_in_every_process_and_outlives_a_worker(watched: Watched) -> None:
    with running(watched):
        assert watched.deliver(document(1)) == 250
        eventually(lambda: [letter.state for letter in watched.letters()] == [State.DONE])
        assert watched.numbers()["gw_adapter_duration_seconds_count sql register"] == 1
        workers = workers_of(watched)
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        eventually(lambda: watched.numbers()["gw_panic_total"] == len(workers))
        assert watched.deliver(document(2)) == 250
        eventually(lambda: watched.numbers()["gw_adapter_duration_seconds_count sql register"] == 2)
        found = watched.numbers()

    assert found["gw_adapter_duration_seconds_sum sql register"] > 0
    assert found["gw_adapter_duration_seconds_bucket sql 60.0 register"] == 2
    assert found["gw_adapter_duration_seconds_count sql changes"] > 0  # asked by the edge process


@pytest.mark.thorough
def test_what_was_counted_before_a_restart_is_counted_after_it(watched: Watched) -> None:
    with running(watched):
        assert watched.deliver(document(1)) == 250
        eventually(lambda: watched.registered() == numbers(1))
    with running(watched):
        found = watched.numbers()

    assert found["gw_messages_received_total door"] == 1
    assert found["gw_documents_registered_total registered"] == 1
    assert found["gw_partner_last_heard_timestamp_seconds partner"] > 0


def test_a_gateway_that_works_is_alive_and_ready_and_stops_when_it_is_told_to(watched: Watched) -> None:
    with running(watched):
        assert watched.asked("/livez") == (200, "ok\n")
        assert watched.asked("/readyz") == (200, "ok\n")
        assert watched.asked("/nothing")[0] == 404
        assert watched.asked("/metrics", "evil.example")[0] == 421

    assert watched.process is not None
    assert watched.process.returncode == 0


async def test_a_loop_that_hangs_is_not_alive() -> None:
    loop, hung = asyncio.get_running_loop(), threading.Event()
    with ThreadPoolExecutor(1) as others:
        asked = others.submit(turning, loop, 0.05)
        asked.add_done_callback(lambda _: hung.set())
        hung.wait(30)  # the loop does nothing else meanwhile

        assert asked.result() == "the loop did not turn for 0.05 s"
        assert await asyncio.to_thread(turning, loop, 30) == ""


def test_without_its_journal_it_is_alive_and_not_ready(tmp_path: Path, postgres: Callable[[], str]) -> None:
    url = postgres()
    with running(Watched(tmp_path / "d", journal=url)) as node:
        assert isinstance(node, Watched)
        with outage(url):
            assert node.asked("/readyz")[0] == 503
            assert node.asked("/metrics")[0] == 503
            assert node.asked("/livez")[0] == 200

        eventually(lambda: node.asked("/readyz")[0] == 200)


def test_the_port_is_given_back_at_a_reload(watched: Watched) -> None:
    with running(watched):
        assert watched.process is not None
        watched.process.send_signal(signal.SIGHUP)
        eventually(lambda: watched.started() == 2)

        assert eventually(lambda: watched.asked("/livez")) == (200, "ok\n")


def shipped_file(name: str) -> str:
    return (shipped("config") / "alerts" / name).read_text("utf-8")


def test_the_rules_and_the_dashboard_ask_only_for_series_that_a_gateway_has(watched: Watched) -> None:
    board = json.loads(shipped_file("edms-gateway.dashboard.json"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += re.findall(r"(?m)^ +expr: (.+)$", shipped_file(RULES))
    with running(watched):
        text = watched.asked("/metrics")[1]
        there = {name.split("{")[0].split(" ")[0] for name in text.splitlines() if not name.startswith("#")}
        there |= {name.split(" ")[2] for name in text.splitlines() if name.startswith("# TYPE")}

    wanted = {name for words in asked for name in re.findall(r"\bgw_\w+", words)}
    assert len(wanted) > 12
    assert wanted - there == set()


def test_prometheus_itself_takes_the_rules(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not here: apt-get install prometheus, to have the alert rules checked by it")
    done = subprocess.run(
        [promtool, "check", "rules", str(shipped("config") / "alerts" / RULES)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr

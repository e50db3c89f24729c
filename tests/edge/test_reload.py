# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration that is not taken: the service runs on with the one it had, and `status` says so and why."""

import asyncio
import json
import signal
import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.build import SystemClock, build
from gateway.causes.machine import is_running
from gateway.cli import main
from gateway.node import Node as WholeNode
from gateway.running import note, unlike
from gateway.settings_files import load as load_settings
from gateway.starter import write_starter
from tests.edge.test_node import Node, document, eventually, numbers, running, workers_of


def typed(node: Node, *words: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(node.config), *words])


def told(node: Node) -> Any:  # Any: JSON
    """Return what `status` tells about the configuration."""
    return json.loads(typed(node, "status", "--json").stdout)["configuration"]


def reload(node: Node, text: str) -> None:
    node.config.write_text(text)
    assert node.process is not None
    node.process.send_signal(signal.SIGHUP)


def test_a_configuration_that_cannot_start_is_named_by_status_until_a_better_one_runs(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d")) as node, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        works, before = node.config.read_text(), told(node)
        reload(node, works.replace(f"127.0.0.1:{node.port}", f"127.0.0.1:{taken.getsockname()[1]}"))

        found = eventually(lambda: (now := told(node)) and now["why"] and now)
        said = typed(node, "status")

        assert before is None
        assert found["tables"] == ["listeners"]
        assert "address already in use" in found["why"]
        assert said.exit_code == 1
        words = " ".join(said.stdout.split())
        assert "! the configuration on disk differs from the one that runs (listeners): it was refused, since" in words
        assert "type: edms-gateway check-config" in words

        eventually(node.greets)
        reload(node, works)
        eventually(lambda: told(node) is None)


def test_a_certificate_that_is_none_is_refused_without_a_pause(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d")) as node:
        started = node.started()
        for name in ("certificate.pem", "key.pem"):
            (node.home / name).write_text("not a certificate\n")
            (node.home / name).chmod(0o600)
        tls = 'tls = "starttls"\ncertificate = "certificate.pem"\nkey = "key.pem"\n'
        reload(node, node.config.read_text().replace('name = "door"\n', f'name = "door"\n{tls}'))

        found = eventually(told_refused(node))

        assert found["tables"] == ["listeners"]
        assert "PEM" in found["why"]
        assert node.started() == started
        assert node.deliver(document(1)) == 250
        eventually(lambda: node.registered() == numbers(1))


def told_refused(node: Node) -> Any:  # Any: a look for `eventually`
    return lambda: (now := told(node)) and now["why"] and now


def test_a_configuration_that_cannot_be_read_is_refused_and_every_command_says_why(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d")) as node:
        works = node.config.read_text()
        reload(node, works.replace("[relay]", "[relai]"))
        eventually(lambda: b"the new configuration is not used" in (node.home / "gateway.log").read_bytes())

        said = typed(node, "status")
        assert said.exit_code == 78
        assert "relai" in said.stderr
        assert node.process is not None
        words = " ".join(said.stdout.split())
        assert "! the configuration on disk does not hold: the service goes on with the one of 20" in words
        assert f"once it is mended: kill -HUP {node.process.pid}" in words
        assert "the service runs" in words
        assert node.deliver(document(1)) == 250
        eventually(lambda: node.registered() == numbers(1))

        node.config.write_text(works)
        assert "relai" in told(node)["why"]  # until somebody tells the service


@pytest.mark.thorough
def test_what_the_journal_tells_is_told_even_when_the_configuration_is_no_toml(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d")) as node:
        assert node.deliver(document(1)) == 250
        eventually(lambda: node.registered() == numbers(1))
        works = node.config.read_text()
        node.config.write_text(f"partners = [\n{works}\nthis is = = no TOML\n")

        people, program = typed(node, "status"), typed(node, "status", "--json")
        found = json.loads(program.stdout)

        assert (people.exit_code, program.exit_code) == (78, 78)
        assert "gateway.toml:" in people.stderr
        assert "is not TOML" in people.stderr
        assert "Letters" in people.stdout
        assert {(row["direction"], row["state"]) for row in found["queues"]} >= {("in", "done"), ("out", "queued")}
        assert (found["running"], found["ok"]) == (True, False)
        assert "not told before the configuration holds: the EDMS" in people.stdout


def test_a_configuration_that_does_not_say_where_the_journal_lies_tells_so(tmp_path: Path) -> None:
    write_starter(tmp_path / "d")
    config = tmp_path / "d" / "gateway.toml"
    config.write_text(config.read_text().replace("[journal]", "[jurnal]"))

    said = CliRunner().invoke(main, ["--config", str(config), "status"])

    assert said.exit_code == 78
    assert "jurnal: is not known; did you mean journal?" in said.stderr
    assert said.stdout.startswith("nothing else can be told: ")


@pytest.mark.thorough
def test_a_change_that_nobody_told_the_service_is_noticed(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d")) as node:
        works = node.config.read_text()
        node.config.write_text(works + '\n[retry]\nfirst = "2 min"\n')
        said = typed(node, "status")

        assert told(node) == {"tables": ["retry"], "refused_at": None, "why": None}
        words = " ".join(said.stdout.split())
        assert said.exit_code == 1
        assert "! the configuration on disk differs from the one that runs (retry): nobody told the service" in words
        assert node.process is not None
        assert f"type: kill -HUP {node.process.pid}" in words

        reload(node, node.config.read_text())
        eventually(lambda: told(node) is None)


@pytest.mark.thorough
def test_another_number_of_workers_is_noticed_and_a_reload_takes_it(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d")) as node:
        node.config.write_text(node.config.read_text() + "\n[workers]\ncount = 1\n")
        before = eventually(lambda: told(node))
        reload(node, node.config.read_text())

        assert before == {"tables": ["workers"], "refused_at": None, "why": None}
        eventually(lambda: told(node) is None)
        eventually(lambda: node.started() == 2)
        assert len(workers_of(node)) == 1


def test_a_stop_told_while_the_old_configuration_ends_its_work_is_obeyed(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d")) as node:
        assert node.process is not None
        with ending(node, node.config.read_text() + '\n[retry]\nfirst = "2 min"\n'):
            node.process.send_signal(signal.SIGTERM)

        assert node.process.wait(60) == 0
        assert node.started() == 1
        assert not (node.blobs / "configuration.json").exists()


def test_a_configuration_told_while_the_old_one_ends_its_work_is_the_one_that_runs(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d")) as node:
        works = node.config.read_text()
        with ending(node, works + '\n[retry]\nfirst = "2 min"\n'):
            reload(node, works + '\n[retry]\nfirst = "3 min"\n')

        eventually(lambda: node.started() == 3)
        assert told(node) is None


@contextmanager
def ending(node: Node, text: str) -> Iterator[None]:
    """Tell *node* of another configuration, and keep the old one at its work with a letter that is under way."""
    with smtplib.SMTP("127.0.0.1", node.port, timeout=30) as client:
        reload(node, text)
        eventually(lambda: refused(node.port))
        yield
        client.noop()


def refused(port: int) -> bool:
    """Say whether nobody listens there."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.thorough
def test_a_number_of_workers_that_was_typed_outlives_a_reload_which_says_so(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d", typed=("--workers", "1"))) as node:
        assert told(node) is None
        reload(node, node.config.read_text() + "\n[workers]\ncount = 3\n")
        eventually(lambda: node.started() == 2)

        assert b"workers.count needs a restart without --workers" in (node.home / "gateway.log").read_bytes()
        assert len(workers_of(node)) == 1


def test_what_is_written_down_of_the_configuration_tells_no_secret_and_nobody_else_reads_it(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d")) as node:
        place = node.blobs / "configuration.json"

        assert place.stat().st_mode & 0o077 == 0
        for word in ("127.0.0.1", "office.example", (node.home / "office.secret").read_text().strip()):
            assert word not in place.read_text()


def test_a_service_that_starts_with_another_configuration_than_it_ran_with_says_nothing_of_it(tmp_path: Path) -> None:
    node = Node(tmp_path / "d")
    load = partial(load_settings, node.config)
    note(load(), SystemClock().now())  # as of a service that was killed
    node.config.write_text(node.config.read_text() + '\n[retry]\nfirst = "2 min"\n')
    before = unlike(load())

    async def begun() -> Any:  # Any: JSON
        settings = load()
        begins = WholeNode(build(settings, SystemClock()), began=partial(note, settings, SystemClock().now()))
        await begins.start()
        try:
            return await asyncio.to_thread(told, node), await asyncio.to_thread(is_running, node.blobs)
        finally:
            await begins.stop()
            begins.parts.close()

    assert before is not None
    assert asyncio.run(begun()) == (None, True)


def test_a_service_that_ends_its_work_is_not_blamed_for_what_is_on_disk_by_then(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d")) as node:
        there = (node.blobs / "configuration.json").exists()
        assert node.process is not None
        node.process.terminate()
        node.process.wait(30)

        assert (there, (node.blobs / "configuration.json").exists()) == (True, False)

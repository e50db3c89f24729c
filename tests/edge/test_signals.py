# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway whose EDMS is PostgreSQL and calls: what people did is heard at once, and at the poll without the line."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from gateway.edms_adapter import open_edms, registry
from gateway.edms_adapter.registry import people
from tests.edge.test_node import Node, document, eventually, running
from tests.edms_adapter.outboxes import run, watched_registry


def calling(home: Path, url: str, poll: str) -> Node:
    """Return a gateway that asks its EDMS every *poll*, which calls it."""
    node = Node(home)
    mapping = watched_registry(home)
    registry.create(url)
    registry.seed(url, registry.Office("EXAMPLE-OFFICE", "Office"), [registry.Correspondent("EXAMPLE-PARTNER", "P")])
    with open_edms(mapping, url, home / "files", "Europe/Moscow") as edms:
        run(url, edms.outbox_ddl())
    config = node.config.read_text().replace('mapping = "registry"', f'mapping = "{mapping}"')
    config = config.replace('database = "sqlite:///registry.db"', f'database = "{url}"')
    assert '# poll = "5 s"' in config
    node.config.write_text(config.replace('# poll = "5 s"', f'poll = "{poll}"', 1))
    return node


def forward(url: str, to: str) -> None:
    with people.at_work(url) as work:
        (card,) = people.rows(work, "select id from card where number is not null")
        people.forward(work, card.id, to, by="Лугов", now=datetime.now(UTC))


def forwarded(node: Node) -> int:
    """Return how many times our journal heard that the card went to somebody."""
    with closing(sqlite3.connect(f"file:{node.home / 'journal.db'}?mode=ro", uri=True)) as line:
        (found,) = line.execute("select count(*) from events where kind = 'forwarded'").fetchone()
        return int(found)


def registered(url: str) -> bool:
    with people.at_work(url) as work:
        return bool(people.rows(work, "select id from card where number is not null"))


def test_what_people_did_is_heard_at_the_call_though_the_poll_is_an_hour_away(
    tmp_path: Path, postgres: Callable[[], str]
) -> None:
    url = postgres()
    with running(calling(tmp_path / "d", url, "1 h")) as node:
        assert node.deliver(document(1)) == 250
        eventually(lambda: registered(url))
        forward(url, "Полева")
        eventually(lambda: forwarded(node) == 2)
        forward(url, "Родникова")

        eventually(lambda: forwarded(node) == 3)


@pytest.mark.thorough
def test_a_lost_line_means_no_more_than_the_poll(tmp_path: Path, postgres: Callable[[], str]) -> None:
    url = postgres()
    with running(calling(tmp_path / "d", url, "1 s")) as node:
        assert node.deliver(document(1)) == 250
        eventually(lambda: registered(url))
        eventually(lambda: hung_up(url))
        forward(url, "Полева")
        eventually(lambda: forwarded(node) == 2)
        eventually(lambda: hung_up(url))  # it was opened again
        forward(url, "Родникова")

        eventually(lambda: forwarded(node) == 3)
        assert node.process is not None
        assert node.process.poll() is None


def hung_up(url: str) -> bool:
    """Break the line on which the EDMS calls; False when nobody listens."""
    query = """
select pg_terminate_backend(pid) from pg_stat_activity
where application_name = 'edms-gateway is called' and datname = current_database()
"""
    with psycopg.connect(url, autocommit=True) as control:
        return bool(control.execute(query).fetchall())

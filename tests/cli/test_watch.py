# SPDX-License-Identifier: GPL-3.0-or-later
"""An administrator watches what people do: everything once, nothing written, and the service tells it all the same."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.cli.watching import Watch
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.journal import cursors
from tests.cli.test_operating import Desk, document


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "d")
    yield made
    made.parts.close()


def edms(desk: Desk) -> SqlEdms:
    assert isinstance(desk.parts.edms, SqlEdms)
    return desk.parts.edms


def directed(desk: Desk, card: int) -> None:
    """A person of the office sends a card on to another inbox."""
    with edms(desk).database.writing() as work:
        (to,) = work.rows(text("select name from inbox where is_default"))
        (by,) = work.rows(text("select name from person order by id limit 1"))
        people.forward(work, card, to.name, by=by.name, now=desk.parts.clock.now())


def state(desk: Desk) -> tuple[object, ...]:
    """Return what must stay as it is: the cursor, and every tie of ours in the EDMS."""
    with desk.parts.journal.read() as tx:
        cursor = cursors.get(tx, "edms")
    with edms(desk).database.reading() as work:
        return cursor, *(tuple(row.__dict__.items()) for row in work.rows(text("select * from edms_gw_exchange")))


def test_what_happened_since_a_day_is_shown_once_and_nothing_moves(desk: Desk) -> None:
    desk.receive(document(), 1)
    before = state(desk)
    shown = desk.call("edms", "watch", "--since", "2020-01-01", "--once", "--json")

    assert [row["kind"] for row in shown] == ["forwarded"]
    assert shown == desk.call("edms", "watch", "--since", "2020-01-01", "--once", "--json")
    assert state(desk) == before
    assert len(edms(desk).changes(None).events) == 1


def test_from_now_on_only_what_comes_is_shown_and_what_is_read_again_is_not(desk: Desk) -> None:
    desk.receive(document(), 1)
    watched = Watch(edms(desk).watched, None)
    assert list(watched.news()) == []
    directed(desk, 1)

    assert [one.event.kind.value for one in watched.news()] == ["forwarded"]
    assert list(watched.news()) == []


def test_control_c_ends_it_cleanly(desk: Desk) -> None:
    desk.receive(document(), 1)
    command = [sys.executable, "-m", "gateway", "--config", str(desk.config)]
    command += ["edms", "watch", "--since", "2020-01-01", "--every", "0.2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=unbuffered()) as one:
        assert one.stdout is not None
        assert one.stderr is not None
        assert " forwarded " in one.stdout.readline()
        one.send_signal(signal.SIGINT)

        assert one.stdout.read() == ""
        assert one.stderr.read() == ""
        assert one.wait() == 0


def unbuffered() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1"}

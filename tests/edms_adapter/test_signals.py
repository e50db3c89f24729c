# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL calls when a watched change is committed, if the mapping says so; a lost line says that it is lost."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from gateway.ports import Signals
from tests.edms_adapter.outboxes import run
from tests.edms_adapter.test_foreign import TABLES
from tests.edms_adapter.test_races import OUTBOX, SERIAL, WATCHED, Bureau, bureau

SIGNAL = OUTBOX.replace("[outbox]", "[outbox]\nsignal = true", 1)
SOON, A_WHILE = timedelta(milliseconds=50), timedelta(seconds=30)


@pytest.fixture
def calling(postgres: Callable[[], str], tmp_path: Path) -> Iterator[Bureau]:
    with bureau(WATCHED, postgres(), SERIAL, tmp_path, SIGNAL) as made:
        yield made


def test_it_calls_at_the_commit_and_not_before(calling: Bureau) -> None:
    line = calling.edms.signal()
    assert line is not None
    with psycopg.connect(calling.url) as somebody:
        somebody.execute(calling.did("something"))  # type: ignore[call-overload]
        early = line.wait(SOON)
        somebody.commit()
        called = line.wait(A_WHILE)
    line.close()

    assert (early, called) == (False, True)


def test_what_it_called_for_is_there_when_it_is_asked(calling: Bureau) -> None:
    cursor = calling.edms.changes(None).cursor
    line = calling.edms.signal()
    assert line is not None
    run(calling.url, calling.did("something"))
    assert line.wait(A_WHILE)
    line.close()

    assert [one.event.text for one in calling.edms.changes(cursor).events] == ["something"]


def test_what_a_strangers_transaction_held_back_is_called_for_again_when_that_has_ended(
    calling: Bureau, postgres: Callable[[], str]
) -> None:
    cursor = calling.edms.changes(None).cursor
    with psycopg.connect(postgres()) as stranger:  # in another database of the same server
        stranger.execute("select pg_current_xact_id()")
        line = calling.edms.signal()
        assert line is not None
        run(calling.url, calling.did("something"))
        assert line.wait(A_WHILE)
        held_back = calling.edms.changes(cursor)
        early = line.wait(SOON)
        stranger.commit()

        assert (held_back.events, early) == ((), False)
        assert line.wait(SOON)
        assert [one.event.text for one in calling.edms.changes(held_back.cursor).events] == ["something"]
        assert not line.wait(SOON)
    line.close()


def test_a_line_that_is_lost_raises_and_another_can_be_opened(calling: Bureau) -> None:
    line = calling.edms.signal()
    assert line is not None
    run(
        calling.url,
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where application_name = 'edms-gateway is called' and datname = current_database()",
    )

    with pytest.raises(psycopg.OperationalError):
        line.wait(A_WHILE)
    line.close()
    second = calling.edms.signal()
    assert second is not None
    run(calling.url, calling.did("something"))
    assert second.wait(A_WHILE)
    second.close()


def test_nobody_calls_unless_the_mapping_says_so(postgres: Callable[[], str], tmp_path: Path) -> None:
    with bureau(WATCHED, postgres(), SERIAL, tmp_path) as made:
        assert isinstance(made.edms, Signals)
        assert made.edms.signal() is None
        assert "notify" not in made.edms.outbox_ddl()


def test_sqlite_calls_nobody_and_is_polled(tmp_path: Path) -> None:
    with bureau(WATCHED, f"sqlite:///{tmp_path}/foreign.sqlite", TABLES, tmp_path, SIGNAL) as made:
        assert made.edms.signal() is None
        assert [finding for finding in made.edms.check().findings if not finding.ok] == []

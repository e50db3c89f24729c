# SPDX-License-Identifier: GPL-3.0-or-later
"""Columns without a zone: read and written in the mapping's, also where clocks are put back or forward."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.edms_adapter import MappingError
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.edms_adapter.sql.values import before_fold, moment
from tests.edms_adapter import vendor
from tests.edms_adapter.desk import Hands
from tests.edms_adapter.vendor import registered, rows

BERLIN = ZoneInfo("Europe/Berlin")  # clocks back at 01:00 UTC on 25 October 2026, forward at 01:00 UTC on 29 March
ZONED = """
[database]
time_zone = "Europe/Berlin"
"""
DEEDS = """
[[changes]]
event = "progress"
sql = "select id, letter as card, at as cur, said from deed"
overlap = 60
fields = { at = "moment(row.cur)", text = "row.said" }
"""
DEED = "create table deed (id {key}, letter integer, at timestamp, said varchar(40))"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/zones.sqlite"
    return str(request.getfixturevalue("postgres")())


@pytest.fixture
def edms(url: str, tmp_path: Path) -> Iterator[SqlEdms]:
    tables = f"{vendor.TABLES};{DEED}"
    mapping = vendor.mapping_of(more=ZONED, rest=vendor.REST + DEEDS)
    with vendor.opened(mapping, url, tmp_path, tables=tables) as made:
        yield made


def done(edms: SqlEdms, at: str, said: str) -> None:
    vendor.run(edms, f"insert into deed (letter, at, said) values (1, '{at}', '{said}')")


def at(edms: SqlEdms, *moment: int) -> None:
    assert isinstance(edms.clock, Hands)
    edms.clock.at = datetime(*moment, tzinfo=UTC)  # type: ignore[misc,arg-type]  # year, month, day, hour, minute


def test_what_is_done_in_the_hour_that_clocks_repeat_is_never_missed(edms: SqlEdms) -> None:
    at(edms, 2026, 10, 24, 12, 0)
    registered(edms)
    at(edms, 2026, 10, 24, 20, 0)
    registered(edms, "ex-2")  # the youngest card is always read whole: the first must not be it
    at(edms, 2026, 10, 25, 0, 59)
    done(edms, "2026-10-25 02:58:30", "before they were put back")
    page = edms.changes(None)
    at(edms, 2026, 10, 25, 1, 11)
    done(edms, "2026-10-25 02:10:00", "after")

    assert [one.event.text for one in page.events] == ["before they were put back"]
    assert "after" in [one.event.text for one in edms.changes(page.cursor).events]


def test_a_time_that_clocks_left_out_is_still_a_moment(edms: SqlEdms) -> None:
    at(edms, 2026, 3, 28, 12, 0)
    registered(edms)
    at(edms, 2026, 3, 29, 2, 0)
    done(edms, "2026-03-29 02:30:00", "there is no such time")
    done(edms, "2026-03-29 01:59:00", "the last minute of winter")

    told = [(one.event.text, one.event.at) for one in edms.changes(None).events]
    assert told == [
        ("the last minute of winter", datetime(2026, 3, 29, 0, 59, tzinfo=UTC)),
        ("there is no such time", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("written", "when"),
    [
        ("2026-10-25 02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # the first of two
        ("2026-10-25 03:00:00", datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
        ("2026-03-29 03:00:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("2026-10-25 02:30:00+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),  # says itself which
    ],
)
def test_a_column_without_a_zone_is_in_the_mappings(written: str, when: datetime) -> None:
    assert moment(written, BERLIN) == when


@pytest.mark.parametrize(
    ("when", "hours"),
    [
        (datetime(2026, 10, 24, 21, 59, tzinfo=UTC), 0),
        (datetime(2026, 10, 24, 23, 30, tzinfo=UTC), 1),
        (datetime(2026, 10, 25, 0, 59, tzinfo=UTC), 1),
        (datetime(2026, 10, 25, 1, 0, tzinfo=UTC), 0),
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), 0),
    ],
)
def test_only_before_clocks_are_put_back_more_is_read(when: datetime, hours: int) -> None:
    assert (when - before_fold(when, BERLIN)).total_seconds() == hours * 3600


def test_a_single_column_may_be_in_another_zone(url: str, tmp_path: Path) -> None:
    register = (
        vendor.REGISTER
        + """
[[register]]
table = "deed"
values = { letter = "card", at = "local(now, 'Asia/Yekaterinburg')", said = "'came'" }
"""
    )
    changes = DEEDS.replace('"moment(row.cur)"', "\"moment(row.cur, 'Asia/Yekaterinburg')\"")
    mapping = vendor.mapping_of(register=register + vendor.ATTACHMENTS, more=ZONED, rest=vendor.REST + changes)
    with vendor.opened(mapping, url, tmp_path, tables=f"{vendor.TABLES};{DEED}") as edms:
        registered(edms)

        (row,) = rows(edms, "select cast(at as varchar(40)) as at from deed")
        assert row.at[:19] == "2026-11-22 11:00:00"
        (told,) = edms.changes(None).events
        assert told.event.at == edms.clock.now()


def test_a_zone_that_is_none_is_told_with_its_key(url: str, tmp_path: Path) -> None:
    changes = DEEDS.replace('"moment(row.cur)"', "\"moment(row.cur, 'Mars/Olympus')\"")
    mapping = vendor.mapping_of(more=ZONED, rest=vendor.REST + changes)
    with vendor.opened(mapping, url, tmp_path, tables=f"{vendor.TABLES};{DEED}") as edms:
        registered(edms)
        done(edms, "2026-11-22 10:00:00", "somewhere")

        with pytest.raises(MappingError, match=r"changes\[1\]\.fields\.at: .*Mars/Olympus"):
            edms.changes(None)

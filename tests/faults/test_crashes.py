# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway is killed at every moment that has a name; its peers do what peers do, and nothing is lost or doubled.

The short run kills once at each failpoint on SQLite and at some on PostgreSQL; with GATEWAY_FAULTS=long every hit of
every failpoint is broken in every way it knows, on both.
"""

import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.edms_adapter.opening import SHIPPED
from gateway.journal.entries import KnownBlobs
from gateway.journal.store import Journal
from tests.faults.driver import break_one, whole_loop
from tests.faults.errands import ERRANDS
from tests.faults.house import House, house
from tests.faults.points import KILL, POINTS, Point

LONG = os.environ.get("GATEWAY_FAULTS") == "long"
GATEWAY = Path(__file__).parents[2] / "gateway"
RECOVERY_SECONDS = 10
SOME = ("accept:committed", "process:finishing", "edms-register:after-commit", "collect:queued")

long_only = pytest.mark.skipif(not LONG, reason="every hit in every way takes long: make faults")


def test_every_failpoint_in_the_code_is_in_the_table_and_the_other_way_round() -> None:
    """Those of the other adapters are broken by their own tests: `tests.edms_adapter.systems.System.stops`.

    So is the one of `db upgrade`, which no service ever meets: tests/journal/test_upgrading.py; and those of
    packages in folders: tests/inbound/test_folder_crashes.py, tests/outbound/test_folder.py.
    """
    others = [GATEWAY.parent.joinpath(*module.split(".")) for module in SHIPPED.values()]
    others.append(GATEWAY / "journal" / "upgrading.py")
    others += [GATEWAY / "inbound" / "folder", GATEWAY / "outbound" / "folder.py"]
    found = {
        name
        for path in GATEWAY.rglob("*.py")
        if not any(path.is_relative_to(other) for other in others)
        for name in re.findall(r'failpoint\("([^"]+)"\)', path.read_text(encoding="utf-8"))
    }

    assert sorted(found) == sorted({point.name for point in POINTS})


@pytest.mark.thorough
def test_a_kill_at_every_failpoint_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    points = [point for point in POINTS if point.errand is not None]
    with ThreadPoolExecutor(2) as beside:  # two gateways, each with its own: most of the time is spent waiting
        offices = list(
            beside.map(one_after_the_other, (tmp_path / "odd", tmp_path / "even"), (points[::2], points[1::2]))
        )

    assert sum(office.deaths for office in offices) > 10


def one_after_the_other(home: Path, points: list[Point]) -> House:
    """Kill once at each of *points*; then the sweep takes what the dead left behind, and nothing else."""
    with house(home) as office:
        for number, point in enumerate(points, 1):
            assert point.errand is not None
            break_one(office, point.errand, number, (point.name, point.hit, KILL))
        swept(office)
        assert office.ledger.orphans() == set()
        office.ledger.check()
        said(office)
        return office


def swept(office: House) -> None:
    """Sweep as the gateway does once an hour, in a day from now."""
    journal = Journal.open(office.journal, office.home / "blobs")
    try:
        with journal.read() as tx:
            journal.blobs.sweep(datetime.now(UTC) + timedelta(days=1), KnownBlobs(tx))
    finally:
        journal.close()


@pytest.mark.thorough
def test_the_same_holds_with_journal_and_registry_in_postgresql(tmp_path: Path, postgres: Callable[[], str]) -> None:
    with house(tmp_path / "office", journal=postgres(), registry=postgres()) as office:
        for number, point in enumerate(POINTS, 1):
            if point.errand is not None and point.name in SOME:
                break_one(office, point.errand, number, (point.name, point.hit, KILL))
        said(office)

    assert office.deaths >= 2


@long_only
def test_every_hit_of_every_failpoint_broken_in_every_way_on_sqlite(tmp_path: Path) -> None:
    with house(tmp_path / "office") as office:
        broke = whole_loop(office, ERRANDS)
        said(office, broke)

    assert [point.name for point in POINTS if point.errand and not broke[point.name]] == []
    assert max(office.recoveries) <= RECOVERY_SECONDS


@long_only
def test_every_hit_of_every_failpoint_broken_in_every_way_on_postgresql(
    tmp_path: Path, postgres: Callable[[], str]
) -> None:
    with house(tmp_path / "office", journal=postgres(), registry=postgres()) as office:
        broke = whole_loop(office, ERRANDS)
        said(office, broke)

    assert [point.name for point in POINTS if point.errand and not broke[point.name]] == []
    assert max(office.recoveries) <= RECOVERY_SECONDS


def said(office: House, broke: dict[str, int] | None = None) -> None:
    """Print what the run saw, for whoever reads its report."""
    longest = max(office.recoveries, default=0), max(office.rests, default=0)
    registered = office.ledger.registry("select count(*) from card where direction = 'in' and number is not null")[0][0]
    print(
        f"\n{office.deaths} deaths, {registered} documents registered, {len(office.ledger.answers)} attempts to bring;"
        f" longest start to greeting {longest[0]:.1f} s, to rest {longest[1]:.1f} s"
    )
    if broke:
        print(f"{sum(broke.values())} breaks: {broke}")

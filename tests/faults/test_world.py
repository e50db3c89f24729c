# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offices and the post between them, with everything going wrong: what is promised holds when it is calm again.

One seed is one run.  ``GATEWAY_FAULTS=long`` tries many more.
"""

import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.faults.town.inside import Break
from tests.faults.town.outside import BEGINNING, PLACES, Weather, World
from tests.faults.town.site import OFFICES, Site, on_postgres, on_sqlite

LONG = os.environ.get("GATEWAY_FAULTS") == "long"
SEEDS = range(1, 13) if LONG else range(1, 2)
PLANS = st.sampled_from(sorted({(command, name) for command, names in PLACES.items() for name in names}))


def storm(sites: dict[str, Site], seed: object, letters: int, beginning: timedelta = timedelta()) -> World:
    """Play a storm to its verdict; the world that is returned is closed."""
    world = World(sites, seed, Weather(), BEGINNING + beginning)
    try:
        world.storm(letters, busy=8)
        world.calm()
        world.verdict()
    finally:
        world.close()
    return world


@pytest.mark.parametrize("seed", SEEDS)
def test_a_storm_loses_nothing_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    world = storm(on_sqlite(tmp_path), seed, letters=120)

    assert world.figures.wrongs == [], f"seed {seed}"
    assert any(name.startswith("kill") for name in world.figures.faults)


@pytest.mark.thorough
def test_a_storm_on_postgresql_loses_nothing_and_doubles_nothing(tmp_path: Path, postgres: Callable[[], str]) -> None:
    world = storm(on_postgres(tmp_path, postgres), "postgresql", letters=1000 if LONG else 30)

    assert world.figures.wrongs == []


@pytest.mark.thorough
def test_what_comes_of_letters_does_not_depend_on_the_date(tmp_path: Path) -> None:
    """I11: the same seed 200 days later, across a leap and a new quarter, ends the same."""
    now = storm(on_sqlite(tmp_path / "now"), "clock", letters=30)
    later = storm(on_sqlite(tmp_path / "later"), "clock", letters=30, beginning=timedelta(days=200))

    assert now.figures.wrongs == later.figures.wrongs == []
    assert now.ends == later.ends
    assert now.figures.faults == later.figures.faults


@pytest.mark.thorough
def test_the_same_seed_is_the_same_run(tmp_path: Path) -> None:
    first = storm(on_sqlite(tmp_path / "first"), "again", letters=20)
    second = storm(on_sqlite(tmp_path / "second"), "again", letters=20)

    assert first.figures.faults == second.figures.faults
    assert first.oracle.bytes_of == second.oracle.bytes_of


class Offices(RuleBasedStateMachine):
    """Anything may happen in any order; afterwards it grows calm, and everything is as promised."""

    offices = st.sampled_from(OFFICES)

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp(prefix="storm-"))
        self.world = World(on_sqlite(self.folder), "rules", Weather.fair())

    @initialize()
    def begin(self) -> None:
        """There is something to begin with."""
        self.world.write("minsk", "moscow")

    @rule(office=offices, to=st.sampled_from(["minsk", "moscow", "far"]))
    def write(self, office: str, to: str) -> None:
        if office != to:
            self.world.write(office, to)

    @rule(to=offices)
    def far_writes(self, to: str) -> None:
        self.world.write_from_far(to)

    @rule(office=offices)
    def act(self, office: str) -> None:
        self.world.act(office)

    @rule(office=offices)
    def deliver(self, office: str) -> None:
        self.world.deliver(office)

    @rule(office=offices, command=st.sampled_from(["look", "work", "collect", "dispatch"]))
    def turn(self, office: str, command: str) -> None:
        self.world.do(office, command)

    @rule(office=offices, plan=PLANS, hit=st.integers(1, 12), action=st.sampled_from(["kill", "raise", "enospc"]))
    def crash(self, office: str, plan: tuple[str, str], hit: int, action: str) -> None:
        command, name = plan
        self.world.break_next(office, command, Break(name, hit, action))

    @rule(office=offices)
    def kill(self, office: str) -> None:
        self.world.kill(office)

    @rule(number=st.integers(0, 20))
    def lose(self, number: int) -> None:
        if number < len(self.world.flight):
            del self.world.flight[number]

    @rule(number=st.integers(0, 20))
    def double(self, number: int) -> None:
        self.world.double(number)

    @rule(number=st.integers(0, 20), minutes=st.sampled_from([1, 20, 3000]))
    def delay(self, number: int, minutes: int) -> None:
        if number < len(self.world.flight):
            self.world.flight[number].due += timedelta(minutes=minutes)

    @rule(outcome=st.sampled_from(["later", "rejected", "ambiguous"]), office=offices)
    def relay_is_in_a_bad_mood(self, outcome: str, office: str) -> None:
        self.world.in_weather(Weather.only(outcome), lambda: self.world.do(office, "dispatch"))

    @rule(office=offices)
    def new_uidvalidity(self, office: str) -> None:
        self.world.mailboxes[office].renumber()

    @rule()
    def jump(self) -> None:
        self.world.jump()

    @rule(seconds=st.sampled_from([1, 60, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.world.advance(seconds)

    def teardown(self) -> None:
        try:
            self.world.calm()
            assert self.world.verdict().wrongs == []
        finally:
            self.world.close()
            shutil.rmtree(self.folder, ignore_errors=True)


def test_whatever_happens_in_whatever_order_the_promises_hold() -> None:
    run_state_machine_as_test(
        Offices,
        settings=settings(
            max_examples=400 if LONG else 6,
            stateful_step_count=60 if LONG else 25,
            deadline=None,
            derandomize=not LONG,
            suppress_health_check=list(HealthCheck),
        ),
    )

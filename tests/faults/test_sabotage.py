# SPDX-License-Identifier: GPL-3.0-or-later
"""A harness that cannot fail proves nothing: with each safeguard taken away, it names the invariant that broke.

Every scene is played twice: with the safeguard nothing is wrong, without it the named invariant complains.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.sabotage import BETWEEN
from tests.faults.town.inside import Break
from tests.faults.town.outside import Weather, World
from tests.faults.town.site import on_sqlite


def wrongs(folder: Path, scene: Callable[[World], None], sabotage: str) -> set[str]:
    """Play *scene* to its end and return which invariants complain."""
    world = World(on_sqlite(folder / (sabotage or "sound"), sabotage), seed=4, weather=Weather.fair())
    try:
        scene(world)
        world.calm()
        return {invariant for invariant, _ in world.verdict().wrongs}
    finally:
        world.close()


def a_letter_from_far(world: World, copies: int = 1) -> None:
    """A document comes to Minsk by SMTP, in *copies*."""
    written = world.far.document("minsk")
    assert written.paper is not None
    world.oracle.document("far", "minsk", written.paper.uid).versions.add(written.paper.files)
    for _ in range(copies):
        world.fly("minsk", "far", written.data, written.paper)


def killed_after_the_edms_registered(world: World) -> None:
    a_letter_from_far(world)
    world.bring_all("minsk")
    assert world.do("minsk", "work", planned=Break("edms-register:after-commit", 1, "kill")) is None


def killed_after_the_250(world: World) -> None:
    a_letter_from_far(world)
    world.bring_all("minsk")
    world.kill("minsk")


def killed_between_done_and_answers(world: World) -> None:
    a_letter_from_far(world)
    world.bring_all("minsk")
    world.do("minsk", "work", planned=Break(BETWEEN, 1, "kill"))


def came_twice(world: World) -> None:
    a_letter_from_far(world, copies=2)
    world.bring_all("minsk")


@pytest.mark.parametrize(
    ("sabotage", "scene", "complains"),
    [
        ("claim first", killed_after_the_edms_registered, "I2"),
        ("commit before 250", killed_after_the_250, "I1"),
        ("answers in the same transaction", killed_between_done_and_answers, "I5"),
        ("messages known by id", came_twice, "I5"),
    ],
)
def test_without_its_safeguard_the_harness_complains(
    tmp_path: Path, sabotage: str, scene: Callable[[World], None], complains: str
) -> None:
    assert wrongs(tmp_path, scene, "") == set()
    assert complains in wrongs(tmp_path, scene, sabotage)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Play every scene on one pair of running gateways, and count what was seen."""

import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import click

from gateway.demo.offices import set_up
from gateway.demo.rules import SCENES
from gateway.demo.rules.offices import agree, furnish
from gateway.demo.rules.stage import Scene, Stage, Unseen
from gateway.demo.story import running, stay, wait_for_door


@dataclass(frozen=True, slots=True)
class Played:
    """How a scene ended."""

    scene: Scene
    seconds: float
    seen: bool  # everything it expected


def run_rules(directory: Path | None, *, keep: bool, scenes: Sequence[Scene] = SCENES) -> int:
    """Play *scenes* in *directory* (without: a temporary one, which goes when all was seen); return the exit code.

    0 only when everything that the scenes expect was seen.
    """
    home = (directory or Path(mkdtemp(prefix="edms-story-"))).absolute()
    click.echo(f"setting up two offices in {home}")
    minsk, moscow = set_up(home)
    for us, them in ((minsk, moscow), (moscow, minsk)):
        agree(us, them, scenes)
    furnish(minsk, moscow)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # the gateways end with us
    with running(minsk) as one, running(moscow) as other:
        for office, gateway in ((minsk, one), (moscow, other)):
            wait_for_door(office, gateway)
        stage = Stage(minsk, moscow, (one, other))
        played = [play(number, scene, stage) for number, scene in enumerate(scenes, 1)]
        sum_up(played)
        if keep:
            stay(minsk, moscow)
    if not all(one.seen for one in played):
        return 1
    if directory is None and not keep:
        shutil.rmtree(home)
    return 0


def play(number: int, scene: Scene, stage: Stage) -> Played:
    """Play one scene; what it misses is printed, and the next one plays."""
    click.echo(f"\n{number}. {scene.title}")
    began = time.monotonic()
    try:
        scene.play(stage)
    except Unseen as unseen:
        click.echo(f"  MISSING {unseen}")
        return Played(scene, time.monotonic() - began, seen=False)
    return Played(scene, time.monotonic() - began, seen=True)


def sum_up(played: Sequence[Played]) -> None:
    """Print the table of scenes and times."""
    width = max(len(one.scene.title) for one in played)
    click.echo("")
    for number, one in enumerate(played, 1):
        click.echo(f"{number:3}. {one.scene.title:{width}}  {one.seconds:5.1f} s  {'seen' if one.seen else 'MISSING'}")
    click.echo(f"{'':4} {'all scenes':{width}}  {sum(one.seconds for one in played):5.1f} s")

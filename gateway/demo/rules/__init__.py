# SPDX-License-Identifier: GPL-3.0-or-later
"""``make story``: the rules of a records office as short scenes, from real runs of two gateways.

A scene is a module with a `SCENE`, and one line in `SCENES`.  It sends what it needs itself, acts in the registries
only, and checks what it shows; scenes play one after the other on the same two offices.
"""

from gateway.demo.rules import (
    access,
    corrections,
    dates,
    directories,
    drafts,
    links,
    organisations,
    originals,
    papers,
    receiving,
    registers,
    second_thoughts,
    tasks,
    telling,
)
from gateway.demo.rules.stage import Scene

SCENES: tuple[Scene, ...] = (
    receiving.SCENE,
    telling.SCENE,
    papers.SCENE,
    tasks.SCENE,
    corrections.SCENE,
    second_thoughts.SCENE,
    organisations.SCENE,
    access.SCENE,
    dates.SCENE,
    originals.SCENE,
    links.SCENE,
    directories.SCENE,
    drafts.SCENE,
    registers.SCENE,
)

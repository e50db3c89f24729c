# SPDX-License-Identifier: GPL-3.0-or-later
"""What the two offices have agreed for the scenes: the demo's offices, with every rule that a scene needs."""

from collections.abc import Sequence

from gateway.demo.offices import PARTNERS, DemoOffice
from gateway.demo.rules.stage import Scene

REGISTERED_SECONDS = 3  # between the sending and the registration there; seconds in the place of a day

LIMITS = f"""
[partner.time_limits]
registered = "{REGISTERED_SECONDS} s"
"""
# After the rules of the scenes, because the first that fits counts.
FOR_ALL = """
[[receive]]
name = "an addressee nobody knows"
unknown_addressee = "wait"

[[report]]
fields = ["text", "note", "category", "controller", "progress", "resume", "executor_text", "status", "files"]
"""


def agree(us: DemoOffice, them: DemoOffice, scenes: Sequence[Scene]) -> None:
    """Write *us*'s partners.toml with the rules of *scenes*."""
    partner = PARTNERS.partition("[[report]]")[0].format(them=them)
    own = "".join(f"\n# {scene.title}\n{scene.rules[us.name]}" for scene in scenes if us.name in scene.rules)
    (us.home / "partners.toml").write_text(partner + LIMITS + own + FOR_ALL, encoding="utf-8")

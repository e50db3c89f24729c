# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateway must never lose, taken away by name in an office's own process: the harness must then complain."""

from collections.abc import Callable
from typing import Any

from gateway.ports import Failpoint


def apply(name: str, failpoint: Failpoint) -> None:
    """Take *name* away in this process; an empty name takes nothing."""
    if name:
        SABOTAGES[name](failpoint)


SABOTAGES: dict[str, Callable[[Any], None]] = {}

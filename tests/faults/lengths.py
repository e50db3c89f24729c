# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is tried: a representative part in `make test`, everything with GATEWAY_FAULTS=long."""

import os
from collections.abc import Sequence
from typing import TypeVar

LONG = os.environ.get("GATEWAY_FAULTS") == "long"
Item = TypeVar("Item")


def some(items: Sequence[Item], many: int) -> Sequence[Item]:
    """Return *many* of *items*, evenly spread with the first and the last; all of them in the long run."""
    if LONG or len(items) <= many:
        return items
    if many == 1:
        return items[len(items) // 2 :][:1]
    last = len(items) - 1
    return [items[round(step * last / (many - 1))] for step in range(many)]

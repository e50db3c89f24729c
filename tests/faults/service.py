# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway as a process of its own, with breaks and a clock that the test has in its hands.

``python -m tests.faults.service GATEWAY.TOML ORDERS.JSON``: the same `run_service` as ``edms-gateway run``.  The orders
name the folder of the `Breaks`, its actions, and the file of the `ShiftedClock`; both go on into the workers.
"""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.logs import configure_logs
from gateway.node import Node, place_of
from gateway.run import run_service
from gateway.settings_files import load
from tests.faults.breaks import Breaks


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """The machine's clock, moved by the seconds written in a file: a killed process keeps its time."""

    file: Path

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self.file.read_text() or 0))

    def shift(self, seconds: float) -> None:
        """Let every process see a clock that is *seconds* ahead of the machine's."""
        aside = self.file.with_suffix(".new")
        aside.write_text(str(seconds))
        aside.replace(self.file)


@dataclass(frozen=True, slots=True)
class Orders:
    """What a `service` is told by its test; lies in a file, so a restarted one is told the same."""

    breaks: Breaks
    clock: ShiftedClock

    def write(self, path: Path) -> None:
        told = {
            "folder": str(self.breaks.folder),
            "actions": [[name, hit, action] for (name, hit), action in self.breaks.actions.items()],
            "clock": str(self.clock.file),
            "armed": str(self.breaks.armed or ""),
        }
        path.write_text(json.dumps(told))

    @classmethod
    def read(cls, path: Path) -> "Orders":
        told = json.loads(path.read_text())
        actions = {(name, hit): action for name, hit, action in told["actions"]}
        armed = Path(told["armed"]) if told.get("armed") else None
        return cls(Breaks(Path(told["folder"]), actions, armed), ShiftedClock(Path(told["clock"])))


def main(config: Path, orders: Orders) -> None:
    def ready(node: Node) -> None:
        print("ready:", *(place_of(door) for door in node.listeners), file=sys.stderr, flush=True)

    configure_logs()
    run_service(lambda: load(config), clock=orders.clock, failpoint=orders.breaks, ready=ready)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Orders.read(Path(sys.argv[2])))

# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway as a process of its own whose watchdog loses patience soon, and which hangs where the test wants.

``python -m tests.edge.hurried_service GATEWAY.TOML HANGS``: the same `run_service` as ``edms-gateway run``; whoever
comes by the failpoint that the file HANGS names stays there for ever.
"""

import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from gateway.logs import configure_logs
from gateway.run import run_service
from gateway.settings_files import load

HURRY = 60  # minutes are seconds


@dataclass(frozen=True, slots=True)
class Hangs:
    """A failpoint that never returns where the file says so."""

    file: Path

    def __call__(self, name: str) -> None:
        if self.file.exists() and self.file.read_text() == name:
            threading.Event().wait()


def main(config: str, hangs: str) -> None:
    configure_logs()
    run_service(lambda: load(Path(config)), failpoint=Hangs(Path(hangs)), hurry=HURRY)


if __name__ == "__main__":
    main(*sys.argv[1:])

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failpoint does under test, in whatever process it is hit.

Production code calls ``failpoint("accept:committed")``; in production that is `gateway.ports.nothing_fails`.  A
`Breaks` counts every hit in a folder shared by all processes of a gateway and breaks the hits it was told to: the dry
run of a scenario lists what it hits, then the driver breaks hit 1, 2, 3 … of every name, as SQLite's fault loops do.
A count survives the process it killed, so a break happens once.
"""

import errno
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class Broken(RuntimeError):
    """What the action "raise" raises."""


@dataclass(frozen=True, slots=True)
class Breaks:
    """A `gateway.ports.Failpoint`; goes into other processes by pickle."""

    folder: Path  # one file a name, one byte a hit
    actions: Mapping[tuple[str, int], str] = field(default_factory=dict)  # (name, which hit from 1) → action

    def __call__(self, name: str) -> None:
        action = self.actions.get((name, self._counted(name)))
        if action is not None:
            act(action)

    def hits(self) -> dict[str, int]:
        """Return how often each name was hit so far."""
        return {file.name: file.stat().st_size for file in sorted(self.folder.iterdir())}

    def _counted(self, name: str) -> int:
        """Count a hit of *name*; return which one it is, whatever process asks."""
        counter = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(counter, b".")
            return os.lseek(counter, 0, os.SEEK_CUR)
        finally:
            os.close(counter)


def act(action: str) -> None:
    """Do what *action* says: "kill", "raise", "enospc", "eio", or "delay:SECONDS"; raises ValueError for another."""
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "raise":
        raise Broken("a failpoint was told to")
    elif action == "enospc":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    elif action == "eio":
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    elif action.startswith("delay:"):
        time.sleep(float(action.partition(":")[2]))
    else:
        raise ValueError(f"no failpoint can {action!r}")

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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path


class Broken(RuntimeError):
    """What the action "raise" raises."""


@dataclass(frozen=True, slots=True)
class Breaks:
    """A `gateway.ports.Failpoint`; goes into other processes by pickle."""

    folder: Path  # one file a name, one byte a hit
    actions: Mapping[tuple[str, int], str] = field(default_factory=dict)  # (name, which hit from 1) → action
    armed: Path | None = None  # a file of more actions, which a test changes while the processes run: see `arm`

    def __call__(self, name: str) -> None:
        hit = self._counted(name)
        action = self.actions.get((name, hit)) or self._armed(name, hit)
        if action is not None:
            if self.armed is not None:
                _append(self._fired, f"{name} {hit} {action}\n")
            act(action)

    def hits(self) -> dict[str, int]:
        """Return how often each name was hit so far, or since the last `arm`."""
        return {file.name: file.stat().st_size for file in sorted(self.folder.iterdir())}

    def arm(self, *breaks: tuple[str, int, str]) -> None:
        """Forget every hit, and from now on break these (name, hit, action) and no others."""
        assert self.armed is not None
        self._say("")
        for file in self.folder.iterdir():
            file.unlink()
        self._fired.unlink(missing_ok=True)
        self._say("".join(f"{name} {hit} {action}\n" for name, hit, action in breaks))

    def fired(self) -> list[str]:
        """Return the names that broke since the last `arm`."""
        return [line.split()[0] for line in self._fired.read_text().splitlines()] if self._fired.exists() else []

    @property
    def _fired(self) -> Path:
        assert self.armed is not None
        return self.armed.with_suffix(".fired")

    def _armed(self, name: str, hit: int) -> str | None:
        if self.armed is None:
            return None
        return next((action for one, which, action in self._told() if (one, which) == (name, hit)), None)

    def _told(self) -> Iterator[tuple[str, int, str]]:
        assert self.armed is not None
        for line in self.armed.read_text().splitlines():
            name, hit, action = line.split()
            yield name, int(hit), action

    def _say(self, words: str) -> None:
        assert self.armed is not None
        aside = self.armed.with_suffix(".new")
        aside.write_text(words)
        aside.replace(self.armed)

    def _counted(self, name: str) -> int:
        """Count a hit of *name*; return which one it is, whatever process asks."""
        return _append(self.folder / name, ".")


def _append(path: Path, words: str) -> int:
    """Add *words* to a file in one write; return where it ends now."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(file, words.encode())
        return os.lseek(file, 0, os.SEEK_CUR)
    finally:
        os.close(file)


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

# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a package that the journal has: archived, left or deleted; whatever is cut short is done again.

A sidecar goes before its directory, for the directory is known without it.  A flat package is no more known once a
file of it is gone: what is to go is written down first, and finished before the folder is looked at again.  Nothing is
ever overwritten, and nothing outside the folder is touched.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG
from typing import Literal

from gateway.inbound.folder.finding import Found
from gateway.journal.blobs import sync
from gateway.ports import Failpoint, nothing_fails

TRASH = ".edms-gateway-"  # of a directory that is being deleted; no package begins so
PLAN = ".edms-gateway.away-"  # of a flat package that is being put away; it lists what is to go
MAX_PLAN = 4 << 20  # LIMIT: characters of a plan; an envelope lists at most 1 000 files that are taken
MOST = 10_000  # LIMIT: packages of one name in the archive of one day


@dataclass(frozen=True, slots=True)
class PuttingAway:
    path: Path
    after: Literal["archive", "leave", "delete"]
    archive: Path | None
    failpoint: Failpoint = nothing_fails

    def __call__(self, found: Found, today: date) -> None:
        """Put *found* away; raises OSError, and may be called again."""
        if self.after == "leave":
            return
        day = None
        if self.after == "archive":
            assert self.archive is not None  # the settings saw to it
            day = self.archive / today.isoformat()
            day.mkdir(parents=True, exist_ok=True)
        if found.flat and (found.sidecar is not None or len(found.files) > 1):
            self._flat(found, day)
        elif day is not None:
            self._archived(found, day)
        else:
            self._deleted(found)
        if day is not None:
            sync(day)
        sync(self.path)

    def tidy(self) -> None:
        """Finish what was cut short; raises OSError."""
        if self.after == "delete":
            for path in self.path.glob(f"{TRASH}*"):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
        if self.after != "leave":
            for path in sorted(self.path.glob(f"{PLAN}*")):
                if path.is_file() and not path.is_symlink():
                    self._carried_out(path)

    def _flat(self, found: Found, day: Path | None) -> None:
        place = self._place_of(day, found) if day else None
        files = (*found.files, found.sidecar) if found.sidecar else found.files
        rows = [(os.fsencode(file.name).hex(), file.size, file.mtime_ns) for file in files]
        plan = self.path / f"{PLAN}{sha256(os.fsencode(found.name)).hexdigest()[:32]}"
        part = plan.with_name(f"{TRASH}part")
        part.unlink(missing_ok=True)
        with part.open("x") as file:  # never through a link that somebody else put there
            json.dump({"to": f"{place.parent.name}/{place.name}" if place else "", "files": rows}, file)
        sync(part)
        part.rename(plan)
        sync(self.path)
        self._carried_out(plan)

    def _carried_out(self, plan: Path) -> None:
        """Put away what *plan* names and what is still the same; what is not came later."""
        place, files = self._read(plan)
        for name, size, mtime_ns in files:
            with suppress(FileNotFoundError):
                known = (self.path / name).lstat()
                if not S_ISREG(known.st_mode) or (known.st_size, known.st_mtime_ns) != (size, mtime_ns):
                    continue
                if place:
                    self._moved(self.path / name, place, name)
                else:
                    self._removed(name)
        if place:
            sync(place)
        self.failpoint("folder:step")
        plan.unlink()

    def _read(self, plan: Path) -> tuple[Path | None, list[tuple[str, int, int]]]:
        """Return where the files of *plan* go, and which; nothing when it is none of ours.  Raises OSError.

        Whoever may write into the folder can write a plan, so it names files of the folder and the archive alone.
        """
        try:
            descriptor = os.open(plan, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor) as file:
                said = json.loads(file.read(MAX_PLAN))
            files = [(os.fsdecode(bytes.fromhex(name)), int(size), int(time)) for name, size, time in said["files"]]
            steps = str(said["to"]).split("/")
        except (ValueError, TypeError, KeyError, RecursionError):
            return None, []
        names = [*steps, *(name for name, _, _ in files)]
        if any("/" in name or "\0" in name or name in (".", "..") for name in names):
            return None, []
        if self.archive is None or self.after != "archive":
            return None, files if steps == [""] else []
        self.archive.stat()  # one that is away is no reason to forget the plan
        place = self.archive.joinpath(*steps)
        return (place, files) if len(steps) == 2 and place.is_dir() else (None, [])

    def _archived(self, found: Found, day: Path) -> None:
        if found.sidecar is not None:
            self._moved(self.path / found.sidecar.name, day, found.sidecar.name)
        self._moved(self.path / found.name, day, found.name)

    def _place_of(self, day: Path, found: Found) -> Path:
        """Return the directory for a flat package: an empty one of an archiving cut short, or a fresh one.

        A sidecar by itself joins the package that was taken without it.
        """
        for name in _free_names(os.path.splitext(found.name)[0]):
            place = day / name
            with suppress(FileExistsError):
                place.mkdir()
                return place
            if place.is_symlink() or not place.is_dir():
                continue
            if not os.listdir(place) or not (found.files or os.path.lexists(place / found.name)):
                return place
        raise FileExistsError(17, "the archive is full of packages of one name", str(day))

    def _deleted(self, found: Found) -> None:
        if found.flat:
            self._removed(found.name)
            return
        if found.sidecar is not None:
            self._removed(found.sidecar.name)
        trash = self.path / f"{TRASH}{os.urandom(8).hex()}"
        self.failpoint("folder:step")
        (self.path / found.name).rename(trash)
        self.failpoint("folder:step")
        shutil.rmtree(trash)

    def _removed(self, name: str) -> None:
        self.failpoint("folder:step")
        (self.path / name).unlink(missing_ok=True)

    def _moved(self, origin: Path, day: Path, name: str) -> None:
        """Rename *origin* into *day* under a free name; one that is gone was moved before."""
        for free in _free_names(name):
            if not os.path.lexists(day / free):
                self.failpoint("folder:step")
                with suppress(FileNotFoundError):
                    origin.rename(day / free)
                return
        raise FileExistsError(17, "the archive is full of packages of one name", str(day))


def _free_names(name: str) -> Iterator[str]:
    """Yield ``name.ext``, ``name.2.ext``, ``name.3.ext`` …"""
    stem, extension = os.path.splitext(name)
    yield name
    for number in range(2, MOST):
        yield f"{stem}.{number}{extension}"

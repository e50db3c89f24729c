# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders and files of ours: whether they can be written, whether there is room, who else may read them."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_IROTH, S_IWGRP, S_IWOTH, S_IXOTH, filemode

from gateway.doctor.finding import Finding, bad, good, skipped, warning
from gateway.inbound.accept import MIN_FREE_BYTES
from gateway.settings import Settings

FEW_BYTES = 4 * MIN_FREE_BYTES
FEW_FILES = 1_000  # LIMIT: below so many free inodes no letter is worth starting with
SQLITE = "sqlite:///"


def examined(settings: Settings, config: Path) -> tuple[Finding, ...]:
    """Look at every folder that the service writes into, and at the files that hold secrets."""
    found = [one for name, folder in _folders(settings) for one in _folder(name, folder)]
    modes = tuple(_modes(settings, config))
    return (*found, *(modes or (good("file modes", "documents, journal and configuration are closed to others"),)))


def _folders(settings: Settings) -> Iterator[tuple[str, Path]]:
    journal = _journal_file(settings)
    if journal is not None:
        yield "journal", journal.parent
    yield "letters", settings.journal.blobs
    yield "files of the EDMS", settings.edms.files


def _journal_file(settings: Settings) -> Path | None:
    url = settings.journal.url
    return Path(url.removeprefix(SQLITE).partition("?")[0]) if url.startswith(SQLITE) else None


def _folder(name: str, folder: Path) -> Iterator[Finding]:
    place = next((step for step in (folder, *folder.parents) if step.exists()), folder)
    if not os.access(place, os.W_OK | os.X_OK):
        said = f"{place} cannot be written by this user"
        yield bad(f"folder of the {name}", said, f"chown it to the user of the service: {place}")
    elif place != folder:
        yield skipped(f"folder of the {name}", f"{folder} is not there yet; the service makes it")
    volume = os.statvfs(place)
    yield _room(name, place, volume.f_bavail * volume.f_frsize)
    if volume.f_files and volume.f_favail < FEW_FILES:
        said = f"{volume.f_favail} more files can be made on the volume of {place}"
        yield bad(f"inodes for the {name}", said, "delete what is not needed there, or give it a volume of its own")


def _room(name: str, place: Path, free: int) -> Finding:
    tried, said = f"room for the {name}", f"{_amount(free)} free at {place}"
    remedy = "make room: edms-gateway purge gives up the bytes of old letters, or give the folder a volume of its own"
    if free < MIN_FREE_BYTES:
        return bad(tried, f"{said}; below {_amount(MIN_FREE_BYTES)} no letter is taken", remedy)
    if free < FEW_BYTES:
        return warning(tried, f"{said}; below {_amount(MIN_FREE_BYTES)} no letter is taken", remedy)
    return good(tried, said)


def _amount(octets: int) -> str:
    return f"{octets / (1 << 30):.1f} GiB" if octets >= 1 << 30 else f"{octets >> 20} MiB"


def _modes(settings: Settings, config: Path) -> Iterator[Finding]:
    """Secrets that all may read are refused with the configuration; here is what else should be nobody's business."""
    private = [path for path in (_journal_file(settings), settings.journal.blobs, settings.edms.files) if path]
    open_to_all = [path for path in private if path.exists() and path.stat().st_mode & (S_IROTH | S_IWOTH)]
    for path in open_to_all:
        if path.parent.stat().st_mode & S_IXOTH:  # else nobody gets that far
            said = f"{path} is {filemode(path.stat().st_mode)}: everybody on this machine may read documents"
            yield warning("file modes", said, f"chmod o-rwx {path}")
    if config.exists() and config.stat().st_mode & (S_IWGRP | S_IWOTH):
        said = f"{config} is {filemode(config.stat().st_mode)}: others may change whom we believe"
        yield bad("file modes", said, f"chmod go-w {config}")

# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine: the service itself, and the disks it keeps letters on."""

import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

from gateway.causes.cause import Cause
from gateway.causes.look import Look
from gateway.inbound.accept import MIN_FREE_BYTES
from gateway.running import how_to_start

LOW = 4 * MIN_FREE_BYTES  # from here on it is said that there will soon be no room


def service(look: Look) -> Iterator[Cause]:
    if not look.running:
        yield Cause(
            "service",
            "the service does not run",
            None,
            "",
            how_to_start(look.settings.journal.blobs),
        )


def disks(look: Look) -> Iterator[Cause]:
    blobs = look.journal.blobs
    if blobs.sick:
        remedy = f"look at the disk, then: rm {blobs.mark}"
        yield Cause("disk:sick", "no letters are taken: a disk failed", None, blobs.sick, remedy)
    for folder in sorted(set(look.journal.folders)):
        free = shutil.disk_usage(folder).free
        if free < LOW:
            full = free < MIN_FREE_BYTES
            what = "no letters are taken: the disk is full" if full else "the disk is nearly full"
            said = f"{free >> 20} MiB are free, below {MIN_FREE_BYTES >> 20} MiB none are taken"
            remedy = f"make room: df -h {folder}; edms-gateway purge gives up old letters"
            yield Cause(f"disk:{folder}", f"{what}: {folder}", None, said, remedy, serious=full)


def is_running(blobs: Path) -> bool:
    """Say whether a node of this machine has the journal: it holds the lock in the folder of large letters."""
    try:
        with (blobs / "node.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False

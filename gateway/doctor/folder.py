# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders that packages come and go by: whether they are there and can be used; changes nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

from gateway.doctor.finding import Finding, bad, good, warning
from gateway.settings import ChannelSettings, FolderSettings

MANY = 10_000  # LIMIT: things in a folder from which it is worth a word
OWN = "chown it to the user of the service, or make that user a member of its group"


def examined(folder: FolderSettings) -> tuple[Finding, ...]:
    """Look at a folder that packages are taken from, and at its archive."""
    return tuple(_incoming(folder))


def examined_out(channel: ChannelSettings) -> tuple[Finding, ...]:
    """Look at the folder that the letters of *channel* go into."""
    assert channel.folder_out is not None
    return tuple(_there(channel.folder_out.path, os.R_OK | os.W_OK | os.X_OK))


def _incoming(folder: FolderSettings) -> Iterator[Finding]:
    needed = os.R_OK | os.X_OK | (0 if folder.after == "leave" else os.W_OK)
    found = list(_there(folder.path, needed))
    yield from found
    if folder.archive is None or not folder.path.is_dir():
        return
    place = next((step for step in (folder.archive, *folder.archive.parents) if step.exists()), folder.archive)
    if not os.access(place, os.W_OK | os.X_OK):
        yield bad("archive", f"{place} cannot be written by this user", OWN)
    elif place.stat().st_dev != folder.path.stat().st_dev:
        said = f"{folder.archive} is on another volume than {folder.path}: nothing can be renamed into it"
        yield bad("archive", said, "name a folder of the same volume in archive")
    else:
        yield good("archive", str(folder.archive))


def _there(path: Path, needed: int) -> Iterator[Finding]:
    if not path.is_dir():
        said = f"{path} is not there" if not path.exists() else f"{path} is no folder"
        yield bad("folder", said, "mount it, make it, or mend path; the gateway never makes it", away=True)
        return
    if not os.access(path, needed):
        yield bad("folder", f"{path} cannot be {_done(needed)} by this user", OWN)
        return
    number = 0
    with os.scandir(path) as entries:
        for number, _ in enumerate(entries, 1):
            if number > MANY:
                break
    if number > MANY:
        said = f"{path} holds more than {MANY} things: every look at it takes long"
        yield warning("folder", said, "let whoever takes from it take, or archive what is old")
    else:
        yield good("folder", f"{path}, {number} things in it")


def _done(needed: int) -> str:
    return "written" if needed & os.W_OK else "read"

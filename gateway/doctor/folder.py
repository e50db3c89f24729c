# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders that packages come and go by: whether they can be used, and what in them cannot; changes nothing."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from gateway.doctor.finding import Finding, Level, bad, good, skipped, warning
from gateway.doctor.patience import apart
from gateway.inbound.folder.looking import not_taken
from gateway.inbound.folder.whys import told
from gateway.settings import ChannelSettings, FolderSettings

MANY = 10_000  # LIMIT: things in a folder from which it is worth a word
OWN = "chown it to the user of the service, or make that user a member of its group"


async def examined(folder: FolderSettings, max_bytes: int, seconds: float, now: datetime) -> tuple[Finding, ...]:
    """Look at a folder that packages are taken from, at its archive, and at what in it cannot be taken."""
    found = await apart(lambda: tuple(_incoming(folder)), seconds)
    if any(one.tried == "folder" and one.level is Level.BAD for one in found):
        return found
    lately = now - folder.poll - folder.settle
    try:
        whys = await apart(lambda: list(not_taken(folder.path, folder.layout, max_bytes, lately, now)), seconds / 2)
    except TimeoutError:
        return (*found, skipped("packages", f"what lies there could not be looked into in {seconds / 2:g} s"))
    except OSError as error:
        return (*found, skipped("packages", error.strerror or type(error).__name__))
    if not whys:
        return found
    remedy = f"ls -la --full-time {folder.path}; whoever put them there completes them, or take them away"
    return tuple(
        replace(one, level=Level.WARNING, said=f"{one.said}; {told(whys)}", remedy=remedy)
        if one.tried == "folder"
        else one
        for one in found
    )


def examined_out(channel: ChannelSettings) -> tuple[Finding, ...]:
    """Look at the folder that the letters of *channel* go into."""
    assert channel.folder_out is not None
    found = _there(channel.folder_out.path, os.R_OK | os.W_OK | os.X_OK)
    if not channel.addresses_nobody:
        return tuple(found)
    said = "envelopes have no addressee, and a mail product of MEDO can send them to nobody"
    return (*found, warning("addressee", said, 'write "BOX~NODE" of the partner into to of [channel.folder_out]'))


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

# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing a sealed letter to a directory instead of a relay: the files of its package, the sidecar last.

All is written and synced out of sight (``.edms-gateway`` in the same directory), then renamed into place.  What is
ready is called ``NAME.whole``; as its things leave one by one, an empty one says for good that they all have left.  So
whatever moment a crash chooses, the package is delivered once, even when somebody has taken it by then: NAME follows
from the letter's bytes, which never change.
"""

import asyncio
import filecmp
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Literal
from uuid import UUID

from gateway.errors import Refused
from gateway.journal.blobs import Stored, sync
from gateway.mail.names import clean_name
from gateway.mail.split import Limits, split
from gateway.model import Content, Letter, Part, Sha256
from gateway.outbound.folder_sidecars import BadPackage, sidecar_of
from gateway.outbound.renaming import rename_new
from gateway.ports import Failpoint, Outcome, Phase, Posted, nothing_fails
from gateway.sidecars import env, ini

HIDDEN = ".edms-gateway"
REMEMBERED = timedelta(days=30)  # LIMIT: how long it is known that a package was delivered; longer than any retry
AGAIN = timedelta(seconds=15)  # LIMIT: added to each wait for files of the same name to be taken
MAX_NAME_BYTES = 255  # LIMIT: of a file name, of file systems
MAX_DECODED = 1 << 40  # LIMIT: none of ours; the letter is our own


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where packages go, and in which form."""

    path: Path
    layout: Literal["sev", "medo"]
    flat: bool = False
    to: str = ""  # what the sidecar names as addressee; empty: nobody


class Taken(Exception):
    """Something else has the name that a package needs."""


class FolderPost:
    """A `Post` by way of one directory; one package at a time."""

    def __init__(self, leaving: Leaving, failpoint: Failpoint = nothing_fails) -> None:
        self._leaving = leaving
        self._failpoint = failpoint
        self._lock = Lock()

    async def send(self, letter: Content, sender: str, recipient: str) -> Posted:
        """Put the package of *letter* there, once however often it is tried; addresses play no part."""
        return await asyncio.to_thread(self._send, letter)

    async def close(self) -> None:
        """There is nothing to take leave of."""

    def _send(self, letter: Content) -> Posted:
        path = self._leaving.path
        try:
            with self._lock:
                name = self._delivered(letter)
        except Taken as taken:
            return Posted(Outcome.TRY_LATER, Phase.REPLIED, None, f"folder {path}: {taken}"[:500], AGAIN)
        except (BadPackage, Refused) as error:
            return Posted(Outcome.REJECTED, Phase.DATA, None, f"not put into folder {path}: {error}"[:500])
        except OSError as error:
            words = f"folder {path}: {error.strerror or type(error).__name__}"
            return Posted(Outcome.TRY_LATER, Phase.CONNECT, None, words[:500])
        return Posted(Outcome.SENT, Phase.REPLIED, None, f"lies in {path} as {name}"[:500])

    def _delivered(self, letter: Content) -> str:
        """Deliver the package of *letter* and return its name; raises Taken, BadPackage and OSError."""
        rights = self._leaving.path.stat().st_mode
        hidden = self._leaving.path / HIDDEN
        with suppress(FileExistsError):
            hidden.mkdir(mode=0o700)
            sync(self._leaving.path)
        name = str(UUID(letter.sha256[:32]))
        whole = hidden / f"{name}.whole"
        if not whole.exists():
            _forget_old(hidden)
            self._written(letter, name, whole, rights)
        self._failpoint("folder-out:whole")
        self._left(whole)
        return name

    def _written(self, letter: Content, name: str, whole: Path, rights: int) -> None:
        """Make *whole*: everything that will leave, synced."""
        part = whole.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        try:
            package = part if self._leaving.flat else part / name
            package.mkdir(exist_ok=True)
            sinks = _Sinks(part)
            opened = split(letter.blocks(), sinks.sink, Limits(max_decoded_bytes=MAX_DECODED, max_parts=100_000))
            self._failpoint("folder-out:split")
            files = self._named(opened, package)
            self._sidecar(opened, files, name, part, package)
            for path in (*_walk(part), part):
                if path.is_file():
                    path.chmod(rights & 0o666)
                elif path != part:
                    path.chmod(rights & 0o7777)
                sync(path)
            self._failpoint("folder-out:written")
            part.rename(whole)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        sync(whole.parent)

    def _named(self, letter: Letter, package: Path) -> dict[str, Content]:
        """Give every file of the package its name; the text for people stays behind."""
        files: dict[str, Content] = {}
        for part in letter.parts:
            if not part.name and part.media_type == "text/plain":
                _path_of(part).unlink()
                continue
            name = file_name(part.name)
            if name.casefold() in map(str.casefold, files):
                raise BadPackage("two of its files have one name")
            _path_of(part).rename(package / name)
            files[name] = Stored(package / name, part.content.size, part.content.sha256)
        return files

    def _sidecar(self, letter: Letter, files: dict[str, Content], name: str, part: Path, package: Path) -> None:
        """Write the sidecar, or give the one that the dialect brought its place."""
        made = sidecar_of(letter, files, name, self._leaving.layout, self._leaving.to, flat=self._leaving.flat)
        if made.instead_of:
            (package / made.instead_of).unlink()
        place = (part if self._leaving.layout == "sev" else package) / made.name
        if place.exists():
            raise BadPackage("a file of it has the name of its envelope")
        place.write_bytes(made.data)

    def _left(self, whole: Path) -> None:
        """Rename into place what has not left yet, the sidecar last; nothing is overwritten.  Raises Taken."""
        sidecars = (f"{whole.stem}{env.SUFFIX}", f"{whole.stem[:8]}{ini.SUFFIXES[0]}")
        names = sorted(os.listdir(whole), key=lambda name: (name in sidecars, name))
        for name in names:
            if self._occupied(whole / name):
                raise Taken("the name of a package is taken by something else")
        for name in names:
            _moved(whole / name, self._leaving.path / name)
            self._failpoint("folder-out:moved")
            sync(self._leaving.path)
        sync(whole)

    def _occupied(self, origin: Path) -> bool:
        """Say whether something else has the name of *origin*; what is the same was put there by an earlier try."""
        target = self._leaving.path / origin.name
        if not os.path.lexists(target):
            return False
        if target.is_symlink():
            return True
        return not (os.path.samefile(origin, target) if self._leaving.flat else _same(origin, target))


def file_name(name: str) -> str:
    """Return *name* as it can be given to a file; only what cannot be one at all is changed."""
    plain = name not in ("", ".", "..") and not any(letter in "/\\" or ord(letter) < 32 for letter in name)
    hidden = name.startswith(HIDDEN)
    return name if plain and not hidden and len(name.encode()) <= MAX_NAME_BYTES else clean_name(name)


def _moved(origin: Path, target: Path) -> None:
    """Rename *origin* to *target* without ever replacing anything; raises Taken."""
    if os.path.lexists(target):  # the same as ours
        aside = origin.parent.with_suffix(".part")
        origin.rename(aside)
        shutil.rmtree(aside) if aside.is_dir() else aside.unlink()
        return
    try:
        rename_new(origin, target)
    except FileExistsError as error:
        raise Taken("the name of a package is taken by something else") from error


def _same(one: Path, other: Path) -> bool:
    """Say whether two files, or two directories of files, have the same bytes under the same names."""
    if one.is_dir() != other.is_dir():
        return False
    if not one.is_dir():
        return other.is_file() and filecmp.cmp(one, other, shallow=False)
    names = sorted(os.listdir(one))
    if names != sorted(os.listdir(other)):
        return False
    return all(not (other / name).is_symlink() and _same(one / name, other / name) for name in names)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield everything below *folder*, files before the directory they lie in."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from _walk(path)
        yield path


def _forget_old(hidden: Path) -> None:
    """Remove the traces of what was delivered long ago, and what crashes left half written.

    The age is counted to the last time that something was put here.
    """
    newest = hidden.stat().st_mtime
    for path in hidden.iterdir():
        with suppress(OSError):
            if newest - path.stat().st_mtime > REMEMBERED.total_seconds():
                shutil.rmtree(path) if path.suffix == ".part" else path.rmdir()


def _path_of(part: Part) -> Path:
    assert isinstance(part.content, Stored)  # from our own sinks
    return part.content.path


class _Sinks:
    """Sinks that write into files of one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._number = 0

    def sink(self) -> "_FileSink":
        self._number += 1
        return _FileSink(self._directory / f".{self._number}")


class _FileSink:
    """A `Sink` in a file of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO = path.open("xb")
        self._digest = sha256()
        self._size = 0

    def write(self, block: bytes) -> None:
        self._file.write(block)
        self._digest.update(block)
        self._size += len(block)

    def close(self) -> Content:
        self._file.close()
        return Stored(self._path, self._size, Sha256(self._digest.hexdigest()))

    def discard(self) -> None:
        with suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)

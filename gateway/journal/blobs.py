# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters as bytes: small ones go into the journal's rows, large ones into files named by their SHA-256.

Order of a large one: write → fsync → rename → fsync directory → (the caller's) row.  So a file without a row is an
orphan, whose sender tries again, and a row without its file cannot be.  A failed fsync is never repeated: the kernel
may have dropped the pages and the second call would lie; the file is given up and the volume is marked: a file named
``SICK`` that every process sees, a restarted one too, until a person removes it.  Knows nothing of rows.
"""

import os
import shutil
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from errno import EIO
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, cast

from gateway.content import BLOCK, Held
from gateway.model import Content, Sha256, Sink
from gateway.ports import Failpoint, nothing_fails

SICK = "SICK"  # the mark: beside the letters, with what the disk said
ORPHAN_AGE = timedelta(days=1)  # LIMIT: younger files may still get their row
INLINE = 128 * 1024  # LIMIT: bytes; letters up to this size live in the row, larger ones in a file


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes that survive a power failure once their row is committed."""

    sha256: Sha256
    size: int  # bytes
    inline: bytes | None  # None: they lie in a file


@dataclass(frozen=True, slots=True)
class Stored:
    """A `Content` in a file of its own."""

    path: Path
    size: int
    sha256: Sha256

    def blocks(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while block := file.read(BLOCK):
                yield block


class _Spool:
    """A `Sink`: memory up to `INLINE`, then a temporary file; the digest is made on the way."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._digest = sha256()
        self._size = 0
        self._memory = bytearray()
        self._file: Any = None  # Any: tempfile's wrapper has no public type
        self._content: Content | None = None

    def write(self, block: bytes) -> None:
        if self._content is not None:
            raise ValueError("the sink is closed")
        self._digest.update(block)
        self._size += len(block)
        if self._file is None and self._size > INLINE:
            self._file = NamedTemporaryFile(dir=self._directory, delete=False)  # noqa: SIM115  (closed by close, discard)
            self._file.write(self._memory)
            self._memory.clear()
        if self._file is None:
            self._memory += block
        else:
            self._file.write(block)

    def close(self) -> Content:
        if self._content is None:
            self._content = self._finished()
        return self._content

    def _finished(self) -> Content:
        if self._file is None:
            return Held(bytes(self._memory))
        self._file.close()
        return Stored(Path(self._file.name), self._size, Sha256(self._digest.hexdigest()))

    def discard(self) -> None:
        self._memory.clear()
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            Path(self._file.name).unlink(missing_ok=True)


class Scratch:
    """Sinks for things that are not needed for long: when the block ends, what they hold is thrown away."""

    def __init__(self, new_sink: Callable[[], Sink]) -> None:
        self._new_sink = new_sink
        self._sinks: list[Sink] = []

    def sink(self) -> Sink:
        self._sinks.append(self._new_sink())
        return self._sinks[-1]

    def __enter__(self) -> "Scratch":
        return self

    def __exit__(self, *error: object) -> None:
        for sink in self._sinks:
            sink.discard()


class Blobs:
    """The files of one journal: ``spool/`` for what arrives, ``sha256/ab/cd…`` for what stays."""

    def __init__(self, directory: Path, failpoint: Failpoint = nothing_fails) -> None:
        self.directory = directory
        self._spool = directory / "spool"
        self._kept = directory / "sha256"
        self._failpoint = failpoint
        self._mark = directory / SICK
        self._sick = ""  # only when the mark could not be written
        for folder in (directory, self._spool, self._kept):
            _make(folder)
        self._sync(directory)

    @property
    def sick(self) -> str:
        """Why this volume takes nothing more, or empty."""
        try:
            return self._mark.read_text() or "marked by hand"
        except FileNotFoundError:
            return self._sick
        except OSError as error:
            return str(error)

    @property
    def mark(self) -> Path:
        """The file that says so; whoever removes it says that the disk is well again."""
        return self._mark

    def give_up(self, why: str) -> None:
        """Mark the volume, once: a sync failed, and nothing more is taken."""
        try:
            with self._mark.open("x") as file:
                file.write(why)
        except FileExistsError:
            pass
        except OSError:
            self._sick = why

    def sink(self) -> Sink:
        """Return an empty sink; what it becomes is temporary until `keep`."""
        return _Spool(self._spool)

    def scratch(self) -> Scratch:
        """Return sinks whose contents vanish when the block ends."""
        return Scratch(self.sink)

    def keep(self, content: Content) -> Kept:
        """Make *content* survive a power failure; call it before the transaction that writes its row.

        A spooled file is renamed, not copied, so the `Content` of its sink is spent.
        Raises OSError when the disk is full or sick; then nothing is kept.
        """
        if content.size <= INLINE:
            return Kept(content.sha256, content.size, b"".join(content.blocks()))
        if sick := self.sick:
            raise OSError(EIO, f"no more letters are taken since: {sick}")
        target = self._path(content.sha256)
        if self._present(target, content.size):
            if self._is_spooled(content):
                cast(Stored, content).path.unlink(missing_ok=True)
        else:
            self._place(self._settled(content), target)
        return Kept(content.sha256, content.size, None)

    def open(self, digest: Sha256, size: int) -> Content:
        """Return the kept bytes; raises OSError when they are absent or have another size."""
        path = self._path(digest)
        found = path.stat().st_size
        if found != size:
            raise OSError(EIO, f"{path} has {found} bytes, {size} were kept")
        return Stored(path, size, digest)

    def content(self, kept: Kept) -> Content:
        """Return the bytes behind *kept*."""
        return Held(kept.inline) if kept.inline is not None else self.open(kept.sha256, kept.size)

    def link_into(self, other: "Blobs", digest: Sha256, size: int) -> Path:
        """Put the kept bytes also under *other*, by a hard link where one volume has both, and return their path.

        Kept bytes are never written again, so a link is as good as a copy.  Raises OSError like `open`.
        """
        self.open(digest, size)
        target = other._path(digest)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            os.link(self._path(digest), target)
        except OSError:
            shutil.copyfile(self._path(digest), target)
        return target

    def sweep(self, older_than: datetime, known: Container[str]) -> int:
        """Remove files last touched before *older_than* whose digest is not in *known*; return how many.

        *older_than* must leave the time between `keep` and its row (an hour is plenty): younger files are not judged.
        """
        limit = older_than.timestamp()
        orphans = [path for path in self._spool.iterdir() if _touched(path) < limit]
        for path in orphans:
            path.unlink(missing_ok=True)
        swept = sum(self._sweep(path, limit, known) for path in self._kept.glob("??/*") if _touched(path) < limit)
        return len(orphans) + swept

    def orphans(self, older_than: datetime, known: Container[str]) -> tuple[Path, ...]:
        """Return what `sweep` would remove, and leave it there."""
        limit = older_than.timestamp()
        spooled = [path for path in self._spool.iterdir() if _touched(path) < limit]
        kept = [path for path in self._kept.glob("??/*") if path.name not in known and _touched(path) < limit]
        return (*sorted(spooled), *sorted(kept))

    # --- how

    def _path(self, digest: Sha256) -> Path:
        return self._kept / digest[:2] / digest

    def _is_spooled(self, content: Content) -> bool:
        return isinstance(content, Stored) and content.path.parent == self._spool

    def _present(self, target: Path, size: int) -> bool:
        """Say whether *target* is there, touching it so that no sweep takes it before its new row is written."""
        try:
            if target.stat().st_size != size:
                return False
            os.utime(target)
        except FileNotFoundError:
            return False
        self._sync(target.parent)  # whoever placed it may have died before doing so
        self._sync(self._kept)
        return True

    def _settled(self, content: Content) -> Path:
        """Return a spooled file of ours with the bytes of *content*."""
        if self._is_spooled(content):
            return cast(Stored, content).path
        sink = _Spool(self._spool)
        try:
            for block in content.blocks():
                sink.write(block)
            copy = sink.close()
            if copy.sha256 != content.sha256 or not isinstance(copy, Stored):
                raise OSError(EIO, f"the bytes known as {content.sha256} are not what they were")
        except BaseException:
            sink.discard()
            raise
        return copy.path

    def _place(self, path: Path, target: Path) -> None:
        try:
            self._failpoint("blob:before-fsync")
            self._sync(path)
            target.parent.mkdir(mode=0o700, exist_ok=True)
            self._failpoint("blob:before-rename")
            path.rename(target)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._failpoint("blob:before-dirsync")
        try:
            self._sync(target.parent)
            self._sync(self._kept)
        except OSError:
            target.unlink(missing_ok=True)  # else its next copy would be taken for one that is safe
            raise

    def _sync(self, path: Path) -> None:
        sync(path, self.give_up)

    def _sweep(self, path: Path, limit: float, known: Container[str]) -> bool:
        """Remove one orphan: aside first, then judged again, so that a `keep` of this very moment wins."""
        if path.name in known:
            return False
        aside = self._spool / f"swept-{path.name}"
        try:
            path.rename(aside)
        except FileNotFoundError:
            return False
        if _touched(aside) >= limit or path.name in known:
            aside.rename(path)
            return False
        aside.unlink()
        return True


def sync(path: Path, give_up: Callable[[str], None] | None = None) -> None:
    """Bring *path* onto the disk: a file its bytes, a folder its names.

    When the disk fails to, *give_up* hears why before OSError is raised; a file that is not there is no such failure.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if give_up is not None:
            give_up(f"{path}: {error}")
        raise
    finally:
        os.close(descriptor)


def _make(folder: Path) -> None:
    """Make *folder* and what is above it, each with its name on the disk."""
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync(folder.parent)


def _touched(path: Path) -> float:
    """Return when *path* was last written or kept again; a file that went away counts as new."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")

# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes of the cards: small ones in a column, large ones in a file store by path or in rows, streamed both ways.

Into the store: a temporary file, flushed to disk and read back, before the transaction begins; renamed and the
directory flushed before it commits.  What a crash leaves behind is an orphan that `sweep` removes.
Names in the store are made of the exchange id and the place in the document, so that a repeated attempt
replaces its own leavings; a sender's file name is never part of a path.  As a card shows it, it is made harmless.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from gateway.content import BLOCK, whole
from gateway.edms_adapter.sql.chunks import Chunks, InRows, Rows
from gateway.mail.names import clean_name
from gateway.model import Content, File, Sha256, Signature

TEMPORARY = ".part"
OURS = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{62}(\.[0-9a-f]{32}" + re.escape(TEMPORARY) + ")?")  # see `Store._write`
Wanted = tuple[str, File]  # the uid of the task a file belongs to (empty: the document's own), and the file


@dataclass(frozen=True, slots=True)
class Stored:
    """A file on its way onto a card: one of `blob`, `path` and `chunks` has it."""

    file: File | Signature
    name: str  # without separators, direction marks and names of devices, whatever the sender wrote
    size: int  # bytes
    sha256: Sha256
    position: int  # from 1, in the document's order
    blob: bytes | None = None
    path: str | None = None  # inside the store
    chunks: Chunks | tuple[()] = ()  # its bytes, row by row
    task: str = ""  # uid of the task it belongs to; empty: the document's own
    signatures: tuple["Stored", ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A `Content` in the store; reading it to the end verifies it."""

    place: Path
    size: int
    sha256: Sha256

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes; raises OSError when they are not what was written."""
        digest = sha256()
        with self.place.open("rb") as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
                yield block
        if digest.hexdigest() != self.sha256:
            raise OSError(f"{self.place} is not what was put there: its SHA-256 differs")


@dataclass
class Staged:
    """The files of one registration: temporary until `publish`.

    What was published is never taken back (whether a broken commit happened is not known); `Store.sweep` does.
    """

    files: tuple[Stored, ...] = ()
    moves: list[tuple[Path, Path]] = field(default_factory=list)

    def publish(self) -> None:
        """Give every file its final name, durably."""
        for temporary, final in self.moves:
            os.replace(temporary, final)
        directories = {final.parent for _, final in self.moves}
        for directory in directories | {directory.parent for directory in directories}:
            flush_directory(directory)  # the one above too: who made it may not have come to flushing it

    def withdraw(self) -> None:
        """Remove what is still temporary."""
        for temporary, _ in self.moves:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


class Store:
    """The directory of the larger files."""

    def __init__(
        self, root: Path, inline_max_bytes: int, scratch: Path | None = None, rows: Rows | None = None
    ) -> None:
        """Files lie below *root*; with *scratch* new ones are staged there, and nobody publishes them.

        With *rows* the larger ones lie in rows instead.
        """
        self.root, self.inline_max_bytes, self.rows = root, inline_max_bytes, rows
        self._staging = scratch or root

    @contextmanager
    def staged(self, files: Sequence[Wanted], contents: Mapping[Sha256, Content], owner: str) -> Iterator[Staged]:
        """Stage every file of *files* and its signatures that came; those not published are withdrawn at its end.

        Raises KeyError when a file that came has no content, ValueError when bytes are not what they are said to be,
        OSError when the disk is full.
        """
        made = Staged()
        try:
            made.files = tuple(self._all(files, contents, owner, made))
            yield made
        finally:
            made.withdraw()

    def open(self, path: str, size: int, digest: str) -> Kept:
        """Return the content at *path*; raises OSError when it is missing or of another size."""
        place = self.root / path
        found = place.stat().st_size
        if found != size:
            raise OSError(f"{place} has {found} bytes instead of {size}")
        return Kept(place, size, Sha256(digest))

    def in_rows(self, file: object, size: int, digest: str) -> InRows:
        """Return the content in the rows of *file*; raises OSError when they are missing."""
        if self.rows is None:
            raise OSError(f"file {file} lies in rows, and the mapping does not say how to read them")
        found = InRows(file, size, Sha256(digest), self.rows.read)
        if not found.begins():
            raise OSError(f"file {file} has no rows")
        return found

    def sweep(self, referenced: set[str], before: datetime) -> list[str]:
        """Remove files of ours that nobody refers to and that were written *before* that moment; returns their paths.

        The age protects what a running transaction has published but not committed; whatever has another name than we
        give is the EDMS's, and stays.
        """
        removed: list[str] = []
        for place in sorted(path for path in self.root.glob("??/*") if path.is_file()):
            name = place.relative_to(self.root).as_posix()
            if OURS.fullmatch(name) and name not in referenced and place.stat().st_mtime < before.timestamp():
                place.unlink()
                removed.append(name)
        return removed

    def _all(
        self, files: Sequence[Wanted], contents: Mapping[Sha256, Content], owner: str, made: Staged
    ) -> Iterator[Stored]:
        for position, (task, file) in enumerate(files, 1):
            if file.sha256 is None:
                continue
            signatures = tuple(
                self._one(sign, sign.sha256, place, contents, f"{owner}:{position}:{place}", made)
                for place, sign in enumerate(file.signatures, 1)
                if sign.sha256 is not None
            )
            stored = self._one(file, file.sha256, position, contents, f"{owner}:{position}", made)
            yield replace(stored, task=task, signatures=signatures)

    def _one(
        self,
        file: File | Signature,
        digest: Sha256,
        position: int,
        contents: Mapping[Sha256, Content],
        owner: str,
        made: Staged,
    ) -> Stored:
        content = contents[digest]
        if content.size <= self.inline_max_bytes:
            blob = whole(content, self.inline_max_bytes)
            _agree(sha256(blob).hexdigest(), digest, file.name)
            return Stored(file, clean_name(file.name), len(blob), digest, position, blob=blob)
        if self.rows is not None:
            chunks = Chunks(content, digest, self.rows.chunk_bytes)
            return Stored(file, clean_name(file.name), content.size, digest, position, chunks=chunks)
        path, size = self._write(content, digest, owner, file.name, made)
        return Stored(file, clean_name(file.name), size, digest, position, path=path)

    def _write(self, content: Content, digest: Sha256, owner: str, name: str, made: Staged) -> tuple[str, int]:
        key = sha256(f"{owner}:{digest}".encode()).hexdigest()
        final = self._staging / key[:2] / key
        temporary = final.with_name(f"{key}.{uuid4().hex}{TEMPORARY}")
        if not final.parent.is_dir():
            final.parent.mkdir(parents=True, exist_ok=True)
            flush_directory(self._staging)
        made.moves.append((temporary, final))
        size = 0
        with temporary.open("wb") as stream:
            for block in content.blocks():
                size += stream.write(block)
            stream.flush()
            os.fsync(stream.fileno())
        _agree(_digest(temporary), digest, name)
        return final.relative_to(self._staging).as_posix(), size


def flush_directory(directory: Path) -> None:
    """Make renames inside *directory* durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(place: Path) -> str:
    with place.open("rb") as stream:
        digest = sha256()
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _agree(found: str, digest: Sha256, name: str) -> None:
    if found != digest:
        raise ValueError(f"the bytes of {name!r} have SHA-256 {found}, not {digest}")

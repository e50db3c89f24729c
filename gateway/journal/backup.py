# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the journal while the service runs: its database first, then the large letters that the copy names.

A letter accepted meanwhile is either in both or only among the files, where it does no harm.
A letter whose bytes are lost or damaged here is left out and named: one bad block must not keep all others unsaved.
SQLite is copied by its own `VACUUM INTO`, which sees one state and stops no writer; PostgreSQL by its own `pg_dump`.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from errno import EIO, ENOENT
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, make_url, select

from gateway.journal import schema
from gateway.journal.blobs import INLINE, Blobs, sync
from gateway.journal.states import Direction, State
from gateway.journal.store import Journal, engine_of
from gateway.model import ExchangeId, PartnerId, Sha256

SQLITE, POSTGRES = "journal.db", "journal.dump"  # the names of the copied database


class Incomplete(Exception):
    """There can be no copy; says why.  Nothing of it is left."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Bytes that a row names and that are not in the backup, because they are absent or damaged in the journal."""

    digest: Sha256
    detail: str
    entry: int | None = None  # the letter; None: a file that came with a report
    direction: Direction | None = None
    state: State | None = None
    partner: PartnerId | None = None  # None: not proven
    exchange: ExchangeId | None = None  # None: none found


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup holds."""

    database: Path
    letters: int  # large ones, in files of their own
    size: int  # bytes of those files
    lost: tuple[Lost, ...] = ()  # by entry; several rows may name the same bytes


def back_up(journal: Journal, url: str, target: Path) -> Copied:
    """Write a backup of the journal at *url* into *target*, a folder that is not there yet.

    The folder appears when everything is in it but what is lost here, or not at all; its bytes are on disk.  Raises
    FileExistsError when it is there, Incomplete when there is no `pg_dump`, OSError when the disk is full.
    """
    if target.exists():
        raise FileExistsError(f"{target} is there already; nothing was written")
    making = target.with_name(f"{target.name}.partial-{os.getpid()}")
    making.mkdir(mode=0o700, parents=True)
    try:
        copied = _copy(journal, url, making)
        sync(making)
        making.rename(target)
        sync(target.parent)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return replace(copied, database=target / copied.database.name)


def _copy(journal: Journal, url: str, folder: Path) -> Copied:
    if make_url(url).get_backend_name() == "sqlite":
        database, names = _sqlite(journal, folder / SQLITE)
    else:
        database, names = _postgres(journal, url, folder / POSTGRES)
    sync(database)
    blobs = Blobs(folder / "blobs")
    wrong = {digest: words for digest, size in names if (words := _letter(journal.blobs, blobs, digest, size))}
    sizes = [size for digest, size in names if digest not in wrong]
    for place, _, _ in os.walk(blobs.directory):
        sync(Path(place))
    with journal.read() as tx:
        lost = tuple(one for digest, words in wrong.items() for one in _naming(tx, digest, words))
    return Copied(database, len(sizes), sum(sizes), tuple(sorted(lost, key=_place)))


# --- the database ---------------------------------------------------------------------------------------------------


def _sqlite(journal: Journal, target: Path) -> tuple[Path, list[tuple[Sha256, int]]]:
    journal.copy_into(target)
    target.chmod(0o600)
    engine = engine_of(f"sqlite:///{target}")
    try:
        with engine.begin() as tx:
            names = list(_named(tx))
    finally:
        engine.dispose()
    for rest in ("-wal", "-shm"):
        target.with_name(target.name + rest).unlink(missing_ok=True)
    return target, names


def _postgres(journal: Journal, url: str, target: Path) -> tuple[Path, list[tuple[Sha256, int]]]:
    command, environment = pg_dump(url, target)
    try:
        subprocess.run(command, env=os.environ | environment, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise Incomplete(
            f"there is no pg_dump on this machine; where there is one, type: {' '.join(command)}"
        ) from error
    except subprocess.CalledProcessError as error:
        raise Incomplete(f"pg_dump failed: {error.stderr.strip()[:300]}") from error
    target.chmod(0o600)
    with journal.read() as tx:  # later than the dump: every letter the dump names is among them, unless it was purged
        return target, list(_named(tx))


def pg_dump(url: str, target: Path) -> tuple[list[str], dict[str, str]]:
    """Return the command that copies a PostgreSQL journal to *target*, and what it needs in its environment."""
    parsed = make_url(url).set(drivername="postgresql")
    environment = {"PGPASSWORD": str(parsed.password)} if parsed.password else {}
    address = parsed.set(password=None).render_as_string(hide_password=False)
    return ["pg_dump", "--format=custom", f"--file={target}", address], environment


def _named(tx: Connection) -> Iterator[tuple[Sha256, int]]:
    """Yield the files that rows name, each once, with its size."""
    entries, files = schema.entries.c, schema.files.c
    large = select(entries.sha256, entries.size).where(entries.size > INLINE, entries.stored)
    brought = select(files.sha256, files.size).where(files.bytes.is_(None))
    for row in tx.execute(large.union(brought)):
        yield Sha256(row.sha256), row.size


def large_letters(journal: Journal) -> int:
    """Return the bytes of all files that a backup of *journal* copies or links."""
    with journal.read() as tx:
        return sum(size for _, size in _named(tx))


def _naming(tx: Connection, digest: Sha256, words: str) -> Iterator[Lost]:
    """Yield the rows that name *digest*; the digest alone when it was given up since the database was copied."""
    entries, files, known = schema.entries.c, schema.files.c, schema.exchanges.c
    columns = (entries.id, entries.direction, entries.state, entries.partner, entries.exchange)
    letters = tx.execute(select(*columns).where(entries.sha256 == digest, entries.stored)).all()
    for row in letters:
        yield Lost(digest, words, row.id, Direction(row.direction), State(row.state), row.partner, row.exchange)
    whose = select(known.partner, files.exchange).where(known.id == files.exchange, files.sha256 == digest)
    brought = tx.execute(whose).all()
    for partner, exchange in brought:
        yield Lost(digest, words, partner=partner, exchange=exchange)
    if not letters and not brought:
        yield Lost(digest, "given up since the database was copied")


def _place(lost: Lost) -> tuple[bool, int, str]:
    return lost.entry is None, lost.entry or 0, lost.digest


# --- the letters ----------------------------------------------------------------------------------------------------


def _letter(source: Blobs, target: Blobs, digest: Sha256, size: int) -> str:
    """Link or copy one file and read it back; return what is wrong with it here, and then it is left out.

    Raises OSError when it is whole here and the copy fails: the other disk is full, or lies.
    """
    try:
        place = source.link_into(target, digest, size)
        if _digest(place) == digest:
            return ""
    except OSError:
        if not (wrong := _wrong(source, digest, size)):
            raise
    else:
        if not (wrong := _wrong(source, digest, size)):
            raise OSError(EIO, "the copy is not what was copied", str(place))
    for rest in target.directory.glob(f"sha256/??/{digest}"):
        rest.unlink()
    return wrong


def _wrong(source: Blobs, digest: Sha256, size: int) -> str:
    """Return what is wrong with the kept bytes themselves, or empty."""
    try:
        found = sha256()
        for block in source.open(digest, size).blocks():
            found.update(block)
    except OSError as error:
        return "its file is gone" if error.errno == ENOENT else str(error)
    return "" if found.hexdigest() == digest else "its bytes are not those of its digest"


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
        os.fsync(file.fileno())
    return digest.hexdigest()

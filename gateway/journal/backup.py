# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the journal while the service runs: its database first, then the large letters that the copy names.

A letter accepted meanwhile is either in both or only among the files, where it does no harm.
SQLite is copied by its own `VACUUM INTO`, which sees one state and stops no writer; PostgreSQL by its own `pg_dump`.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, make_url, select

from gateway.journal import schema
from gateway.journal.blobs import INLINE, Blobs, sync
from gateway.journal.store import Journal, engine_of
from gateway.model import Sha256

SQLITE, POSTGRES = "journal.db", "journal.dump"  # the names of the copied database


class Incomplete(Exception):
    """The copy is not whole; says what is missing.  Nothing of it is left."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup holds."""

    database: Path
    letters: int  # large ones, in files of their own
    size: int  # bytes of those files


def back_up(journal: Journal, url: str, target: Path) -> Copied:
    """Write a backup of the journal at *url* into *target*, a folder that is not there yet.

    The folder appears whole or not at all, its bytes on disk.  Raises FileExistsError when it is there, Incomplete
    when a letter is absent or damaged or there is no `pg_dump`, OSError when the disk is full.
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
    return Copied(target / copied.database.name, copied.letters, copied.size)


def _copy(journal: Journal, url: str, folder: Path) -> Copied:
    if make_url(url).get_backend_name() == "sqlite":
        database, names = _sqlite(journal, folder / SQLITE)
    else:
        database, names = _postgres(journal, url, folder / POSTGRES)
    sync(database)
    blobs = Blobs(folder / "blobs")
    sizes = [_letter(journal.blobs, blobs, digest, size) for digest, size in names]
    for place, _, _ in os.walk(blobs.directory):
        sync(Path(place))
    return Copied(database, len(sizes), sum(sizes))


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


# --- the letters ----------------------------------------------------------------------------------------------------


def _letter(source: Blobs, target: Blobs, digest: Sha256, size: int) -> int:
    """Link or copy one file and read it back; return its size."""
    try:
        place = source.link_into(target, digest, size)
        found = _digest(place)
    except OSError as error:
        raise Incomplete(f"letter {digest} is not there: {error}") from error
    if found != digest:
        raise Incomplete(f"letter {digest} is damaged: its bytes are not those of its digest")
    return size


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
        os.fsync(file.fileno())
    return digest.hexdigest()

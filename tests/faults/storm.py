# SPDX-License-Identifier: GPL-3.0-or-later
"""A storm of many letters: epochs of some thousand, each with databases of its own and a seed that repeats it."""

import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests.faults.town.outside import Figures, Weather, World
from tests.faults.town.site import on_postgres, on_sqlite
from tests.servers import postgres

EPOCH = 2500  # letters until databases are renewed, so that tables stay small
BUSY = 16  # documents from each side in one tick
LOST = ("I1",)
DOUBLED = ("I2",)


@dataclass(slots=True)
class Total:
    """What a whole storm is counted by."""

    letters: Counter[str] = field(default_factory=Counter)  # by engine
    documents: int = 0
    epochs: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    wrongs: list[tuple[str, str, str]] = field(default_factory=list)  # (the epoch's seed, invariant, words)
    kibibytes: int = 0  # the most memory a process of an office ever had
    seconds: float = 0.0

    def add(self, engine: str, seed: str, figures: Figures) -> None:
        self.letters[engine] += figures.letters
        self.documents += figures.documents
        self.epochs += 1
        self.faults += figures.faults
        self.kibibytes = max(self.kibibytes, figures.kibibytes)
        self.recoveries += figures.recoveries
        self.wrongs += [(seed, invariant, words) for invariant, words in figures.wrongs]

    def count(self, *invariants: str) -> int:
        return sum(invariant in invariants for _, invariant, _ in self.wrongs)

    @property
    def wrong(self) -> int:
        """What is neither lost nor doubled and yet not as it must be."""
        return len(self.wrongs) - self.count(*LOST, *DOUBLED)


def one_epoch(engine: str, seed: str, letters: int, database: Callable[[], str] | None, weather: Weather) -> Figures:
    """Play one epoch from *seed* to its verdict."""
    folder = Path(mkdtemp(prefix="storm-", dir=_memory()))
    try:
        sites = on_postgres(folder, database) if database is not None else on_sqlite(folder)
        world = World(sites, seed, weather)
        try:
            world.storm(letters, BUSY)
            world.calm()
            return world.verdict()
        finally:
            world.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> str | None:
    """Return a folder in memory, when this machine has one: durability is proven elsewhere."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) and "TMPDIR" not in os.environ else None


@contextmanager
def _server() -> Iterator[Callable[[], str]]:
    binaries = postgres._binaries()
    if binaries is None:
        raise SystemExit(f"PostgreSQL is not installed; type: {postgres.REMEDY}")
    folder = Path(mkdtemp(prefix="storm-postgres-", dir=_memory()))
    try:
        with postgres._Server(binaries, folder) as server:
            yield server.database
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _shard(shard: int, seed: int, sqlite: int, on_server: int, said: Any) -> None:  # Any: a queue between processes
    """Play this shard's epochs and send the figures of each."""

    def play(engine: str, wanted: int, database: Callable[[], str] | None) -> None:
        done = number = 0
        while done < wanted:
            number += 1
            name = f"{seed}.{engine}.{shard}.{number}"
            figures = one_epoch(engine, name, min(EPOCH, wanted - done), database, Weather())
            done += figures.letters
            said.put((engine, name, figures))

    try:
        play("sqlite", sqlite, None)
        if on_server:
            with _server() as database:
                play("postgresql", on_server, database)
    except BaseException as error:
        said.put((f"shard {shard}", f"{type(error).__name__}: {error}", None))
        raise
    said.put(("", "", None))


def storm(letters: int, postgres_letters: int, seed: int, jobs: int) -> Total:
    """Play until so many letters were carried on each engine; progress goes to standard error."""
    spawn = get_context("spawn")
    said = spawn.Queue()
    share, share_postgres = -(-letters // jobs), -(-postgres_letters // jobs)
    began = time.monotonic()
    shards = [spawn.Process(target=_shard, args=(n, seed, share, share_postgres, said)) for n in range(jobs)]
    for shard in shards:
        shard.start()
    total = Total()
    running = jobs
    while running:
        engine, name, figures = said.get()
        if figures is not None:
            total.add(engine, name, figures)
            for invariant, words in figures.wrongs[:20]:
                print(f"{invariant} in {name}: {words}", file=sys.stderr)
            _progress(total, time.monotonic() - began)
        elif engine:
            total.wrongs.append((engine, "harness", name))
            running -= 1
        else:
            running -= 1
    for shard in shards:
        shard.join()
    total.seconds = time.monotonic() - began
    return total


def _progress(total: Total, seconds: float) -> None:
    letters = sum(total.letters.values())
    told = (
        f"{letters} letters, {total.faults.total()} faults, {len(total.wrongs)} wrong, {letters / seconds:.0f} a second"
    )
    print(told, file=sys.stderr, flush=True)

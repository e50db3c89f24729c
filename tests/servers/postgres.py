# SPDX-License-Identifier: GPL-3.0-or-later
"""A real PostgreSQL in a temporary folder, one for the whole run, a fresh database for whoever asks."""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from gateway.demo.offices import free_ports

REMEDY = "apt-get install --no-install-recommends postgresql"
START_SECONDS = 120  # LIMIT: on a machine that has much else to do
READY = "database system is ready to accept connections"
# Nothing in the folder outlives the tests, so it need not survive a power failure.
SETTINGS = (
    *("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=80", "shared_buffers=64MB"),
    "autovacuum=off",  # its transactions hold back what an outbox may tell, in every database of the server
)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Give a function that makes an empty database and returns its URL (``postgresql://…``)."""
    if _binaries() is None:
        pytest.skip(f"PostgreSQL is not installed; type: {REMEDY}")
    with running() as database:
        yield database


@contextmanager
def running() -> Iterator[Callable[[], str]]:
    """Run a server for the block; likewise.  Raises RuntimeError when it is not installed or does not start."""
    binaries = _binaries()
    if binaries is None:
        raise RuntimeError(f"PostgreSQL is not installed; type: {REMEDY}")
    folder = Path(tempfile.mkdtemp(prefix="gateway-postgres-"))
    try:
        with _Server(binaries, folder) as server:
            yield server.database
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Server:
    """One PostgreSQL on a free loopback port, as an unprivileged user."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._numbers = itertools.count(1)
        self._said: list[str] = []
        self._ready = threading.Event()
        self._account = _unprivileged()

    def __enter__(self) -> "_Server":
        if self._account is not None:
            os.chown(self._folder, self._account.pw_uid, self._account.pw_gid)
        cluster = self._folder / "cluster"
        made = ("initdb", "-D", str(cluster), "-U", "gateway", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        self._start(*made, stdout=subprocess.DEVNULL).wait(timeout=START_SECONDS)
        self._port = free_port()
        options = [word for setting in SETTINGS for word in ("-c", setting)]
        where = ("-p", str(self._port), "-k", str(self._folder), "-c", "listen_addresses=127.0.0.1")
        self._process = self._start("postgres", "-D", str(cluster), *where, *options, stderr=subprocess.PIPE)
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        if not self._ready.wait(START_SECONDS) or self._process.poll() is not None:
            self.__exit__()
            raise RuntimeError("PostgreSQL did not start: " + " ".join(self._said[-5:]))
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # "immediate": nothing here needs to be written out
        try:
            self._process.wait(timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test{next(self._numbers)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql://gateway@127.0.0.1:{self._port}/{database}"

    def _start(self, program: str, *arguments: str, **streams: int) -> "subprocess.Popen[str]":
        account = self._account
        who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        command = [str(self._binaries / program), *arguments]
        return subprocess.Popen(command, cwd=self._folder, text=True, **who, **streams)  # type: ignore[call-overload]

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said.append(line.strip())
            if READY in line:
                self._ready.set()
        self._ready.set()  # it ended: nobody need wait any longer


def _binaries() -> Path | None:
    """Return the newest installed PostgreSQL's folder of programs."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    on_path = shutil.which("initdb")
    candidates = [*reversed(debian), *([Path(on_path).resolve().parent] if on_path else [])]
    complete = (place for place in candidates if (place / "initdb").exists() and (place / "postgres").exists())
    return next(complete, None)


def _unprivileged() -> pwd.struct_passwd | None:
    """Return whom to run as: PostgreSQL refuses root; None: ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def free_port() -> int:
    return free_ports(1)[0]

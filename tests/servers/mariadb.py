# SPDX-License-Identifier: GPL-3.0-or-later
"""A real MariaDB in a temporary folder, one for the whole run, a fresh database for whoever asks.

It reads no configuration of the machine and is reached over a free loopback port as an account that may do anything.
"""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, NullPool, create_engine, make_url

from tests.servers.postgres import free_port

REMEDY = "apt-get install --no-install-recommends mariadb-server-core"
START_SECONDS = 120  # LIMIT: on a machine that has much else to do
READY = "ready for connections"
SYSTEM_TABLES = Path("/usr/share/mysql/mysql_system_tables.sql")
ACCOUNT = "create user if not exists gateway@'%'; grant all privileges on *.* to gateway@'%' with grant option;"
# Nothing in the folder outlives the tests, so it need not survive a power failure; one file for all tables.
SETTINGS = (
    "--innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=2",  # what is committed outlives a killed server, though not the machine
    "--innodb-log-file-size=16M",
    "--innodb-buffer-pool-size=64M",
    "--innodb-file-per-table=0",
    "--aria-log-file-size=8M",
)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Callable[[], str]]:
    """Give a function that makes an empty database and returns its URL (``mysql+pymysql://…``)."""
    program = installed()
    if program is None:
        pytest.skip(f"MariaDB is not installed; type: {REMEDY}")
    folder = Path(tempfile.mkdtemp(prefix="gateway-mariadb-"))
    try:
        with Server(program, folder) as server:
            yield server.database
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Server:
    """One MariaDB on a free loopback port, as an unprivileged user; `start` and `stop` leave what it holds."""

    def __init__(self, program: Path, folder: Path, *settings: str) -> None:
        self._program = program
        self._folder = folder
        self._settings = (*SETTINGS, *settings)
        self._numbers = itertools.count(1)
        self._account = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.port = free_port()

    def __enter__(self) -> "Server":
        self._found()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it where it was before; returns when it takes connections."""
        self._said: list[str] = []
        self._ready = threading.Event()
        where = (f"--port={self.port}", "--bind-address=127.0.0.1", "--skip-name-resolve")
        own = (f"--socket={self._folder / 's'}", f"--pid-file={self._folder / 'pid'}")
        command = self._command(*where, *own, f"--init-file={self._folder / 'account.sql'}")
        self._process = subprocess.Popen(command, cwd=self._folder, text=True, stderr=subprocess.PIPE)
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        if not self._ready.wait(START_SECONDS) or self._process.poll() is not None:
            self.stop()
            raise RuntimeError("MariaDB did not start: " + " ".join(self._said[-5:]))

    def stop(self) -> None:
        """Kill it: what it had committed is there again after `start`, everything else is gone."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test{next(self._numbers)}"
        with _connected(self._url("mysql")) as connection:
            connection.exec_driver_sql(f"create database {name} character set utf8mb4")
        return self._url(name)

    def _url(self, database: str) -> str:
        # setting up for encryption takes longer than most tests
        return f"mysql+pymysql://gateway@127.0.0.1:{self.port}/{database}?ssl_disabled=true"

    def _found(self) -> None:
        """Make the folder of a server that has nothing but its own tables."""
        place = self._folder / "found"
        place.mkdir()
        (self._folder / "account.sql").write_text(ACCOUNT.replace("; ", ";\n"))
        if os.geteuid() == 0:
            account = pwd.getpwnam(self._account)
            for folder in (self._folder, place):
                os.chown(folder, account.pw_uid, account.pw_gid)
        tables = "create database mysql;\nuse mysql;\n" + SYSTEM_TABLES.read_text()
        subprocess.run(
            self._command("--bootstrap"),
            input=tables,
            cwd=self._folder,
            text=True,
            capture_output=True,
            timeout=START_SECONDS,
            check=True,
        )

    def _command(self, *arguments: str) -> list[str]:
        settings = (
            f"--user={self._account}",
            f"--datadir={self._folder / 'found'}",
            f"--tmpdir={self._folder}",
            *self._settings,
        )
        return [str(self._program), "--no-defaults", *settings, *arguments]

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said.append(line.strip())
            if READY in line:
                self._ready.set()
        self._ready.set()  # it ended: nobody need wait any longer


def empty(url: str, tables: Sequence[str]) -> None:
    """Take every row out of *tables*; their counters begin at one again."""
    with _connected(url) as connection:
        connection.exec_driver_sql("set session foreign_key_checks = 0")
        for table in tables:
            connection.exec_driver_sql(f"truncate table {table}")


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    made = create_engine(make_url(url).set(drivername="mysql+pymysql"), poolclass=NullPool)
    with made.connect() as connection:
        yield connection


def installed() -> Path | None:
    """Return the server's program."""
    found = shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    return Path(found) if found and SYSTEM_TABLES.exists() else None

# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Tryton 8.2 with document_incoming: installed once per checkout, one server per run, wiped for every test.

The server lives in an environment of its own and is spoken to over HTTP alone.  Its database is SQLite: an office with
its company, staff and the gateway's account is prepared once, and copied for every run.
"""

import contextlib
import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway.edms_adapter.tryton.options import Options
from gateway.edms_adapter.tryton.wire import Server
from tests.edms_adapter.desk import STAFF
from tests.servers.postgres import free_port

CONSTRAINTS = Path(__file__).with_name("tryton-constraints.txt")
HERE = Path(__file__).parents[2]
DESK = HERE / "tests/edms_adapter/desk.py"  # the staff
PREPARED = "office"
ADMIN, GATEWAY = "admin", "gateway"
COMPANY = "Комитет «Светлый»"
SEQUENCE = "Входящие"
LOGINS = ("rodnikova", "lugov", "poleva", "ozerov-ip", "ozerov-iv", "kluchevoy")  # of STAFF, in its order
CLERK_LOGIN = LOGINS[-1]
READY = "Running on http://"
PATIENCE_SECONDS = 120
# what people and the gateway make; everything else of the office stays
HAPPENINGS = ("ir_model_log", "res_notification", "ir_note", "ir_attachment", "document_incoming")


@dataclass(frozen=True, slots=True)
class TrytonOffice:
    """One database of the server: an office where nothing has happened yet."""

    url: str
    database: str
    home: Path  # of the databases and of the file store

    def options(self, login: str = GATEWAY, **rest: Any) -> Options:  # Any: the fields of Options
        there = {"url": self.url, "database": self.database, "login": login, "password": password_of(login)}
        return Options(**{**there, **rest})

    @property
    def file(self) -> Path:
        return self.home / f"{self.database}.sqlite"

    def person(self, login: str) -> Server:
        """Return Tryton as a person sees it, logged in once for all tests."""
        return _person(self, login)


@cache
def _person(office: TrytonOffice, login: str) -> Server:
    return Server(office.options(login))


class TrytonServer:
    """One trytond on a free loopback port, over the databases in *home*."""

    def __init__(self, venv: Path, home: Path) -> None:
        self.home, self._ready = home, threading.Event()
        self._venv, self.url, self._said = venv, "", [""]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def office_at(self) -> TrytonOffice:
        return TrytonOffice(self.url, PREPARED, self.home)

    def start(self, *databases: str) -> None:
        """Start, or start again after `stop`, at the same address."""
        port = int(self.url.rpartition(":")[2]) if self.url else free_port()
        self.url = f"http://127.0.0.1:{port}"
        config = self.home / "trytond.conf"
        config.write_text(configuration(self.home, port))
        named = [word for database in databases for word in ("-d", database)]
        self._ready.clear()
        command = (str(self._venv / "bin/trytond"), "-c", str(config), *named)
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._listener = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._listener.start()
        if not self._ready.wait(PATIENCE_SECONDS):
            raise RuntimeError("trytond does not start: " + "".join(self._said[-20:]))

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_SECONDS)
            self._listener.join(PATIENCE_SECONDS)
            self._process = None

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stderr is not None
        with process.stderr as said:
            for line in said:
                self._said = [*self._said[-50:], line.decode(errors="replace")]
                if READY in self._said[-1]:
                    self._ready.set()

    def office(self) -> TrytonOffice:
        """Return the office, as if nothing had ever happened in it."""
        with contextlib.closing(sqlite3.connect(self.office_at.file, timeout=PATIENCE_SECONDS)) as there:
            for table in HAPPENINGS:
                there.execute(f"delete from {table}")  # the tests' own names
            there.execute("update ir_sequence_strict set number_next_internal = 1")
            there.commit()
        return self.office_at


@pytest.fixture(scope="session")
def tryton_server() -> Iterator[TrytonServer]:
    """A Tryton server for the whole run."""
    venv, database = _prepared()
    home = Path(tempfile.mkdtemp(prefix="gateway-tryton-"))
    server = TrytonServer(venv, home)
    try:
        _copy(database, home / f"{PREPARED}.sqlite")
        server.start(PREPARED)
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def tryton(tryton_server: TrytonServer) -> TrytonOffice:
    """An office on that server."""
    return tryton_server.office()


def configuration(home: Path, port: int) -> str:
    # sessions shorter than a test would end in the middle of it; bytes lie beside the database
    return f"""[database]
uri = sqlite://
path = {home}
[web]
listen = 127.0.0.1:{port}
[session]
max_attempt = 1000
max_attempt_ip_network = 1000
"""


def password_of(login: str) -> str:
    return f"the secret of {login}"


# --- made once per checkout -----------------------------------------------------------------------------------------


def _prepared() -> tuple[Path, Path]:
    """Return the environment and the prepared database; made once, whoever else asks meanwhile."""
    wanted = sha256(CONSTRAINTS.read_bytes()).hexdigest()[:12]
    office = sha256(Path(__file__).read_bytes() + DESK.read_bytes()).hexdigest()[:12]
    folder = HERE / ".pytest_cache" / f"tryton-{wanted}"
    venv, database = folder / "venv", folder / f"office-{office}.sqlite"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            _install(venv)
            (folder / "installed").touch()
        if not database.exists():
            _prepare(venv, database)
    return venv, database


def _install(venv: Path) -> None:
    shutil.rmtree(venv, ignore_errors=True)
    pip = (str(venv / "bin/pip"), "install", "--quiet", "--no-input", "-r", str(CONSTRAINTS))
    subprocess.run((sys.executable, "-m", "venv", str(venv)), check=True)
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["pip failed"]
        pytest.skip(f"Tryton cannot be installed ({said[0]}); with a package index in reach type: {' '.join(pip)}")


def _prepare(venv: Path, database: Path) -> None:
    home = Path(tempfile.mkdtemp(prefix="gateway-tryton-"))
    server = TrytonServer(venv, home)
    try:
        server.office_at.file.touch()
        config, secret = home / "trytond.conf", home / "password"
        config.write_text(configuration(home, 0))
        secret.write_text(password_of(ADMIN))
        admin = (str(venv / "bin/trytond-admin"), "-c", str(config), "-d", PREPARED)
        module = ("-u", "document_incoming", "--activate-dependencies")
        environment = {**os.environ, "TRYTONPASSFILE": str(secret)}
        subprocess.run((*admin, "--all", "--email", "admin@office.example", *module), check=True, env=environment)
        server.start(PREPARED)
        set_up(server.office_at.person(ADMIN))
        server.stop()
        _copy(server.office_at.file, home / "whole")
        shutil.move(home / "whole", database)
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    with contextlib.closing(sqlite3.connect(source)) as read, contextlib.closing(sqlite3.connect(target)) as write:
        read.backup(write)


# --- the office -----------------------------------------------------------------------------------------------------


def set_up(admin: Server) -> None:
    """Make the company, its staff and the gateway's account, as docs/edms-tryton.md tells an administrator."""

    def make(model: str, /, **values: Any) -> int:  # Any: the fields of the model
        return admin.create(model, values)

    currency = make("currency.currency", name="Рубль", symbol="₽", code="RUB")
    house = make("party.party", name=COMPANY)
    company = make("company.company", party=house, currency=currency)
    documents = _one(admin, "res.group", [["name", "=", "Document Incoming"]])
    for person, login in zip(STAFF, LOGINS, strict=True):
        party = make("party.party", name=person.name, **({"code": person.index} if person.index else {}))
        employee = make("company.employee", party=party, company=company)
        make("res.user", **_user(login, person.name, [documents], company), employees=[["add", [employee]]])
    group = make("res.group", name="Mail gateway")
    for model, rights in GRANTS.items():
        granted = {f"perm_{right}": right in rights for right in ("read", "write", "create", "delete")}
        make("ir.model.access", model=model, group=group, **granted)
    rule = _one(admin, "ir.rule.group", [["model", "=", "res.notification"], ["name", "=", "Any notification"]])
    admin.call("model.ir.rule.group.write", [rule], {"groups": [["add", [group]]]})
    kind = make("ir.sequence.type", name="Входящие", groups=[["add", [group]]])
    make("ir.sequence.strict", name=SEQUENCE, sequence_type=kind, prefix="${year}/")
    make("res.user", **_user(GATEWAY, "Почтовый шлюз", [documents, group], company))


GRANTS: Mapping[str, tuple[str, ...]] = {"res.notification": ("read", "write", "create")}


def _user(login: str, name: str, groups: list[int], company: int) -> dict[str, Any]:  # Any: the fields of res.user
    joined = {"groups": [["add", groups]], "companies": [["add", [company]]], "company": company}
    return {"login": login, "name": name, "password": password_of(login), **joined}


def _one(admin: Server, model: str, domain: list[list[str]]) -> int:
    (found,) = admin.call(f"model.{model}.search", domain, 0, None, None)
    return int(found)

# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Mayan EDMS 4.12: installed once per checkout, one server per run, wiped for every test.

The server lives in an environment of its own and is spoken to over HTTP alone.  Its database is SQLite, and its tasks
are done within the call that begins them: an office with its staff and the gateway's account is prepared once, and
copied for every run.  Only `make live-mayan` asks for it: half a gigabyte is fetched, and a letter takes most of a
second.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway.edms_adapter.mayan.check import PERMISSIONS
from gateway.edms_adapter.mayan.options import Options
from gateway.edms_adapter.mayan.wire import Json, Server
from tests.edms_adapter.desk import OURS, STAFF
from tests.servers.postgres import free_port

CONSTRAINTS = Path(__file__).with_name("mayan-constraints.txt")
HERE = Path(__file__).parents[2]
PREPARED_BY = (Path(__file__), HERE / "tests/edms_adapter/desk.py", HERE / "gateway/edms_adapter/mayan/check.py")
SYSTEM_PACKAGES = "libldap2-dev libsasl2-dev gnupg"
ADMIN, GATEWAY = "admin", "gateway"
HOUSE = "Комитет «Светлый»"
DOCUMENT_TYPE, WORKFLOW, SEQUENCE = "Входящее письмо", "incoming_letter", "incoming"
CLERK = "Ключевой"
LOGINS = ("rodnikova", "lugov", "poleva", "ozerov-ip", "ozerov-iv", "kluchevoy")  # of STAFF, in its order
READY = "Booting worker"
PATIENCE_SECONDS = 180
SETTINGS = """from mayan.settings.production import *
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = False
CELERY_BROKER_URL = 'memory://'
CELERY_RESULT_BACKEND = None
DATABASES['default']['OPTIONS'] = {'init_command': 'PRAGMA journal_mode = wal; PRAGMA synchronous = off'}
STORAGES = dict(STORAGES, staticfiles={'BACKEND': 'django.contrib.staticfiles.storage.StaticFilesStorage'})
"""
# what people and the gateway make; everything else of the office stays
HAPPENINGS = (
    *("documents_document", "documents_documentfile", "documents_documentfilepage", "documents_documentversion"),
    *("documents_documentversionpage", "documents_recentlyaccesseddocument", "metadata_documentmetadata"),
    *("cabinets_cabinet_documents", "document_comments_comment", "document_states_workflowinstance"),
    "document_states_workflowinstancelogentry",
)
TRACES = (  # of what Mayan does on the side
    *("actstream_action", "events_notification", "storage_shareduploadedfile", "file_caching_cachepartition"),
    *("file_caching_cachepartitionfile", "document_indexing_indexinstancenode_documents"),
    *("duplicates_duplicatebackendentry", "duplicates_duplicatebackendentry_documents", "lock_manager_lock"),
    *("logging_errorlogpartition", "logging_errorlogpartitionentry", "server_side_events_streamevent"),
)
# steps → what people may do, and the gateway
STATES = {"Ждёт решения": True, "Зарегистрирован": False, "Исполнен": False, "Отклонён": False}
STATES |= {"Снят с регистрации": False}
TRANSITIONS = (
    ("Зарегистрировать", "Ждёт решения", "Зарегистрирован"),
    ("Отклонить", "Ждёт решения", "Отклонён"),
    ("Исполнить", "Зарегистрирован", "Исполнен"),
    ("Снять с регистрации", "Зарегистрирован", "Снят с регистрации"),
)


@dataclass(frozen=True, slots=True)
class MayanOffice:
    """An office on a server, where nothing has happened yet."""

    url: str
    media: Path

    def options(self, login: str = GATEWAY, **rest: Any) -> Options:  # Any: the fields of Options
        there: dict[str, Any] = {"url": self.url, "login": login, "password": password_of(login)}
        ours = {"document_type": DOCUMENT_TYPE, "workflow": WORKFLOW, "inboxes": (f"{OURS}: {HOUSE}",)}
        return Options(**{**there, **ours, **rest})

    @property
    def database(self) -> Path:
        return self.media / "db.sqlite3"

    def person(self, login: str) -> Server:
        """Return Mayan as a person sees it, logged in once for all tests."""
        return _person(self, login)

    def empty(self) -> None:
        """Take away whatever happened in it."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=PATIENCE_SECONDS)) as there:
            for table in (*HAPPENINGS, *TRACES):
                there.execute(f"delete from {table}")  # the tests' own names
            there.execute("update sequences_sequence set position = 0")
            there.commit()


@cache
def _person(office: MayanOffice, login: str) -> Server:
    return Server(office.options(login))


class MayanServer:
    """One gunicorn with Mayan on a free loopback port, over the media in *home*."""

    def __init__(self, venv: Path, home: Path, **settings: str) -> None:
        """*settings* are Mayan's own, as its environment has them, without ``MAYAN_``."""
        self.home, self._venv, self.settings = home, venv, settings
        self._process: subprocess.Popen[bytes] | None = None
        self._ready, self._said, self.url = threading.Event(), [""], ""

    @property
    def office(self) -> MayanOffice:
        return MayanOffice(self.url, self.home / "media")

    def start(self) -> None:
        """Start, or start again after `stop`, at the same address."""
        port = int(self.url.rpartition(":")[2]) if self.url else free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._ready.clear()
        (self.home / "tmp").mkdir(exist_ok=True)
        worker = ("--workers", "1", "--timeout", str(PATIENCE_SECONDS), "--no-control-socket")  # 1: SQLite
        command = (str(self._venv / "bin/gunicorn"), "--bind", f"127.0.0.1:{port}", *worker, "mayan.wsgi")
        environment = environment_of(self.home, **self.settings)
        self._process = subprocess.Popen(
            command, cwd=self.home, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self._listener = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._listener.start()
        if not self._ready.wait(PATIENCE_SECONDS):
            raise RuntimeError("Mayan does not start: " + "".join(self._said[-20:]))

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
                self._said = [*self._said[-200:], line.decode(errors="replace")]
                if READY in self._said[-1]:
                    self._ready.set()


@contextmanager
def running(**settings: str) -> Iterator[MayanServer]:
    """Start a Mayan of its own with the prepared office, with these *settings* (see `MayanServer`)."""
    venv, media = _prepared()
    home = Path(tempfile.mkdtemp(prefix="gateway-mayan-"))
    server = MayanServer(venv, home, **settings)
    try:
        shutil.copytree(media, home / "media")
        (home / "gateway_test_settings.py").write_text(SETTINGS)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def mayan_server() -> Iterator[MayanServer]:
    """A Mayan for the whole run."""
    with running() as server:
        yield server


@pytest.fixture
def mayan(mayan_server: MayanServer) -> MayanOffice:
    """An office on that server."""
    mayan_server.office.empty()
    return mayan_server.office


def environment_of(home: Path, **settings: str) -> dict[str, str]:
    ours = {"PYTHONPATH": str(home), "DJANGO_SETTINGS_MODULE": "gateway_test_settings", "TMPDIR": str(home / "tmp")}
    names = {
        "MEDIA_ROOT": str(home / "media"),
        "STORAGE_TEMPORARY_DIRECTORY": str(home / "tmp"),
        "AUTOADMIN_PASSWORD": password_of(ADMIN),
        "SEARCH_BACKEND": "mayan.apps.dynamic_search.backends.django.DjangoSearchBackend",  # keeps no index to write
        "REST_API_THROTTLING_ENABLED": "false",
        "OCR_AUTO_OCR": "false",
        "DOCUMENT_PARSING_AUTO_PARSING": "false",
        "FILE_METADATA_AUTO_PROCESS": "false",
        **settings,
    }
    return {**os.environ, **ours, **{f"MAYAN_{name}": value for name, value in names.items()}}


def password_of(login: str) -> str:
    return f"the secret of {login}"


# --- made once per checkout -----------------------------------------------------------------------------------------


def _prepared() -> tuple[Path, Path]:
    """Return the environment and the prepared media; made once, whoever else asks meanwhile."""
    wanted = sha256(CONSTRAINTS.read_bytes()).hexdigest()[:12]
    office = sha256(b"".join(one.read_bytes() for one in PREPARED_BY)).hexdigest()[:12]
    folder = HERE / ".pytest_cache" / f"mayan-{wanted}"
    venv, media = folder / "venv", folder / f"media-{office}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            _install(venv)
            (folder / "installed").touch()
        if not media.exists():
            _prepare(venv, media)
    return venv, media


def _install(venv: Path) -> None:
    shutil.rmtree(venv, ignore_errors=True)
    pip = (str(venv / "bin/pip"), "install", "--quiet", "--no-input", "-r", str(CONSTRAINTS))
    subprocess.run((sys.executable, "-m", "venv", str(venv)), check=True)
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["pip failed"]
        needed = f"apt-get install --no-install-recommends {SYSTEM_PACKAGES}; {' '.join(pip)}"
        pytest.skip(f"Mayan cannot be installed ({said[0]}); with a package index in reach type: {needed}")


def _prepare(venv: Path, media: Path) -> None:
    home = Path(tempfile.mkdtemp(prefix="gateway-mayan-"))
    server = MayanServer(venv, home)
    try:
        for folder in ("media", "tmp"):
            (home / folder).mkdir()
        (home / "gateway_test_settings.py").write_text(SETTINGS)
        set_up_mayan = (str(venv / "bin/mayan-edms.py"), "common_initial_setup", "--force", "--no-dependencies")
        done = subprocess.run(
            set_up_mayan, cwd=home, env=environment_of(home), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"Mayan cannot be set up: {done.stderr[-2000:]}")
        server.start()
        set_up(server.office.person(ADMIN))
        server.stop()
        shutil.rmtree(media.with_suffix(".part"), ignore_errors=True)
        folders_of_this_one = shutil.ignore_patterns("config*.yml")
        shutil.copytree(home / "media", media.with_suffix(".part"), ignore=folders_of_this_one)
        media.with_suffix(".part").rename(media)
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


# --- the office -----------------------------------------------------------------------------------------------------


def set_up(admin: Server) -> None:
    """Make what docs/edms-mayan.md tells an administrator to make, call by call, and the people of the office."""

    def make(path: str, /, **values: Json) -> int:
        return int(admin.post(path, **values)["id"])

    options = admin.options
    kind = make("/document_types/", label=DOCUMENT_TYPE)
    for name in options.metadata_of.values():
        metadata = make("/metadata_types/", name=name, label=name)
        admin.post(f"/document_types/{kind}/metadata_types/", metadata_type_id=metadata, required=False)
    counter = "mayan.apps.sequences.sequence_backends.arithmetic.SequenceBackendArithmetic"
    counted = '{"value_first": 1, "increment_list": "1", "width": 0}'
    make("/sequences/", label="Входящие", internal_name=SEQUENCE, backend_path=counter, backend_data=counted)
    workflow = f"/workflow_templates/{make('/workflow_templates/', label='Входящее', internal_name=WORKFLOW)}"
    admin.patch(f"{workflow}/", auto_launch=True)
    states = {
        label: make(f"{workflow}/states/", label=label, initial=first, completion=0) for label, first in STATES.items()
    }
    for label, origin, target in TRANSITIONS:
        ends = {"origin_state_id": states[origin], "destination_state_id": states[target]}
        make(f"{workflow}/transitions/", label=label, **ends)
    admin.post(f"{workflow}/document_types/add/", document_type_id=kind)
    house = make("/cabinets/", label=HOUSE, parent="")
    for person in STAFF:
        index = f" [{person.index}]" if person.index else ""
        make("/cabinets/", label=f"{person.name}, {person.post}{index}", parent=house)
    gateway = _role(admin, "Mail gateway", PERMISSIONS)
    _user(admin, gateway, GATEWAY, "", "Почтовый шлюз")
    office = _role(admin, "Office", PERMISSIONS)
    for person, login in zip(STAFF, LOGINS, strict=True):
        surname, _, rest = person.name.partition(" ")
        _user(admin, office, login, rest, surname)


def _role(admin: Server, label: str, permissions: tuple[str, ...]) -> int:
    """Make a role with *permissions* and a group of its name in it; return the group."""
    role, group = (
        admin.post(path, **{word: label})["id"] for path, word in (("/roles/", "label"), ("/groups/", "name"))
    )
    for permission in permissions:
        admin.post(f"/roles/{role}/permissions/add/", permission=permission)
    admin.post(f"/roles/{role}/groups/add/", group=group)
    return int(group)


def _user(admin: Server, group: int, login: str, first: str, last: str) -> None:
    name = {"username": login, "first_name": first, "last_name": last}
    user = admin.post("/users/", **name, password=password_of(login))["id"]
    admin.post(f"/groups/{group}/users/add/", user=user)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The floors of the house as a table, held against the sources; what is drawn in docs/architecture.md is written here.

Imports go down only.  Rooms of one floor do not import each other unless the table says so.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_string
from email.message import Message
from fnmatch import fnmatchcase
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Room:
    """A module or package of gateway/, its floor, and whom on the same floor it may import."""

    name: str
    floor: int
    beside: tuple[str, ...] = ()


ROOMS = (
    # floor 0: words
    Room("model", 0),
    Room("errors", 0),
    Room("content", 0, ("model",)),
    # floor 1: craft, pure
    Room("working_days", 1),
    Room("settings", 1, ("working_days", "dialects")),
    Room("retry", 1),
    Room("identity", 1),
    Room("reports", 1),
    Room("wording", 1),
    Room("mail", 1),
    Room("dialects", 1),
    Room("office", 1, ("wording", "settings", "mail")),
    Room("policy", 1, ("settings",)),
    Room("bodies", 1, ("mail", "dialects")),
    Room("sidecars", 1, ("dialects",)),
    Room("envelope", 1, ("mail", "dialects", "office", "bodies")),
    # floor 2: contracts, and the only state we own
    Room("ports", 2),
    Room("logs", 2),
    Room("pulse", 2),
    Room("settings_files", 2),
    Room("running", 2),
    Room("moments", 2),
    Room("tls", 2),
    Room("templates_home", 2),
    Room("journal", 2, ("ports",)),
    Room("sealing", 2, ("journal", "ports")),
    Room("screening", 2, ("journal", "ports")),
    Room("outbox", 2, ("journal", "ports", "sealing")),
    Room("self_test", 2, ("journal", "sealing")),
    Room("directories", 2, ("journal", "ports", "sealing")),
    # floor 3: directions
    Room("inbound", 3),
    Room("outbound", 3),
    Room("edms_adapter", 3),
    Room("registers", 3),
    Room("scanning", 3),
    Room("tokens", 3),
    # floor 4: the door; may import all
    Room("build", 4),
    Room("crew", 4),
    Room("node", 4),
    Room("doors", 4),
    Room("causes", 4),
    Room("alarms", 4),
    Room("health", 4),
    Room("run", 4),
    Room("doctor", 4),
    Room("systemd", 4),
    Room("demo", 4),
    Room("conformance", 4),
    Room("starter", 4),
    Room("installation", 4),
    Room("cli", 4),
    Room("web", 4),
    Room("__main__", 4),
)
PURE, DOOR = 1, 4
REGISTRY = ("edms_adapter.registry",)

# a library, or one name of it → where it may be imported
HOMES: Mapping[str, tuple[str, ...]] = {
    "aiosmtpd": ("inbound.smtp.conversation", "inbound.smtp.addressing"),
    "aioimaplib": ("inbound.imap.client", "inbound.imap.guard"),
    "aiosmtplib": ("outbound.post", "outbound.relay_pool"),
    "aioclamd": ("scanning.clamd",),
    "email_validator": ("mail.address",),
    "dns": ("doctor.domains",),
    "sqlalchemy": ("journal", "edms_adapter"),
    "sqlalchemy.Connection": (
        "outbox",
        "self_test",
        "inbound",
        "outbound",
        "doctor",
        "registers",
        "causes",
        "health",
        "cli",
        "web",
    ),  # the type of a transaction of the journal
    "sqlalchemy.exc": ("cli", "web"),
    "alembic": ("journal",),
    "psycopg": ("journal", "edms_adapter.sql"),
    "lxml": ("dialects",),  # parsers are made in dialects.tree only, see PARSERS
    "jinja2": ("wording", "edms_adapter.sql", "web.rendering"),
    "babel": ("wording",),
    "pydantic": ("settings", "edms_adapter", "journal.values"),
    "pydantic_core": ("settings", "edms_adapter.sql", "journal.values"),
    "click": ("cli", "demo", "edms_adapter.registry"),
    "markupsafe": ("web.rendering",),
    "rich": ("cli",),
    "starlette": ("web",),
    "uvicorn": ("web.serving",),
    "prometheus_client": ("health",),
    "google": ("tokens.service_account",),
    "authlib": ("tokens.certificate",),
    "joserfc": ("tokens.certificate",),
    "cryptography": ("tokens.certificate",),
    "structlog": (
        "logs",
        "journal",
        "outbox",
        "screening",
        "inbound",
        "outbound",
        "edms_adapter",
        "run",
        "node",
        "crew",
        "alarms",
        "systemd",
        "cli",
        "demo",
    ),
}

# the outside world: below floor 2 there is none of it
WORLD = frozenset(
    {
        *("asyncio", "concurrent", "multiprocessing", "subprocess", "threading", "sched", "signal"),
        *("os", "sys", "platform", "pwd", "getpass", "resource", "fcntl", "ctypes"),
        *("glob", "shutil", "tempfile", "sqlite3"),
        *("socket", "socketserver", "select", "selectors", "ssl", "http", "imaplib", "smtplib"),
        *("random", "secrets", "uuid", "time", "logging"),
    }
)
FILE_CALLS = frozenset(
    {"read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "unlink", "iterdir", "is_file", "is_dir"}
)
PARSERS = frozenset({"XMLParser", "XMLPullParser", "HTMLParser", "fromstring", "XML", "iterparse", "parse"})
CLOCKS = frozenset({"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"})
CLOCK_ROOMS = ("build", "run", "cli", "demo", "starter")

# (modules, what they do) → why they may all the same
EXCEPTIONS: Mapping[tuple[str, str], str] = {
    ("dialects.schemas", "threading"): "a compiled schema has one error log, so one validation at a time",
    ("dialects.schemas", "touches files"): "the schemas shipped with a dialect, read once",
    ("dialects.schemas", "makes a parser"): "for those schemas; nothing of a stranger goes into it",
}


# --- the check ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    module: str  # "inbound.smtp": below gateway; empty for gateway itself
    tree: ast.Module

    @property
    def room(self) -> Room | None:
        return room_of(self.module)


def room_of(module: str) -> Room | None:
    return next((room for room in ROOMS if module == room.name or module.startswith(room.name + ".")), None)


def within(module: str, homes: tuple[str, ...]) -> bool:
    return any(module == home or module.startswith(home + ".") for home in homes)


@cache
def sources(root: Path) -> tuple[Source, ...]:
    found = []
    for file in sorted((root / "gateway").rglob("*.py")):
        parts = file.relative_to(root / "gateway").with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        found.append(Source(name, ast.parse(file.read_text(), str(file))))
    return tuple(found)


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the full name of everything imported, in functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{origin}.{name.name}") for name in node.names)


def complaints(root: Path) -> list[str]:
    """Return everything in the sources below *root* that the table forbids."""
    return [
        f"{source.module}:{complaint}"
        for source in sources(root)
        for complaint in _complaints(source)
        if not any(fnmatchcase(source.module, module) and words in complaint for module, words in EXCEPTIONS)
    ]


def _complaints(source: Source) -> Iterator[str]:
    room = source.room
    if room is None:
        if source.module:
            yield "1: is in no room of the table"
        return
    for line, name in imports(source.tree):
        top, _, below = name.partition(".")
        if not top or name == "typing.TYPE_CHECKING":
            yield f"{line}: {name} is no plain absolute import"
        elif top == "gateway":
            if fault := _crossing(room, below):
                yield f"{line}: {fault}"
        elif top not in sys.stdlib_module_names:
            if not _at_home(source.module, name):
                yield f"{line}: {top} does not live here"
        elif room.floor <= PURE and (top in WORLD or name.startswith("urllib.request")):
            yield f"{line}: {top} has no place on a pure floor"
    yield from _calls(source, room)


def _at_home(module: str, imported: str) -> bool:
    return any(within(module, homes) for library, homes in HOMES.items() if (imported + ".").startswith(library + "."))


def _crossing(room: Room, imported: str) -> str:
    """Return why *room* may not import what lies below gateway under this name, or empty."""
    other = room_of(imported)
    if other is None:
        return f"gateway.{imported} is in no room of the table"
    if other == room or room.floor == DOOR or other.floor < room.floor or other.name in room.beside:
        return ""
    return f"{room.name} (floor {room.floor}) may not import {other.name} (floor {other.floor})"


def _calls(source: Source, room: Room) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        last = name.rpartition(".")[2]
        if ".".join(name.split(".")[-2:]) in CLOCKS and not within(source.module, CLOCK_ROOMS):
            yield f"{node.lineno}: {name}() asks the clock"
        if room.floor <= PURE and (name in ("open", "io.open") or (last in FILE_CALLS and name != last)):
            yield f"{node.lineno}: {name}() touches files on a pure floor"
        if name == f"etree.{last}" and last in PARSERS and source.module != "dialects.tree":
            yield f"{node.lineno}: {name}() makes a parser outside dialects.tree"


# --- the laws -----------------------------------------------------------------------------------------------------


def test_imports_go_down_and_every_library_is_at_home() -> None:
    assert complaints(ROOT) == []


def test_no_module_imports_itself_by_a_detour() -> None:
    modules = {source.module: source for source in sources(ROOT)}
    graph = {module: _needed(module, source, modules) for module, source in modules.items()}

    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"these import each other: {' → '.join(error.args[1])}")
    assert len(order) == len(modules)


def _needed(module: str, source: Source, modules: Mapping[str, Source]) -> set[str]:
    """Return which modules must be loaded for the imports at the top of *source*."""
    top = ast.Module([node for node in source.tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
    names = [name.removeprefix("gateway.") for _, name in imports(top) if name.startswith("gateway.")]
    return {name if name in modules else name.rpartition(".")[0] for name in names} & set(modules) - {module}


def test_nothing_knows_the_registry_but_what_shows_it() -> None:
    """The built-in registry is reached through its mapping, like any other records system."""
    knowing = {
        source.module.removeprefix("gateway.")
        for source in sources(ROOT)
        for _, imported in imports(source.tree)
        if imported.startswith("gateway.edms_adapter.registry") and not within(source.module, REGISTRY)
    }

    assert {name.partition(".")[0] for name in knowing} == {"demo", "starter", "conformance"}


def test_every_room_of_the_table_exists() -> None:
    gateway = ROOT / "gateway"
    absent = [room.name for room in ROOMS if not any((gateway / f"{room.name}{end}").exists() for end in ("", ".py"))]

    assert absent == []


@pytest.mark.parametrize(
    ("file", "planted", "complaint"),
    [
        ("mail/planted.py", "import socket", "socket has no place on a pure floor"),
        ("mail/planted.py", "def f():\n    from os import path", "os has no place on a pure floor"),
        ("reports/planted.py", "x = open('a')", "open() touches files on a pure floor"),
        ("settings/planted.py", "import pathlib\npathlib.Path().read_text()", "touches files on a pure floor"),
        ("model.py", "import gateway.errors", "model (floor 0) may not import errors (floor 0)"),
        ("mail/planted.py", "from gateway.dialects import tree", "mail (floor 1) may not import dialects (floor 1)"),
        ("office.py", "from gateway import journal", "office (floor 1) may not import journal (floor 2)"),
        (
            "inbound/planted.py",
            "from gateway.outbound import post",
            "inbound (floor 3) may not import outbound (floor 3)",
        ),
        ("edms_adapter/planted.py", "import gateway.inbound.accept", "edms_adapter (floor 3) may not import inbound"),
        ("inbound/planted.py", "import lxml.etree", "lxml does not live here"),
        ("inbound/planted.py", "from sqlalchemy import create_engine", "sqlalchemy does not live here"),
        ("dialects/planted.py", "x = etree.fromstring('')", "makes a parser outside dialects.tree"),
        ("dialects/planted.py", "import requests", "requests does not live here"),
        ("journal/planted.py", "from . import store", "is no plain absolute import"),
        ("journal/planted.py", "from typing import TYPE_CHECKING", "is no plain absolute import"),
        ("outbound/planted.py", "from datetime import UTC, datetime\nx = datetime.now(UTC)", "asks the clock"),
        ("outbound/planted.py", "import time\nx = time.time()", "asks the clock"),
        ("services/planted.py", "", "is in no room of the table"),
    ],
)
def test_what_is_forbidden_is_found(tmp_path: Path, file: str, planted: str, complaint: str) -> None:
    path = tmp_path / "gateway" / file
    path.parent.mkdir(parents=True)
    path.write_text(planted)

    assert [complaint in found for found in complaints(tmp_path)] == [True]


# --- every file ---------------------------------------------------------------------------------------------------

NOT_OURS = frozenset({".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "__pycache__"})
BUILT = frozenset({"build", "dist"})
WRITTEN = frozenset({".py", ".pyi", ".sh", ".toml", ".xsd", ".in"})
NAMED = frozenset({"Makefile", "run", ".gitignore", "constraints.txt"})


def files(folder: Path = ROOT) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in NOT_OURS or path.name.endswith(".egg-info") or (folder == ROOT and path.name in BUILT):
            continue
        if path.is_dir():
            yield from files(path)
        elif path.suffix in WRITTEN or path.name in NAMED or path.is_relative_to(ROOT / "templates"):
            yield path


def test_every_source_file_names_its_licence() -> None:
    header = "SPDX-License-Identifier: GPL-3.0-or-later"
    without = [
        str(file.relative_to(ROOT))
        for file in files()
        if file.stat().st_size and not any(header in line for line in file.read_text().splitlines()[:3])
    ]

    assert without == []


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    left = [str(file.relative_to(ROOT)) for file in files() if later.search(file.read_text())]

    assert left == []


# --- licences of others -------------------------------------------------------------------------------------------


def gpl_2_only(package: Message | metadata.PackageMetadata) -> bool:
    """Say whether *package* may be used under version 2 of the GPL alone, which cannot be combined with version 3."""
    expression = package.get("License-Expression") or ""
    if expression:
        return bool(re.search(r"(?<!L)GPL-2\.0(-only)?(?![-\w+.])", expression)) and " OR " not in expression
    classifiers = " ".join(package.get_all("Classifier") or ())
    words = (package.get("License") or "").splitlines()[:1]
    said = f"{classifiers} {' '.join(words)}"
    two = re.search(r"(?<!L)\bGPL[ -]?v?2(\.0)?\b|GNU General Public License v2 \(GPLv2\)|(?<!L)GPL-2\.0", said)
    return bool(two) and not re.search(r"or.later|v2\+|2\.0\+|\(GPLv2\+\)|GPLv3|MIT|BSD|Apache", said)


def test_no_library_is_under_version_2_of_the_gpl_alone() -> None:
    assert [package.name for package in metadata.distributions() if gpl_2_only(package.metadata)] == []


@pytest.mark.parametrize(
    ("header", "value", "forbidden"),
    [
        ("License-Expression", "GPL-2.0-only", True),
        ("License-Expression", "GPL-2.0", True),
        ("License-Expression", "GPL-2.0-or-later", False),
        ("License-Expression", "LGPL-2.0-only", False),
        ("License-Expression", "GPL-3.0-only", False),
        ("License-Expression", "GPL-2.0-only OR MIT", False),
        ("License", "GPL-2.0", True),
        ("License", "GPLv2", True),
        ("License", "GPLv2+", False),
        ("License", "LGPLv2", False),
        ("Classifier", "License :: OSI Approved :: GNU General Public License v2 (GPLv2)", True),
        ("Classifier", "License :: OSI Approved :: GNU General Public License v2 or later (GPLv2+)", False),
        ("Classifier", "License :: OSI Approved :: MIT License", False),
    ],
)
def test_version_2_alone_is_told_from_what_can_be_combined(header: str, value: str, forbidden: bool) -> None:
    package = message_from_string(f"{header}: {value}\n\n")

    assert gpl_2_only(package) is forbidden

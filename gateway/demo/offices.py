# SPDX-License-Identifier: GPL-3.0-or-later
"""The two offices of the demo: their people, their registries, and configurations that know each other."""

import os
import socket
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex

from gateway.edms_adapter import registry
from gateway.edms_adapter.registry import Correspondent, Office, Staff

MAX_HELD = 200  # LIMIT: ports that are kept for their servers at once
_HELD = deque[int]()  # their file descriptors, the oldest first; the end of the process closes them


@dataclass(frozen=True, slots=True)
class DemoOffice:
    """One office: who it is, and where its gateway and its registry live."""

    name: str  # "minsk"
    index: str
    title: str
    time_zone: str
    people: tuple[Staff, ...]
    prefixes: tuple[str, str]
    home: Path = Path()
    port: int = 0

    @property
    def config(self) -> Path:
        return self.home / "gateway.toml"

    @property
    def registry(self) -> str:
        """The database its people work in."""
        return f"sqlite:///{self.home / 'registry.db'}"

    @property
    def files(self) -> Path:
        """The registry's file store."""
        return self.home / "files"

    @property
    def process(self) -> Path:
        """Where the id of its gateway's process stands, for `kill -HUP`."""
        return self.home / "gateway.pid"

    @property
    def address(self) -> str:
        return f"edms@{self.name}.example"


MINSK = DemoOffice(
    "minsk",
    "EX-MINSK",
    "Исполнительный комитет, Минск",
    "Europe/Minsk",
    (
        Staff("Озёрный Глеб Романович", "заместитель председателя", "Руководство", "M-01"),
        Staff("Тихая Дарья Марковна", "делопроизводитель", "Канцелярия", "M-02"),
    ),
    ("ВХ-", "01-17/"),
)
MOSCOW = DemoOffice(
    "moscow",
    "EX-MOSCOW",
    "Исполнительный комитет, Москва",
    "Europe/Moscow",
    (
        Staff("Берёзкина Анна Викторовна", "начальник управления", "Управление связи", "W-01"),
        Staff("Кленов Пётр Ильич", "главный специалист", "Управление связи", "W-02"),
        Staff("Рябинина Вера Львовна", "специалист", "Управление связи", "W-04"),
        Staff("Дубов Олег Юрьевич", "делопроизводитель", "Канцелярия", "W-03"),
    ),
    ("ВХ-М-", "М-04/"),
)

GATEWAY = """\
# Written by `edms-gateway demo`.
secret_file = "office.secret"
partners = "partners.toml"

[[office]]
index = "{us.index}"
name = "{us.title}"
address = "{us.address}"
time_zone = "{us.time_zone}"

[journal]
url = "sqlite:///journal.db"
blobs = "blobs"

[edms]
mapping = "registry"
database = "sqlite:///registry.db"
files = "files"
poll = "1 s"

[[listener]]
name = "door"
bind = "127.0.0.1:{us.port}"

[relay]
host = "127.0.0.1"
port = {them.port}
tls = "none"

[workers]
count = 1
"""
PARTNERS = """\
[[channel]]
id = "{them.name}"
address = "{them.address}"
[channel.proof]
kind = "network"
peers = ["127.0.0.1"]

[[partner]]
id = "{them.name}"
name = "{them.title}"
channel = "{them.name}"
indices = ["{them.index}"]
mode = "live"
[[report]]
fields = ["text", "note", "category", "controller", "progress", "resume", "executor_text", "status", "files"]
"""


def set_up(home: Path) -> tuple[DemoOffice, DemoOffice]:
    """Write both offices into *home* (what is there already is kept) and return them, with free ports."""

    ports = free_ports(2)
    minsk = replace(MINSK, home=home / "minsk", port=ports[0])
    moscow = replace(MOSCOW, home=home / "moscow", port=ports[1])
    for us, them in ((minsk, moscow), (moscow, minsk)):
        us.files.mkdir(parents=True, exist_ok=True)
        us.config.write_text(GATEWAY.format(us=us, them=them), encoding="utf-8")
        (us.home / "partners.toml").write_text(PARTNERS.format(them=them), encoding="utf-8")
        secret = us.home / "office.secret"
        if not secret.exists():
            secret.touch(mode=0o600)
            secret.write_text(token_hex(32) + "\n")
        if not (us.home / "registry.db").exists():
            registry.create(us.registry)
            registry.seed(
                us.registry,
                Office(us.index, us.title),
                [Correspondent(them.index, them.title)],
                us.people,
                prefixes=us.prefixes,
            )
    return minsk, moscow


def free_ports(number: int) -> list[int]:
    """Return loopback ports that nobody uses, and that nobody else is given before their server starts.

    They stay bound here, and nobody listens: a server that sets SO_REUSEADDR, as ours do, opens them all the same.
    """
    ports = []
    for _ in range(number):
        if len(_HELD) == MAX_HELD:
            os.close(_HELD.popleft())
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("127.0.0.1", 0))
        ports.append(one.getsockname()[1])
        _HELD.append(one.detach())
    return ports

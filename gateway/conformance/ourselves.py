# SPDX-License-Identifier: GPL-3.0-or-later
"""A complete gateway of our own under test: a folder, the built-in registry, loopback ports, a process as in service.

It knows the kit as it would know any partner, one for each dialect, and as a second one with stricter receive rules.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from uuid import NAMESPACE_DNS, uuid5

from gateway.conformance.ground import BY_GUID, Ground, Side
from gateway.conformance.play import LOOK_SECONDS
from gateway.demo.files import pdf
from gateway.demo.offices import MOSCOW, free_ports
from gateway.demo.story import moment
from gateway.edms_adapter import registry
from gateway.edms_adapter.registry import Correspondent, Office, people

STOP_SECONDS = 15.0  # LIMIT: for it to end
START_SECONDS = 30.0  # LIMIT: for its door to open
WORDED = "sev"  # the standard whose letters have words for people: they are the same in all of them
PLAIN, STRICT, UNPROVEN = "kit", "strict", "unproven"

GATEWAY = """\
# Written by `edms-gateway conformance --self`.
secret_file = "office.secret"
partners = "partners.toml"

[[office]]
index = "EX-PEER"
name = "Испытуемая организация"
address = "edms@peer.example"
time_zone = "Europe/Minsk"
{codes}

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
bind = "127.0.0.1:{port}"

[relay]
host = "127.0.0.1"
port = {relay}
tls = "none"

[workers]
count = 2
"""
CHANNEL = """\
[[channel]]
id = "{id}"
address = "{side.address}"
dialect = "{dialect}"
human_text = {human}
[channel.proof]
{proof}

[[partner]]
id = "{id}"
name = "{side.name}"
channel = "{id}"
indices = ["{side.index}"]
mode = "live"
{codes}

"""
NETWORK = 'kind = "network"\npeers = ["127.0.0.1"]'
HEADER = 'kind = "header"\nname = "X-Proven"\nvalue = "{secret}"'
RULES = """\
[[receive]]
partner = ["{strict}"]
type = ["draft"]
register = "refuse"

[[receive]]
partner = ["{strict}"]
on_change = "add-files"
unknown_addressee = "refuse"
require_files = true
file_types = ["txt"]
max_file = "64 KiB"
on_bad_file = "refuse"

"""


def ground_of(dialect: str, run: str, at: datetime) -> Ground:
    """Return the ground on which a gateway of our own is tested in *dialect*."""

    return Ground(
        dialect,
        run,
        at,
        theirs=replace(Ground().theirs, code=_code("peer", dialect)),
        ours=_side(PLAIN, "Испытательный стенд", dialect),
        strict=_side(STRICT, "Строгий стенд", dialect),
        unproven=_side(UNPROVEN, "Недоказанный стенд", dialect).address,
    )


def _side(kind: str, name: str, dialect: str) -> Side:
    index = f"EX-{kind}-{dialect}".upper()
    return Side(f"{kind}-{dialect}@kit.example", index, f"{name}, {dialect}", _code(kind, dialect))


def _code(kind: str, dialect: str) -> str:
    return str(uuid5(NAMESPACE_DNS, f"{kind}.kit.example")) if dialect in BY_GUID else ""


@dataclass(slots=True)
class Ourselves:
    """The gateway of our own, as the kit meets it."""

    home: Path
    grounds: Sequence[Ground]
    port: int  # of its door

    @property
    def config(self) -> Path:
        return self.home / "gateway.toml"

    @property
    def registry(self) -> str:
        return f"sqlite:///{self.home / 'registry.db'}"

    @property
    def log(self) -> Path:
        return self.home / "gateway.log"

    def set_up(self, relay: int) -> None:
        """Write its configuration, which sends by the local port *relay*, and its registry."""
        (self.home / "files").mkdir(parents=True, exist_ok=True)
        codes = _codes({ground.dialect: ground.theirs.code for ground in self.grounds})
        self.config.write_text(GATEWAY.format(port=self.port, relay=relay, codes=codes), encoding="utf-8")
        (self.home / "partners.toml").write_text("".join(map(_partners, self.grounds)), encoding="utf-8")
        secret = self.home / "office.secret"
        secret.touch(mode=0o600)
        secret.write_text(token_hex(32) + "\n")
        registry.create(self.registry)
        theirs = self.grounds[0].theirs
        known = [Correspondent(side.index, side.name) for ground in self.grounds for side in ground.ours_all]
        registry.seed(self.registry, Office(theirs.index, theirs.name), known, MOSCOW.people)

    async def ask(self, ground: Ground, count: int) -> None:
        """Its clerk sends *count* documents to the kit."""
        await asyncio.to_thread(self._send, ground, count)

    def _send(self, ground: Ground, count: int) -> None:
        with people.at_work(self.registry) as work:
            for number in range(1, count + 1):
                files = {"Письмо.pdf": pdf(f"Letter {number}"), "Приложение № 1.txt": "Перечень.\n".encode()}
                card = people.write_card(
                    work, f"О проверке, письмо {number}", files, signer="Берёзкина", drafter="Кленов", now=moment(),
                    store=self.home / "files",
                )  # fmt: skip
                people.send(work, card, ground.ours.index, clerk="Дубов", now=moment())

    @contextmanager
    def running(
        self, program: Sequence[str] = (sys.executable, "-m", "gateway")
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """Run it as a process of its own."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*program, "--config", str(self.config), "run"], stdout=log, stderr=log, start_new_session=True
            )
            try:
                yield process
            finally:
                process.terminate()
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    async def opened(self, process: "subprocess.Popen[bytes]") -> None:
        """Return when its door is open; raises OSError when it never opens."""
        async with asyncio.timeout(START_SECONDS):
            while process.poll() is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(LOOK_SECONDS)
                else:
                    writer.close()
                    return
        raise OSError(f"the gateway under test ended by itself: see {self.log}")


def _partners(ground: Ground) -> str:
    assert ground.strict is not None
    strict = f"{STRICT}-{ground.dialect}"
    unproven = replace(_side(UNPROVEN, "Недоказанный стенд", ground.dialect), address=ground.unproven)
    sides = (
        (f"{PLAIN}-{ground.dialect}", ground.ours, NETWORK),
        (strict, ground.strict, NETWORK),
        (f"{UNPROVEN}-{ground.dialect}", unproven, HEADER.format(secret=token_hex(16))),
    )
    channels = (
        CHANNEL.format(
            id=name,
            side=side,
            dialect=ground.dialect,
            human="true" if ground.dialect == WORDED else "false",
            proof=proof,
            codes=_codes({side.index: side.code}),
        )
        for name, side, proof in sides
    )
    return "".join(channels) + RULES.format(strict=strict)


def _codes(known: Mapping[str, str]) -> str:
    """Return the table `codes` on one line; empty when there is no code."""
    inside = ", ".join(f'"{key}" = "{code}"' for key, code in known.items() if code)
    return f"codes = {{ {inside} }}" if inside else ""


def free_port() -> int:
    return free_ports(1)[0]

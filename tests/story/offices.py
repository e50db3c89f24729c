# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offices and the post between them, for telling stories without sockets.

Everything is real (journals, registries, mappings, dialect, rules) but the post, which is a port: it carries letters by
hand, and may be told to lose, keep or repeat them.  `settle` lets everybody work until nothing moves any more.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message as Mail
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.build import Parts, build
from gateway.content import Held
from gateway.edms_adapter import registry
from gateway.edms_adapter.registry import Correspondent, Staff
from gateway.edms_adapter.registry import Office as RegistryOffice
from gateway.inbound.accept import take
from gateway.inbound.delivery import Delivery
from gateway.inbound.worker import Worker
from gateway.journal import entries
from gateway.journal.entries import Direction, Entry
from gateway.journal.store import Journal
from gateway.model import Content
from gateway.outbound.collect import Collector
from gateway.outbound.dispatch import Dispatcher
from gateway.ports import Outcome, Phase, Posted
from gateway.retry import POST
from gateway.settings import Settings, parse

BEGINNING = datetime(2026, 3, 11, 7, 0, tzinfo=UTC)

MINSK_PEOPLE = (
    Staff("Озёрный Глеб Романович", "Заместитель председателя", "Руководство", "M-01"),
    Staff("Тихая Дарья Марковна", "Делопроизводитель", "Канцелярия", "M-02"),
)
MOSCOW_PEOPLE = (
    Staff("Берёзкина Анна Викторовна", "Начальник управления", "Управление связи", "W-01"),
    Staff("Кленов Пётр Ильич", "Главный специалист", "Управление связи", "W-02"),
    Staff("Дубов Олег Юрьевич", "Делопроизводитель", "Канцелярия", "W-03"),
)


@dataclass(slots=True)
class HandClock:
    """A clock that moves when it is told to; reading it moves it a little, so no two moments are equal."""

    moment: datetime = BEGINNING

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass(slots=True)
class HandPost:
    """Carries letters to whoever has the address; keeps a copy of each."""

    doors: dict[str, "TownOffice"] = field(default_factory=dict)
    carried: list[tuple[str, str, bytes]] = field(default_factory=list)  # sender, recipient, bytes
    answer: Posted = Posted(Outcome.SENT, Phase.REPLIED, 250, "2.0.0 Ok: queued as HAND")
    delivers: bool = True

    async def send(self, letter: Content, sender: str, recipient: str) -> Posted:
        data = b"".join(letter.blocks())
        if self.answer.outcome is Outcome.SENT:
            self.carried.append((sender, recipient, data))
            if self.delivers and recipient in self.doors:
                self.doors[recipient].receive(data, sender)
        return self.answer

    async def close(self) -> None:
        return


class TownOffice:
    """One office: a gateway and a registry."""

    def __init__(self, home: Path, name: str, settings: Settings, clock: HandClock, post: HandPost) -> None:
        self.home = home
        self.name = name
        self.settings = settings
        self.clock = clock
        self.post = post
        self.parts: Parts = build(settings, clock)
        self.registry = settings.edms.database
        self.address = settings.offices[0].address
        self._sources = count(1)
        self.assemble()

    def assemble(self) -> None:
        parts = self.parts
        self.worker = Worker(f"{self.name}.0", parts.desk(), self.clock.now, max_seconds=60)
        self.collector = Collector(
            parts.journal,
            parts.edms,
            parts.office,
            parts.outbox,
            self.clock.now,
            parts.failpoint,
            parts.outgoing_screen,
        )
        self.dispatcher = Dispatcher(
            parts.journal,
            lambda entry: self.post,
            self.clock.now,
            POST,
            name=self.name,
            failpoint=parts.failpoint,
            told=lambda: None,
        )

    def receive(
        self,
        data: bytes,
        sender: str,
        *,
        peer: str = "192.0.2.1",
        channel: str = "door",
        anew: bool = True,
        source: str = "",
        recipients: tuple[str, ...] = (),
    ) -> int:
        """Take a letter as a listener would; return its entry."""
        delivery = Delivery(
            source=source or f"smtp:{self.name}-{next(self._sources)}",
            channel=channel,
            envelope_sender=sender,
            recipients=recipients or (self.address,),
            peer=peer,
            arrived_anew=anew,
            letter=Held(data),
        )
        return take([delivery], self.parts.journal, self.parts.office, self.clock.now(), self.parts.failpoint)[0]

    def work(self) -> int:
        """Let everybody here do what there is to do once; return how much there was."""
        done = self.worker.work()
        with contextlib.suppress(ConnectionError):
            done += self.collector.round()
        return done + asyncio.run(self.dispatcher.once())

    def entry(self, number: int) -> Entry:
        with self.parts.journal.read() as tx:
            entry = entries.get(tx, number)
        assert entry is not None
        return entry

    def incoming(self) -> list[Entry]:
        with self.parts.journal.read() as tx:
            return sorted(entries.select(tx, direction=Direction.IN), key=lambda entry: entry.id)

    def outgoing(self) -> list[Entry]:
        with self.parts.journal.read() as tx:
            return sorted(entries.select(tx, direction=Direction.OUT), key=lambda entry: entry.id)

    def sent(self) -> list[Mail]:
        """Every letter this office put into the post, parsed by an independent reader."""
        return [message_from_bytes(data) for sender, _, data in self.post.carried if sender == self.address]

    def close(self) -> None:
        self.parts.close()


@dataclass(slots=True)
class Town:
    minsk: TownOffice
    moscow: TownOffice
    clock: HandClock
    post: HandPost

    def settle(self, rounds: int = 40) -> None:
        """Let both offices work until nothing moves any more."""
        for _ in range(rounds):
            if not self.minsk.work() + self.moscow.work():
                return
            self.clock.advance(seconds=1)
        raise AssertionError("the two offices never come to rest: they write to each other for ever")


GATEWAY = """
secret = "{name}-secret-for-tests-only-0123456789"
partners = "partners.toml"
{top}
[[office]]
index = "{index}"
name = "{title}"
address = "edms@{name}.example"
time_zone = "{zone}"
{office}
[journal]
url = "{journal}"
blobs = "{home}/blobs"
[edms]
mapping = "registry"
database = "{registry}"
files = "{home}/files"
poll = "1 s"
[[listener]]
name = "door"
bind = "127.0.0.1:0"
[relay]
host = "127.0.0.1"
port = 1
tls = "none"
{relay}
{also}
"""
PARTNERS = """
[[channel]]
id = "{other}"
{address}
{channel}
[channel.proof]
{proof}
[[partner]]
id = "{other}"
name = "{other_title}"
channel = "{other}"
indices = [{indices}]
mode = "{mode}"
{partner}
"""
NETWORK = 'kind = "network"\npeers = ["192.0.2.0/24"]'
HOLIDAYS = {"holidays.txt": "2027-01-01\n2027-01-07\n+2026-12-26\n"}  # for an office that names this file
TITLES = {"minsk": "Исполком, отделение в Минске", "moscow": "Исполком, отделение в Москве"}
INDICES = {"minsk": "EX-MINSK", "moscow": "EX-MOSCOW"}
ZONES = {"minsk": "Europe/Minsk", "moscow": "Europe/Moscow"}


def settings_of(
    home: Path,
    name: str,
    other: str,
    *,
    channel: str = "",
    proof: str = NETWORK,
    partner: str = "",
    mode: str = "live",
    relay: str = "",
    database: str = "",
    top: str = "",
    zone: str = "",
    office: str = "",
    indices: str = "",
    also: str = "",
    address: str | None = None,
) -> Settings:
    """Return the settings of office *name*, whose only partner is *other*; *also* is more of gateway.toml."""
    gateway = GATEWAY.format(
        name=name,
        index=INDICES[name],
        title=TITLES[name],
        zone=zone or ZONES[name],
        office=office,
        home=home,
        journal=f"sqlite:///{home}/journal.db",
        relay=relay,
        top=top,
        also=also,
        registry=database or f"sqlite:///{home}/registry.db",
    )
    partners = PARTNERS.format(
        other=other,
        other_title=TITLES[other],
        indices=indices or f'"{INDICES[other]}"',
        address=f'address = "edms@{other}.example"' if address is None else address,
        channel=channel,
        proof=proof,
        partner=partner,
        mode=mode,
    )
    home.mkdir(parents=True, exist_ok=True)
    for file, text in {"gateway.toml": gateway, "partners.toml": partners, **HOLIDAYS}.items():
        (home / file).write_text(text)  # for the command line
        (home / file).chmod(0o600)
    return parse({"gateway.toml": gateway, "partners.toml": partners}, holidays=HOLIDAYS)


def _file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@cache
def _new_registry(name: str, other: str) -> bytes:
    """Return the registry of office *name* on its first day; made once, for every office that opens."""
    with TemporaryDirectory() as home:
        url = f"sqlite:///{home}/registry.db"
        registry.create(url)
        registry.seed(
            url,
            RegistryOffice(INDICES[name], TITLES[name]),
            [Correspondent(INDICES[other], TITLES[other])],
            MINSK_PEOPLE if name == "minsk" else MOSCOW_PEOPLE,
        )
        return _file_of(url).read_bytes()


@cache
def _new_journal() -> bytes:
    """Return a journal that holds nothing; likewise."""
    with TemporaryDirectory() as home:
        url = f"sqlite:///{home}/journal.db"
        Journal.open(url, Path(home) / "blobs").close()
        return _file_of(url).read_bytes()


def open_office(home: Path, name: str, other: str, clock: HandClock, post: HandPost, **differences: str) -> TownOffice:
    """Open office *name* in folder *home*, with an empty registry."""
    home.mkdir(parents=True, exist_ok=True)
    settings = settings_of(home, name, other, **differences)
    _file_of(settings.edms.database).write_bytes(_new_registry(name, other))
    _file_of(settings.journal.url).write_bytes(_new_journal())
    office = TownOffice(home, name, settings, clock, post)
    post.doors[office.address] = office
    return office


@contextlib.contextmanager
def town(home: Path, *, minsk: dict[str, str] | None = None, moscow: dict[str, str] | None = None) -> Iterator[Town]:
    """Open both offices; *minsk* and *moscow* say what differs in their configuration."""
    clock, post = HandClock(), HandPost()
    offices = (
        open_office(home / "minsk", "minsk", "moscow", clock, post, **(minsk or {})),
        open_office(home / "moscow", "moscow", "minsk", clock, post, **(moscow or {})),
    )
    try:
        yield Town(offices[0], offices[1], clock, post)
    finally:
        for office in offices:
            office.close()

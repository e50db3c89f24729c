# SPDX-License-Identifier: GPL-3.0-or-later
"""Two gateways with many organisations each, which write to each other in pairs: real SMTP, or real directories.

Minsk's organisation of a pair has a channel to Moscow's that speaks one standard; Moscow's channel back may speak
another one.  Everything else is the same in all pairs, the EDMS mapping above all.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import NAMESPACE_DNS, uuid5

from gateway.demo.offices import MINSK, MOSCOW, DemoOffice, free_ports
from gateway.demo.story import running, wait_for_door
from gateway.edms_adapter import registry
from gateway.edms_adapter.registry import Correspondent, Office, Staff
from gateway.journal import entries
from gateway.journal.entries import Direction, State
from gateway.journal.store import Journal

TREES = (
    *("Берёза", "Ветла", "Вишня", "Граб", "Груша", "Дуб", "Ель", "Ива", "Калина", "Каштан", "Клён"),
    *("Лещина", "Липа", "Ольха", "Осина", "Пихта", "Рябина", "Слива", "Сосна", "Тополь", "Черёмуха", "Ясень"),
)
REFUSED = "Запросы"  # the kind of document that both refuse
GATEWAY = """\
secret_file = "office.secret"
partners = "partners.toml"
{offices}
[journal]
url = "sqlite:///journal.db"
blobs = "blobs"
[edms]
mapping = "registry"
database = "{us.registry}"
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
{folders}
"""
OFFICE = """
[[office]]
index = "{side.index}"
name = "{side.title}"
address = "{side.address}"
time_zone = "{side.zone}"
codes = {{ smdo = "{side.smdo}", medo = "{side.medo}" }}
"""
CHANNEL = """
[[channel]]
id = "{pair.name}"
{way}
dialect = "{dialect}"
{envelope}
{proof}

[[partner]]
id = "{pair.name}"
name = "{them.title}"
channel = "{pair.name}"
indices = ["{them.index}"]
codes = {{ {them.index} = {{ smdo = "{them.smdo}", medo = "{them.medo}" }} }}
mode = "live"
"""
RULES = """
[[report]]
fields = ["text", "note", "category", "controller", "progress", "resume", "executor_text", "status", "files"]
[[receive]]
kind = ["{kind}"]
register = "refuse"
"""
NETWORK = '[channel.proof]\nkind = "network"\npeers = ["127.0.0.1"]'
BY_FOLDER = """\
[channel.proof]
kind = "folder"
name = "{pair.name}"
[channel.folder_out]
path = "{out}"
layout = "{pair.folder}"
to = "{to}"
"""
FOLDER = """
[[folder]]
name = "{pair.name}"
path = "{path}"
layout = "{pair.folder}"
archive = "{archive}"
poll = "1 s"
settle = "1 s"
"""


@dataclass(frozen=True, slots=True)
class Side:
    """One organisation of a pair."""

    town: str  # "minsk" or "moscow"
    pair: str
    place: int  # of the pair

    @property
    def index(self) -> str:
        return f"EX-{self.town}-{self.pair}".upper()

    @property
    def address(self) -> str:
        return f"edms@{self.pair}.{self.town}.example"

    @property
    def title(self) -> str:
        return f"{(MINSK if self.town == 'minsk' else MOSCOW).title}, {TREES[self.place]}"

    @property
    def zone(self) -> str:
        return (MINSK if self.town == "minsk" else MOSCOW).time_zone

    @property
    def smdo(self) -> str:
        return f"Org{'A' if self.town == 'minsk' else 'B'}{self.place:03}"

    @property
    def medo(self) -> str:
        return str(uuid5(NAMESPACE_DNS, f"{self.pair}.{self.town}.example"))

    def person(self, name: str) -> str:
        """Return the surname of the one here who is called so: in each organisation somebody is."""
        return f"{name}-{TREES[self.place]}"

    @property
    def people(self) -> tuple[Staff, ...]:
        """The head, a specialist and the clerk."""
        return (
            Staff(f"{self.person('Берёзкина')} Анна Викторовна", "Начальник управления", "Управление связи", "W-01"),
            Staff(f"{self.person('Кленов')} Пётр Ильич", "Главный специалист", "Управление связи", "W-02"),
            Staff(f"{self.person('Дубов')} Олег Юрьевич", "Делопроизводитель", "Канцелярия", "W-03"),
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """Two organisations that write to each other; what each one's channel speaks, and the way their letters go."""

    name: str
    minsk: str
    moscow: str
    place: int
    folder: str = ""  # the layout of their directories; empty: by SMTP

    def side(self, town: str) -> Side:
        return Side(town, self.name, self.place)

    def speaks(self, town: str) -> str:
        return self.minsk if town == "minsk" else self.moscow


@dataclass(frozen=True, slots=True)
class Towns:
    minsk: DemoOffice
    moscow: DemoOffice
    pairs: tuple[Pair, ...]

    def of(self, town: str) -> DemoOffice:
        return self.minsk if town == "minsk" else self.moscow


def found(home: Path, pairs: Sequence[Pair]) -> Towns:
    """Write configurations and registries of both towns below *home*."""
    ports = free_ports(2)
    minsk = replace(MINSK, home=home / "minsk", port=ports[0])
    moscow = replace(MOSCOW, home=home / "moscow", port=ports[1])
    for us, them in ((minsk, moscow), (moscow, minsk)):
        us.files.mkdir(parents=True)
        _configure(us, them, home / "exchange", pairs)
        _populate(us, them, pairs)
    return Towns(minsk, moscow, tuple(pairs))


def _configure(us: DemoOffice, them: DemoOffice, exchange: Path, pairs: Sequence[Pair]) -> None:
    offices = "".join(OFFICE.format(side=pair.side(us.name)) for pair in pairs)
    channels, folders = "", ""
    for pair in pairs:
        ours, theirs = exchange / f"{pair.name}-to-{us.name}", exchange / f"{pair.name}-to-{them.name}"
        medo = pair.folder == "medo"
        to = f"{pair.name.upper()}~{them.name.upper()}" if medo else pair.side(them.name).address
        way, proof = f'address = "{pair.side(them.name).address}"', NETWORK
        if pair.folder:
            ours.mkdir(parents=True, exist_ok=True)
            theirs.mkdir(parents=True, exist_ok=True)
            way, proof = "", BY_FOLDER.format(pair=pair, out=theirs, to=to)
            folders += FOLDER.format(pair=pair, path=ours, archive=exchange / f"{pair.name}-taken-in-{us.name}")
        envelope = f'envelope = "{to}"' if medo else ""
        dialect = pair.speaks(us.name)
        partner = pair.side(them.name)
        channels += CHANNEL.format(pair=pair, way=way, dialect=dialect, envelope=envelope, proof=proof, them=partner)
    us.config.write_text(GATEWAY.format(us=us, them=them, offices=offices, folders=folders), encoding="utf-8")
    (us.home / "partners.toml").write_text(channels + RULES.format(kind=REFUSED), encoding="utf-8")
    secret = us.home / "office.secret"
    secret.touch(mode=0o600)
    secret.write_text("0123456789abcdef" * 4)


def _populate(us: DemoOffice, them: DemoOffice, pairs: Sequence[Pair]) -> None:
    registry.create(us.registry)
    ours = [pair.side(us.name) for pair in pairs]
    theirs = [Correspondent(side.index, side.title) for side in (pair.side(them.name) for pair in pairs)]
    registry.seed(us.registry, Office(ours[0].index, ours[0].title), theirs, ours[0].people)
    for side in ours[1:]:
        registry.add_office(us.registry, Office(side.index, side.title), side.people, prefixes=("ВХ-", "ИСХ-"))


@contextmanager
def open_doors(towns: Towns) -> Iterator[None]:
    """Run both gateways as processes of their own."""
    with ExitStack() as stack:
        for office in (towns.minsk, towns.moscow):
            wait_for_door(office, stack.enter_context(running(office)))
        yield


def journal_of(office: DemoOffice) -> Journal:
    return Journal.open(f"sqlite:///{office.home}/journal.db", office.home / "blobs")


def at_rest(towns: Towns) -> bool:
    """Say whether every letter was sent, came and is done with."""
    sent, came = 0, 0
    for office in (towns.minsk, towns.moscow):
        journal = journal_of(office)
        try:
            with journal.read() as tx:
                letters = entries.select(tx, limit=1000)
        finally:
            journal.close()
        if any(letter.state in (State.ACCEPTED, State.QUEUED) for letter in letters):
            return False
        came += sum(letter.direction is Direction.IN for letter in letters)
        sent += sum(letter.direction is Direction.OUT for letter in letters)
    return sent == came

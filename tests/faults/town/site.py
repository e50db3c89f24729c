# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an office lives and what it is told before it starts; goes into its process by pickle."""

import atexit
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from gateway.build import build
from gateway.edms_adapter import registry
from gateway.edms_adapter.registry import Correspondent, Staff
from gateway.edms_adapter.registry import Office as RegistryOffice
from gateway.settings import Settings, parse
from tests.faults.town.tables import watch_states
from tests.story.offices import HandClock

INDICES = {"minsk": "EX-MINSK", "moscow": "EX-MOSCOW", "far": "EX-FAR"}
TITLES = {"minsk": "Исполком, отделение в Минске", "moscow": "Исполком, отделение в Москве", "far": "Дальний завод"}
OFFICES = ("minsk", "moscow")
SECRET = "CANARY-SECRET-of-{name}-0123456789abcdef"
PROOF = "X-Storm-Proof"
AFTER = {"minsk": "flag", "moscow": "move"}  # what becomes of letters in the mailbox
PEOPLE = {
    "minsk": (
        Staff("Озёрный Глеб Романович", "Заместитель председателя", "Руководство", "M-01"),
        Staff("Тихая Дарья Марковна", "Делопроизводитель", "Канцелярия", "M-02"),
    ),
    "moscow": (
        Staff("Берёзкина Анна Викторовна", "Начальник управления", "Управление связи", "W-01"),
        Staff("Дубов Олег Юрьевич", "Делопроизводитель", "Канцелярия", "W-03"),
    ),
}
GATEWAY = """
secret = "{secret}"
partners = "partners.toml"
[[office]]
index = "{index}"
name = "{title}"
address = "edms@{name}.example"
time_zone = "Europe/Moscow"
[journal]
url = "{journal}"
blobs = "{home}/blobs"
[edms]
mapping = "registry"
database = "{registry}"
files = "{home}/files"
[[listener]]
name = "door"
bind = "127.0.0.1:0"
[relay]
host = "127.0.0.1"
port = 1
tls = "none"
"""
REPORTING = """
[[report]]
fields = ["text", "executor_text", "resume", "status"]
"""
PARTNER = """
[[channel]]
id = "{other}"
address = "edms@{other}.example"
[channel.proof]
kind = "header"
name = "{proof}"
value = "{other}"
[[partner]]
id = "{other}"
name = "{title}"
channel = "{other}"
indices = ["{index}"]
mode = "live"
"""


@dataclass(frozen=True, slots=True)
class Site:
    """One office's place on the disk, its settings, and what is broken in it on purpose."""

    name: str
    home: Path
    journal: str  # URL
    registry: str  # URL
    settings: Settings
    sabotage: str = ""  # a name of `tests.faults.sabotage`

    @property
    def log(self) -> Path:
        return self.home / "log"


def site_of(home: Path, name: str, journal: str, registry_url: str, sabotage: str = "") -> Site:
    gateway = GATEWAY.format(
        secret=SECRET.format(name=name),
        index=INDICES[name],
        title=TITLES[name],
        name=name,
        home=home,
        journal=journal,
        registry=registry_url,
    )
    partners = "".join(
        PARTNER.format(other=other, title=TITLES[other], index=INDICES[other], proof=PROOF)
        for other in INDICES
        if other != name
    )
    settings = parse({"gateway.toml": gateway, "partners.toml": partners + REPORTING})
    return Site(name, home, journal, registry_url, settings, sabotage)


def found(site: Site) -> None:
    """Make the empty databases of *site*; this process forgets them again."""
    site.home.mkdir(parents=True, exist_ok=True)
    registry.create(site.registry)
    others = [Correspondent(INDICES[name], TITLES[name]) for name in INDICES if name != site.name]
    registry.seed(site.registry, RegistryOffice(INDICES[site.name], TITLES[site.name]), others, PEOPLE[site.name])
    build(site.settings, HandClock()).close()
    watch_states(site.journal, site.registry)


@cache
def _template() -> Path:
    """Return a folder with both offices as they are founded on SQLite."""
    folder = Path(mkdtemp(prefix="storm-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in OFFICES:
        home = folder / name
        found(site_of(home, name, f"sqlite:///{home}/journal.db", f"sqlite:///{home}/registry.db"))
    return folder


def on_sqlite(folder: Path, sabotage: str = "") -> dict[str, Site]:
    """Found both offices under *folder*, on SQLite."""
    sites = {}
    for name in OFFICES:
        home = folder / name
        shutil.copytree(_template() / name, home)
        urls = f"sqlite:///{home}/journal.db", f"sqlite:///{home}/registry.db"
        sites[name] = site_of(home, name, *urls, sabotage)
    return sites


def on_postgres(folder: Path, database: Callable[[], str], sabotage: str = "") -> dict[str, Site]:
    """Found both offices on PostgreSQL; *database* makes an empty one and returns its URL."""
    sites = {name: site_of(folder / name, name, database(), database(), sabotage) for name in OFFICES}
    for site in sites.values():
        found(site)
    return sites

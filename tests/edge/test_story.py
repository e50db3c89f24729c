# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job through real servers: Postfix as the relay, Dovecot's mailbox by IMAP, LMTP, two gateway processes.

Minsk takes its letters by LMTP and keeps journal and registry in SQLite; Moscow watches a mailbox and keeps both in
PostgreSQL.  People act in their registries only.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import text

from gateway.demo.offices import MINSK, MOSCOW, PARTNERS, DemoOffice, free_ports
from gateway.demo.story import Story, play, running, wait_for_door
from gateway.edms_adapter import registry
from gateway.edms_adapter.registry import Correspondent, Office, people
from gateway.journal import entries
from gateway.journal.entries import Direction
from gateway.journal.store import Journal
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import Postfix

CONFIG = """\
secret_file = "office.secret"
partners = "partners.toml"
[[office]]
index = "{us.index}"
name = "{us.title}"
address = "{us.address}"
time_zone = "{us.time_zone}"
[journal]
url = "{journal}"
blobs = "blobs"
[edms]
mapping = "registry"
database = "{us.registry}"
files = "files"
poll = "1 s"
{entrance}
[relay]
host = "127.0.0.1"
port = {relay}
tls = "none"
[workers]
count = 2
"""
LMTP = """
[[listener]]
name = "door"
protocol = "lmtp"
bind = "127.0.0.1:{port}"
"""
MAILBOX = """
[[mailbox]]
name = "door"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "{user}"
password_file = "mailbox.secret"
start = "all"
poll = "2 s"
"""


@dataclass(frozen=True)
class PostgresOffice(DemoOffice):
    """An office whose people work in PostgreSQL, with a mailbox of its own."""

    database: str = ""
    user: str = ""

    @property
    def address(self) -> str:
        return f"{self.user}@moscow.example"

    @property
    def registry(self) -> str:
        return self.database


@dataclass(frozen=True)
class RealOffices:
    minsk: DemoOffice
    moscow: DemoOffice
    moscow_journal: str
    user: str


def secret(path: Path, words: str) -> None:
    path.touch(mode=0o600)
    path.write_text(words)


def open_office(us: DemoOffice, them: DemoOffice, journal: str, entrance: str, relay: int) -> None:
    us.home.mkdir(parents=True)
    us.config.write_text(CONFIG.format(us=us, journal=journal, entrance=entrance, relay=relay), encoding="utf-8")
    partners = PARTNERS.format(them=them).replace(
        'kind = "network"\npeers = ["127.0.0.1"]', 'kind = "mailbox"\nname = "door"'
    )
    (us.home / "partners.toml").write_text(partners, encoding="utf-8")
    secret(us.home / "office.secret", "0123456789abcdef" * 4)
    registry.create(us.registry)
    registry.seed(
        us.registry,
        Office(us.index, us.title),
        [Correspondent(them.index, them.title)],
        us.people,
        prefixes=us.prefixes,
    )


@pytest.fixture
def real(tmp_path: Path, postfix: Postfix, dovecot: Dovecot, postgres: Callable[[], str]) -> RealOffices:
    """Both offices, configured; their gateways are not running yet."""
    user = dovecot.user()
    minsk = replace(MINSK, home=tmp_path / "minsk", port=free_ports(1)[0])
    known = {name: getattr(MOSCOW, name) for name in ("name", "index", "title", "time_zone", "people", "prefixes")}
    moscow = PostgresOffice(**known, home=tmp_path / "moscow", database=postgres(), user=user)
    journal = postgres()
    open_office(minsk, moscow, "sqlite:///journal.db", LMTP.format(port=minsk.port), postfix.port)
    open_office(moscow, minsk, journal, MAILBOX.format(port=dovecot.imap_port, user=user), postfix.port)
    secret(moscow.home / "mailbox.secret", dovecot.password)
    postfix.route(
        {
            "minsk.example": f"lmtp:inet:127.0.0.1:{minsk.port}",
            "moscow.example": f"lmtp:inet:127.0.0.1:{dovecot.lmtp_port}",
        }
    )
    return RealOffices(minsk, moscow, journal, user)


Found = TypeVar("Found")


def eventually(look: Callable[[], Found], seconds: float = 60) -> Found:
    """Return what *look* finds as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return found


def test_the_whole_story_runs_through_postfix_and_dovecot(real: RealOffices) -> None:
    with running(real.minsk) as one, running(real.moscow) as other:
        wait_for_door(real.minsk, one)

        play(real.minsk, real.moscow, Story(time.monotonic(), (one, other), patience_seconds=120))

    with people.at_work(real.moscow.registry) as work:
        cards = people.rows(work, "select direction, number from card order by id")
    assert [(card.direction, card.number) for card in cards] == [("in", "ВХ-М-1"), ("out", "М-04/1")]


@pytest.mark.thorough
def test_a_recreated_mailbox_registers_nothing_twice_and_answers_nothing(real: RealOffices, dovecot: Dovecot) -> None:
    with running(real.minsk) as one, running(real.moscow) as other:
        wait_for_door(real.minsk, one)
        play(real.minsk, real.moscow, Story(time.monotonic(), (one, other), patience_seconds=120))
        eventually(lambda: told_of_the_answer(real) == ["forwarded", "received", "registered"])
        before = counted(real)

        letters = lost_and_restored(dovecot, real.user)
        eventually(lambda: counted(real)[0] == before[0] + letters)
        eventually(lambda: len(settled(real)) == before[0] + letters)
        after = counted(real)

    assert after[1] == before[1]
    with people.at_work(real.moscow.registry) as work:
        assert len(people.rows(work, "select id from card where direction = 'in'")) == 1


def lost_and_restored(dovecot: Dovecot, user: str) -> int:
    """Lose the whole mailbox and deliver its letters anew, as after a restore; return how many there are."""
    before = dovecot.uidvalidity(user)
    maildir = dovecot.home / "mail" / user / "Maildir"
    letters = [path.read_bytes() for folder in ("cur", "new") for path in sorted((maildir / folder).iterdir())]
    maildir.rename(maildir.with_name("lost"))  # at once: the server may be writing into it
    dovecot.open_mailbox(user)
    for letter in letters:
        dovecot.deliver(user, letter)
    assert dovecot.uidvalidity(user) != before
    return len(letters)


def told_of_the_answer(real: RealOffices) -> list[str]:
    """Return the kinds of news that Moscow has of its answer."""
    with people.at_work(real.moscow.registry) as work:
        (card,) = people.rows(work, "select id from card where direction = 'out'")
        return sorted(row.event for row in people.news(work, card.id))


def counted(real: RealOffices) -> tuple[int, int]:
    """Return how many letters came in and how many went out, in Moscow."""
    journal = Journal.open(real.moscow_journal, real.moscow.home / "blobs")
    try:
        with journal.read() as tx:
            came = entries.select(tx, direction=Direction.IN, limit=1000)
            went = entries.select(tx, direction=Direction.OUT, limit=1000)
            return len(came), len(went)
    finally:
        journal.close()


def settled(real: RealOffices) -> list[int]:
    """Return the incoming letters of Moscow that nobody works on any more."""
    journal = Journal.open(real.moscow_journal, real.moscow.home / "blobs")
    try:
        with journal.read() as tx:
            return list(tx.scalars(text("select id from entries where direction = 'in' and concluded_at is not null")))
    finally:
        journal.close()

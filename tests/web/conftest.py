# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offices that have lived through something, and the pages of one of them, served by a real server."""

import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gateway.edms_adapter.registry import people
from gateway.journal import mailboxes
from gateway.journal.reading import ReadOnlyJournal
from gateway.settings import WebSettings
from gateway.web.application import application
from gateway.web.serving import bound, server
from tests.story.acts import answer, cards, instruct, send_letter
from tests.story.offices import Town, TownOffice, town

BEGAN = datetime(2026, 3, 11, 6, tzinfo=UTC)  # in the office's day all acts of one day fall on it, and no year ends


@dataclass(frozen=True, slots=True)
class Page:
    """One answer."""

    status: int
    headers: Mapping[str, str]  # by name in lower case
    text: str


@dataclass(frozen=True, slots=True)
class Site:
    """Pages that are being served."""

    port: int
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def get(self, path: str, *, method: str = "GET", **headers: str) -> Page:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = line.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Page(answer.status, named, answer.read().decode())
        finally:
            line.close()


@contextmanager
def served(office: TownOffice, **web: object) -> Iterator[Site]:
    """Serve the pages of *office* on a free port, by its own clock."""
    settings = office.settings.model_copy(update={"web": WebSettings(bind="127.0.0.1:0", **web)})
    journal = ReadOnlyJournal.open(settings.journal.url)
    door, ready = bound(settings.web), threading.Event()
    running = server(application(settings, journal, office.clock.now), ready.set)
    thread = threading.Thread(target=running.run, args=([door],), daemon=True)
    thread.start()
    try:
        assert ready.wait(30)
        yield Site(door.getsockname()[1])
    finally:
        running.should_exit = True
        thread.join(30)
        door.close()
        journal.close()


def live_through_something(offices: Town) -> None:
    """Documents that are answered, wait for a person, are refused, and are confirmed by nobody."""
    minsk, moscow = offices.minsk, offices.moscow
    offices.clock.moment = BEGAN
    send_letter(minsk)
    offices.settle()
    first = cards(moscow)[0].id
    instruct(moscow, first, date(2026, 12, 25))
    offices.clock.advance(hours=5)
    offices.settle()
    answer(moscow, first)
    offices.settle()
    offices.clock.advance(days=1)
    for to in ("Неведомский Н. Н.", "Безымянный Б. Б."):
        send_letter(minsk, to=to)
        offices.clock.advance(minutes=40)
        offices.settle()
    paper = cards(moscow)[-1].id
    with people.at_work(moscow.registry) as work:
        people.refuse_waiting(work, paper, "Адресат не установлен", by="Дубов", now=offices.clock.now())
    offices.settle()
    offices.clock.advance(days=2)
    offices.post.delivers = False
    send_letter(minsk)
    offices.settle()
    offices.clock.advance(days=2)
    with minsk.parts.journal.write() as tx:
        mailboxes.enter(tx, "exchange", 1, 1, "now", offices.clock.now())
        mailboxes.failed(tx, "exchange", "NO [AUTHENTICATIONFAILED]", offices.clock.now(), login_refused=True)


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Minsk and Moscow after a busy week."""
    home: Path = tmp_path_factory.mktemp("town")
    with town(home, moscow={"partner": '[[receive]]\nunknown_addressee = "wait"'}) as both:
        live_through_something(both)
        yield both


@pytest.fixture(scope="module")
def minsk(offices: Town) -> Iterator[Site]:
    """The pages of the office that sends."""
    with served(offices.minsk) as site:
        yield site


@pytest.fixture(scope="module")
def moscow(offices: Town) -> Iterator[Site]:
    """The pages of the office that receives."""
    with served(offices.moscow) as site:
        yield site

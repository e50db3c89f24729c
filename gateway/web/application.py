# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages and their addresses: each function reads the journal once and hands values to a template."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gateway.errors import Reason
from gateway.journal import circuits, entries, exchanges, mailboxes, registers
from gateway.journal.entries import Counts, Direction, State
from gateway.journal.reading import Readable
from gateway.journal.registers import Asked
from gateway.model import ExchangeId, PartnerId
from gateway.office import Office
from gateway.registers import scorecard as scoring
from gateway.registers.lateness import overdue_of
from gateway.settings import Settings
from gateway.web.asking import Asking, asking
from gateway.web.door import Door
from gateway.web.lists import LISTS, Clerk, listed, named
from gateway.web.rendering import HERE, environment, rendered
from gateway.web.story import story
from gateway.web.words import WORDS

SECTIONS = ("home", *LISTS, "partners", "mail")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "received": ("date", "their_number", "from_whom", "subject", "our_number", "state"),
    "sent": ("date", "our_number", "to_whom", "subject", "their_number", "state"),
    "waiting": ("since", "their_number", "from_whom", "subject", "state", "why"),
    "overdue": ("late_since", "our_number", "to_whom", "subject", "missing", "state"),
    "refused by them": ("date", "our_number", "to_whom", "subject", "why"),
    "refused by us": ("date", "their_number", "from_whom", "subject", "why"),
}
LATEST = 8  # lines of each list on the overview
TROUBLED = 20  # LIMIT: letters tried in vain that are shown
PERIOD = timedelta(days=90)  # of a scorecard
LONGEST_QUERY = 4096  # LIMIT: characters of what is asked for
MAX_PATH = 500  # LIMIT: characters of an id in an address


@dataclass(frozen=True, slots=True)
class Count:
    """A number on the overview, and where its documents are listed."""

    name: str
    number: int
    path: str
    tone: str  # how it looks when it is not 0


class Pages:
    """What is shown; knows the journal, who we are, and the time."""

    def __init__(self, settings: Settings, journal: Readable, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._office = Office(settings)
        self._journal = journal
        self._now = now
        self._templates = environment()
        self._style = (HERE / "style.css").read_bytes()

    # --- the pages, in the order of the sections

    def home(self, request: Request) -> Response:
        asked = self._asking(request)
        clerk = self._clerk(asked)
        everything = replace(asked.asked(), partner=None)
        late = overdue_of(self._journal, self._office, asked.ours, asked.now).documents
        with self._journal.read() as tx:
            counts = _counts(tx, everything, late)
            received = listed(tx, "received", everything, clerk, "").items[:LATEST]
            sent = listed(tx, "sent", everything, clerk, "").items[:LATEST]
        return self._page("home", asked, asked.words.texts["home"], counts=counts, received=received, sent=sent)

    def documents(self, request: Request) -> Response:
        section, asked = request.url.path.removeprefix("/"), self._asking(request)
        by = "us" if asked.value("by") == "us" else "them"
        with self._journal.read() as tx:
            page = listed(tx, section, asked.asked(), self._clerk(asked), asked.value("after"), refused_by=by)
        columns = COLUMNS[f"refused by {by}" if section == "refused" else section]
        title = asked.words.texts[section]
        return self._page(
            "list", asked, title, section=section, listed=page, columns=columns, by=by, partners=self._settings.partners
        )

    def search(self, request: Request) -> Response:
        asked = self._asking(request)
        with self._journal.read() as tx:
            ids = exchanges.find(tx, asked.value("q")) if asked.value("q") else ()
            items = named(tx, ids, self._clerk(asked))
        if len(items) == 1:
            return RedirectResponse(asked.link(f"/documents/{items[0].exchange}", q=asked.value("q")), 303)
        columns = ("date", "our_number", "their_number", "partner", "subject", "state")
        return self._page("search", asked, asked.words.texts["search_title"], items=items, columns=columns)

    def document(self, request: Request) -> Response:
        asked = self._asking(request)
        with self._journal.read() as tx:
            found = story(tx, ExchangeId(request.path_params["id"][:MAX_PATH]), self._clerk(asked))
        if found is None:
            raise HTTPException(404)
        if ours := self._office.ours(found.exchange.office):
            asked = replace(asked, ours=ours)
        number = asked.words.number(found.item.number, found.item.number_date)
        section = "sent" if found.exchange.direction == "out" else "received"
        title = f"{asked.words.texts['document']} {number}"
        return self._page("document", asked, title, section=section, story=found)

    def partners(self, request: Request) -> Response:
        asked = self._asking(request)
        channels = {channel.id: channel.goes_to for channel in self._settings.channels}
        addresses = {partner.id: channels[partner.channel] for partner in self._settings.partners}
        return self._page(
            "partners",
            asked,
            asked.words.texts["partners"],
            partners=self._settings.partners,
            addresses=addresses,
            section="partners",
        )

    def partner(self, request: Request) -> Response:
        asked = self._asking(request)
        partner = self._office.partner_by_id(PartnerId(request.path_params["id"]))
        if partner is None:
            raise HTTPException(404)
        question = replace(asked.asked(), since=asked.now - PERIOD)
        with self._journal.read() as tx:
            found = scoring.dealings(tx, question, partner.id)
        return self._page(
            "partner",
            asked,
            partner.settings.name,
            section="partners",
            id=partner.id,
            address=partner.channel.goes_to,
            card=scoring.scorecard(found, scoring.limits_of(self._office), asked.now),
            days=PERIOD.days,
            most=scoring.MOST,
        )

    def mail(self, request: Request) -> Response:
        asked = self._asking(request)
        with self._journal.read() as tx:
            counts = entries.counts(tx, closed=False)
            reasons = {}
            for (state, reason), letters in counts.by_reason.items():
                if state is State.PARKED and reason is not Reason.OBSERVED:
                    reasons[reason.value] = letters
            queues = list(_queues(tx, counts))
            values: dict[str, Any] = {  # Any: shown
                "mailboxes": mailboxes.states(tx),
                "circuits": circuits.stand(tx),
                "troubled": entries.troubled(tx, TROUBLED),
            }
        by_number = sorted(reasons.items(), key=lambda pair: -pair[1])
        title = asked.words.texts["mail"]
        return self._page("mail", asked, title, section="mail", queues=queues, reasons=by_number, **values)

    def style(self, request: Request) -> Response:
        return Response(self._style, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    # --- what has no page

    def not_found(self, request: Request, error: Exception) -> Response:
        return self._words(request, "not_found", getattr(error, "status_code", 404))

    def broken(self, request: Request, error: Exception) -> Response:
        return self._words(request, "broken", 503)

    # --- what they share

    def _words(self, request: Request, name: str, code: int) -> Response:
        asked = self._asking(request)
        texts = asked.words.texts
        return self._page("words", asked, texts[name], code=code, text=texts[f"{name}_words"])

    def _asking(self, request: Request) -> Asking:
        said = _fields(request.url.query)
        language = request.headers.get("accept-language", "")
        return asking(request.url.path, said, language, self._office, self._now())

    def _clerk(self, asked: Asking) -> Clerk:
        return Clerk(self._office, asked.ours, asked.now)

    def _page(
        self,
        name: str,
        asked: Asking,
        title: str,
        *,
        section: str = "",
        code: int = 200,
        **values: Any,  # Any: shown
    ) -> Response:
        text = rendered(
            self._templates,
            name,
            asked,
            title,
            heading=self._settings.web.title or asked.ours.name,
            offices=self._settings.offices,
            sections=SECTIONS,
            section=section or name,
            languages=tuple(WORDS.values()),
            **values,
        )
        return HTMLResponse(text, code, headers={"Vary": "Accept-Language", "Content-Language": asked.words.code})


def application(settings: Settings, journal: Readable, now: Callable[[], datetime]) -> ASGIApp:
    """Return the pages behind their door."""
    pages = Pages(settings, journal, now)
    routes = [
        Route("/", pages.home),
        *(Route(f"/{name}", pages.documents) for name in LISTS),
        Route("/search", pages.search),
        Route("/documents/{id}", pages.document),
        Route("/partners", pages.partners),
        Route("/partners/{id}", pages.partner),
        Route("/mail", pages.mail),
        Route("/style.css", pages.style),
    ]
    handlers = {HTTPException: pages.not_found, SQLAlchemyError: pages.broken}
    site = Starlette(routes=routes, exception_handlers=handlers)
    site.router.redirect_slashes = False  # the address in such an answer would be the visitor's own Host
    return Door(site, settings.web)


def _queues(tx: Connection, counts: Counts) -> Iterator[Mapping[str, object]]:
    """Yield the letters in each state; those that were only read stand apart from those in quarantine."""
    piles = entries.piles(tx, (State.PARKED,))
    observed = [pile.oldest for pile in piles if pile.reason is Reason.OBSERVED]
    others = [pile.oldest for pile in piles if pile.reason is not Reason.OBSERVED]
    for place, letters in counts.by_state.items():
        direction, state = place
        row = {"state": state.value, "direction": direction.value, "letters": letters, "oldest": counts.oldest[place]}
        if state is not State.PARKED or not observed:
            yield row
            continue
        aside = counts.by_reason.get((State.PARKED, Reason.OBSERVED), 0)
        if letters > aside:
            yield {**row, "letters": letters - aside, "oldest": min(others, default=row["oldest"])}
        yield {**row, "state": Reason.OBSERVED.value, "letters": aside, "oldest": min(observed)}


def _counts(tx: Connection, asked: Asked, late: int) -> tuple[Count, ...]:
    found = entries.counts(tx, closed=False)
    letters, observed = found.by_state, found.by_reason.get((State.PARKED, Reason.OBSERVED), 0)
    return (
        Count("waiting", registers.number_waiting(tx, State.WAITING, asked), "/waiting", "wait"),
        Count("put_off", registers.number_waiting(tx, State.ACCEPTED, asked), "/waiting", "wait"),
        Count("overdue", late, "/overdue", "bad"),
        Count("parked", letters.get((Direction.IN, State.PARKED), 0) - observed, "/mail", "bad"),
        Count("observed", observed, "/mail", "calm"),
        Count("queued", letters.get((Direction.OUT, State.QUEUED), 0), "/mail", "wait"),
        Count("failed", letters.get((Direction.OUT, State.FAILED), 0), "/mail", "bad"),
    )


def _fields(query: str) -> dict[str, str]:
    """Return what was asked for; nothing of what nobody asks for."""
    if len(query) >= LONGEST_QUERY:
        return {}
    try:
        return dict(parse_qsl(query, max_num_fields=50))
    except ValueError:
        return {}

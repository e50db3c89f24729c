# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request asks for: language, organisation, period, partner.  Nonsense is taken for nothing said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from gateway.journal.registers import Asked
from gateway.model import PartnerId
from gateway.office import Office
from gateway.registers.items import BEGINNING
from gateway.settings import OfficeSettings
from gateway.web.words import WORDS, Words

YEARS = range(1970, 3000)
MOST = 200  # LIMIT: characters of a value that is looked at


@dataclass(frozen=True, slots=True)
class Asking:
    """One request."""

    path: str
    said: Mapping[str, str]
    words: Words
    ours: OfficeSettings
    partner: PartnerId | None  # None: every partner's
    first: date | None  # None: from the beginning
    last: date | None  # None: until now
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.ours.time_zone)

    def asked(self) -> Asked:
        """Return the question to the journal."""
        since = datetime.combine(self.first, time.min, self.zone) if self.first else BEGINNING
        before = self.now + timedelta(days=1)
        if self.last:
            before = datetime.combine(self.last + timedelta(days=1), time.min, self.zone)
        return Asked(self.ours.index, since, before, self.partner)

    def value(self, name: str) -> str:
        """Return what was said under *name*; empty when nothing was."""
        return self.said.get(name, "").strip()[:MOST]

    def link(self, path: str, **more: str) -> str:
        """Return the address of a page: language and organisation stay as they were asked for."""
        kept = {key: self.said[key] for key in ("lang", "office") if self.said.get(key)}
        query = urlencode({key: value for key, value in {**kept, **more}.items() if value})
        return f"{path}?{query}" if query else path

    def again(self, **more: str) -> str:
        """Return the address of this page with *more* said differently, from its first line on."""
        kept = {key: value for key, value in self.said.items() if key != "after"}
        query = urlencode({key: value for key, value in {**kept, **more}.items() if value})
        return f"{self.path}?{query}" if query else self.path


def asking(path: str, said: Mapping[str, str], accept_language: str, office: Office, now: datetime) -> Asking:
    """Return what is asked for."""
    ours = office.ours(said.get("office", "")) or office.settings.offices[0]
    partner = office.partner_by_id(PartnerId(said.get("partner", "")))
    first, last = _day(said.get("from", "")), _day(said.get("to", ""))
    words = WORDS[_language(said.get("lang", ""), accept_language, ours.language)]
    return Asking(path, dict(said), words, ours, partner.id if partner else None, first, last, now)


def _language(said: str, accepted: str, otherwise: str) -> str:
    """Return the language that was said, else the one the browser likes best, else the organisation's."""
    if said in WORDS:
        return said
    liked: list[tuple[float, str]] = []
    for part in accepted[:MOST].split(","):
        name, _, quality = part.partition(";")
        language = name.strip().lower().partition("-")[0]
        weight = _number(quality.strip().removeprefix("q=")) if quality else 1.0
        if language in WORDS and weight > 0:
            liked.append((-weight, language))
    return min(liked, key=lambda one: one[0])[1] if liked else otherwise


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None

# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signed for which author of a card (§2.5 correspondents, signatories)."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

from gateway.model import Author, Party


def signed_by(correspondents: Sequence[Author], signatories: Iterable[Party]) -> tuple[Author, ...]:
    """Return the authors: *correspondents*, each with who signed for it, and the *signatories* of no correspondent."""
    authors = list(correspondents)
    there = Counter(author.party for author in authors)
    unsigned = _Unsigned()
    for at, author in enumerate(authors):
        unsigned.add(at, author.party or Party())
    for signatory in signatories:
        if signatory == Party() or there[signatory] > 0:
            continue
        place = unsigned.take(signatory)
        if place is None:
            authors.append(Author(signatory))
            unsigned.add(len(authors) - 1, signatory)
            there[signatory] += 1
        else:
            there[authors[place].party] -= 1
            authors[place] = replace(authors[place], party=_signed(authors[place].party or Party(), signatory))
            there[authors[place].party] += 1
    return tuple(authors)


class _Unsigned:
    """The places of authors nobody has signed for yet, by the name of their organisation: a card may have thousands."""

    def __init__(self) -> None:
        self._waiting: dict[int, str] = {}
        self._all: deque[int] = deque()
        self._called: dict[str, deque[int]] = defaultdict(deque)

    def add(self, place: int, party: Party) -> None:
        if party.person is None:
            name = party.organisation.short_name.casefold() if party.organisation else ""
            self._waiting[place] = name
            self._all.append(place)
            self._called[name].append(place)

    def take(self, signatory: Party) -> int | None:
        """Return and forget the first place that *signatory* signs for; one of no organisation signs for any."""
        if signatory.person is None:
            return None
        own = signatory.organisation
        places = self._all if own is None else self._called.get(own.short_name.casefold(), deque())
        while places and places[0] not in self._waiting:
            places.popleft()
        if not places:
            return None
        del self._waiting[places[0]]
        return places.popleft()


def _signed(party: Party, signatory: Party) -> Party:
    return replace(
        party,
        organisation=party.organisation or signatory.organisation,
        department=party.department or signatory.department,
        person=signatory.person,
        postal=party.postal or signatory.postal,
        contacts=party.contacts or signatory.contacts,
    )

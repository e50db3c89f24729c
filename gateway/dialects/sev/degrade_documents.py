# SPDX-License-Identifier: GPL-3.0-or-later
"""The degradation table for documents: each gets a key in the passport, links get targets, the rest what SEV says."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from gateway.dialects.sev.degrade_values import as_contact, as_files, as_task, contact_or_none, party_or_none
from gateway.dialects.sev.documents import reachable
from gateway.dialects.sev.tasks import keys_by_uid
from gateway.dialects.sev.vocabulary import DRAFT_STATUSES, NO_NUMBER
from gateway.dialects.values import fits_int
from gateway.model import (
    Approval,
    Author,
    Document,
    DocumentRef,
    DocumentType,
    Drafter,
    DraftState,
    FileRole,
    Link,
    Number,
    Task,
    Term,
    Visa,
)


def filled(number: Number, day: date) -> Number:
    """Return *number* as the format demands it: with some text and some date."""
    return Number(number.text or NO_NUMBER, number.date or day)


class Passport:
    """The documents of one passport while their keys are given out.

    *day* stands in for dates that are demanded and unknown.
    """

    def __init__(self, day: date, tops: tuple[Document, ...]) -> None:
        self._day = day
        self._taken = {card for top in tops for document in _family(top) for card in _cards_in(document)}
        self._cards: dict[str, Document] = {}  # the first description of every card, in order
        self._tops = [self._enter(top) for top in tops]
        for card in list(self._cards):
            self._settle_links(card)

    def main(self) -> Document:
        """Return the only top document with all others linked to it, their tasks among them."""
        card = self._tops[0]
        uids = keys_by_uid(task for document in self._cards.values() for task in document.tasks)
        told: set[str] = set()
        main, *others = [self._with_tasks(document, uids, told) for document in self._cards.values()]
        assert main.card == card
        return replace(main, linked=tuple(replace(other, supplement=False) for other in others))

    def tops(self) -> tuple[Document, ...]:
        """Return the top documents of a report, each with the documents it leads to, without tasks."""
        cards = {card: replace(document, tasks=(), supplement=False) for card, document in self._cards.items()}
        return tuple(replace(cards[card], linked=reachable(cards[card], cards)) for card in self._tops)

    def _with_tasks(self, document: Document, uids: Mapping[str, str], told: set[str]) -> Document:
        """Return *document* with its tasks but those whose uid was *told* already."""
        tasks: list[Task] = []
        for task in document.tasks:
            if task.uid not in told:
                tasks.append(as_task(task, uids, self._day))
            told.add(task.uid)
        return replace(document, tasks=tuple(tasks))

    def _enter(self, top: Document) -> str:
        """Give *top* and everything linked to it keys, and return that of *top*."""
        entered = [self._enter_one(document) for document in _family(top)]
        return entered[0]

    def _enter_one(self, document: Document) -> str:
        card = document.card or self._free_card()
        if card not in self._cards:
            self._cards[card] = _as_document(replace(document, card=card, linked=()), self._day)
        return card

    def _free_card(self) -> str:
        card = 1
        while str(card) in self._taken:
            card += 1
        self._taken.add(str(card))
        return str(card)

    def _settle_links(self, card: str) -> None:
        document = self._cards[card]
        links = tuple(self._settled(link) for link in document.links)
        accompanying = tuple(each for each in document.accompanying if each in self._cards)
        self._cards[card] = replace(document, links=links, accompanying=accompanying)

    def _settled(self, link: Link) -> Link:
        if link.document is None or link.document == DocumentRef():
            return replace(link, document=None)
        target = self._found(link.document) or self._described(link.document)
        return replace(link, document=target.ref)

    def _found(self, ref: DocumentRef) -> Document | None:
        """Return the document *ref* means: by key, else by uid, else by number and date."""
        if ref.card and ref.card in self._cards:
            return self._cards[ref.card]
        for document in self._cards.values():
            if ref.uid and document.uid == ref.uid:
                return document
        for document in self._cards.values():
            if not ref.uid and ref.number.text and document.number == ref.number:
                return document
        return None

    def _described(self, ref: DocumentRef) -> Document:
        """Describe a document that is only linked to, as briefly as the format allows."""
        draft = DraftState(version_uid=ref.version_uid) if ref.version_uid else None
        document = Document(
            uid=ref.uid,
            type=DocumentType.INCOMING,
            number=ref.number,
            card=ref.card or self._free_card(),
            kind=ref.kind,
            draft=draft,
        )
        self._cards[document.card] = _as_document(document, self._day)
        return self._cards[document.card]


def _family(document: Document) -> Iterator[Document]:
    yield document
    for linked in document.linked:
        yield from _family(linked)


def _cards_in(document: Document) -> Iterator[str]:
    """Yield every key *document* mentions, so that no free number is mistaken for one of them."""
    yield document.card
    yield from (link.document.card for link in document.links if link.document)
    yield from document.accompanying


def _as_document(document: Document, day: date) -> Document:
    draft = document.draft
    if draft:
        status = draft.status if draft.status in DRAFT_STATUSES.values() else ""
        draft = replace(draft, status=status, version=fits_int(draft.version))
    return replace(
        document,
        number=filled(document.number, day),
        draft=None if draft == DraftState() else draft,
        rubrics=tuple(rubric for rubric in document.rubrics if rubric != Term()),
        files=as_files(document.files, FileRole.TEXT),
        authors=tuple(author for each in document.authors if (author := _author(each, day)) != Author()),
        visas=tuple(Visa(as_contact(visa.party), visa.signed_on, visa.text) for visa in document.visas),
        approvals=tuple(_approval(approval) for approval in document.approvals),
        addressees=tuple(party for each in document.addressees if (party := party_or_none(each))),
        drafters=tuple(Drafter(as_contact(drafter.party), drafter.note) for drafter in document.drafters),
    )


def _author(author: Author, day: date) -> Author:
    number = author.number if author.number and author.number != Number() else None
    return Author(party_or_none(author.party), filled(number, day) if number else None)


def _approval(approval: Approval) -> Approval:
    return replace(
        approval,
        party=as_contact(approval.party),
        added_by=contact_or_none(approval.added_by),
        files=as_files(approval.files),
    )

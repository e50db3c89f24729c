# SPDX-License-Identifier: GPL-3.0-or-later
"""The card of a document in versions 2.0 to 2.6 (§2.5), written and read; what it says is in `degrade`."""

from datetime import date

from gateway.dialects.findings import MAX_QUOTE
from gateway.dialects.medo.authors import signed_by
from gateway.dialects.medo.clauses import read_clauses, write_clause
from gateway.dialects.medo.elements import add, add_given, attribute, child, child_text, put, text, value
from gateway.dialects.medo.examination import Examination
from gateway.dialects.medo.parties import all_of, identity, known_as, or_nothing, read_anyone, write_anyone
from gateway.dialects.medo.values import block, echoed, heard_uid, sheets, word
from gateway.dialects.medo.vocabulary import (
    APPEAL,
    LINK_TYPE,
    LINK_TYPES,
    NO_NUMBER,
    NOTHING,
    REPLACES,
    SPECIAL_MARK,
    SUPPLEMENT,
    URGENCY,
    since,
)
from gateway.dialects.tree import Element
from gateway.dialects.values import read_boolean
from gateway.model import (
    AdditionalField,
    Author,
    Document,
    DocumentRef,
    DocumentUid,
    Drafter,
    FieldType,
    Link,
    Number,
    Party,
    Term,
)

# --- reading ------------------------------------------------------------------------------------------------------


def read_card(element: Element, exam: Examination, recipients: tuple[Party, ...]) -> Document:
    """Return the document a card describes, without its files."""
    uid, card = heard_uid(exam.guid(element), attribute(element, "id"))
    kind = read_term(child(element, "kind")) or read_term(child(element, "type"))  # §7: kind, else type
    if kind and kind.text.casefold() == APPEAL.casefold():
        exam.note("appeal", element, "a citizen's appeal: taken as a document like any other", at="kind")
    fields, supplement = _read_fields(element)
    _note_unsaid(element, exam)
    main, more = exam.integer(element, "pages") or 0, exam.integer(element, "enclosuresPages") or 0
    links = [link for made in all_of(element, "links", "link") if (link := _read_link(made, exam))]
    return Document(
        uid=DocumentUid(uid),
        number=read_number(child(element, "num"), exam),
        card=card,
        kind=kind,
        access=read_term(child(element, "classification")),
        subject=block(child_text(element, "annotation")),
        pages=f"{max(main, 0)}+{more}" if more > 0 else str(main) if main > 0 else "",
        note=block(child_text(element, "comment")),
        authors=_read_authors(element, exam),
        addressees=_read_addressees(element, recipients),
        drafters=_read_drafters(element),
        fields=fields,
        links=tuple(links),
        tasks=read_clauses(element, uid, exam),
        supplement=supplement,
    )


def read_number(element: Element | None, exam: Examination) -> Number:
    """Return number and date (§2.4)."""
    return Number(value(element, "number"), exam.date(element, "date"))


def read_term(element: Element | None) -> Term | None:
    """Return a word with its code, or None."""
    term = Term(word(text(element)), attribute(element, "id"))
    return None if term == Term() else term


def _read_authors(element: Element, exam: Examination) -> tuple[Author, ...]:
    """Return who issued the document: the correspondents, each with the person who signed for it.

    A signatory of an organisation that is no correspondent is an author of its own.
    """
    authors: list[Author] = []
    for made in all_of(element, "correspondents", "correspondent"):
        number = read_number(child(made, "num"), exam)
        author = Author(or_nothing(read_anyone(made)), None if number == Number() else number)
        if author != Author():
            authors.append(author)
    signatories = []
    for made in all_of(element, "signatories", "signatory"):
        signatories.append(read_anyone(made))
        exam.date(made, "signed")
    return signed_by(authors, signatories)


def _read_addressees(element: Element, recipients: tuple[Party, ...]) -> tuple[Party, ...]:
    # QUIRK: "addresses/addresse" of an old template
    listed = [*all_of(element, "addressees", "addressee"), *all_of(element, "addresses", "addresse")]
    parties = (read_anyone(made) for made in listed)
    return known_as([party for party in parties if party != Party()], recipients)


def _read_drafters(element: Element) -> tuple[Drafter, ...]:
    made = child(element, "executor")
    party, note = read_anyone(made), block(child_text(made, "comment"))
    return (Drafter(party, note),) if party != Party() or note else ()


def _read_fields(element: Element) -> tuple[tuple[AdditionalField, ...], bool]:
    """Return what the neutral model has no place for, and whether our own mark says that this is an addition."""
    fields = []
    if urgency := value(element, "urgency"):
        fields.append(AdditionalField(URGENCY, FieldType.TEXT, urgency))
    replaces = read_boolean(value(element, "insteadOfDistributed"))
    if replaces is not None:
        fields.append(AdditionalField(REPLACES, FieldType.FLAG, "true" if replaces else "false"))
    mark = value(element, "specialMark")
    if mark and mark != SUPPLEMENT:
        fields.append(AdditionalField(SPECIAL_MARK, FieldType.TEXT, mark))
    return tuple(fields), mark == SUPPLEMENT


def _note_unsaid(element: Element, exam: Examination) -> None:
    """Keep in words what is described and does not travel: enclosures without a file."""
    for made in all_of(element, "enclosures", "enclosure"):
        if not text(child(made, "files")):
            title, sheets_of = value(made, "title"), value(made, "pages")
            words = f"an enclosure without a file: {title[:MAX_QUOTE]}" + (f", {sheets_of} sheets" if sheets_of else "")
            exam.note("kept-in-words", made, words)


def enclosure_titles(element: Element) -> dict[str, str]:
    """Return what enclosures call files, by ``localId``; nested ones too (2.6)."""
    titles: dict[str, str] = {}
    for made in element.iter("enclosure"):
        for local in text(child(made, "files")).split():
            titles.setdefault(local, value(made, "title"))
    return titles


def _read_link(element: Element, exam: Examination) -> Link | None:
    """Return a link: to a document described by reference or as a reduced card, or in words."""
    kind = value(element, "linkType") or LINK_TYPE
    target = child(element, "reference")
    if target is None:
        target = child(element, "document")
    uid, _ = heard_uid(exam.guid(element), attribute(element, "id"))
    number = read_number(child(target, "num"), exam)
    number = Number() if number == Number(NO_NUMBER) else number
    ref = DocumentRef(DocumentUid(uid), number)
    comment = child(target, "comment")
    description = block(text(child(element, "comment") if comment is None else comment))
    if ref == DocumentRef() and not description:
        return None
    return Link(Term(kind), None if ref == DocumentRef() else ref, description)


# --- writing ------------------------------------------------------------------------------------------------------


def write_card(root: Element, document: Document, version: str, day: date) -> None:
    """Write a card; *document* is as `degrade` leaves it; *day* is the day of sending."""
    uid, key = echoed(document.uid, document.card)
    made = add(root, "document", uid=uid, id=key)
    write_term(made, "kind", document.kind)
    write_number(made, document.number, version)
    write_term(made, "classification", document.access)
    said = {field.name: field.value for field in document.fields}
    add_given(made, "urgency", said.get(URGENCY, ""))
    add_given(made, "insteadOfDistributed", said.get(REPLACES, ""))
    add_given(made, "specialMark", SUPPLEMENT if document.supplement else said.get(SPECIAL_MARK, ""))
    _write_people(made, document, version, day)
    main, more = sheets(document.pages)
    add(made, "pages", str(main))
    if more:
        add(made, "enclosuresPages", str(more))
    _write_subject(made, document.subject, version)
    _write_correspondents(made, document, version)
    if document.links:
        listing = add(made, "links")
        for link in document.links:
            _write_link(listing, link, version)
    if document.tasks:
        listing = add(made, "clauses")
        for position, task in enumerate(document.tasks):
            write_clause(listing, task, document.uid, position)
    for drafter in document.drafters:
        element = write_anyone(add(made, "executor"), drafter.party)
        add_given(element, "comment", drafter.note)
    if since(version, "2.6"):
        texts = [str(place) for place, file in enumerate(document.files) if file.role.value == "text"]
        add_given(made, "files", " ".join(texts))
    add_given(made, "comment", document.note)


def write_term(parent: Element, name: str, term: Term | None) -> None:
    if term:
        add(parent, name, term.text or NOTHING, id=identity(term.index))


def write_number(parent: Element, number: Number, version: str = "") -> None:
    """Write number and date; in 2.0 the date must stand there, and is nil when nobody knows it (§2.4)."""
    made = add(parent, "num")
    add(made, "number", number.text)
    if number.date:
        add(made, "date", number.date.isoformat())
    elif version == "2.0":
        _nil(add(made, "date"))


def _nil(element: Element) -> None:
    element.set("{http://www.w3.org/2001/XMLSchema-instance}nil", "true")


def _write_people(made: Element, document: Document, version: str, day: date) -> None:
    signatories = add(made, "signatories")
    for author in document.authors:
        element = write_anyone(add(signatories, "signatory"), author.party or Party())
        known = author.number.date if author.number else None
        add(element, "signed", (known or document.number.date or day).isoformat())
    addressees = add(made, "addressees")
    for party in document.addressees or (Party(),):
        element = add(addressees, "addressee")
        if since(version, "2.6") and party.index:
            put(element, uid=party.index)
        write_anyone(element, party)


def _write_correspondents(made: Element, document: Document, version: str) -> None:
    listing = add(made, "correspondents")
    for author in document.authors:
        element = write_anyone(add(listing, "correspondent"), author.party or Party())
        if author.number:
            write_number(element, author.number, version)


def _write_subject(made: Element, subject: str, version: str) -> None:
    if subject:
        add(made, "annotation", subject)
    elif version in ("2.0", "2.6"):
        _nil(add(made, "annotation"))
    else:
        add(made, "annotation", NOTHING)


def _write_link(listing: Element, link: Link, version: str) -> None:
    ref = link.document or DocumentRef()
    made = add(listing, "link")
    if ref.uid:
        uid, key = echoed(ref.uid, "")
        put(made, uid=uid, id=key)
    kind = link.kind.text
    add(made, "linkType", kind if kind in LINK_TYPES else LINK_TYPE)
    reference = add(made, "reference")
    write_number(reference, Number(ref.number.text or NO_NUMBER, ref.number.date), version)
    add_given(reference, "comment", link.description)

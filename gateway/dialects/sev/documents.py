# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents of a passport, read and written; and which of them belong to which.

DocumentList is flat.  In the model the other documents of the same passport are `Document.linked` of the one they
belong to, found by `card` (DocumentID), and are themselves without linked documents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gateway.dialects.sev.elements import add, add_extension, add_given, attribute, child, child_text, children, given
from gateway.dialects.sev.elements import text as text_of
from gateway.dialects.sev.examination import Examination
from gateway.dialects.sev.files import Packing, read_document_files, read_files, write_files
from gateway.dialects.sev.parties import (
    read_contact,
    read_party,
    read_term,
    write_contact,
    write_party,
    write_term,
)
from gateway.dialects.sev.vocabulary import (
    APPROVAL_KINDS,
    CONTROL_STATES,
    DOCUMENT_TYPES,
    DRAFT_STATUSES,
    EXT2016,
    FIELD_TYPES,
    word,
)
from gateway.dialects.tree import Element
from gateway.dialects.values import fits_int, read_integer, write_boolean, write_moment
from gateway.errors import Reason
from gateway.model import (
    AdditionalField,
    Approval,
    ApprovalKind,
    Author,
    ControlState,
    Document,
    DocumentControl,
    DocumentRef,
    DocumentType,
    DocumentUid,
    Drafter,
    DraftState,
    FieldType,
    Link,
    Number,
    Party,
    Term,
    Visa,
)

MAX_DOCUMENTS = 500  # LIMIT: documents of one passport; each may lead to all others

# --- reading ------------------------------------------------------------------------------------------------------


def read_document_list(element: Element | None, exam: Examination) -> tuple[tuple[Document, ...], tuple[Element, ...]]:
    """Return the documents in order, links between them resolved, and beside them their elements."""
    elements = children(element, "Document")
    if element is not None and len(elements) > MAX_DOCUMENTS:
        most = f"at most {MAX_DOCUMENTS}"
        exam.refuse(Reason.BAD_PASSPORT, "too many documents", element, expected=most)
        elements = elements[:MAX_DOCUMENTS]
    bare = [_read_document(made, exam) for made in elements]
    cards = {document.card: document for document in reversed(bare) if document.card}
    read = []
    for document, made in zip(bare, elements, strict=True):
        if document.card and cards[document.card] is not document:
            exam.note("repeated-key", made, "another document has this key already", at="@DocumentID")
        read.append(_resolved(document, cards, made, exam))
    return tuple(read), tuple(elements)


def _resolved(document: Document, cards: Mapping[str, Document], element: Element, exam: Examination) -> Document:
    """Give the links of *document* their targets; a key that leads nowhere is noted and dropped."""
    links = []
    for link in document.links:
        target = cards.get(link.document.card) if link.document else None
        if link.document and target is None:
            exam.note("unresolved-reference", element, "a linked document is not in this message", at="Link")
        links.append(replace(link, document=target.ref if target else None))
    accompanying = tuple(card for card in document.accompanying if card in cards)
    if accompanying != document.accompanying:
        exam.note("unresolved-reference", element, "an accompanying document is not in this message", at="AccompDoc")
    return replace(document, links=tuple(links), accompanying=accompanying)


def _read_document(element: Element, exam: Examination) -> Document:
    electronic = child(element, "EDocument", EXT2016)
    return Document(
        uid=DocumentUid(attribute(element, "UID")),
        type=exam.choice(element, "Type", DOCUMENT_TYPES, DocumentType.CREATED),
        number=read_number(child(element, "RegistrationInfo"), exam) or Number(),
        card=attribute(element, "DocumentID"),
        kind=read_term(element, "Group"),
        access=read_term(element, "Access"),
        subject=child_text(element, "Annotation"),
        pages=child_text(element, "Consists"),
        note=child_text(element, "Note"),
        collective=exam.boolean(element, "Collective"),
        original_follows={1: False, 0: True}.get(_integer(electronic)),
        control=_read_control(child(element, "Control"), exam),
        draft=_read_draft(element, exam),
        rubrics=tuple(term for rubric in children(element, "Rubric") if (term := _term(rubric)) != Term()),
        files=read_document_files(element, exam),
        authors=_read_authors(element, exam),
        visas=tuple(_read_visa(made, exam) for made in children(element, "Visa")),
        approvals=tuple(_read_approval(made, exam) for made in children(element, "Approval")),
        addressees=tuple(party for made in children(element, "Addressee") if (party := read_party(made, exam))),
        drafters=tuple(
            Drafter(read_contact(child(made, "Contact"), exam), child_text(made, "AddInfo"))
            for made in children(element, "Writer")
        ),
        fields=tuple(_read_field(made, exam) for made in children(element, "AdditionalField")),
        links=tuple(_read_link(made) for made in children(element, "Link")),
        accompanying=tuple(attribute(made, "DocumentID") for made in children(element, "AccompDoc", EXT2016)),
    )


def read_number(element: Element | None, exam: Examination) -> Number | None:
    """Return number and date of a registration, None when it says neither."""
    number = Number(child_text(element, "Number"), exam.date(element, "Date"))
    return None if number == Number() else number


def _integer(element: Element | None) -> int:
    number = read_integer(text_of(element))
    return -1 if number is None else number


def _term(element: Element) -> Term:
    return Term(text_of(element), attribute(element, "UID"))


def _read_control(element: Element | None, exam: Examination) -> DocumentControl | None:
    if element is None:
        return None
    state = exam.choice(element, "State", CONTROL_STATES, ControlState.NONE)
    return DocumentControl(state, exam.date(element, "Deadline"), exam.date(element, "FactDate"))


def _read_draft(element: Element, exam: Examination) -> DraftState | None:
    draft = DraftState(
        status=exam.option(element, "Status", DRAFT_STATUSES) or "",
        version=exam.integer(element, "@Version"),
        version_uid=attribute(element, "VersionUID"),
    )
    return None if draft == DraftState() else draft


def _read_authors(element: Element, exam: Examination) -> tuple[Author, ...]:
    authors = (
        Author(read_party(made, exam), read_number(child(made, "RegistrationInfo"), exam))
        for made in children(element, "Author")
    )
    return tuple(author for author in authors if author != Author())


def _read_visa(element: Element, exam: Examination) -> Visa:
    contact = read_contact(child(element, "Contact"), exam)
    return Visa(contact, exam.date(element, "SignDate"), child_text(element, "VisaInfo"))


def _read_approval(element: Element, exam: Examination) -> Approval:
    added_by = read_contact(child(element, "ParentContact"), exam)
    return Approval(
        uid=attribute(element, "UID"),
        kind=exam.choice(element, "Kind", APPROVAL_KINDS, ApprovalKind.VISA),
        party=read_contact(child(element, "Contact"), exam),
        signed_at=exam.moment(element, "SignDate"),
        term=exam.moment(element, "TermDate", EXT2016),
        result=child_text(element, "MainInfo"),
        remark=child_text(element, "AddInfo"),
        added_by=None if added_by == Party() else added_by,
        files=read_files(element, exam),
    )


def _read_field(element: Element, exam: Examination) -> AdditionalField:
    kind = exam.choice(element, "Type", FIELD_TYPES, FieldType.TEXT)
    return AdditionalField(attribute(element, "Name"), kind, text_of(element))


def _read_link(element: Element) -> Link:
    card = attribute(element, "DocumentID")
    return Link(
        kind=read_term(element, "LinkType") or Term(),
        document=DocumentRef(card=card) if card else None,
        description=attribute(element, "Description"),
        url=attribute(element, "URLString"),
    )


# --- which belong together ----------------------------------------------------------------------------------------


def reachable(document: Document, cards: Mapping[str, Document]) -> tuple[Document, ...]:
    """Return the documents of the passport that *document* leads to by links and accompaniment, nearest first."""
    found: dict[str, Document] = {}
    waiting = [document]
    for here in waiting:
        for card in (*(link.document.card for link in here.links if link.document), *here.accompanying):
            target = cards.get(card)
            if target is not None and card != document.card and card not in found:
                found[card] = target
                waiting.append(target)
    return tuple(found.values())


# --- writing ------------------------------------------------------------------------------------------------------


def write_document(listing: Element, document: Document, packing: Packing, *, main: bool) -> None:
    """Write one Document (its `linked` and `tasks` are written by the caller)."""
    draft = document.draft or DraftState()
    made = add(
        listing,
        "Document",
        UID=given(document.uid),
        DocumentID=document.card,
        Type=word(DOCUMENT_TYPES, document.type),
        MainDocument=write_boolean(main),
        Status=word(DRAFT_STATUSES, draft.status),
        Version=None if draft.version is None else str(draft.version),
        VersionUID=given(draft.version_uid),
    )
    write_number(made, document.number)
    _write_card(made, document)
    write_files(made, document.files, packing)
    _write_people(made, document, packing)
    for field in document.fields:
        add(made, "AdditionalField", field.value, Name=field.name, Type=word(FIELD_TYPES, field.type))
    for link in document.links:
        _write_link(made, link)
    for card in document.accompanying:
        add_extension(made, EXT2016, "AccompDoc", DocumentID=card)
    if document.original_follows is not None:
        add_extension(made, EXT2016, "EDocument", "0" if document.original_follows else "1")


def write_number(parent: Element, number: Number) -> None:
    """Write a RegistrationInfo; raises ValueError without a date, which the format demands."""
    if number.date is None:
        raise ValueError("a registration without a date cannot be written")
    made = add(parent, "RegistrationInfo")
    add(made, "Number", number.text)
    add(made, "Date", number.date.isoformat())


def _write_card(made: Element, document: Document) -> None:
    control = document.control
    if control:
        element = add(made, "Control", State=word(CONTROL_STATES, control.state))
        if control.deadline:
            add(element, "Deadline", control.deadline.isoformat())
        if control.fact_date:
            add(element, "FactDate", control.fact_date.isoformat())
    write_term(made, "Group", document.kind)
    write_term(made, "Access", document.access)
    add_given(made, "Consists", document.pages)
    add_given(made, "Annotation", document.subject)
    add_given(made, "Note", document.note)
    if document.collective is not None:
        add(made, "Collective", write_boolean(document.collective))
    for rubric in document.rubrics:
        write_term(made, "Rubric", rubric)


def _write_people(made: Element, document: Document, packing: Packing) -> None:
    for author in document.authors:
        element = add(made, "Author")
        citizen = author.party is not None and author.party.citizen is not None
        if author.party and not citizen:
            write_party(element, author.party)
        if author.number:
            write_number(element, author.number)
        if author.party and citizen:  # a PrivatePerson stands behind the registration
            write_party(element, author.party)
    for visa in document.visas:
        _write_visa(made, visa)
    for approval in document.approvals:
        _write_approval(made, approval, packing)
    for party in document.addressees:
        write_party(add(made, "Addressee"), party)
    for drafter in document.drafters:
        element = add(made, "Writer")
        write_contact(element, drafter.party)
        add_given(element, "AddInfo", drafter.note)


def _write_visa(made: Element, visa: Visa) -> None:
    element = add(made, "Visa")
    write_contact(element, visa.party)
    if visa.signed_on:
        add(element, "SignDate", visa.signed_on.isoformat())
    add_given(element, "VisaInfo", visa.text)


def _write_approval(made: Element, approval: Approval, packing: Packing) -> None:
    element = add(made, "Approval", UID=approval.uid, Kind=word(APPROVAL_KINDS, approval.kind))
    write_contact(element, approval.party)
    if approval.signed_at:
        add(element, "SignDate", write_moment(approval.signed_at))
    if approval.term:
        add_extension(element, EXT2016, "TermDate", write_moment(approval.term))
    add_given(element, "MainInfo", approval.result)
    add_given(element, "AddInfo", approval.remark)
    if approval.added_by:
        write_contact(element, approval.added_by, "ParentContact")
    write_files(element, approval.files, packing)


def _write_link(made: Element, link: Link) -> None:
    card = link.document.card if link.document else ""
    element = add(made, "Link", DocumentID=given(card), Description=given(link.description), URLString=given(link.url))
    add(element, "LinkType", link.kind.text, UID=given(link.kind.index))


def check_draft(document: Document) -> None:
    """Raise ValueError for a draft sent as main document without its version (mandatory, but in no schema)."""
    if document.type is DocumentType.DRAFT and not (
        document.draft and document.draft.version_uid and fits_int(document.draft.version) is not None
    ):
        raise ValueError("a draft sent as main document needs its version number and version uid")


def by_card(documents: Sequence[Document]) -> Mapping[str, Document]:
    """Return the documents by DocumentID; of two with one key the first is meant."""
    return {document.card: document for document in reversed(documents) if document.card}

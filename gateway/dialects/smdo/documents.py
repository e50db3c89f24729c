# SPDX-License-Identifier: GPL-3.0-or-later
"""The Document zone and what stands beside it (tables 2.3 and 2.4), read and written.

There is no Addressee: whose inbox it is for stands in Header/Receiver.  A supplement has no Document at all, only
references to one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.dialects.bare_elements import add, attribute, child, child_text, children, given, text
from gateway.dialects.smdo.examination import Examination
from gateway.dialects.smdo.files import Packing, read_files, write_files
from gateway.dialects.smdo.ids import guid, ours
from gateway.dialects.smdo.parties import Known, read_parties, signed_on, write_party
from gateway.dialects.smdo.vocabulary import (
    ADDITION,
    ANNEX_FOLDER,
    ANNEXES,
    ANSWERS,
    DOCUMENT_REFERENCE,
    EXTRA_FOLDER,
    FULFILS,
    LINK_FOLDER,
    LINKED,
    OPEN,
    OPEN_WORDS,
    RESTRICTED,
    TASK_REFERENCE,
    V1,
)
from gateway.dialects.tree import Element
from gateway.errors import Reason
from gateway.model import (
    Author,
    Document,
    DocumentRef,
    DocumentType,
    DocumentUid,
    Drafter,
    File,
    FileRole,
    Link,
    MessageId,
    Number,
    Party,
    Term,
    Visa,
)

TYPES = {"0": DocumentType.CREATED, "1": DocumentType.INCOMING, "2": DocumentType.CREATED}  # 2: internal


@dataclass(frozen=True, slots=True)
class Parent:
    """What DocParent says of the document that is answered."""

    link: Link
    message: MessageId | None  # the message that is answered, as its sender knows it
    thread: MessageId | None  # the first message of the chain


def read_number(element: Element | None, exam: Examination, date: str = "regdate") -> Number:
    return Number(text(element), exam.date(element, date))


def write_number(parent: Element, name: str, number: Number) -> Element:
    return add(parent, name, number.text, regdate=number.date.isoformat() if number.date else None)


# --- Document -----------------------------------------------------------------------------------------------------


def read_document(element: Element, exam: Examination, known: Known) -> Document:
    """Return the Document zone alone: no addressees, annexes and tasks, which stand elsewhere."""
    kind, title = attribute(element, "kind"), attribute(element, "title")
    note = attribute(element, "annotation")
    said = attribute(element, "type")
    if said and said not in TYPES:
        exam.note("unreadable-value", element, f"unknown word: {said[:40]}", "@type")
    pages = attribute(element, "pages")
    document = Document(
        uid=DocumentUid(attribute(element, "idnumber")),
        type=TYPES.get(said, DocumentType.CREATED),
        number=read_number(child(element, "RegNumber"), exam),
        kind=Term(kind) if kind else None,
        access=_read_access(child(element, "Confident"), exam),
        subject=title or note,
        pages="" if pages == "0" else pages,
        note=note if title else "",
        collective={"0": False, "1": True}.get(attribute(element, "collection")),
        files=read_files(element, exam, FileRole.TEXT),
        authors=tuple(_read_authors(element, exam, known)),
        visas=tuple(_read_visas(element, exam, known)),
        drafters=tuple(
            Drafter(party) for made in children(element, "Writer") for party in read_parties(made, known, exam)
        ),
        links=tuple(_read_links(element, exam)),
    )
    for name in ("DocNumber", "RegHistory"):  # how others registered or ordered it: for people
        for made in children(element, name):
            number = read_number(child(made, "RegNumber"), exam)
            exam.note("left-out", made, f"kept in words only: {number.text[:80]} {number.date or ''}".rstrip())
    return document


def _read_access(element: Element | None, exam: Examination) -> Term | None:
    """Return the level of access: the flag decides, whatever the word is."""
    word = text(element)
    if element is not None and (copy := attribute(element, "numcopy")):
        exam.note("left-out", element, f"kept in words only: copy {copy[:40]}", "@numcopy")
    if attribute(element, "flag") == "1":
        return Term(word or RESTRICTED)
    return None if word in ("", OPEN) else Term(word)


def _read_authors(element: Element, exam: Examination, known: Known) -> Iterator[Author]:
    for made in children(element, "Author"):
        out = child(child(made, "OutNumber"), "RegNumber")
        number = read_number(out, exam) if out is not None else None
        for party in read_parties(made, known, exam) or ((None,) if number else ()):
            yield Author(party, number)


def _read_visas(element: Element, exam: Examination, known: Known) -> Iterator[Visa]:
    for made in children(element, "Validator"):
        parties = read_parties(made, known, exam)
        for party in parties:
            yield Visa(party, exam.date(signed_on(made)), attribute(made, "attestation"))
        if not parties and child(made, "DocNumber") is not None:
            number = child_text(child(made, "DocNumber"), "RegNumber")
            exam.note("left-out", made, f"approved by another document, kept in words only: {number[:80]}")


def read_parent(element: Element, exam: Examination) -> Parent | None:
    """Return DocParent: the document that this one answers."""
    made = child(element, "DocParent")
    if made is None:
        return None
    number = read_number(child(made, "RegNumber"), exam)
    ref = DocumentRef(DocumentUid(attribute(made, "idnumber")), number)
    last, first = ours(attribute(made, "lastmsg_id")), guid(attribute(made, "parmsg_id"))
    return Parent(
        Link(Term(ANSWERS), ref), MessageId(last) if last else None, MessageId(first) if last and first else None
    )


def _read_links(element: Element, exam: Examination) -> Iterator[Link]:
    for made in children(element, "Referred"):
        if (link := read_reference(made, exam)) is not None:
            yield link


def read_reference(element: Element, exam: Examination) -> Link | None:
    """Return a Referred as a link; that to a task in words, since no link of ours leads to one."""
    if attribute(element, "retype") == TASK_REFERENCE or child(element, "TaskNumber") is not None:
        number = read_number(child(element, "TaskNumber"), exam, "taskDate")
        words = f"№ {number.text}" + (f" от {number.date.isoformat()}" if number.date else "")
        return Link(Term(FULFILS), description=words if number.text else attribute(element, "idnumber"))
    number = read_number(child(element, "RegNumber"), exam)
    ref = DocumentRef(DocumentUid(attribute(element, "idnumber")), number)
    return None if ref == DocumentRef() else Link(Term(LINKED), ref)


def write_document(
    body: Element, document: Document, parent: Element | None, packing: Packing, version: str
) -> Element:
    """Write the Document zone; *parent* is its DocParent, made already, or None."""
    made = add(
        body,
        "Document",
        idnumber=document.uid,
        type="1" if document.type is DocumentType.INCOMING else "0",
        kind=given(document.kind.text) if document.kind else None,
        pages=document.pages or (None if version == V1 else "0"),
        title=given(document.subject),
        annotation=given(document.note),
        collection=None if document.collective is None else "01"[document.collective],
    )
    write_number(made, "RegNumber", document.number)
    if parent is not None:
        made.append(parent)
    word = document.access.text if document.access else OPEN
    add(made, "Confident", word, flag="0" if word.casefold() in OPEN_WORDS else "1")
    for link in document.links[parent is not None :]:
        if link.document is not None:
            write_reference(made, link.document)
    write_files(made, [file for file in document.files if file.role is FileRole.TEXT], packing)
    for author in document.authors:
        if author.party is not None:
            write_party(added := add(made, "Author"), author.party, sign=True)
            if author.number:
                write_number(add(added, "OutNumber"), "RegNumber", author.number)
    for visa in document.visas:
        write_party(add(made, "Validator", attestation=visa.text), visa.party, sign=True, on=visa.signed_on)
    for drafter in document.drafters:
        write_party(add(made, "Writer"), drafter.party, sign=False)
    return made


def write_reference(parent: Element, ref: DocumentRef) -> None:
    made = add(parent, "Referred", idnumber=given(ref.uid), retype=DOCUMENT_REFERENCE)
    if ref.number != Number():
        write_number(made, "RegNumber", ref.number)


# --- AddDocuments -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Folders:
    """What the folders of a message hold."""

    files: tuple[File, ...]
    links: tuple[Link, ...]
    notes: tuple[str, ...]  # what people wrote about them
    about: tuple[DocumentRef, ...]  # which document they belong to


def read_folders(body: Element | None, exam: Examination) -> Folders:
    files: list[File] = []
    links: list[Link] = []
    notes: list[str] = []
    about: list[DocumentRef] = []
    for listing in children(body, "AddDocuments"):
        for folder in children(listing, "Folder"):
            there, contents = read_files(folder, exam), attribute(folder, "contents")
            said = [text(note) for note in children(folder, "Note") if text(note)]
            found = [link for made in children(folder, "Referred") if (link := read_reference(made, exam))]
            files += there
            if attribute(folder, "add_type") == LINK_FOLDER and not there:
                links += _folder_links(found, " ".join(part for part in (contents, *said) if part))
                continue
            if attribute(folder, "add_type") == LINK_FOLDER:
                exam.note("replacement", folder, "its files stand in for earlier ones of the same names", "@add_type")
            notes += [contents] if contents not in ("", ANNEXES, ADDITION) else []
            notes += said
            about += [link.document for link in found if link.document]
    return Folders(tuple(files), tuple(links), tuple(notes), tuple(about))


def _folder_links(found: Sequence[Link], words: str) -> list[Link]:
    if found:
        return [Link(link.kind, link.document, words or link.description) for link in found]
    return [Link(Term(LINKED), description=words)] if words else []


def write_folders(body: Element, document: Document, packing: Packing) -> None:
    """Write annexes as one folder, and each link in words as one of its own."""
    annexes = [file for file in document.files if file.role is FileRole.ANNEX]
    words = [link.description for link in document.links if link.document is None]
    if not annexes and not words:
        return
    listing = add(body, "AddDocuments")
    if annexes:
        write_files(add(listing, "Folder", contents=ANNEXES, add_type=ANNEX_FOLDER), annexes, packing)
    for description in words:
        add(listing, "Folder", contents=description, add_type=LINK_FOLDER)


def write_supplement(body: Element, document: Document, packing: Packing) -> None:
    """Write what is added to a document that was sent before: one folder, and which document it belongs to."""
    folder = add(add(body, "AddDocuments"), "Folder", contents=ADDITION, add_type=EXTRA_FOLDER)
    write_files(folder, document.files, packing)
    if document.note:
        add(folder, "Note", document.note)
    write_reference(folder, document.ref)


# --- the whole ----------------------------------------------------------------------------------------------------


def find_document(
    header: Element | None, folders: Folders, tasks: Sequence[DocumentRef], exam: Examination, body: Element
) -> DocumentRef:
    """Return which document a supplement belongs to: by its folders, by its receivers, by its tasks (§1.6)."""
    there = [
        link.document
        for receiver in children(header, "Receiver")
        for made in children(receiver, "Referred")
        if (link := read_reference(made, exam)) is not None and link.document is not None
    ]
    found = next((ref for ref in (*folders.about, *there, *tasks) if ref.uid), None)
    found = found or next(iter((*folders.about, *there, *tasks)), None)
    if found is None:
        exam.refuse(Reason.MISSING_FIELD, "the supplement does not say which document it belongs to", body, "Referred")
    return found or DocumentRef()


def addressees(recipients: Sequence[Party]) -> tuple[Party, ...]:
    """Return whose inboxes a document is for: its receivers."""
    return tuple(
        dict.fromkeys(Party(p.organisation, p.department, p.person, None, p.postal, p.contacts) for p in recipients)
    )

# SPDX-License-Identifier: GPL-3.0-or-later
"""The transport container of 2.7 and 2.7.1 (§2.9, §2.10): a zip with ``passport.xml``, the document and its enclosures.

Stamps are pictures that only the signing system can make; they are read and noted, never written (decision 0010).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from gateway.dialects.findings import MAX_QUOTE
from gateway.dialects.medo.cards import read_number, read_term, write_term
from gateway.dialects.medo.elements import add, add_given, attribute, child, child_text, children, put, value
from gateway.dialects.medo.examination import Examination
from gateway.dialects.medo.files import own_signatures, signature_of, take_signature
from gateway.dialects.medo.names import called, contained_name, shown_name, signature_name
from gateway.dialects.medo.parties import (
    all_of,
    as_seated,
    known_as,
    or_nothing,
    read_person,
    read_seated,
    write_department,
    write_organisation,
)
from gateway.dialects.medo.shelf import Shelf
from gateway.dialects.medo.values import block, guid, heard_uid, number, sheets, word
from gateway.dialects.medo.vocabulary import (
    CONTAINER_SIGNATURE,
    LINK_TYPE,
    NO_KIND_CODE,
    NO_NUMBER,
    NOTHING,
    PLACE,
    SIGNATURE_TYPES,
    SIGNATURE_WORDS,
)
from gateway.dialects.tree import Element
from gateway.dialects.wire import Member
from gateway.errors import Reason
from gateway.model import (
    AdditionalField,
    Author,
    ContactKind,
    ContactPoint,
    Document,
    DocumentRef,
    DocumentUid,
    Drafter,
    FieldType,
    File,
    FileRole,
    Link,
    Number,
    Party,
    Person,
    Signature,
    Term,
)

ARCHIVE = "document.edc.zip"
PASSPORT = "passport.xml"


def fits(document: Document) -> bool:
    """Say whether a container can carry *document*: its text is a PDF, signed once for every author (§4.4).

    Assignments and additions have no place in one: these documents go as cards, too.
    """
    files = [file for file in document.files if file.sha256]
    tasks = any(not (task.draft or task.private) for task in document.tasks)
    if not files or tasks or document.supplement:
        return False
    signed = len(own_signatures(files[0]))
    return shown_name(files[0].name).lower().endswith(".pdf") and signed >= max(1, len(document.authors))


# --- what a container says ----------------------------------------------------------------------------------------


def as_contained(files: Sequence[File], authors: Sequence[Author]) -> tuple[File, ...]:
    """Return the files as a container names them: the document, then its enclosures."""
    kept = [file for file in files if file.sha256]
    return tuple(_as_contained(file, position, authors) for position, file in enumerate(kept))


def _as_contained(file: File, position: int, authors: Sequence[Author]) -> File:
    signatures = []
    for which, signature in enumerate(own_signatures(file)):
        made = Signature(signature_name(position, which), signature.size, signature.sha256)
        if position == 0:
            party = authors[which].party if which < len(authors) else None
            name = party.person.name if party and party.person else word(signature.certificate)
            kind = signature.kind if signature.kind in SIGNATURE_WORDS else None
            made = replace(made, certificate=name, kind=kind)
        signatures.append(made)
    role = FileRole.ANNEX if position else FileRole.TEXT
    return File(shown_name(file.name), size=file.size, sha256=file.sha256, role=role, signatures=tuple(signatures))


def as_authors(authors: Sequence[Author], document: Document, version: str, day: date) -> tuple[Author, ...]:
    """Return who issued the document; the first has the document's number, and who signed has a name where known."""
    found = []
    for place, author in enumerate(authors):
        party = as_seated(author.party or Party(), version)
        signer = party.person or Person()
        if not signer.name:
            signed = own_signatures(next(file for file in document.files if file.sha256))[place]
            signer = replace(signer, name=word(signed.certificate))
        registered = document.number if place == 0 else number(author.number or Number())
        registered = Number(registered.text, registered.date or day)
        party = replace(party, person=None if signer == Person() else signer)
        found.append(Author(or_nothing(party), registered))
    return tuple(found)


def as_drafter(drafter: Drafter, version: str) -> Drafter | None:
    """Return the contact person: name, post, one phone and one e-mail."""
    party = as_seated(drafter.party, version)
    contacts = tuple(point for point in party.contacts if point.kind is not ContactKind.OTHER)
    kept = Party(person=party.person, contacts=contacts)
    return None if kept == Party() else Drafter(kept)


# --- writing ------------------------------------------------------------------------------------------------------


def write_passport(root: Element, document: Document, version: str) -> list[Member]:
    """Write the passport of *document* (as `degrade` leaves it) and return what lies beside it in the zip."""
    put(root, uid=guid(document.uid), version=version)
    _write_requisites(root, document, version)
    _write_authors(root, document)
    addressees = add(root, "addressees")
    for party in document.addressees or (Party(),):
        made = add(addressees, "addressee")
        write_organisation(made, party)
        write_department(made, party)
        if party.person:
            _write_person(made, "person", party.person, demanded=False)
    return _write_files(root, document)


def _write_requisites(root: Element, document: Document, version: str) -> None:
    made = add(root, "requisites")
    kind = document.kind or Term(NOTHING)
    code = (kind.index or NO_KIND_CODE) if version == "2.7.1" else ""
    add(made, "documentKind", kind.text or NOTHING, id=code)
    said = {field.name: field.value for field in document.fields}
    add_given(made, "documentPlace", said.get(PLACE, ""))
    write_term(made, "classification", document.access)
    add(made, "annotation", document.subject or NOTHING)
    if document.links:
        listing = add(made, "links")
        for link in document.links:
            _write_link(listing, link)


def _write_link(listing: Element, link: Link) -> None:
    ref = link.document or DocumentRef()
    made = add(listing, "link", uid=guid(ref.uid) if ref.uid else "")
    add(add(made, "organization"), "title", NOTHING)
    _write_registration(made, ref.number)


def _write_registration(parent: Element, registered: Number) -> None:
    if registered.date is None:
        raise ValueError("a registration in a container needs its date")
    made = add(parent, "registration")
    add(made, "number", registered.text or NO_NUMBER)
    add(made, "date", registered.date.isoformat())


def _write_authors(root: Element, document: Document) -> None:
    """Write each author with the signatures for it; those beyond one each are the last author's."""
    listing = add(root, "authors")
    signatures = document.files[0].signatures
    last = len(document.authors) - 1
    for place, author in enumerate(document.authors):
        made = add(listing, "author")
        party = author.party or Party()
        write_organisation(made, party)
        write_department(made, party)
        _write_registration(made, author.number or Number())
        for which, signature in enumerate(signatures[place:] if place == last else signatures[place : place + 1]):
            sign = add(made, "sign")
            person = party.person if which == 0 else None
            _write_person(sign, "person", person or Person(signature.certificate), demanded=True)
            add(sign, "documentSignature", localName=signature.name, type=SIGNATURE_WORDS.get(signature.kind or 0, ""))
        if place == 0:
            for drafter in document.drafters:
                _write_executor(made, drafter.party)


def _write_person(parent: Element, name: str, person: Person, *, demanded: bool) -> Element:
    made = add(parent, name, id=person.index)
    nothing = NOTHING if demanded else ""
    add_given(made, "post", person.post or nothing)
    add_given(made, "name", person.name or nothing)
    return made


def _write_executor(author: Element, party: Party) -> None:
    person = party.person or Person()
    made = add(author, "executor", id=person.index)
    add_given(made, "post", person.post)
    add(made, "name", person.name or NOTHING)
    said = {point.kind: point.value for point in party.contacts}
    add(made, "phone", said.get(ContactKind.PHONE, NOTHING))
    add_given(made, "email", said.get(ContactKind.EMAIL, ""))


def _write_files(root: Element, document: Document) -> list[Member]:
    members = []
    main, *others = document.files
    assert main.sha256 is not None
    made = add(root, "document", localName=contained_name(main.name, 0))
    pages, more = sheets(document.pages)
    add_given(made, "pagesQuantity", str(pages) if pages else "")
    add_given(made, "enclosurePagesQuantity", str(more) if more else "")
    add(made, "description", main.name)
    listing = add(root, "attachments") if others else None
    for position, file in enumerate(document.files):
        assert file.sha256 is not None
        members.append(Member(contained_name(file.name, position), file.sha256))
        if listing is not None and position:
            made = add(listing, "attachment", localName=contained_name(file.name, position))
            add(made, "order", str(position - 1))
            add(made, "description", file.name)
        for signature in file.signatures:
            assert signature.sha256 is not None
            members.append(Member(signature.name, signature.sha256))
            if position:
                add(made, "signature", localName=signature.name)
    return members


# --- reading ------------------------------------------------------------------------------------------------------


def read_passport(root: Element, exam: Examination, shelf: Shelf, recipients: tuple[Party, ...]) -> Document:
    """Return the document of a container's passport with its files, found on the *shelf* of the zip."""
    requisites = child(root, "requisites")
    kind = read_term(child(requisites, "documentKind"))
    if kind:
        code = "" if kind.index == NO_KIND_CODE else kind.index
        kind = None if (kind.text, code) == ("", "") else Term(kind.text, code)
    place = value(requisites, "documentPlace")
    authors, signatures = _read_authors(root, exam, shelf)
    main = child(root, "document")
    pages, more = exam.integer(main, "pagesQuantity") or 0, exam.integer(main, "enclosurePagesQuantity") or 0
    return Document(
        uid=DocumentUid(heard_uid(exam.guid(root), "")[0]),
        number=authors[0].number if authors and authors[0].number else Number(),
        kind=kind,
        access=read_term(child(requisites, "classification")),
        subject=block(child_text(requisites, "annotation")),
        pages=f"{max(pages, 0)}+{more}" if more > 0 else str(pages) if pages > 0 else "",
        authors=tuple(authors),
        addressees=_read_addressees(root, recipients),
        drafters=_read_drafters(root),
        fields=(AdditionalField(PLACE, FieldType.TEXT, place),) if place else (),
        links=tuple(_read_link(made, exam) for made in all_of(requisites, "links", "link")),
        files=_read_files(root, exam, shelf, tuple(signatures)),
    )


def _read_authors(root: Element, exam: Examination, shelf: Shelf) -> tuple[list[Author], list[Signature]]:
    authors, signatures = [], []
    for made in all_of(root, "authors", "author"):
        party, signed = read_seated(made), children(made, "sign")
        registration = child(made, "registration")
        if (stamp := child(registration, "registrationStamp")) is not None:
            _note_stamp(stamp, exam, shelf)
        signer = read_person(child(signed[0], "person")) if signed else None
        party = replace(party, person=signer)
        registered = read_number(registration, exam)
        authors.append(Author(or_nothing(party), None if registered == Number() else registered))
        for sign in signed:
            signatures += _read_signs(sign, exam, shelf)
    return authors, signatures


def _read_signs(sign: Element, exam: Examination, shelf: Shelf) -> list[Signature]:
    found = []
    for made in children(sign, "documentSignature"):
        for stamp in children(made, "signatureStamp"):
            _note_stamp(stamp, exam, shelf)
        name = attribute(made, "localName")
        signature = signature_of(name, take_signature(name, made, exam, shelf))
        owner = value(sign, "person", "name")
        found.append(replace(signature, kind=SIGNATURE_TYPES.get(attribute(made, "type")), certificate=owner))
    return found


def _note_stamp(stamp: Element, exam: Examination, shelf: Shelf) -> None:
    """Note where a stamp belongs; its picture is no file of the document, and nobody draws it."""
    name = attribute(stamp, "localName")
    found = shelf.find((name,))
    position = child(stamp, "position")
    words = f"{name[:MAX_QUOTE]} on page {value(position, 'page') or '?'}"
    where = (value(position, "topLeft", "x"), value(position, "topLeft", "y"))
    if all(where):
        words += f" at {where[0]}×{where[1]} mm"
    exam.note("stamp", stamp, words + ("" if found.resource else ", the picture did not come"))


def _read_addressees(root: Element, recipients: tuple[Party, ...]) -> tuple[Party, ...]:
    found = []
    for made in all_of(root, "addressees", "addressee"):
        party = read_seated(made)
        people = [person for element in children(made, "person") if (person := read_person(element))]
        found += [replace(party, person=person) for person in people] or [party]
    return known_as([party for party in found if party != Party()], recipients)


def _read_drafters(root: Element) -> tuple[Drafter, ...]:
    found = []
    for made in all_of(root, "authors", "author"):
        executor = child(made, "executor")
        points = ((ContactKind.PHONE, value(executor, "phone")), (ContactKind.EMAIL, value(executor, "email")))
        contacts = tuple(ContactPoint(kind, said) for kind, said in points if said)
        party = Party(person=read_person(executor), contacts=contacts)
        found += [Drafter(party)] if party != Party() else []
    return tuple(found)


def _read_link(element: Element, exam: Examination) -> Link:
    registered = read_number(child(element, "registration"), exam)
    return Link(Term(LINK_TYPE), DocumentRef(DocumentUid(heard_uid(exam.guid(element), "")[0]), registered))


def _read_files(root: Element, exam: Examination, shelf: Shelf, signatures: tuple[Signature, ...]) -> tuple[File, ...]:
    main = child(root, "document")
    attachments = all_of(root, "attachments", "attachment")
    ordered = sorted(attachments, key=lambda made: exam.integer(made, "order") or 0)
    files = []
    if main is None:
        exam.refuse(Reason.MISSING_FIELD, "the container names no document", root, "document")
    else:
        files.append(replace(_read_file(main, exam, shelf, FileRole.TEXT), signatures=signatures))
        if not signatures:
            exam.note("no-signature", main, "the document has no signature")
    for made in ordered:
        names = [attribute(each, "localName") for each in children(made, "signature")]
        signed = tuple(signature_of(name, take_signature(name, made, exam, shelf)) for name in names)
        files.append(replace(_read_file(made, exam, shelf, FileRole.ANNEX), signatures=signed))
    return tuple(files)


def _read_file(element: Element, exam: Examination, shelf: Shelf, role: FileRole) -> File:
    local = attribute(element, "localName")
    found = shelf.find((local,))
    resource = found.resource
    if found.several:
        exam.refuse(Reason.AMBIGUOUS, "several files could be this one", element, "@localName", found=local)
    elif resource is None:
        exam.refuse(
            Reason.MISSING_FILE,
            "a named file is not in the container",
            element,
            "@localName",
            expected=local[:MAX_QUOTE],
        )
    elif found.loose:
        exam.note("name-differs", element, f"came as {resource.names[0][:MAX_QUOTE]}", at="@localName")
    return File(
        name=called(value(element, "description"), local),
        size=resource.content.size if resource else 0,
        sha256=resource.content.sha256 if resource else None,
        media_type=resource.media_type if resource else "application/octet-stream",
        role=role,
    )


def container_signature(names: Sequence[str], element: Element, exam: Examination, shelf: Shelf) -> Signature | None:
    """Return the signature over the whole container, named by message or passport; carried, checked by nobody."""
    name = next((each for each in names if each), "")
    if not name:
        return None
    signature = signature_of(name, take_signature(name, element, exam, shelf))
    return replace(signature, description=CONTAINER_SIGNATURE) if signature.sha256 else None

# SPDX-License-Identifier: GPL-3.0-or-later
"""The zones Document (2A.2) and AddDocuments (2A.4), read and written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.dialects.bare_elements import add, attribute, child, children, given, text
from gateway.dialects.gost2010.examination import Ends, Examination
from gateway.dialects.gost2010.files import Loose, Packing, read_file, signed
from gateway.dialects.gost2010.links import (
    answers,
    read_folder_links,
    read_number,
    read_referred,
    write_folder,
    write_links,
    write_referred,
)
from gateway.dialects.gost2010.parties import read_parties, read_signings, write_party
from gateway.dialects.gost2010.values import one_line
from gateway.dialects.gost2010.vocabulary import (
    ANSWERS_TO,
    ATTESTATIONS,
    DOCUMENT_TYPES,
    INFORMATION,
    INTEGRAL,
    LINKS,
    OPEN_WORDS,
    REFERS_TO,
    RESTRICTED,
    SIGNATURES_OF,
    word,
)
from gateway.dialects.tree import Element
from gateway.model import (
    AdditionalField,
    Author,
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
    Signature,
    Term,
    Visa,
)

# --- reading ------------------------------------------------------------------------------------------------------


def read_document(zone: Element, folders: Element | None, exam: Examination, *, answer: bool) -> Document:
    """Return the document of a message, with what lies in its folders; tasks are read by the caller."""
    text_files = _files(zone, FileRole.TEXT, exam)
    added = _read_folders(folders, exam)
    title, annotation = attribute(zone, "title"), attribute(zone, "annotation")
    kind = attribute(zone, "kind")
    authors = children(zone, "Author")
    return Document(
        uid=DocumentUid(attribute(zone, "idnumber")),
        type=DOCUMENT_TYPES[exam.option(zone, "type", tuple(DOCUMENT_TYPES), "0")],
        number=read_number(child(zone, "RegNumber"), exam),
        kind=Term(kind) if kind else None,
        access=_access(child(zone, "Confident"), exam),
        subject=title or annotation,
        pages=attribute(zone, "pages"),
        note=annotation if title else "",
        collective={"0": False, "1": True}.get(exam.option(zone, "collection", ("0", "1"), "")),
        files=signed((*text_files, *added.files), added.loose),
        authors=tuple(author for made in authors for author in _authors(made, exam)),
        visas=tuple(visa for made in children(zone, "Validator") for visa in _visas(made, exam)),
        addressees=tuple(
            party for made in children(zone, "Addressee") for party in read_parties(made, exam) if party != Party()
        ),
        drafters=tuple(
            Drafter(party)
            for made in children(zone, "Writer")
            for party in read_parties(made, exam)
            if party != Party()
        ),
        fields=(*_fields(zone, exam), *added.fields),
        links=(*_links(zone, exam, answer=answer), *added.links),
    )


def _files(parent: Element, role: FileRole, exam: Examination) -> tuple[File, ...]:
    return tuple(read_file(element, role, exam) for element in children(parent, "DocTransfer"))


def _access(element: Element | None, exam: Examination) -> Term | None:
    """Return the access level; what is flagged as restricted never counts as open, whatever it is called."""
    if element is None:
        return None
    name = one_line(text(element))
    flagged = exam.option(element, "flag", ("0", "1"), "0") == "1"
    if flagged and name.casefold() in OPEN_WORDS:
        if name:
            exam.note("contradictory", element, f"flagged as restricted, but called {name}", at="@flag")
        return Term(RESTRICTED)
    return Term(name) if name else None


def _authors(element: Element, exam: Examination) -> Iterable[Author]:
    out = child(element, "OutNumber")
    number = read_number(child(out, "RegNumber"), exam)
    signings = read_signings(element, exam)
    for signing in signings:
        party = None if signing.party == Party() else signing.party
        if party or number != Number():
            yield Author(party, None if number == Number() else number)
    if not signings and number != Number():
        yield Author(None, number)


def _visas(element: Element, exam: Examination) -> Iterable[Visa]:
    """Yield who agreed or confirmed; QUIRK: the draft prints a Latin c in «замечаниями», letters are compared so."""
    said = one_line(attribute(element, "attestation"))
    known = next((each for each in ATTESTATIONS if _letters(each) == _letters(said)), said)
    if said and known not in ATTESTATIONS:
        exam.note("unreadable-value", element, f"unknown word: {said[:80]}", at="@attestation")
    for signing in read_signings(element, exam):
        yield Visa(signing.party, signing.signed_on, known)


def _letters(attestation: str) -> str:
    return attestation.casefold().replace("c", "\u0441")


def _fields(zone: Element, exam: Examination) -> tuple[AdditionalField, ...]:
    """Return in words what our model has no place for: earlier numbers, orders, days of signing."""
    found = [_field("Прежний номер", made, exam) for made in children(zone, "RegHistory")]
    found += [_field(attribute(made, "kind"), made, exam) for made in children(zone, "DocNumber")]
    for validator in children(zone, "Validator"):
        orders = children(validator, "DocNumber")
        found += [_field(one_line(f"{attribute(validator, 'attestation')}:"), made, exam) for made in orders]
    for author in children(zone, "Author"):
        for signing in read_signings(author, Examination()):
            if signing.signed_on:
                name = one_line(f"Дата подписания {signing.party.name}")
                found.append(AdditionalField(name, FieldType.DATE, signing.signed_on.isoformat()))
    return tuple(field for field in found if field.value)


def _field(name: str, element: Element, exam: Examination) -> AdditionalField:
    number = read_number(child(element, "RegNumber"), exam)
    party = next(iter(read_parties(element, exam)), Party())
    words = [f"{attribute(element, 'kind')} №" if attribute(element, "kind") != name else "№", number.text]
    words.append(f"от {number.date:%d.%m}.{number.date.year:04d}" if number.date else "")
    words.append(f"({party.name})" if party.name else "")
    return AdditionalField(name, FieldType.TEXT, one_line(" ".join(words)))


def _links(zone: Element, exam: Examination, *, answer: bool) -> tuple[Link, ...]:
    """Return what Document and its Addressees refer to, each once."""
    kind = ANSWERS_TO if answer else REFERS_TO
    found = dict.fromkeys(read_referred(element, kind, exam) for element in children(zone, "Referred"))
    known = {link.document for link in found if link.document}
    for made in children(zone, "Addressee"):
        for element in children(made, "Referred"):
            link = read_referred(element, ANSWERS_TO, exam)
            if link.document not in known:
                found[link] = None
            if link.document:
                known.add(link.document)
    return tuple(link for link in found if link.document or link.description)


@dataclass(frozen=True, slots=True)
class _Added:
    files: tuple[File, ...] = ()
    loose: tuple[Loose, ...] = ()
    links: tuple[Link, ...] = ()
    fields: tuple[AdditionalField, ...] = ()


def _read_folders(zone: Element | None, exam: Examination) -> _Added:
    """Return what lies in the folders: annexes, information materials, links, and notes in words."""
    files: list[File] = []
    loose: list[Loose] = []
    links: list[Link] = []
    fields: list[AdditionalField] = []
    for folder in children(zone, "Folder"):
        kind = exam.option(folder, "add_type", (INTEGRAL, INFORMATION, LINKS), INTEGRAL)
        contents = one_line(attribute(folder, "contents"))
        annexes = _files(folder, FileRole.ANNEX, exam)
        if kind == INFORMATION:
            loose += [Loose(file, contents) for file in annexes]
        else:
            files += annexes
        if kind == LINKS:
            links += read_folder_links(folder, exam)
        else:
            notes = [said for note in children(folder, "Note") if (said := text(note))]
            fields += [AdditionalField(contents or "Примечание", FieldType.TEXT, note) for note in notes]
    return _Added(tuple(files), tuple(loose), tuple(links), tuple(fields))


# --- writing ------------------------------------------------------------------------------------------------------


def write_document(root: Element, document: Document, ends: Ends, packing: Packing, *, answer: bool) -> None:
    """Write the zone; a supplement only refers to its document (1A.1), with what the schema demands all the same."""
    made = add(
        root,
        "Document",
        idnumber=document.uid,
        type=word(DOCUMENT_TYPES, document.type),
        kind=given(document.kind.text) if document.kind else None,
        pages=given(document.pages),
        title=given(document.subject),
        annotation=given(document.note),
        collection=None if document.collective is None else str(int(document.collective)),
    )
    _write_number(made, document.number)
    access = document.access.text if document.access else ""
    add(made, "Confident", access, flag="0" if access.casefold() in OPEN_WORDS else "1")
    if answer:
        write_links(made, [link for link in document.links if answers(link)])
    for party in document.addressees:
        write_party(add(made, "Addressee"), party, ends)
    for file in document.files:
        if file.role is FileRole.TEXT:
            packing.put(made, file)
    for author in document.authors or (Author(),):  # code 32 without one
        element = add(made, "Author")
        write_party(element, author.party or Party(), ends, sign="WithSign")
        if author.number:
            _write_number(add(element, "OutNumber"), author.number)
    for visa in document.visas:
        element = add(made, "Validator", attestation=visa.text)
        write_party(element, visa.party, ends, sign="WithSign", signed_on=visa.signed_on)
    for drafter in document.drafters:
        write_party(add(made, "Writer"), drafter.party, ends)


def write_folders(root: Element, document: Document, packing: Packing, *, answer: bool) -> None:
    """Write AddDocuments: annexes, then signatures, then links; a supplement always has the zone."""
    annexes = [file for file in document.files if file.role is not FileRole.TEXT]
    signed_files = [(at, file) for at, file in enumerate(document.files, 1) if file.signatures]
    links = [link for link in document.links if not (answer and answers(link))]
    if not (annexes or signed_files or links or (document.supplement and not document.tasks)):
        return
    zone = add(root, "AddDocuments")
    about = DocumentRef(document.uid, document.number)
    for file in annexes:
        _write_files(zone, file.name, INTEGRAL, [file], about, packing)
    for position, file in signed_files:
        _write_files(zone, f"{SIGNATURES_OF}{position}", INFORMATION, file.signatures, about, packing)
    for link in links:
        write_folder(zone, link)


def _write_files(
    zone: Element, contents: str, kind: str, files: Sequence[File | Signature], about: DocumentRef, packing: Packing
) -> None:
    folder = add(zone, "Folder", contents=contents, add_type=kind)
    for file in files:
        packing.put(folder, file)
    write_referred(folder, about)


def _write_number(parent: Element, number: Number) -> None:
    assert number.date is not None  # as `degrade` leaves it
    add(parent, "RegNumber", number.text, regdate=number.date.isoformat())

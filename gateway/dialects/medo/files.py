# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a card and their detached signatures (§2.6, §4.3), read from a package and written into one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from gateway.dialects.findings import MAX_QUOTE
from gateway.dialects.medo.cards import enclosure_titles
from gateway.dialects.medo.elements import add, add_given, attribute, child, child_text, children, text
from gateway.dialects.medo.examination import Examination
from gateway.dialects.medo.names import called, ending_of, is_signature_of, local_name, shown_name, signature_name
from gateway.dialects.medo.parties import read_anyone, recipient, write_anyone
from gateway.dialects.medo.shelf import Found, Shelf
from gateway.dialects.medo.values import MAX_COMMENT, block, moment, word, write_moment
from gateway.dialects.medo.vocabulary import (
    CONTAINER_SIGNATURE,
    FILE_TYPES,
    GROUPS,
    LINK_TYPE,
    XML_TYPE_SINCE,
    since,
)
from gateway.dialects.tree import Element
from gateway.dialects.values import read_integer
from gateway.dialects.wire import Member, Resource
from gateway.errors import Reason
from gateway.model import File, FileRole, Link, Party, Person, Signature, Term

URL_TYPE = "reference"  # 2.0: localName is an address


# --- reading ------------------------------------------------------------------------------------------------------


def read_files(root: Element, exam: Examination, shelf: Shelf) -> tuple[tuple[File, ...], tuple[Link, ...]]:
    """Return the files of a card in their order, and the addresses that 2.0 lists among them."""
    document = child(root, "document")
    titles = enclosure_titles(document) if document is not None else {}
    awaiting = _awaiting(root)
    files, links = [], []
    for position, element in enumerate(children(child(root, "files"), "file")):
        local = attribute(element, "localId")
        if attribute(element, "type") == URL_TYPE:
            links.append(Link(Term(LINK_TYPE), description=text(child(element, "description")), url=_local(element)))
        else:
            files.append(
                (element, _read_file(element, exam, shelf, titles.get(local, ""), position, awaiting.get(local)))
            )
    if not files:
        exam.note("no-files", root, "a document without files", at="files")
    return tuple(_with_neighbours(element, file, shelf) for element, file in files), tuple(links)


def _local(element: Element) -> str:
    return attribute(element, "localName")


def _awaiting(root: Element) -> Mapping[str, tuple[Party, ...]]:
    """Return who gets each file, by ``localId``, that some participant of deliveryIndex does not get (§2.2).

    To the others it may not have come.
    """
    entries = children(child(root, "deliveryIndex"), "destination")
    lists = [(recipient(made), frozenset(text(child(made, "files")).split())) for made in entries]
    everything = {attribute(made, "localId") for made in children(child(root, "files"), "file")}
    some = {local for _, listed in lists if listed for local in everything - listed}
    return {local: tuple(party for party, listed in lists if not listed or local in listed) for local in some}


def _read_file(
    element: Element, exam: Examination, shelf: Shelf, title: str, position: int, awaiting: tuple[Party, ...] | None
) -> File:
    local, kind = _local(element), attribute(element, "type")
    numbered = read_integer(attribute(element, "localId"))
    found = shelf.find((local, f"{local}.{kind}") if kind else (local,), position if numbered is None else numbered)
    _examine(found, element, exam, awaiting)
    group = text(child(element, "group"))
    if group not in GROUPS:
        exam.note("unreadable-value", element, f"unknown word: {group[:MAX_QUOTE]}", at="group")
    resource = found.resource
    return File(
        name=called(text(child(element, "description")) or title, local, FILE_TYPES.get(kind, "")),
        size=resource.content.size if resource else 0,
        sha256=resource.content.sha256 if resource else None,
        media_type=resource.media_type if resource else "application/octet-stream",
        role=GROUPS.get(group, FileRole.TEXT if position == 0 else FileRole.ANNEX),
        signatures=tuple(_read_signatures(element, exam, shelf)),
    )


def _examine(found: Found, element: Element, exam: Examination, awaiting: tuple[Party, ...] | None) -> None:
    """Refuse what did not come or could be several files; note how a file was found by another name."""
    name = _local(element)
    if found.several:
        exam.refuse(Reason.AMBIGUOUS, "several files that came could be this one", element, "@localName", found=name)
    elif found.resource is None and awaiting is not None:
        exam.awaited += awaiting
        exam.note("withheld", element, "not for every participant, and it did not come", at="@localName")
    elif found.resource is None:
        exam.refuse(
            Reason.MISSING_FILE,
            "a named file did not come",
            element,
            "@localName",
            expected=name[:MAX_QUOTE],
            found="",
        )
    elif found.loose:
        came = next(iter(found.resource.names), "")[:MAX_QUOTE]
        exam.note("name-differs", element, f"came as {came}: {found.loose}", at="@localName")


def _read_signatures(element: Element, exam: Examination, shelf: Shelf) -> list[Signature]:
    found = []
    for made in (info for data in children(element, "signedData") for info in children(data, "signerInfo")):
        name = attribute(made, "signature")
        resource = take_signature(name, made, exam, shelf)
        signer = read_anyone(child(made, "signer"))
        found.append(
            replace(
                signature_of(name, resource),
                at=exam.moment(made, "digestTime"),
                certificate=signer.name,
                description=block(child_text(made, "comment")),
            )
        )
    return found


def take_signature(name: str, element: Element, exam: Examination, shelf: Shelf) -> Resource | None:
    """Return the bytes of a named signature; a document is taken without those that did not come, and that is noted."""
    found = shelf.find((name,))
    if found.resource is None:
        exam.note("missing-signature", element, f"a named signature did not come: {name[:MAX_QUOTE]}")
    return found.resource


def signature_of(name: str, resource: Resource | None) -> Signature:
    content = resource.content if resource else None
    return Signature(name, content.size if content else 0, content.sha256 if content else None)


def _with_neighbours(element: Element, file: File, shelf: Shelf) -> File:
    """Return *file* with the signatures that lie beside it and that only their names tie to it (2.0 to 2.5, §4.3)."""
    local = _local(element)
    beside = shelf.beside(lambda name: is_signature_of(local, name))
    more = tuple(signature_of(resource.names[0], resource) for resource in beside)
    return replace(file, signatures=(*file.signatures, *more)) if more else file


# --- what a card says of files ------------------------------------------------------------------------------------


def as_filed(files: Sequence[File], version: str, sent_at: datetime) -> tuple[File, ...]:
    """Return the files that have content as a card of *version* names them."""
    kept = [file for file in files if file.sha256]
    return tuple(_as_filed(file, position, version, sent_at) for position, file in enumerate(kept))


def _as_filed(file: File, position: int, version: str, sent_at: datetime) -> File:
    signatures = []
    for which, signature in enumerate(own_signatures(file)):
        made = Signature(signature_name(position, which), signature.size, signature.sha256)
        if since(version, "2.6"):
            made = replace(
                made,
                at=moment(signature.at or sent_at),
                certificate=word(signature.certificate),
                description=block(signature.description, MAX_COMMENT),
            )
        signatures.append(made)
    return File(
        name=shown_name(file.name), size=file.size, sha256=file.sha256, role=file.role, signatures=tuple(signatures)
    )


def own_signatures(file: File) -> list[Signature]:
    """Return the signatures of the file itself that have content; that of the container it came in proves nothing."""
    return [one for one in file.signatures if one.sha256 and one.description != CONTAINER_SIGNATURE]


# --- writing ------------------------------------------------------------------------------------------------------


def write_files(root: Element, files: Sequence[File], version: str) -> list[Member]:
    """Write the list of *files* (as `as_filed` leaves them) and return what goes beside the message."""
    listing = add(root, "files")
    members = []
    for position, file in enumerate(files):
        assert file.sha256 is not None  # as_filed has looked
        local = local_name(file.name, position)
        kind = FILE_TYPES.get(ending_of(local), "")
        if kind == "xml" and not since(version, XML_TYPE_SINCE):
            kind = ""
        made = add(listing, "file", localName=local, localId=str(position), type=kind)
        add(made, "group", "Текст документа" if file.role is FileRole.TEXT else "Текст приложения")
        add_given(made, "description", file.name)
        members.append(Member(local, file.sha256))
        for signature in file.signatures:
            assert signature.sha256 is not None
            members.append(Member(signature.name, signature.sha256))
            if since(version, "2.6"):
                _write_signature(add(made, "signedData", localName=local, type=kind), signature, version)
    return members


def _write_signature(parent: Element, signature: Signature, version: str) -> None:
    made = add(parent, "signerInfo", signature=signature.name)
    if signature.at is None:
        raise ValueError("a signature needs its moment")
    add(made, "digestTime", write_moment(signature.at, version))
    owner = Party(person=Person(signature.certificate)) if signature.certificate else Party()
    write_anyone(add(made, "signer"), owner)
    add_given(made, "comment", signature.description)

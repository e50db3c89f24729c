# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and their detached signatures, read from a package and written into one.

Sizes travel in KiB rounded up and are told, never trusted: `File.size` is the bytes that came.
"""

from posixpath import splitext

from gateway.dialects.names import signature_suffix
from gateway.dialects.sev.elements import add, attribute, child, child_text, children, given, put, tag, text
from gateway.dialects.sev.examination import Examination
from gateway.dialects.sev.names import has_index, shown_name, shown_signature_name, unique_name
from gateway.dialects.sev.vocabulary import EXT2015
from gateway.dialects.tree import Element
from gateway.dialects.values import write_moment
from gateway.dialects.wire import Member, Resource
from gateway.errors import Reason
from gateway.model import File, FileRole, Sha256, Signature

E_TAG = tag("eTag", EXT2015)
KIB = 1024


def kib(size: int) -> int:
    """Return *size* bytes in KiB, rounded up."""
    return -(-size // KIB)


# --- reading ------------------------------------------------------------------------------------------------------


def read_document_files(parent: Element, exam: Examination) -> tuple[File, ...]:
    """Return the files of a document; the first is its text, the others are annexes."""
    files = read_files(parent, exam, FileRole.TEXT)
    return files[:1] + tuple(_annex(file) for file in files[1:])


def read_files(parent: Element, exam: Examination, role: FileRole = FileRole.ANNEX) -> tuple[File, ...]:
    return tuple(_read_file(element, exam, role) for element in children(parent, "File"))


def _annex(file: File) -> File:
    return File(
        name=file.name,
        uid=file.uid,
        size=file.size,
        sha256=file.sha256,
        media_type=file.media_type,
        role=FileRole.ANNEX,
        tag=file.tag,
        signatures=file.signatures,
    )


def _read_file(element: Element, exam: Examination, role: FileRole) -> File:
    number = exam.integer(element, "@ResourceID")
    unique = _unique(number, exam)
    description, extension = child_text(element, "Description"), child_text(element, "Extension")
    name = shown_name(description, extension, unique, number if number is not None else -1)
    resource = _resource(element, number, exam, description)
    _examine_file(element, exam, unique, extension)
    if resource is not None:
        _examine_size(element, exam, resource)
    return File(
        name=name,
        uid=attribute(element, "UID"),
        size=resource.content.size if resource else 0,
        sha256=resource.content.sha256 if resource else None,
        media_type=resource.media_type if resource else "application/octet-stream",
        role=role,
        tag=element.get(E_TAG, "").strip(),
        signatures=tuple(_read_signature(eds, exam, unique, number) for eds in children(element, "EDS")),
    )


def _unique(number: int | None, exam: Examination) -> str:
    listed = exam.shelf.listed.get(number) if number is not None else None
    return listed.name if listed else ""


def _read_signature(element: Element, exam: Examination, file: str, file_number: int | None) -> Signature:
    number = exam.integer(element, "@ResourceID")
    unique = _unique(number, exam)
    resource = _resource(element, number, exam, "")
    return Signature(
        name=shown_signature_name(unique, file, file_number if file_number is not None else -1),
        size=resource.content.size if resource else 0,
        sha256=resource.content.sha256 if resource else None,
        at=exam.moment(element, "@Date"),
        kind=exam.integer(element, "@KindID"),
        certificate=attribute(element, "Certificate"),
        description=text(element),
    )


def _resource(element: Element, number: int | None, exam: Examination, description: str) -> Resource | None:
    """Return the bytes *element* names; refused when it names what is not listed and cannot be found otherwise."""
    if number is not None and number in exam.shelf.listed:
        return exam.shelf.take(number)  # when it did not come, that was refused with the list
    if exam.refusal is not None:
        return None
    found = exam.shelf.take_unlisted(description)
    if found is not None:
        exam.note("not-listed", element, "found by its name: ResourceList has no such number", at="@ResourceID")
        return found
    exam.refuse(
        Reason.MISSING_FILE,
        "a file is named that ResourceList does not have",
        element,
        expected="a number of ResourceList",
        found=attribute(element, "ResourceID")[:20],
    )
    return None


def _examine_file(element: Element, exam: Examination, unique: str, extension: str) -> None:
    if extension and not extension.startswith("."):
        exam.note("extension-without-dot", element, "the extension has no leading dot", at="Extension")
    if unique and not has_index(unique):
        exam.note("no-index", element, "the UniqueName of this file has no [N] before its extension")


def _examine_size(element: Element, exam: Examination, resource: Resource) -> None:
    announced = exam.integer(element, "@Size")
    came = kib(resource.content.size)
    if announced != came:
        said = attribute(element, "Size")[:20] or "nothing"
        exam.note("wrong-size", element, f"announced {said}, came {came} KiB", at="@Size")


# --- writing ------------------------------------------------------------------------------------------------------


class Packing:
    """The ResourceList while it grows: file, its signatures, next file; the passport is number 0."""

    def __init__(self, passport: str) -> None:
        self.names: list[str] = [passport]
        self.members: list[Member] = []

    def pack(self, name: str, sha256: Sha256 | None) -> None:
        """List the next resource; raises ValueError when its bytes are unknown, for then it cannot be sent."""
        if sha256 is None:
            raise ValueError(f"file {len(self.names)} has no content to send")
        self.names.append(name)
        self.members.append(Member(name, sha256))

    @property
    def next(self) -> int:
        return len(self.names)


def write_files(parent: Element, files: tuple[File, ...], packing: Packing) -> None:
    for file in files:
        _write_file(parent, file, packing)


def _write_file(parent: Element, file: File, packing: Packing) -> None:
    unique = unique_name(file.name, packing.next)
    made = add(parent, "File", UID=file.uid, ResourceID=str(packing.next), Size=str(kib(file.size)))
    if file.tag:
        made.set(E_TAG, file.tag)
    packing.pack(unique, file.sha256)
    add(made, "Description", file.name)
    add(made, "Extension", splitext(file.name)[1])
    for position, signature in enumerate(file.signatures, 1):
        eds = add(made, "EDS", signature.description, ResourceID=str(packing.next))
        put(
            eds,
            Date=write_moment(signature.at) if signature.at else None,
            KindID=None if signature.kind is None else str(signature.kind),
            Certificate=given(signature.certificate),
        )
        packing.pack(unique + signature_suffix(position), signature.sha256)


def write_resource_list(header: Element, packing: Packing) -> None:
    """Write the ResourceList, which stands before the files it lists: called last."""
    listing = child(header, "ResourceList")
    if listing is None:
        listing = add(header, "ResourceList")
    for number, name in enumerate(packing.names):
        add(listing, "Resource", UID=str(number), UniqueName=name)

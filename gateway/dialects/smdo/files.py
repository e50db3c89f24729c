# SPDX-License-Identifier: GPL-3.0-or-later
"""DocTransfer (table 2.6): a file, beside the message or in base64 inside it, and its detached signatures.

Signatures are carried on as they came; nothing here checks one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.dialects.bare_elements import add, attribute, child, children, given, text
from gateway.dialects.names import UNNAMED, plain, signature_suffix
from gateway.dialects.smdo.examination import Examination
from gateway.dialects.tree import Element
from gateway.dialects.values import one_line, write_moment
from gateway.dialects.wire import Member
from gateway.errors import Reason
from gateway.model import Content, File, FileRole, Sha256, Signature

# What of a DocTransfer is told by the file itself, or is of no use at the other end.
_UNUSED = ("os", "type", "type_ver", "char_set", "ordernum", "created", "modified")
_UNUSED_OF_SIGNATURE = ("keyid", "operation_type", "orig_signature")

# --- reading ------------------------------------------------------------------------------------------------------


def read_files(parent: Element | None, exam: Examination, role: FileRole = FileRole.ANNEX) -> tuple[File, ...]:
    return tuple(_read_file(made, exam, role) for made in children(parent, "DocTransfer"))


def _read_file(element: Element, exam: Examination, role: FileRole) -> File:
    data = child(element, "Data")
    name = one_line(attribute(element, "name"))
    content = _content(element, data, name, exam)
    signatures = children(element, "Signature")
    kept = [each for made in signatures if (each := _read_signature(made, exam)) is not None]
    name = name or one_line(attribute(data, "referenceid")) or UNNAMED
    if not name or not attribute(element, "name"):
        exam.note("empty-file-name", element, "the file has no name", "@name")
    if not kept:
        exam.note("no-signature", element, "the file is not signed", "Signature")
    return File(
        name=name,
        size=content.size if content else 0,
        sha256=content.sha256 if content else None,
        role=role,
        signatures=tuple(_named(signature, name, place) for place, signature in enumerate(kept, 1)),
    )


def _content(element: Element, data: Element | None, name: str, exam: Examination) -> Content | None:
    """Return the bytes of a file: what stands inside, else what came under the name that Data refers to.

    QUIRK: without Data, or without a reference, the file that came under its own name is meant.
    """
    if data is not None and text(data):
        content = exam.body(data)
        if content is None:
            exam.refuse(Reason.MISSING_FILE, "what stands in Data is no file in base64", data)
        return content
    reference = attribute(data, "referenceid")
    if not reference and name:
        exam.note("no-reference", element, "Data refers to nothing: found by the file's own name", "Data/@referenceid")
    sought = reference or name
    content = exam.named(sought, element) if sought else None
    if content is None:
        detail = "a file that the message refers to did not come"
        exam.refuse(Reason.MISSING_FILE, detail, element, "Data", expected=sought[:80], found=name[:80])
    return content


def _read_signature(element: Element, exam: Examination) -> Signature | None:
    if not text(element):
        return None
    content = exam.body(element)
    if content is None:
        exam.note("broken-signature", element, "no base64: the signature is left out")
        return None
    for name in _UNUSED_OF_SIGNATURE:
        if said := attribute(element, name):
            exam.note("left-out", element, f"kept in words only: {said[:80]}", f"@{name}")
    return Signature(
        name="",
        size=content.size,
        sha256=content.sha256,
        at=exam.moment(element, "signtime"),
        certificate=attribute(element, "signer"),
    )


def _named(signature: Signature, file: str, position: int) -> Signature:
    return Signature(
        name=signature_name(file, position),
        size=signature.size,
        sha256=signature.sha256,
        at=signature.at,
        certificate=signature.certificate,
    )


def signature_name(file: str, position: int) -> str:
    """Return the name people see for the signature at *position* (1 the first), which on the wire has none."""
    return one_line(plain(file) + signature_suffix(position))


# --- writing ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Packing:
    """The files of one message while they are numbered: attach1, attach2 …; and what stands inside."""

    members: list[Member] = field(default_factory=list)
    signatures: list[tuple[Element, Sha256]] = field(default_factory=list)  # in the order of the passport

    def refer(self, sha256: Sha256) -> str:
        name = f"attach{len(self.members) + 1}"
        self.members.append(Member(name, sha256))
        return name


def write_files(parent: Element, files: Iterable[File], packing: Packing) -> None:
    for file in files:
        if file.sha256 is None:
            raise ValueError("a file without content cannot be sent")
        made = add(parent, "DocTransfer", name=file.name)
        add(made, "Data", referenceid=packing.refer(file.sha256))
        for signature in file.signatures:
            if signature.sha256 is None:
                raise ValueError("a signature without content cannot be sent")
            at = signature.at
            signed = add(
                made, "Signature", signer=given(signature.certificate), signtime=write_moment(at) if at else None
            )
            packing.signatures.append((signed, signature.sha256))


# --- degrading ----------------------------------------------------------------------------------------------------


def as_files(files: Iterable[File], role: FileRole) -> tuple[File, ...]:
    """Return the files that have content, with what DocTransfer says of them."""
    found = []
    for file in files:
        if not file.sha256:
            continue
        name = one_line(file.name) or UNNAMED
        kept = [signature for signature in file.signatures if signature.sha256 and signature.size]
        signatures = tuple(_named(each, name, position) for position, each in enumerate(kept, 1))
        found.append(File(name, size=file.size, sha256=file.sha256, role=role, signatures=signatures))
    return tuple(found)

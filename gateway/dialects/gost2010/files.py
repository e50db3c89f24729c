# SPDX-License-Identifier: GPL-3.0-or-later
"""Files: DocTransfer (2A.5) and the folders they lie in (2A.4), read and written.

The standard has no place for signatures; a detached one travels as information material that names its file by number.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from posixpath import splitext

from gateway.dialects.bare_elements import add, attribute, text
from gateway.dialects.findings import MAX_QUOTE
from gateway.dialects.gost2010.examination import Examination
from gateway.dialects.gost2010.shelf import is_body, pointed_names
from gateway.dialects.gost2010.values import one_line
from gateway.dialects.gost2010.vocabulary import INSIDE, POINTER, SIGNATURE_ENDINGS, SIGNATURE_TYPE, SIGNATURES_OF
from gateway.dialects.names import UNNAMED, caseless, signature_suffix
from gateway.dialects.tree import Element
from gateway.errors import Reason
from gateway.model import Content, File, FileRole, Sha256, Signature

BINARY = "application/octet-stream"
MAX_FILES = 1000  # LIMIT: files of one message
_NUMBERED = re.compile(re.escape(SIGNATURES_OF) + r"(\d{1,4})", re.ASCII)
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}", re.ASCII)
_EXTENSION = re.compile(r"\.?[\w]{1,10}", re.ASCII)
STANDS_HERE = "@"  # the text of a DocTransfer while a message is made: the file's base64 comes in its place


# --- reading ------------------------------------------------------------------------------------------------------


def read_file(element: Element, role: FileRole, exam: Examination) -> File:
    """Return the file of a DocTransfer; refused when it did not come, or is no base64."""
    exam.option(element, "transfertype", (INSIDE, POINTER), INSIDE)
    name, kind = one_line(attribute(element, "description")), attribute(element, "type")
    content: Content | None
    if is_body("DocTransfer", dict(element.attrib.items())):  # type: ignore[arg-type]  # no bytes in a tree made of text
        content = exam.shelf.inside(text(element))
        if content is None:
            exam.refuse(Reason.MISSING_FILE, "a file inside the message is no base64", element)
    else:
        resource = exam.shelf.pointed(text(element))
        content = resource.content if resource else None
        names = pointed_names(text(element))
        if content is None:
            found = next(iter(names), "")
            exam.refuse(Reason.MISSING_FILE, "a file that is pointed to did not come", element, found=found)
        name = name or next(iter(names), "")
    if content is not None and not content.size:
        exam.note("empty-file", element, "a file without bytes")
    return File(
        name=_with_extension(name, kind) or UNNAMED,
        size=content.size if content else 0,
        sha256=content.sha256 if content else None,
        media_type=media_type(kind),
        role=role,
    )


def media_type(kind: str) -> str:
    return kind.lower() if _MEDIA_TYPE.fullmatch(kind) else BINARY


def _with_extension(name: str, kind: str) -> str:
    """QUIRK: @type may be an extension, and @description a name without one."""
    if not _EXTENSION.fullmatch(kind) or not name or splitext(name)[1]:
        return name
    return f"{name}.{kind.lstrip('.')}"


@dataclass(frozen=True, slots=True)
class Loose:
    """A file of information materials: perhaps the signature of another."""

    file: File
    contents: str  # of its folder


def signed(files: Sequence[File], loose: Sequence[Loose]) -> tuple[File, ...]:
    """Return *files* with those of *loose* that are their signatures, then the rest of *loose* as annexes.

    QUIRK: by agreement signatures travel as "<name>.sig" among the information materials; they are known by that.
    """
    signatures: dict[int, list[Signature]] = {}
    rest: list[File] = []
    for each in loose:
        position = _signed_file(each, files)
        if position is None:
            rest.append(each.file)
        else:
            signature = Signature(each.file.name, each.file.size, each.file.sha256)
            signatures.setdefault(position, []).append(signature)
    kept = (replace(file, signatures=tuple(signatures.get(at, ()))) for at, file in enumerate(files))
    return (*kept, *rest)


def _signed_file(loose: Loose, files: Sequence[File]) -> int | None:
    if numbered := _NUMBERED.fullmatch(loose.contents):
        return int(numbered[1]) - 1 if 0 < int(numbered[1]) <= len(files) else None
    name = caseless(loose.file.name)
    stems = {name[: -len(ending)] for ending in SIGNATURE_ENDINGS if name.endswith(ending)}
    found = [at for at, file in enumerate(files) if caseless(file.name) in stems]
    return found[0] if len(found) == 1 else None


# --- degrading ----------------------------------------------------------------------------------------------------


def as_file(file: File, role: FileRole) -> File:
    """Return what a DocTransfer says of *file*; without signatures."""
    name = one_line(file.name) or UNNAMED
    return File(name=name, size=file.size, sha256=file.sha256, media_type=media_type(file.media_type), role=role)


def as_files(files: Sequence[File], *, supplement: bool) -> tuple[File, ...]:
    """Return *files* that have content, the texts first; in a *supplement* all are annexes.

    A signature is called like its file, with ".sig", ".2.sig" …
    """
    kept = [file for file in files if file.sha256]
    texts = [] if supplement else [file for file in kept if file.role is FileRole.TEXT]
    annexes = [file for file in kept if supplement or file.role is not FileRole.TEXT]
    ordered = [*((file, FileRole.TEXT) for file in texts), *((file, FileRole.ANNEX) for file in annexes)]
    return tuple(replace(as_file(file, role), signatures=_signatures(file)) for file, role in ordered)


def _signatures(file: File) -> tuple[Signature, ...]:
    kept = [signature for signature in file.signatures if signature.sha256]
    name = one_line(file.name) or UNNAMED
    return tuple(
        Signature(name + signature_suffix(position), signature.size, signature.sha256)
        for position, signature in enumerate(kept, 1)
    )


# --- writing ------------------------------------------------------------------------------------------------------


def write_file(parent: Element, file: File | Signature) -> Element:
    """Write a DocTransfer; which file it is stands in ``DocTransfer/@type`` and is found by `Packing`."""
    kind = file.media_type if isinstance(file, File) else SIGNATURE_TYPE
    # os is demanded (2A.5) and nobody knows it: files come from many machines
    return add(parent, "DocTransfer", STANDS_HERE, os="-", type=kind, description=file.name, transfertype=INSIDE)


class Packing:
    """Which file stands in which DocTransfer, while a message is made."""

    def __init__(self) -> None:
        self._digests: dict[Element, Sha256] = {}

    def put(self, parent: Element, file: File | Signature) -> None:
        """Write *file*; raises ValueError for one without content."""
        if file.sha256 is None:
            raise ValueError(f"file {file.name[:MAX_QUOTE]!r} has no content")
        self._digests[write_file(parent, file)] = file.sha256

    def in_order(self, root: Element) -> Iterator[Sha256]:
        """Yield the digests in the order in which their elements stand in *root*."""
        for element in root.iter("DocTransfer"):
            yield self._digests[element]

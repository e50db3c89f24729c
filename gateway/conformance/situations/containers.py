# SPDX-License-Identifier: GPL-3.0-or-later
"""The transport container of MEDO 2.7 and 2.7.1: a zip with a passport of its own, its bounds, and what is wrong in it.

Sections are those of docs/standards.md, "Containers".
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace

from gateway.conformance.case import Step
from gateway.conformance.letters import Leaf, letter
from gateway.conformance.making import Maker, NothingToChange, Parcel, Situation, situations
from gateway.conformance.situations.altering import Steps
from gateway.conformance.situations.archives import STAMP
from gateway.errors import Reason
from gateway.model import File, FileRole, Message, Signature

ONLY = ("medo",)
ZIP, PASSPORT = "document.edc.zip", "passport.xml"
BOMB = 80 << 20  # LIMIT: bytes that the bomb of one case unpacks to
BAD_XML, DOCTYPE, BAD_PASSPORT, FIELD, MISSING, AMBIGUOUS, TOO_LARGE, OTHER = (
    1001, 1002, 1003, 1004, 1005, 1017, 1018, 1099,
)  # fmt: skip
Files = Mapping[str, bytes]
Change = Callable[[dict[str, bytes]], dict[str, bytes]]


def _signed(make: Maker, name: str, role: FileRole = FileRole.TEXT) -> File:
    file = make.file(name, b"%PDF-1.4\n% " + make.id("pdf", name).encode(), role=role)
    content = make.file(f"{name}.p7s", b"\x30\x82 no real signature, but carried on: " + name.encode())
    return replace(file, signatures=(Signature(content.name, content.size, content.sha256, kind=3),))


def _message(make: Maker, version: str) -> Message:
    files = (_signed(make, "Письмо.pdf"), _signed(make, "Приложение.pdf", FileRole.ANNEX))
    return make.message(make.document(files=files), dialect_version=version)


def _unpacked(parcel: Parcel) -> dict[str, bytes]:
    data = dict(parcel.beside)[ZIP]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: Files) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, STAMP), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _parcel(make: Maker, message: Message, change: Change, edit: Callable[[bytes], bytes]) -> Parcel:
    parcel = make.parcel(message)
    return replace(parcel, beside=((ZIP, edit(packed(change(_unpacked(parcel))))),))


def taken(
    change: Change = dict, version: str = "2.7.1", name: str = ZIP, media_type: str = "application/octet-stream"
) -> Steps:
    """Return the steps of a container after *change*, which comes as *name*: its document is registered."""

    def steps(make: Maker) -> list[Step]:
        message = _message(make, version)
        sheaf = make.sheaf(message, _parcel(make, message, change, bytes))
        leaves = (sheaf.leaves[0], Leaf(name, sheaf.leaves[1].data, media_type))
        return [make.step(message, letter(replace(sheaf, leaves=leaves)))]

    return steps


def refused(change: Change, code: int, reason: Reason, edit: Callable[[bytes], bytes] = bytes) -> Steps:
    def steps(make: Maker) -> list[Step]:
        message = _message(make, "2.7.1")
        data = make.letter(message, _parcel(make, message, change, edit))
        return [make.refused(message, data, reason, code=code)]

    return steps


def _damaged(edit: Callable[[bytes], bytes]) -> Steps:
    return refused(dict, OTHER, Reason.BAD_ENCODING, edit)


def passport(*pairs: tuple[str, str]) -> Change:
    """Return a change of the passport inside."""

    def change(files: dict[str, bytes]) -> dict[str, bytes]:
        text = files[PASSPORT].decode()
        for old, new in pairs:
            if old not in text:
                raise NothingToChange(f"the passport has no {old}")
            text = text.replace(old, new, 1)
        return {**files, PASSPORT: text.encode()}

    return change


def dropped(ending: str, place: int = 0) -> Change:
    """Return a change that takes the file at *place* of those that end so out of the container."""

    def change(files: dict[str, bytes]) -> dict[str, bytes]:
        gone = sorted(name for name in files if name.endswith(ending))[place]
        return {name: data for name, data in files.items() if name != gone}

    return change


def _renamed(name: str) -> Change:
    return lambda files: {name if one == PASSPORT else one: data for one, data in files.items()}


def _bomb(files: dict[str, bytes]) -> dict[str, bytes]:
    text = next(name for name in sorted(files) if name.endswith(".pdf"))
    return {**files, text: bytes(BOMB)}


def _beside(*more: tuple[str, Callable[[bytes], bytes]], drop: bool = False) -> Callable[[Maker], Parcel]:
    def parcel(make: Maker) -> Parcel:
        made = make.parcel(_message(make, "2.7.1"))
        data = dict(made.beside)[ZIP]
        own = () if drop else made.beside
        return replace(made, beside=(*own, *((name, edit(data)) for name, edit in more)))

    return parcel


def without_one(parcel: Callable[[Maker], Parcel], reason: Reason, code: int) -> Steps:
    def steps(make: Maker) -> list[Step]:
        message = _message(make, "2.7.1")
        return [make.refused(message, make.letter(message, parcel(make)), reason, code=code)]

    return steps


TAKEN = {
    "2.7.1": ("A container of 2.7.1 is opened.", taken()),
    "2.7": ("So is one of 2.7, in its own namespaces.", taken(version="2.7")),
    "other-name": ("It may come under another name.", taken(name="1f0e.edc.zip")),
    "called-a-zip": ("Its part may be called a zip.", taken(media_type="application/zip")),
    "called-a-text": ("Or anything else.", taken(media_type="text/plain")),
    "called-a-picture": ("However wrong.", taken(media_type="image/png")),
    "passport-by-another-name": ("The passport inside is known by its root, too.", taken(_renamed("card.xml"))),
    "loud-passport": ("Its name is compared without case.", taken(_renamed("PASSPORT.XML"))),
    "surplus-inside": ("A file that the passport does not name is noted.", taken(lambda f: {**f, "extra.exe": b"MZ"})),
    "no-signature": ("A signature that did not come is noted.", taken(dropped(".p7s"))),
    "container-signature": (
        "A signature of the container is carried along.",
        taken(
            lambda f: {
                **passport(("</c:container>", '<c:containerSignature c:localName="containerSign.p7s"/></c:container>'))(
                    f
                ),
                "containerSign.p7s": b"\x30\x82",
            }
        ),
    ),
    "stamp-missing": (
        "A stamp whose picture did not come is noted.",
        taken(passport(("</c:registration>", '<c:registrationStamp c:localName="stamp.png"/></c:registration>'))),
    ),
    "unknown-kind": ("A kind without a code is a kind.", taken(passport((' c:id="DK00000000"', "")))),
    "older-passport-version": (
        "The passport may call itself 1.0.",
        taken(passport(('c:version="2.7.1"', 'c:version="1.0"'))),
    ),
    "empty-annotation": ("A subject may be a dash.", taken(passport(("О проверке обмена документами", "-")))),
}

NO_CONTAINER = {
    "missing": ("A container that is named must come.", without_one(_beside(drop=True), Reason.MISSING_FILE, MISSING)),
    "two": (
        "Nobody guesses which of two zips it is.",
        without_one(
            _beside(("a.zip", bytes), ("b.zip", lambda data: data + b""), drop=True), Reason.MISSING_FILE, MISSING
        ),
    ),
    "two-of-one-name": (
        "Also when both have the very name.",
        without_one(_beside((ZIP, lambda data: packed({"1": b"1"}))), Reason.AMBIGUOUS, AMBIGUOUS),
    ),
}

BROKEN = {
    "no-zip": ("What is no zip is no container.", _damaged(lambda data: b"this is no archive at all")),
    "cut-short": ("A container that ends early is refused.", _damaged(lambda data: data[:-30])),
    "spoilt": ("So is one whose bytes changed on the way.", _damaged(lambda data: data[:200] + b"XXXX" + data[204:])),
    "bomb": ("A zip bomb does not go off.", refused(_bomb, TOO_LARGE, Reason.TOO_LARGE)),
    "too-many": (
        "1200 files of one container are too many.",
        refused(lambda f: {f"file{n}.bin": b"" for n in range(1200)}, OTHER, Reason.TOO_MANY_PARTS),
    ),
    "folder": (
        "A container is flat.",
        refused(lambda f: {f"a/{name}": data for name, data in f.items()}, BAD_PASSPORT, Reason.BAD_PASSPORT),
    ),
    "climbing": (
        "A name that climbs out of it is refused.",
        refused(lambda f: {**f, "../evil.sh": b"#!"}, AMBIGUOUS, Reason.AMBIGUOUS),
    ),
    "names-that-collide": (
        "Names that differ in case alone collide.",
        refused(lambda f: {**f, "PASSPORT.xml": b"1"}, AMBIGUOUS, Reason.AMBIGUOUS),
    ),
    "no-passport": (
        "A container has a passport.",
        refused(lambda f: {n: d for n, d in f.items() if n != PASSPORT}, MISSING, Reason.MISSING_FILE),
    ),
    "two-passports": (
        "It has just one.",
        refused(
            lambda f: {"a.xml": f[PASSPORT], "b.xml": f[PASSPORT], **{n: d for n, d in f.items() if n != PASSPORT}},
            AMBIGUOUS,
            Reason.AMBIGUOUS,
        ),
    ),
    "passport-of-another-root": (
        "Its root is a container.",
        refused(
            lambda f: {**f, PASSPORT: b'<communication xmlns="urn:IEDMS:MESSAGE"/>'}, BAD_PASSPORT, Reason.BAD_PASSPORT
        ),
    ),
    "passport-cut-short": (
        "A passport that ends early is refused.",
        refused(lambda f: {**f, PASSPORT: f[PASSPORT][:700]}, BAD_XML, Reason.BAD_XML),
    ),
    "doctype": (
        "A document type declaration inside is refused, too.",
        refused(passport(("?>", "?><!DOCTYPE container>")), DOCTYPE, Reason.DOCTYPE),
    ),
    "entity": (
        "So is an entity.",
        refused(
            passport(("?>", '?><!DOCTYPE container [<!ENTITY a SYSTEM "file:///etc/hostname">]>')),
            DOCTYPE,
            Reason.DOCTYPE,
        ),
    ),
    "no-document": ("The document must be inside.", refused(dropped(".pdf"), MISSING, Reason.MISSING_FILE)),
    "no-enclosure": ("So must every enclosure.", refused(dropped(".pdf", 1), MISSING, Reason.MISSING_FILE)),
    "no-uid": (
        "A passport says which document it is.",
        refused(lambda f: _without_uid(f), FIELD, Reason.MISSING_FIELD),
    ),
    "names-no-document": (
        "It says which file is the document.",
        refused(passport(("<c:document ", "<c:other "), ("</c:document>", "</c:other>")), FIELD, Reason.MISSING_FIELD),
    ),
}


def _without_uid(files: dict[str, bytes]) -> dict[str, bytes]:
    head, _, rest = files[PASSPORT].decode().partition(' c:uid="')
    return {**files, PASSPORT: (head + rest[rest.index('"') + 1 :]).encode()}


SITUATIONS: tuple[Situation, ...] = (
    *situations("container", TAKEN, dialects=ONLY),
    *situations("no-container", NO_CONTAINER, dialects=ONLY),
    *situations("bad-container", BROKEN, dialects=ONLY),
)

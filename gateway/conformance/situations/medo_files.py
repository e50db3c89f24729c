# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a card of MEDO: names that do not meet, signatures, and the envelope of the postal product beside them.

Sections are those of docs/standards.md, "MEDO".
"""

from collections.abc import Callable
from dataclasses import replace

from gateway.conformance.case import Step
from gateway.conformance.making import Maker, Situation, situations
from gateway.conformance.situations.altering import Steps, bringing, denied, failing, noted, of, with_files, without
from gateway.conformance.situations.passports import same
from gateway.errors import Reason

ONLY = ("medo",)
MISSING, AMBIGUOUS = 1005, 1017  # docs/protocol.md, "Refusal codes"
SIGNED = without(
    "(<xdms:description>[^<]*</xdms:description>)(</xdms:file>)",
    r'\g<1><xdms:signedData><xdms:signerInfo xdms:signature="file0.p7s">'
    r"<xdms:digestTime>2026-03-11T10:05:00</xdms:digestTime>"
    r"<xdms:signer><xdms:person>Ветров Олег Ильич</xdms:person></xdms:signer></xdms:signerInfo></xdms:signedData>\g<2>",
)
NAMES = {
    "type-as-ending": (
        "The type may be the ending of a name.",
        of(lambda m: m.message(), without(' xdms:localName="file0.txt"', ' xdms:localName="file0"')),
    ),
    "doubled-ending": ("An ending may be doubled.", with_files(lambda name: f"{name}.txt")),
    "other-case": ("Names are compared without case.", with_files(str.upper)),
    "counter": ("A mail program may have counted.", with_files(lambda name: "file0[1].txt")),
    "cyrillic": (
        "A name may be Cyrillic.",
        with_files(lambda name: "Письмо.txt", passport=without("file0.txt", "Письмо.txt")),
    ),
    "no-type": ("The type of a file may be missing.", noted(' xdms:type="txt"')),
    "unknown-group": ("A group nobody knows is noted.", noted("<xdms:group>Текст документа", "<xdms:group>Прочее")),
    "no-group": ("A file need be in none.", noted("<xdms:group>[^<]*</xdms:group>")),
    "no-description": ("It needs no description.", noted("<xdms:description>[^<]*</xdms:description>")),
    "empty-description": ("Or an empty one.", noted("<xdms:description>[^<]*<", "<xdms:description><")),
    "no-number": ("Nor a number.", noted(' xdms:localId="0"')),
    "signature-beside": ("A signature may lie beside its file unnamed.", bringing(("file0.txt.p7s", b"\x30\x82"))),
    "signature-named": (
        "Since 2.6 it may be named.",
        bringing(
            ("file0.p7s", b"\x30\x82"),
            passport=SIGNED,
        ),
    ),
    "signature-missing": (
        "One that is named and did not come is noted.",
        same(SIGNED),
    ),
    "climbing": (
        "A name that climbs names nothing.",
        denied(
            without(' xdms:localName="file0.txt"', ' xdms:localName="../../etc/passwd"'), MISSING, Reason.MISSING_FILE
        ),
    ),
    "two-files": (
        "Nobody guesses which of two files is meant.",
        failing(bringing(("FILE0.txt", b"1"), ("File0.txt", b"2"), drop=True), Reason.AMBIGUOUS, AMBIGUOUS),
    ),
    "two-of-one-name": (
        "Also when both have the very name.",
        failing(bringing(("file0.txt", b"1"), ("file0.txt", b"2"), drop=True), Reason.AMBIGUOUS, AMBIGUOUS),
    ),
}

LTR = """[ПИСЬМО КП ПС СЗИ]
ТЕМА=ЭСД МЭДО
АВТООТПРАВКА=1
ДАТА=11.03.2026 10:00:00

[АДРЕСАТЫ]
0=KIT~KITNODE

[ФАЙЛЫ]
0=document.xml
1=file0.txt
"""


def enveloped(name: str, data: bytes, *, came_as: str = "") -> Steps:
    """Return the steps of a package with an envelope of the postal product; its file *came_as* another name."""

    def steps(make: Maker) -> list[Step]:
        message = make.message()
        parcel = make.parcel(message)
        beside = tuple((came_as or file, content) for file, content in parcel.beside)
        return [make.step(message, make.letter(message, replace(parcel, beside=(*beside, (name, data)))))]

    return steps


def _ltr(change: Callable[[str], str] = str, encoding: str = "windows-1251", end: str = "\r\n") -> bytes:
    return change(LTR).replace("\n", end).encode(encoding)


ENVELOPES = {
    "ini": ("An envelope in windows-1251 is understood.", enveloped("envelope.ini", _ltr())),
    "ltr": ("So is one that was exported on arrival.", enveloped("envelope.ltr", _ltr())),
    "line-feeds": ("Its lines may end in bare line feeds.", enveloped("envelope.ini", _ltr(end="\n"))),
    "utf-8": ("It may be UTF-8.", enveloped("envelope.ini", _ltr(encoding="utf-8"))),
    "utf-8-mark": ("With a mark, too.", enveloped("envelope.ini", _ltr(encoding="utf-8-sig"))),
    "blanks": (
        "Blanks may stand before everything.",
        enveloped("envelope.ini", _ltr(lambda s: "\n".join(f"  {line}" for line in s.splitlines()))),
    ),
    "many-lined-subject": (
        "A subject may spill over lines.",
        enveloped("envelope.ini", _ltr(lambda s: s.replace("ЭСД МЭДО", "ЭСД МЭДО\nо разном\nи ещё"))),
    ),
    "no-addressee": (
        "An addressee may be empty.",
        enveloped("envelope.ini", _ltr(lambda s: s.replace("KIT~KITNODE", ""))),
    ),
    "gaps": (
        "Numbers may have gaps.",
        enveloped("envelope.ini", _ltr(lambda s: s.replace("1=file0.txt", "7=file0.txt"))),
    ),
    "absolute-path": (
        "A path of another disk leads nowhere: its last step counts.",
        enveloped("envelope.ltr", _ltr(lambda s: s.replace("file0.txt", r"C:\MEDO\In\file0.txt"))),
    ),
    "other-name": ("An envelope may have any name.", enveloped("X7Q2M9PL.ini", _ltr())),
    "by-its-place": (
        "Where names do not meet, the place in the envelope tells.",
        enveloped("envelope.ltr", _ltr(lambda s: s.replace("file0.txt", "52.txt")), came_as="52.txt"),
    ),
    "undecodable": ("One that nobody can decode is left alone.", enveloped("envelope.ini", b"[\x98\xff\xfe" * 100)),
    "large": ("So is one of a size that none has.", enveloped("envelope.ini", b"\xff\xfe\x00[" * 50_000)),
    "empty": ("So is an empty one.", enveloped("envelope.ini", b"")),
}


SITUATIONS: tuple[Situation, ...] = (
    *situations("file-names", NAMES, dialects=ONLY),
    *situations("envelopes", ENVELOPES, dialects=ONLY),
)

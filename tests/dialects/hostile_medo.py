# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of MEDO nobody should send, each with what becomes of it: the reason it is refused for, or what is noted."""

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

SAMPLES = Path(__file__).parent / "samples" / "medo"
NAMESPACE = "http://www.infpres.com/IEDMS"


def sample(name: str, file: str) -> bytes:
    return (SAMPLES / name / file).read_bytes()


CARD = sample("document", "document.xml").decode("windows-1251")
CONTAINER = sample("container-2.7.1", "message.xml")
INSIDE = {path.name: path.read_bytes() for path in sorted((SAMPLES / "container-2.7.1" / "document.edc").iterdir())}
INSIDE = {"passport.xml": INSIDE["passport.xml"], **INSIDE}  # first, so that damage hits it
FILES = {name: sample("document", name) for name in ("pismo.pdf", "pismo.p7s", "vedomost.pdf")}


@dataclass(frozen=True)
class Case:
    """A package, and what is to become of it: a reason, or a problem's code with a message all the same."""

    passport: bytes
    outcome: str
    files: Mapping[str, bytes] = field(default_factory=lambda: FILES)
    more: tuple[tuple[str, bytes], ...] = ()  # further files, whose names may repeat
    place: str = ""


def card(*changes: tuple[str, str], encoding: str = "windows-1251") -> bytes:
    text = CARD
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text.encode(encoding, "xmlcharrefreplace")


def zipped(files: Mapping[str, bytes], edit: Callable[[bytes], bytes] = bytes) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return edit(target.getvalue())


def inside(**changes: bytes | None) -> dict[str, bytes]:
    """Return the files of the sample's container, some changed; None takes one out."""
    made: dict[str, bytes | None] = {**INSIDE, **{name.replace("__", "."): data for name, data in changes.items()}}
    return {name: data for name, data in made.items() if data is not None}


def passport(*changes: tuple[str, str]) -> bytes:
    text = INSIDE["passport.xml"].decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text.encode()


def contained(files: Mapping[str, bytes], outcome: str, place: str = "") -> Case:
    return Case(CONTAINER, outcome, {"document.edc.zip": zipped(files)}, place=place)


def archive(data: bytes, outcome: str) -> Case:
    return Case(CONTAINER, outcome, {"document.edc.zip": data}, place="/communication/container/body")


def _deep() -> str:
    return "<xdms:a>" * 80 + "</xdms:a>" * 80


CASES = {
    # XML
    "wrong root": Case(
        card(("xdms:communication", "xdms:telegram"), ("/xdms:communication", "/xdms:telegram")), "unsupported"
    ),
    "root with a Cyrillic letter": Case(
        card(("xdms:communication", "xdms:сommunication"), ("/xdms:communication", "/xdms:сommunication")),
        "unsupported",
    ),
    "element with a Cyrillic letter": Case(
        card(("<xdms:source", "<xdms:sоurce"), ("</xdms:source", "</xdms:sоurce")), "missing-field"
    ),
    "UTF-8 declared, windows-1251 written": Case(card(("windows-1251", "UTF-8")), "bad-xml"),
    "unknown encoding": Case(card(('encoding="windows-1251"', 'encoding="x-mars"')), "bad-xml"),
    "byte order mark of UTF-8": Case(card(("windows-1251", "utf-8"), encoding="utf-8-sig"), ""),
    "UTF-16": Case(card(("windows-1251", "utf-16"), encoding="utf-16"), ""),
    "truncated": Case(card()[:1500], "bad-xml"),
    "empty": Case(b"", "bad-xml"),
    "DOCTYPE": Case(card(("?>\n", "?>\n<!DOCTYPE a [<!ENTITY b 'c'>]>\n")), "doctype"),
    "a prefix nobody declared": Case(card(("<xdms:kind>", "<zz:kind>"), ("</xdms:kind>", "</zz:kind>")), "bad-xml"),
    "too deep": Case(card(("<xdms:kind>", _deep() + "<xdms:kind>")), "bad-xml"),
    "too large": Case(card(("Об осмотре", "я" * (17 << 20))), "too-large"),
    "too many attributes": Case(
        card(("<xdms:kind", "<xdms:kind " + " ".join(f'a{n}="b"' for n in range(300)))), "bad-xml"
    ),
    "stray text": Case(card(("<xdms:kind>", "stray<xdms:kind>")), "schema"),
    "a foreign element": Case(card(("<xdms:kind>", "<z:z xmlns:z='urn:z'>?</z:z><xdms:kind>")), "unknown-extension"),
    # the header
    "no message id": Case(card(('xdms:uid="90807060-5040-4302-8100-f0e0d0c0b0a0" ', "")), "missing-field"),
    "no sender": Case(card((' xdms:uid="1f6e5d4c-3b2a-4918-8776-655443322110"', "")), "missing-field"),
    "no time": Case(card((' xdms:created="2026-02-17T11:20:00"', "")), "missing-field"),
    "impossible time": Case(card(("2026-02-17T11:20:00", "2026-02-30T25:61:00")), "missing-field"),
    "a version of nobody": Case(card(('xdms:version="2.6"', 'xdms:version="9.9"')), "version"),
    "empty version": Case(card(('xdms:version="2.6"', 'xdms:version=""')), "version"),
    "a type of nobody": Case(card(('xdms:type="Документ"', 'xdms:type="Открытка"')), "wrong-type"),
    "nothing inside": Case(
        f'<c:communication xmlns:c="{NAMESPACE}" c:version="2.6"><c:header/></c:communication>'.encode(),
        "missing-field",
    ),
    # the document
    "no uid": Case(card((' xdms:uid="4d3c2b1a-0f9e-4d8c-b7a6-958473625140"', "")), "missing-field"),
    "uid with a Cyrillic letter": Case(card(("4d3c2b1a", "4d3с2b1a"), encoding="windows-1251"), "bad-guid"),
    "uid that is no GUID": Case(card(("4d3c2b1a-0f9e-4d8c-b7a6-958473625140", "seven")), "bad-guid"),
    "impossible date": Case(card(("<xdms:date>2026-02-17", "<xdms:date>2026-02-31")), "unreadable-value"),
    "pages beyond numbers": Case(card(("<xdms:pages>3", "<xdms:pages>" + "9" * 40)), "unreadable-value"),
    "two clauses of one id": Case(
        card(("</xdms:clauses>", '<xdms:clause xdms:id="К-1"/></xdms:clauses>')), "repeated-key"
    ),
    "an appeal": Case(card(("<xdms:kind>Письмо", "<xdms:kind>Обращение")), "appeal"),
    # files
    "a missing file": Case(card(), "missing-file", {"pismo.pdf": b"1", "pismo.p7s": b"2"}, place="/@localName"),
    "a missing signature": Case(card(), "missing-signature", {"pismo.pdf": b"1", "vedomost.pdf": b"2"}),
    "a surplus file": Case(card(), "unlisted-file", {**FILES, "surplus.exe": b"MZ"}),
    "names that collide after cleaning": Case(
        card(), "ambiguous", {"pismo.p7s": b"0", "vedomost.pdf": b"1"}, more=(("PISMO.pdf", b"2"), ("Pismo.pdf", b"3"))
    ),
    "two files of one name": Case(
        card(), "ambiguous", {"pismo.p7s": b"0", "vedomost.pdf": b"1"}, more=(("pismo.pdf", b"2"), ("pismo.pdf", b"3"))
    ),
    "a counter in the name": Case(
        card(), "name-differs", {**{n: d for n, d in FILES.items() if n != "vedomost.pdf"}, "VEDOMOST[1].pdf": b"1"}
    ),
    "a name with folders": Case(card(('localName="vedomost.pdf"', 'localName="../../etc/passwd"')), "missing-file"),
    "an envelope that is none": Case(card(), "", {**FILES, "envelope.ltr": b"\xff\xfe\x00[" * 50_000}),
    # containers
    "no container": Case(CONTAINER, "missing-file", {}),
    "two containers": Case(CONTAINER, "missing-file", {"a.zip": zipped(INSIDE), "b.zip": zipped({**INSIDE, "x": b""})}),
    "a container by another name": Case(CONTAINER, "name-differs", {"other.edc.zip": zipped(INSIDE)}),
    "no zip": archive(b"this is no archive at all", "bad-encoding"),
    "a damaged zip": archive(zipped(INSIDE, lambda data: data[:200] + b"XXXX" + data[204:]), "bad-encoding"),
    "a truncated zip": archive(zipped(INSIDE)[:-30], "bad-encoding"),
    "a zip bomb": contained(inside(pismo__pdf=bytes(80 << 20)), "too-large"),
    "too many entries": contained({f"file{n}.bin": b"" for n in range(1200)}, "too-many-parts"),
    "a folder in the container": contained({f"a/{name}": data for name, data in INSIDE.items()}, "bad-passport"),
    "a path that climbs": contained({**INSIDE, "../evil.sh": b"#!"}, "ambiguous"),
    "names in the zip that collide": contained({**INSIDE, "PISMO.PDF": b"1"}, "ambiguous"),
    "no passport": contained(inside(passport__xml=None), "missing-file"),
    "two passports": contained(
        {**inside(passport__xml=None), "a.xml": INSIDE["passport.xml"], "b.xml": INSIDE["passport.xml"]}, "ambiguous"
    ),
    "a passport by another name": contained({**inside(passport__xml=None), "card.xml": INSIDE["passport.xml"]}, ""),
    "a passport that is a message": contained(inside(passport__xml=CONTAINER), "bad-passport"),
    "a broken passport": contained(inside(passport__xml=INSIDE["passport.xml"][:700]), "bad-xml"),
    "DOCTYPE in the passport": contained(inside(passport__xml=passport(("?>\n", "?>\n<!DOCTYPE a>\n"))), "doctype"),
    "UTF-8 in a passport that declares windows-1251": contained(
        inside(passport__xml=passport(("UTF-8", "windows-1251"))), "wrong-encoding"
    ),
    "no document inside": contained(inside(pismo__pdf=None), "missing-file"),
    "no enclosure inside": contained(inside(vedomost__pdf=None), "missing-file", place="/@localName"),
    "no signature inside": contained(inside(pismo__p7s=None), "missing-signature"),
    "no stamp inside": contained(inside(regstamp__png=None), "stamp"),
    "a surplus file inside": contained({**INSIDE, "surplus.exe": b"MZ"}, "unlisted-file"),
    "a passport without uid": contained(
        inside(passport__xml=passport((' c:uid="4d3c2b1a-0f9e-4d8c-b7a6-958473625140"', ""))), "missing-field"
    ),
    "a passport without a document": contained(
        inside(
            passport__xml=passport(
                ('<c:document c:localName="pismo.pdf">', "<c:other>"), ("</c:document>", "</c:other>")
            )
        ),
        "missing-field",
    ),
}

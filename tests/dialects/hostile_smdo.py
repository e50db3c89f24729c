# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that nobody in good faith sends by SMDO: what each is, and what must become of it."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.content import Held
from gateway.dialects.wire import Resource
from gateway.errors import Reason
from tests.dialects.test_smdo_samples import SAMPLES

SOUND = (SAMPLES / "document.xml").read_bytes()
FIRST = Resource(("attach1",), Held((SAMPLES / "attach1").read_bytes()))
SECOND = Resource(("attach2",), Held((SAMPLES / "attach2").read_bytes()))
FILES = (FIRST, SECOND)
OTHER = Resource(("attach1",), Held(b"another file of that name"))


@dataclass(frozen=True, slots=True)
class Hostile:
    make: Callable[[], bytes]
    reason: Reason | None = None  # why it is refused; None: it is a leniency
    place: str = ""  # where; empty: of broken XML it is a line
    code: str = ""  # of the note, when it is a leniency
    files: tuple[Resource, ...] = FILES


def _with(old: str, new: str, count: int = -1) -> Callable[[], bytes]:
    def make() -> bytes:
        text = SOUND.decode()
        assert old in text, f"the sample has no {old!r}"
        return text.replace(old, new, count).encode()

    return make


def _text() -> str:
    return SOUND.decode()


def _declared(encoding: str) -> Callable[[], bytes]:
    return _with('encoding="UTF-8"', f'encoding="{encoding}"')


def _deep() -> bytes:
    return _text().replace("</Body>", "<Expansion>" + "<a>" * 80 + "</a>" * 80 + "</Expansion></Body>").encode()


_BODY = "<Body>"
TASK = _text()[_text().index("<Task ") : _text().index("</TaskList>")]
FOLDER = "/Envelop/Body/AddDocuments/Folder[1]/DocTransfer/Data"
HOSTILE = {
    # the root
    "another root": Hostile(
        lambda: SOUND.replace(b"Envelop ", b"Letter ").replace(b"/Envelop", b"/Letter"), Reason.BAD_PASSPORT, "/Letter"
    ),
    "a root with a final e": Hostile(lambda: SOUND.replace(b"Envelop", b"Envelope"), code="odd-spelling"),
    "a root with a look-alike letter": Hostile(
        lambda: _text().replace("Envelop", "Еnvelop").encode(), code="odd-spelling"
    ),
    "an empty root": Hostile(
        lambda: b'<Envelop type="SDIP-2.1.1" msg_id="x"/>', Reason.MISSING_FIELD, "/Envelop/@dtstamp"
    ),
    "a header twice": Hostile(
        _with("<Header ", '<Header msg_type="0"/><Header ', 1), Reason.MISSING_FIELD, "/Envelop/Header/Sender/@id"
    ),
    "no body": Hostile(_with("Body>", "Bоdies>"), Reason.BAD_PASSPORT, "/Envelop/Body"),
    # bytes
    "nothing": Hostile(lambda: b"", Reason.BAD_XML),
    "truncated": Hostile(lambda: SOUND[: len(SOUND) // 2], Reason.BAD_XML),
    "truncated inside a letter": Hostile(lambda: SOUND[: SOUND.index("Записка.txt".encode()) + 3], Reason.BAD_XML),
    "windows-1251 declared, UTF-8 inside": Hostile(_declared("windows-1251"), Reason.BAD_XML),
    "an unknown encoding": Hostile(_declared("x-unknown"), Reason.BAD_XML),
    "UTF-16 declared, UTF-8 inside": Hostile(_declared("UTF-16"), Reason.BAD_XML),
    "UTF-16 with a mark": Hostile(lambda: _text().replace("UTF-8", "UTF-16").encode("utf-16"), code=""),
    "a mark of UTF-8": Hostile(lambda: b"\xef\xbb\xbf" + SOUND, code=""),
    "two marks": Hostile(lambda: b"\xef\xbb\xbf" * 2 + SOUND, Reason.BAD_XML),
    "a mark of UTF-16 before UTF-8": Hostile(lambda: b"\xff\xfe" + SOUND, Reason.BAD_XML),
    "windows-1251": Hostile(lambda: _text().replace("UTF-8", "windows-1251").encode("windows-1251"), code=""),
    "a NUL": Hostile(lambda: SOUND.replace(b"<Body>", b"<Body>\0"), Reason.BAD_XML),
    "bytes that are no UTF-8": Hostile(lambda: SOUND.replace(b'pages="3"', b'pages="\xff"'), Reason.BAD_XML),
    # XML
    "a document type": Hostile(_with("<Envelop ", "<!DOCTYPE Envelop><Envelop ", 1), Reason.DOCTYPE, "prolog"),
    "an entity bomb": Hostile(
        _with("<Envelop ", '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><Envelop ', 1), Reason.DOCTYPE, "prolog"
    ),
    "a foreign file": Hostile(
        _with("<Envelop ", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><Envelop ', 1),
        Reason.DOCTYPE,
        "prolog",
    ),
    "too deep": Hostile(_deep, Reason.BAD_XML),
    "too many attributes": Hostile(
        _with("<Body>", "<Body " + " ".join(f'a{n}="1"' for n in range(300)) + ">"), Reason.BAD_XML
    ),
    "too many elements": Hostile(_with("<Body>", "<Body>" + "<x/>" * 100_001), Reason.BAD_XML),
    "too large": Hostile(_with("</Body>", "<Expansion>" + "x" * (17 << 20) + "</Expansion></Body>"), Reason.TOO_LARGE),
    "an attribute twice": Hostile(_with('pages="3"', 'pages="3" pages="4"'), Reason.BAD_XML),
    # names
    "an attribute twice by sound": Hostile(_with('pages="3"', 'pages="3" PAGES="4"'), code="odd-spelling"),
    "a zone by a look-alike name": Hostile(
        lambda: _text().replace("<Document ", "<Dоcument ").replace("</Document>", "</Dоcument>").encode(),
        code="odd-spelling",
    ),
    "a zone by a name nobody knows": Hostile(
        lambda: _text().replace("<Document ", "<Papers ").replace("</Document>", "</Papers>").encode(), code="schema"
    ),
    "names in a namespace": Hostile(_with("<Envelop ", '<Envelop xmlns="urn:x" ', 1), code="odd-spelling"),
    # ids
    "a task twice": Hostile(_with("</TaskList>", TASK + "</TaskList>"), code="repeated-key"),
    "a document twice": Hostile(_with("<TaskList>", "<Document/><TaskList>"), code="repeated-zone"),
    "no id at all": Hostile(
        lambda: (
            _text()
            .replace('idnumber="Hydro07_5501" type', "type")
            .replace('<RegNumber regdate="2026-04-02">03-5/118</RegNumber>\n      <Conf', "<RegNumber/>\n      <Conf")
            .encode()
        ),
        Reason.MISSING_FIELD,
        "/Envelop/Body/Document/@idnumber",
    ),
    # values
    "a day that never was": Hostile(_with('regdate="2026-03-28"', 'regdate="2026-02-30"'), code="unreadable-value"),
    "a day before all days": Hostile(_with('regdate="2026-03-28"', 'regdate="0000-00-00"'), code="unreadable-value"),
    "a moment after all moments": Hostile(
        _with("2026-04-02T09:15:00+03:00", "9999-12-31T23:59:59-14:00"), Reason.MISSING_FIELD, "/Envelop/@dtstamp"
    ),
    "a number of pages without end": Hostile(_with('pages="3"', f'pages="{"9" * 5000}"'), code=""),
    "a place of a file inside that is not there": Hostile(
        _with('<Data referenceid="attach1"/>', "<Data>0</Data>"),
        Reason.MISSING_FILE,
        "/Envelop/Body/Document/DocTransfer/Data",
    ),
    "101 receivers": Hostile(
        _with("<Receiver ", '<Receiver id="x" name="x"/>' * 100 + "<Receiver ", 1), code="many-recipients"
    ),
    # files
    "a file that did not come": Hostile(lambda: SOUND, Reason.MISSING_FILE, FOLDER, files=(FIRST,)),
    "no file came": Hostile(lambda: SOUND, Reason.MISSING_FILE, FOLDER, files=()),
    "a file that nothing names": Hostile(
        lambda: SOUND, code="unlisted-file", files=(*FILES, Resource(("x",), Held(b"")))
    ),
    "two files of one name": Hostile(
        lambda: SOUND, Reason.AMBIGUOUS, "/Envelop/Body/Document/DocTransfer", files=(*FILES, OTHER)
    ),
    "the same file twice": Hostile(lambda: SOUND, code="", files=(*FILES, FIRST)),
    "two files that are told by one name": Hostile(_with('name="Участки.csv"', 'name="Записка.txt"'), code=""),
    "a name that climbs": Hostile(_with('name="Записка.txt"', 'name="../../etc/passwd"'), code=""),
    "two references to one file": Hostile(_with("attach2", "attach1"), code="unlisted-file"),
}

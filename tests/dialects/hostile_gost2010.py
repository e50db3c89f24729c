# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages nobody should send: what each is, and how it must be refused, or what is noted of it at least."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import Reason
from tests.dialects.gost2010_packages import altered, sample

DOCTYPE = '<!DOCTYPE Header [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
FILE = 'transfertype="0">'


@dataclass(frozen=True, slots=True)
class Hostile:
    make: Callable[[], bytes]
    reason: Reason | None = None  # why it is refused; None: it is read
    place: str = ""  # where
    noted: str = ""  # the code that is noted


def changed(*changes: tuple[str, str]) -> Callable[[], bytes]:
    return lambda: altered("document", *changes)


def encoded(encoding: str, declared: str) -> Callable[[], bytes]:
    return lambda: sample("document").decode().replace('encoding="UTF-8"', f'encoding="{declared}"').encode(encoding)


def cut(share: float) -> Callable[[], bytes]:
    return lambda: sample("document")[: int(len(sample("document")) * share)]


def twice(start: str, end: str) -> Callable[[], bytes]:
    """The sample with the piece from *start* to *end* in it twice."""

    def make() -> bytes:
        text = sample("document").decode()
        at, stop = text.index(start), text.index(end) + len(end)
        return (text[:stop] + text[at:]).encode()

    return make


HOSTILE = {
    # the root and its zones
    "no zone": Hostile(
        lambda: altered("registered", ("Acknowledgement", "Acknowledgment")),
        Reason.MISSING_FIELD,
        "/Header/Acknowledgement",
    ),
    "a zone with a Cyrillic letter": Hostile(
        changed(("<Document ", "<D\u043ecument "), ("</Document>", "</D\u043ecument>")),
        Reason.MISSING_FIELD,
        "/Header/Document",
        "unknown-element",
    ),
    "an element with a Cyrillic letter": Hostile(
        changed(('<Confident flag="0">Общий</Confident>', '<\u0421onfident flag="1">ДСП</\u0421onfident>')),
        noted="unknown-element",
    ),
    "two documents": Hostile(twice("  <Document", "</Document>\n"), noted="repeated-key"),
    "two task lists": Hostile(twice("  <TaskList", "</TaskList>\n"), noted="repeated-key"),
    "a notification beside a document": Hostile(
        changed(("</Header>", '<Acknowledgement msg_id="x" ack_type="1"/></Header>')), noted="misplaced"
    ),
    "a kind nobody knows": Hostile(changed(('msg_type="1"', 'msg_type="9"')), Reason.BAD_PASSPORT, "/Header/@msg_type"),
    "a kind that is no number": Hostile(
        changed(('msg_type="1"', 'msg_type="one"')), Reason.BAD_PASSPORT, "/Header/@msg_type"
    ),
    "a notification nobody knows": Hostile(
        lambda: altered("registered", ('ack_type="2"', 'ack_type="4"')),
        Reason.BAD_PASSPORT,
        "/Header/Acknowledgement/@ack_type",
    ),
    "no id of the message": Hostile(
        changed(('msg_id="6a5d2f10-0c11-4e0a-9d3b-000000000001"', "")), Reason.MISSING_FIELD, "/Header/@msg_id"
    ),
    "no kind": Hostile(changed(('msg_type="1"', "")), Reason.MISSING_FIELD, "/Header/@msg_type"),
    "no sender": Hostile(
        changed(('from_org_id="ROMASHKA"', ""), ('from_organization="АО «Ромашка»"', "")),
        Reason.MISSING_FIELD,
        "/Header/@from_org_id",
    ),
    "no recipient": Hostile(
        changed(
            ('to_org_id="VASILEK"', ""),
            ('to_organization="Управление «Василёк»"', ""),
            ('to_sys_id="SYS-V"', ""),
            ('to_system="Журнал"', ""),
        ),
        noted="no-recipient",
    ),
    "no id and no number of the document": Hostile(
        changed(('idnumber="R-2026-77" type', "type"), ('<RegNumber regdate="2026-02-03">12-34/56</RegNumber>', "")),
        Reason.MISSING_FIELD,
        "/Header/Document/@idnumber",
    ),
    "the same id twice": Hostile(changed(('idnumber="R-T-1"', 'idnumber="R-2026-77"'))),
    # the bytes
    "a byte order mark": Hostile(lambda: b"\xef\xbb\xbf" + sample("document")),
    "utf-16": Hostile(encoded("utf-16", "utf-16")),
    "windows-1251": Hostile(encoded("windows-1251", "windows-1251")),
    "utf-8 declared as windows-1251": Hostile(encoded("utf-8", "windows-1251"), noted="wrong-encoding"),
    "windows-1251 declared as utf-8": Hostile(encoded("windows-1251", "utf-8"), Reason.BAD_XML, "line 2"),
    "an encoding nobody knows": Hostile(encoded("utf-8", "x-none"), Reason.BAD_XML, "line 1"),
    "several bytes a letter": Hostile(encoded("gb18030", "gb18030"), Reason.MISSING_FILE, "DocTransfer"),
    "cut in the header": Hostile(cut(0.06), Reason.BAD_XML, "line "),
    "cut in the middle": Hostile(cut(0.5), Reason.BAD_XML, "line "),
    "cut at the end": Hostile(cut(0.999), Reason.BAD_XML, "line "),
    "a document type": Hostile(changed(("<Header ", DOCTYPE + "<Header ")), Reason.DOCTYPE, "prolog"),
    "an entity": Hostile(changed(("12-34/56", "&x;")), Reason.BAD_XML, "line "),
    "too deep": Hostile(changed(("<TaskList>", "<x>" * 70 + "</x>" * 70 + "<TaskList>")), Reason.BAD_XML),
    "too many attributes": Hostile(
        changed(("<TaskList>", "<TaskList " + " ".join(f'a{n}=""' for n in range(300)) + ">")), Reason.BAD_XML
    ),
    "too large": Hostile(changed(("12-34/56", "x" * (17 << 20))), Reason.TOO_LARGE),
    "too many files": Hostile(
        changed(
            ("<AddDocuments>", "<AddDocuments>" + f"<Folder><DocTransfer {FILE}QQ==</DocTransfer></Folder>" * 1100)
        ),
        Reason.TOO_MANY_PARTS,
        "/Header",
    ),
    # values
    "a day that never was": Hostile(
        changed(('regdate="2026-02-03"', 'regdate="2026-02-30"')), noted="unreadable-value"
    ),
    "a day in another order": Hostile(
        changed(('regdate="2026-02-03"', 'regdate="02/03/2026"')), noted="unreadable-value"
    ),
    "the year 10000": Hostile(changed(('deadline="2026-02-20"', 'deadline="10000-01-01"')), noted="unreadable-value"),
    "the day nought": Hostile(changed(('regdate="2026-02-03"', 'regdate="00.00.0000"')), noted="unreadable-value"),
    "a time that never was": Hostile(
        changed(("2026-02-03T06:15:00Z", "2026-02-03T25:61:00Z")), Reason.MISSING_FIELD, "/Header/@time"
    ),
    "a flag nobody knows": Hostile(changed(('flag="0">Общий', 'flag="7">Общий')), noted="unreadable-value"),
    "a folder nobody knows": Hostile(changed(('add_type="1"', 'add_type="5"')), noted="unreadable-value"),
    "a code that is no number": Hostile(
        lambda: altered("registered", ('errorcode="0"', 'errorcode="OK"')), noted="unreadable-value"
    ),
    # files
    "broken base64": Hostile(changed((FILE, FILE + "*")), Reason.MISSING_FILE, "/Header/Document/DocTransfer"),
    "the number of another file": Hostile(
        changed((FILE, FILE + "1</DocTransfer><DocTransfer>")), Reason.MISSING_FILE, "DocTransfer"
    ),
    "an element in a file": Hostile(changed((FILE, FILE + "<x/>")), Reason.MISSING_FILE, "DocTransfer"),
    "a file in a file": Hostile(
        changed((FILE, f"{FILE}<DocTransfer {FILE}QQ==</DocTransfer>")), Reason.MISSING_FILE, "DocTransfer"
    ),
    "an empty file": Hostile(
        changed(
            (
                '</RegNumber>\n    <Confident flag="0">',
                '</RegNumber><DocTransfer transfertype="0"/><Confident flag="0">',
            )
        ),
        noted="empty-file",
    ),
    "a pointer to nothing": Hostile(
        changed(('transfertype="0"', 'transfertype="1"')), Reason.MISSING_FILE, "DocTransfer"
    ),
    "a transfer nobody knows": Hostile(changed(('transfertype="0"', 'transfertype="7"')), noted="unreadable-value"),
    "names that collide": Hostile(changed(("Перечень.csv", "Письмо о поставке.txt"))),
    "a name that climbs": Hostile(changed(("Перечень.csv", "../../etc/passwd"))),
    "a signature of no file": Hostile(changed(('contents="Подписи"', 'contents="Электронная подпись файла № 99"'))),
}

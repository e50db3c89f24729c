# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters as the oracle reads them, with the standard library alone."""

from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from hashlib import sha256
from xml.etree import ElementTree

_NS = "{http://www.eos.ru/2010/sev}"


@dataclass(frozen=True, slots=True)
class Paper:
    """What a letter on the wire says."""

    letter_id: str  # its Message-ID
    kind: str  # "document", "report", "receipt"; empty: no passport inside
    return_id: str = ""
    uid: str = ""  # of the document it is, or is about
    registered: str = ""  # the number it says the document was registered under
    refused: bool = False
    body: str = ""  # of a report: everything but its header
    files: frozenset[str] = frozenset()  # digests


def read(letter: bytes) -> Paper:
    mail = message_from_bytes(letter)
    letter_id = str(mail.get("Message-ID", "")).strip("<> ")
    parts = [part for part in mail.walk() if not part.is_multipart()]
    for part in parts:
        if part.get_content_type() == "application/xml":
            return _passport(letter_id, ElementTree.fromstring(_bytes(part)), parts)
    return Paper(letter_id, "")


def _bytes(part: "Message[str, str]") -> bytes:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data.removeprefix(b"\xef\xbb\xbf")


def _passport(letter_id: str, root: ElementTree.Element, parts: "list[Message[str, str]]") -> Paper:
    header = root.find(f"{_NS}Header")
    assert header is not None
    return_id = header.get("ReturnID", "")
    if root.tag == f"{_NS}DocInfo":
        document = root.find(f"{_NS}DocumentList/{_NS}Document")
        assert document is not None
        digests = frozenset(
            sha256(_bytes(part)).hexdigest() for part in parts if part.get_content_type() == "application/octet-stream"
        )
        return Paper(letter_id, "document", return_id, document.get("UID", ""), files=digests)
    return _report(letter_id, return_id, header.get("MessageType", ""), root)


def _report(letter_id: str, return_id: str, kind: str, root: ElementTree.Element) -> Paper:
    told = [part for part in root if part.tag != f"{_NS}Header"]
    about = root.find(f"*/{_NS}InitialDoc")
    number = root.find(f"{_NS}DocumentList/{_NS}Document/{_NS}RegistrationInfo/{_NS}Number")
    registered = root.find(f"{_NS}Notification/{_NS}Registration") is not None and number is not None
    return Paper(
        letter_id,
        "report" if kind == "Report" else "receipt",
        return_id,
        about.get("UID", "") if about is not None else "",
        registered=(number.text or "") if registered and number is not None else "",
        refused=root.find(f"{_NS}Failure") is not None or root.find(f"*/{_NS}Failure") is not None,
        body=kind + "".join(ElementTree.tostring(part, encoding="unicode") for part in told),
    )

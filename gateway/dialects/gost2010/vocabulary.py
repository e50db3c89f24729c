# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of GOST R 53898-2010 and what they mean in the neutral model; wire word first.

Knows names only, no rules.  Sections quoted in this package: 1A.1 kinds of messages, 1A.2 what is owed, 1A.3
notifications, 1A.4 result codes, 1A.5 identity, 2A.1 zones and header, 2A.2 Document, 2A.3 TaskList, 2A.4 AddDocuments,
2A.5 common elements; I10 is what a real system of that time does.
"""

from collections.abc import Mapping
from typing import TypeVar

from gateway.model import ContactKind, DocumentType

NAME = "gost2010"
VERSION = "1.0"  # Header/@version: the only value allowed
STANDARD = "Стандарт системы управления документами"  # Header/@standart: the only value allowed
PASSPORT = "document.xml"

UNKNOWN = "unknown"  # written where an id is demanded and nobody knows it
NO_NUMBER = "б/н"

# Header/@msg_type (1A.1)
NOTIFICATION, MAIN, SUPPLEMENT, ANSWER, ANSWER_SUPPLEMENT = "0", "1", "2", "3", "4"
DOCUMENT_KINDS = frozenset({MAIN, SUPPLEMENT, ANSWER, ANSWER_SUPPLEMENT})
SUPPLEMENTS = frozenset({SUPPLEMENT, ANSWER_SUPPLEMENT})
ANSWERS = frozenset({ANSWER, ANSWER_SUPPLEMENT})
# Header/@msg_acknow (1A.2)
NO_NOTIFICATION, ERRORS_ONLY, ALWAYS = "0", "1", "2"
# Acknowledgement/@ack_type (1A.3)
DELIVERED, TAKEN = "1", "2"

ZONES = ("Document", "TaskList", "AddDocuments", "Expansion", "Acknowledgement")

# Document/@type (2A.2); QUIRK: an internal document is read as the sender's own
DOCUMENT_TYPES = {"0": DocumentType.CREATED, "1": DocumentType.INCOMING, "2": DocumentType.CREATED}
# Econtact/@type (2A.5)
CONTACT_KINDS = {
    "1": ContactKind.PHONE,
    "2": ContactKind.PHONE,  # at home
    "3": ContactKind.PHONE,  # mobile
    "4": ContactKind.FAX,
    "5": ContactKind.EMAIL,
    "6": ContactKind.OTHER,  # web
    "0": ContactKind.OTHER,
}
CONTACT_WORDS = {ContactKind.PHONE: "1", ContactKind.FAX: "4", ContactKind.EMAIL: "5", ContactKind.OTHER: "0"}

# Validator/@attestation (2A.2)
ATTESTATIONS = ("Согласовано", "Утверждено", "Согласовано с замечаниями", "Отклонено")

# Folder/@add_type (2A.4)
INTEGRAL, INFORMATION, LINKS = "0", "1", "2"
# Referred/@retype
TO_DOCUMENT, TO_TASK = "1", "2"
# DocTransfer/@transfertype
INSIDE, POINTER = "0", "1"

# Confident/@flag 1 without a name of the restriction, or with one that says the contrary
RESTRICTED = "Ограниченного распространения"
OPEN_WORDS = frozenset(
    {"", "общий", "общего пользования", "открытый", "общедоступный", "несекретно", "без ограничений", "open", "public"}
)

ANSWERS_TO = "В ответ на"  # the kind of a link of an answer
REFERS_TO = "Связан с"  # the kind of any other Document/Referred
ANSWER_LINKS = frozenset({"в ответ на", "во исполнение"})  # kinds of links that make a document an answer

SIGNATURE_TYPE = "application/pkcs7-signature"
SIGNATURE_ENDINGS = (".sig", ".p7s", ".sgn")
SIGNATURES_OF = "Электронная подпись файла № "  # and the number of the file: Folder/@contents

# The Expansion of ours that goes with a fact told in words (zone Expansion, 2A.1)
OURS = "edms-gateway"
OURS_VERSION = "1.0"

# Pre-standard and foreign relatives, recognised by their root and its attributes, never read here.
OLD_DELO = {"passport", "receipt", "refusal"}
OLD_DELO_TITLE = "old passport of «Дело»: ask the sender for the SEV format"
UKRAINIAN = "1207"  # Header/@standart
UKRAINIAN_TITLE = "Ukrainian exchange format of order 1207: ask the sender for GOST R 53898 or SEV"

T = TypeVar("T")


def word(table: Mapping[str, T], meaning: T) -> str:
    """Return the first wire word for *meaning*; raises StopIteration for none (our defect)."""
    return next(wire for wire, meant in table.items() if meant == meaning)

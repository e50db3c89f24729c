# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the SEV wire format and what they mean in the neutral model.

One table per enumeration, wire word first; `word` looks a table up from the other side.
Knows names only, no rules.  Source: SEV format 12.0 with the extensions of 2015, 2016 and 2018.
"""

from collections.abc import Mapping
from typing import TypeVar

from gateway.model import (
    ApprovalKind,
    ContactKind,
    ControlState,
    DirectoryChange,
    DocumentType,
    FieldType,
    ReportKind,
    TaskKind,
)

NAME = "sev"
VERSION = "1.0"  # the only value the format allows

SEV = "http://www.eos.ru/2010/sev"
EXT2015 = SEV + "/Ext2015"
EXT2016 = SEV + "/Ext2016"
EXT2018 = SEV + "/Ext2018"
KNOWN = frozenset({SEV, EXT2015, EXT2016, EXT2018})

DOCUMENT_PASSPORT = "DocInfo.xml"
REPORT_PASSPORT = "Report.xml"
# The names of these files, their MessageType and their OperationName are described nowhere that we know of: they are
# read whatever they are, and written as inferred here (docs/standards.md).
DIRECTORY_PASSPORT = "SyncInfo.xml"
DIRECTORY_RESULT_PASSPORT = "SyncReport.xml"
PASSPORTS = (DOCUMENT_PASSPORT, REPORT_PASSPORT, DIRECTORY_PASSPORT, DIRECTORY_RESULT_PASSPORT)
DIRECTORY_MESSAGE, DIRECTORY_RESULT_MESSAGE = "MainDoc", "Report"
DIRECTORY_OPERATION, DIRECTORY_RESULT_OPERATION = "SyncInfo", "SyncReport"

UNKNOWN = "unknown"  # written where an identity is demanded and nobody knows it
NO_NUMBER = "б/н"  # written where a number is demanded and there is none

# Recognised by their root element, not read here.
NAMED_ONLY = {
    ("", "Envelop"): "SEV transport envelope",
}

DOCUMENT_MESSAGES = {"MainDoc": False, "AddToDoc": True}  # does it add to a document sent before?
REPORT_MESSAGES = {
    "Reception": ReportKind.RECEIPT,
    "Failure": ReportKind.REFUSAL,
    "Report": ReportKind.PROGRESS,
    "Editing": ReportKind.EDITED,
}
DOCUMENT_TYPES = {
    "Created": DocumentType.CREATED,
    "Incoming": DocumentType.INCOMING,
    "Project": DocumentType.DRAFT,
}
DRAFT_STATUSES = {
    "Created": "created",
    "AtSight": "at_sight",
    "Initialed": "initialed",
    "AtSignature": "at_signature",
    "Signed": "signed",
    "NotSigned": "not_signed",
    "AtRegistration1": "at_registration",
    "AtRegistration2": "at_registration_with_deletion",
    "Registered": "registered",
}
CONTROL_STATES = {
    "NoControl": ControlState.NONE,
    "UnderControl": ControlState.OPEN,
    "EndedControl": ControlState.ENDED,
}
FIELD_TYPES = {
    "Text": FieldType.TEXT,
    "Date": FieldType.DATE,
    "Decimal": FieldType.DECIMAL,
    "Flag": FieldType.FLAG,
}
APPROVAL_KINDS = {"Visa": ApprovalKind.VISA, "Sign": ApprovalKind.SIGNATURE}
TASK_KINDS = {"Resolution": TaskKind.RESOLUTION, "Point": TaskKind.POINT}
CONTACT_KINDS = {
    "t": ContactKind.PHONE,
    "a": ContactKind.EXTENSION,
    "f": ContactKind.FAX,
    "e": ContactKind.EMAIL,
    "s": ContactKind.EXCHANGE,
}
DIRECTORY_CHANGES = {
    "Добавлен": DirectoryChange.ADDED,
    "Присвоен идент.код ДЛ": DirectoryChange.CODED,
    "Изменено поле ФИО": DirectoryChange.NAME,
    "Изменено поле Должность": DirectoryChange.POST,
    "Изменено поле Подразделение": DirectoryChange.DEPARTMENT,
    "Лог. удален/восстановлен": DirectoryChange.DELETED,
    "Изменен Индекс СЭВ": DirectoryChange.INDEX,
}
SEXES = {"Female": "female", "Male": "male", "Undefined": "undefined"}
ADVANCE = {"First": False, "All": True}  # AdvanceInfo: are all such events wanted, or the first only?

T = TypeVar("T")


def word(table: Mapping[str, T], meaning: T | None) -> str | None:
    """Return the wire word for *meaning*, or None when the table has none."""
    return next((wire for wire, meant in table.items() if meant == meaning), None)

# SPDX-License-Identifier: GPL-3.0-or-later
"""SEV's transport envelope: ``NAME.env`` beside the folder ``NAME``, XML without a namespace, root ``Envelop`` (sic).

Every element is optional and they come in one order: Address, MessageDir, Channel, Subject, Body, Sender, FailureFile,
ReceiptDate.  What is read of one that came is told to people; nothing is decided by it.
"""

import re
from dataclasses import dataclass
from html import unescape
from xml.etree import ElementTree

SUFFIX = ".env"
MAX_BYTES = 1 << 20  # LIMIT: bytes of a sidecar that are looked at
_SUBJECT = re.compile(r"<Subject>([^<]{0,2000})</Subject>")
_FAILURE = re.compile(r"<FailureFile>\s{0,100}[^<\s]")
_BEGINNING = re.compile(r"\s{0,100}(?:<\?xml[^<>]{0,200}\?>\s{0,100})?<Envelop(?![\w.-])([^<>]{0,1000})>")
_OF_SMDO = re.compile(r"\b(?:msg_id|type)\s{0,20}=", re.IGNORECASE)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Env:
    """A transport envelope that we write."""

    message_dir: str  # the name of the folder
    subject: str = ""
    address: str = ""  # of the recipient; empty: left out, as native senders do


def write(env: Env) -> bytes:
    """Return *env* as native senders write it: UTF-8 with a byte order mark."""
    root = ElementTree.Element("Envelop")
    for name, value in (("Address", env.address), ("MessageDir", env.message_dir), ("Subject", env.subject)):
        if value:
            ElementTree.SubElement(root, name).text = _NOT_XML.sub(" ", value)
    ElementTree.SubElement(root, "Body")
    said: str = ElementTree.tostring(root, encoding="unicode")
    return b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>' + said.encode()


def is_envelope(beginning: bytes) -> bool:
    """Say whether a file that begins so is a transport envelope; that of SMDO says which message it is."""
    found = _BEGINNING.match(_text(beginning))
    return found is not None and not _OF_SMDO.search(found[1])


def tells_failure(data: bytes) -> bool:
    """Say whether an envelope that came names a file about a delivery that failed."""
    return _FAILURE.search(_text(data)) is not None


def subject_of(data: bytes) -> str:
    """Return the subject in an envelope that came, on one line; empty when none can be read."""
    found = _SUBJECT.search(_text(data))
    return " ".join(unescape(found[1]).split()) if found else ""


def _text(data: bytes) -> str:
    return data[:MAX_BYTES].decode("utf-8-sig", "replace")

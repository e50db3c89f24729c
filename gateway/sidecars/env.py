# SPDX-License-Identifier: GPL-3.0-or-later
"""SEV's transport envelope: ``NAME.env`` beside the folder ``NAME``, XML without a namespace, root ``Envelop`` (sic).

Every element is optional and they come in one order: Address, MessageDir, Channel, Subject, Body, Sender, FailureFile,
ReceiptDate.  What is read of one that came is shown to people; nothing is decided by it.
"""

import re
from dataclasses import dataclass
from html import unescape
from xml.etree import ElementTree

SUFFIX = ".env"
MAX_BYTES = 1 << 20  # LIMIT: bytes of a sidecar that are looked at
_SUBJECT = re.compile(r"<Subject>([^<]{0,2000})</Subject>")
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


def subject_of(data: bytes) -> str:
    """Return the subject in an envelope that came, on one line; empty when none can be read."""
    found = _SUBJECT.search(data[:MAX_BYTES].decode("utf-8-sig", "replace"))
    return " ".join(unescape(found[1]).split()) if found else ""

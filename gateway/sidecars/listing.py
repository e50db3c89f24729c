# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a SEV passport lists, found by looking for its Resource elements and never by parsing it.

Enough to know whether all have come; what the passport means is read by the dialect, in a worker, when it is taken.
"""

import re
from html import unescape

BEGINNING = 4096  # LIMIT: bytes within which the root element must begin
NAMESPACE = b"http://www.eos.ru/2010/sev"
_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]{0,40}:)?(?:DocInfo|Report|SyncInfo|SyncReport)[\s>/]")
_RESOURCE = re.compile(r"<(?:[A-Za-z_][\w.-]{0,40}:)?Resource\s([^<>]{0,8000})>")
_HEADER = re.compile(r"<(?:[A-Za-z_][\w.-]{0,40}:)?Header\s([^<>]{0,8000})>")
_ATTRIBUTE = re.compile(r"([A-Za-z]+)\s{0,20}=\s{0,20}(?:\"([^\"]*)\"|'([^']*)')")
_ENCODING = re.compile(rb"<\?xml[^<>]{0,100}encoding\s{0,9}=\s{0,9}[\"']([A-Za-z0-9_-]{1,20})[\"']")
_ENCODINGS = frozenset(("utf-8", "windows-1251", "cp1251", "koi8-r", "iso-8859-5"))


def is_passport(beginning: bytes) -> bool:
    """Say whether a file that begins so is a SEV passport."""
    plain = beginning[:BEGINNING].replace(b"\0", b"")  # UTF-16 of Latin letters
    return _ROOT.search(plain) is not None and NAMESPACE in plain


def resources(passport: bytes) -> tuple[str, ...]:
    """Return the names of the files that *passport* lists, its own left out."""
    text = _decoded(passport)
    header = _HEADER.search(text)
    own = _attributes(header[1]).get("ResourceID", "0") if header else "0"
    listed = (_attributes(found[1]) for found in _RESOURCE.finditer(text))
    return tuple(one["UniqueName"] for one in listed if one.get("UniqueName") and one.get("UID", "").strip() != own)


def _attributes(inside: str) -> dict[str, str]:
    return {name: unescape(double or single) for name, double, single in _ATTRIBUTE.findall(inside)}


def _decoded(passport: bytes) -> str:
    if passport.startswith((b"\xff\xfe", b"\xfe\xff")):
        return passport.decode("utf-16", "replace")
    said = _ENCODING.search(passport[:200])
    encoding = said[1].decode().lower() if said else "utf-8"
    if encoding not in _ENCODINGS:
        encoding = "utf-8"
    return passport.decode("utf-8-sig" if encoding == "utf-8" else encoding, "replace")

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the header block of a letter or of one part says about its body, or why it cannot be trusted.

Graded: refused is what makes two programs see two different letters; the rest is noted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.errors import Reason, Refused
from gateway.mail.headers import Field, Fields, fields_of
from gateway.mail.limits import Limits, Notes
from gateway.mail.names import file_names
from gateway.mail.parameters import Structured, structured
from gateway.mail.words import header_text

_MEDIA_TYPE = re.compile(r"[^\s/;=()<>@,:\\\"\[\]?]+/[^\s/;=()<>@,:\\\"\[\]?]+")
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]*[0-9A-Za-z'()+_,\-./:=?]")
_IDENTITY: Final = ("7bit", "8bit", "binary")
_SINGLE: Final = ("from", "sender", "to", "subject", "date", "message-id", "mime-version", "content-disposition")
_BROKEN_OFF: Final = "a fragment of a larger letter"


@dataclass(frozen=True, slots=True)
class Entity:
    """A letter or a part, before its body is read."""

    place: str  # for people and problems: "letter", "part 2.1"
    fields: tuple[Field, ...]
    media_type: str  # lower case
    charset: str  # lower case, empty when not said
    encoding: str  # lower case
    boundary: bytes  # empty for a leaf
    names: tuple[str, ...]  # every reading of the file name


def read_entity(lines: Sequence[bytes], place: str, default_type: str, limits: Limits, notes: Notes) -> Entity:
    """Understand the header *lines* of the entity at *place*; *default_type* stands in for no Content-Type.

    Raises Refused (AMBIGUOUS, TOO_LARGE, BAD_ENCODING, TRUNCATED) with the place.
    """
    fields = _bounded(_sound(lines, place), place, limits, notes)
    _note_odd(fields, place, notes)
    content_type, charset = _content_type(fields, place)
    media_type = _media_type(content_type, default_type, place, notes)
    encoding = _encoding(fields, media_type, place, notes)
    boundary = _boundary(content_type, place, limits, notes) if media_type.startswith("multipart/") else b""
    dispositions = [structured(header_text(field.raw, charset)) for field in fields.all("content-disposition")]
    names = () if boundary else _names(dispositions, content_type, place, notes)
    return Entity(place, fields.fields, media_type, charset, encoding, boundary, names)


def _sound(lines: Sequence[bytes], place: str) -> Fields:
    if any(b"\0" in line for line in lines):
        raise Refused(Reason.AMBIGUOUS, "a NUL byte in a header", place=place)
    fields = fields_of(lines)
    if fields.colonless:
        raise Refused(Reason.AMBIGUOUS, "a line among the headers is no header", place=place)
    return fields


def _bounded(fields: Fields, place: str, limits: Limits, notes: Notes) -> Fields:
    """Refuse or leave out what is over the limits."""
    if len(fields.fields) + fields.nameless > limits.max_headers:
        raise Refused(Reason.TOO_LARGE, f"more than {limits.max_headers} headers", place=place)
    kept: list[Field] = []
    for field in fields.fields:
        where = f"{place}, {field.name[:60]}"
        decides = field.key.startswith("content-")
        size = len(field.name) + len(field.raw)
        if decides and size > limits.max_content_header_bytes:
            detail = f"a header longer than {limits.max_content_header_bytes} bytes"
            raise Refused(Reason.TOO_LARGE, detail, place=where)
        if decides and b"\r" in field.raw:
            raise Refused(Reason.AMBIGUOUS, "a lone carriage return in a header", place=where)
        if size > limits.max_header_bytes:
            notes.add("header-too-long", where, f"left out, longer than {limits.max_header_bytes} bytes")
            continue
        if b"\r" in field.raw:
            notes.add("lone-cr", where, "a lone carriage return, read as a blank")
        kept.append(field)
    return Fields(tuple(kept), fields.odd, fields.nameless, fields.colonless)


def _note_odd(fields: Fields, place: str, notes: Notes) -> None:
    for name in fields.odd:
        notes.add("blank-before-colon", f"{place}, {name[:60]}", "a blank between name and colon")
    if fields.nameless:
        notes.add("bad-header-name", place, f"{fields.nameless} lines left out whose name is none")
    for key in ("content-type", "content-transfer-encoding"):
        if len(fields.all(key)) > 1:
            raise Refused(Reason.AMBIGUOUS, "the header stands there more than once", place=f"{place}, {key}")
    for key in _SINGLE:
        if len(found := fields.all(key)) > 1:
            notes.add("duplicate-header", f"{place}, {found[0].name}", f"stands there {len(found)} times")


def _content_type(fields: Fields, place: str) -> tuple[Structured, str]:
    """Return the parsed Content-Type, empty when there is none, and its charset."""
    found = fields.all("content-type")
    if not found:
        return Structured(""), ""
    parsed = structured(header_text(found[0].raw))
    charset = next(iter(parsed.readings("charset")), "").lower()
    if not found[0].raw.isascii():
        parsed = structured(header_text(found[0].raw, charset))
    return parsed, charset


def _media_type(content_type: Structured, default_type: str, place: str, notes: Notes) -> str:
    where = f"{place}, Content-Type"
    value = content_type.value
    if not value:
        if content_type.parameters:
            notes.add("bad-content-type", where, f"no media type, taken for {default_type}")
        return default_type
    if not _MEDIA_TYPE.fullmatch(value):
        if value.startswith("multipart"):
            raise Refused(Reason.AMBIGUOUS, "a multipart with a broken media type", place=where)
        value = "text/plain" if value.startswith("text") else "application/octet-stream"
        notes.add("bad-content-type", where, f"not a media type, taken for {value}")
    if value == "message/partial":
        raise Refused(Reason.TRUNCATED, _BROKEN_OFF, place=where)
    if value == "message/external-body":
        raise Refused(Reason.AMBIGUOUS, "the content lies somewhere else", place=where)
    if value in ("application/ms-tnef", "application/vnd.ms-tnef"):
        notes.add("tnef", place, "a TNEF part is kept as one file, not unpacked")
    return value


def _encoding(fields: Fields, media_type: str, place: str, notes: Notes) -> str:
    found = fields.all("content-transfer-encoding")
    where = f"{place}, Content-Transfer-Encoding"
    encoding = structured(header_text(found[0].raw)).value if found else "7bit"
    if not encoding:
        notes.add("no-encoding", where, "empty, taken for 7bit")
        encoding = "7bit"
    if encoding not in (*_IDENTITY, "base64", "quoted-printable"):
        raise Refused(Reason.BAD_ENCODING, "an unknown transfer encoding", place=where, found=encoding[:40])
    if encoding not in _IDENTITY and media_type.startswith("multipart/"):
        raise Refused(Reason.AMBIGUOUS, f"a multipart encoded as {encoding} (RFC 2045 §6.4)", place=where)
    if encoding not in _IDENTITY and media_type.startswith("message/"):
        notes.add("encoded-message", where, f"a message encoded as {encoding}")
    return encoding


def _boundary(content_type: Structured, place: str, limits: Limits, notes: Notes) -> bytes:
    where = f"{place}, Content-Type"
    readings = content_type.readings("boundary")
    if content_type.broken or content_type.times("boundary") != 1 or len(readings) != 1:
        raise Refused(Reason.AMBIGUOUS, "a multipart needs exactly one boundary, plainly written", place=where)
    boundary = readings[0].rstrip(" \t")
    if not boundary or not boundary.isascii() or not boundary.isprintable():
        raise Refused(Reason.AMBIGUOUS, "a boundary that is empty or not plain text", place=where)
    if len(boundary) > limits.max_lenient_boundary_chars:
        detail = f"a boundary longer than {limits.max_lenient_boundary_chars} characters"
        raise Refused(Reason.TOO_LARGE, detail, place=where)
    if len(boundary) > limits.max_boundary_chars:
        notes.add("long-boundary", where, f"{len(boundary)} characters, {limits.max_boundary_chars} are allowed")
    if not _BOUNDARY.fullmatch(boundary):
        notes.add("odd-boundary", where, "characters RFC 2046 §5.1.1 does not allow")
    return boundary.encode("ascii")


def _names(dispositions: list[Structured], content_type: Structured, place: str, notes: Notes) -> tuple[str, ...]:
    if content_type.broken or any(each.broken for each in dispositions):
        notes.add("broken-parameters", place, "a quote or a comment does not close")
    names = file_names(dispositions, content_type)
    repeated = any(each.times("filename") > 1 for each in dispositions) or content_type.times("name") > 1
    if len(names) > 1:
        notes.add("ambiguous-name", place, f"{len(names)} readings of the file name")
    elif repeated:
        notes.add("repeated-name", place, "the file name is given more than once, always the same")
    return names

# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters as other products write them: every freedom of MIME, and every mistake, that `mail.compose` never takes.

A `Sheaf` is a letter before it is bytes: situations change it as they like.
"""

import quopri
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.header import Header
from typing import Literal
from urllib.parse import quote

LINE = 76

Names = Literal["both", "rfc2231", "rfc2231-sections", "rfc2047", "raw", "type-only", "disposition-only", "none"]
Encoding = Literal["base64", "base64-one-line", "quoted-printable", "8bit", "binary", "7bit", "none"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A file of a letter."""

    name: str
    data: bytes
    media_type: str = "application/octet-stream"
    names: Names = "both"
    charset: str = "utf-8"  # of the name
    encoding: Encoding = "base64"
    disposition: str = "attachment"  # empty: none is given
    more: tuple[bytes, ...] = ()  # further fields


@dataclass(frozen=True, slots=True)
class Sheaf:
    """A letter before it is bytes; the first leaf is the passport."""

    head: tuple[bytes, ...]  # whole fields, without line ends
    leaves: tuple[Leaf, ...]
    boundary: str
    text: bytes | None = b"\r\n"  # the part for people; None: there is none
    text_type: bytes = b"text/plain; charset=utf-8"
    subtype: str = "mixed"
    preamble: bytes = b""
    epilogue: bytes = b""


def letter(sheaf: Sheaf, wrap: Callable[[bytes, str], bytes] | None = None) -> bytes:
    """Return the bytes of *sheaf*, CRLF lines; *wrap* may put the body, whose boundary it hears, into another one."""
    body = _joined(sheaf.boundary, [*_text(sheaf), *(leaf_bytes(leaf) for leaf in sheaf.leaves)])
    if wrap is not None:
        return lines(*sheaf.head) + wrap(body, sheaf.boundary)
    kind = f'Content-Type: multipart/{sheaf.subtype};\r\n boundary="{sheaf.boundary}"'.encode()
    return lines(*sheaf.head, kind, b"") + sheaf.preamble + body + sheaf.epilogue


def lines(*fields: bytes) -> bytes:
    return b"".join(field + b"\r\n" for field in fields)


def _text(sheaf: Sheaf) -> list[bytes]:
    if sheaf.text is None:
        return []
    return [lines(b"Content-Type: " + sheaf.text_type, b"Content-Transfer-Encoding: 8bit", b"") + sheaf.text]


def _joined(boundary: str, parts: Sequence[bytes]) -> bytes:
    mark = boundary.encode()
    return b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + mark + b"--\r\n"


def multipart(parts: Sequence[bytes], boundary: str, subtype: str = "mixed") -> bytes:
    """Return a multipart as a part of another one."""
    kind = f'Content-Type: multipart/{subtype}; boundary="{boundary}"'.encode()
    return lines(kind, b"") + _joined(boundary, parts)


def leaf_bytes(leaf: Leaf) -> bytes:
    """Return *leaf* as a part: its fields, an empty line, its body."""
    by_type, by_disposition = _named(leaf)
    fields = [b";\r\n ".join([f"Content-Type: {leaf.media_type}".encode(), *by_type])]
    if leaf.disposition:
        fields.append(b";\r\n ".join([f"Content-Disposition: {leaf.disposition}".encode(), *by_disposition]))
    token, body = _encoded(leaf)
    if token:
        fields.append(b"Content-Transfer-Encoding: " + token)
    return lines(*fields, *leaf.more, b"") + body


def _encoded(leaf: Leaf) -> tuple[bytes, bytes]:
    match leaf.encoding:
        case "base64":
            text = b64encode(leaf.data)
            return b"base64", b"\r\n".join(text[at : at + LINE] for at in range(0, len(text), LINE))
        case "base64-one-line":
            return b"base64", b64encode(leaf.data)
        case "quoted-printable":
            text = quopri.encodestring(leaf.data.replace(b"\r\n", b"\n"), quotetabs=True)
            return b"quoted-printable", text.replace(b"\n", b"\r\n")
        case "binary":
            return b"binary", leaf.data
        case _:  # lines as SMTP has them
            text = leaf.data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            return (b"" if leaf.encoding == "none" else leaf.encoding.encode()), text


def _named(leaf: Leaf) -> tuple[list[bytes], list[bytes]]:
    """Return the parameters with the name, of Content-Type and of Content-Disposition."""
    plain = leaf.name.isascii() and leaf.names not in ("rfc2231-sections", "none")
    if plain:
        both = b'name="' + leaf.name.encode() + b'"', b'filename="' + leaf.name.encode() + b'"'
        return ([both[0]] if leaf.names != "disposition-only" else []), ([both[1]] if leaf.names != "type-only" else [])
    words = b'"' + Header(leaf.name, leaf.charset).encode(linesep="\r\n").encode() + b'"'
    raw = b'"' + leaf.name.encode(leaf.charset) + b'"'
    match leaf.names:
        case "both":
            return [b"name=" + words], [_extended(b"filename", leaf)]
        case "rfc2231":
            return [_extended(b"name", leaf)], [_extended(b"filename", leaf)]
        case "rfc2231-sections":
            return [], _sections(b"filename", leaf)
        case "rfc2047":
            return [b"name=" + words], [b"filename=" + words]
        case "raw":
            return [b"name=" + raw], [b"filename=" + raw]
        case "type-only":
            return [b"name=" + words], []
        case "disposition-only":
            return [], [_extended(b"filename", leaf)]
        case _:
            return [], []


def _extended(parameter: bytes, leaf: Leaf) -> bytes:
    said = quote(leaf.name, safe="", encoding=leaf.charset)
    return parameter + f"*={leaf.charset.upper()}''{said}".encode()


def _sections(parameter: bytes, leaf: Leaf) -> list[bytes]:
    said = [quote(one, safe="", encoding=leaf.charset) for one in leaf.name]
    cut = ["".join(said[at : at + 6]) for at in range(0, len(said), 6)]
    start = (f"{leaf.charset.upper()}''", *[""] * (len(cut) - 1))
    return [
        parameter + f"*{place}*={begin}{text}".encode()
        for place, (begin, text) in enumerate(zip(start, cut, strict=True))
    ]

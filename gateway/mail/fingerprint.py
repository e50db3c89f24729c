# SPDX-License-Identifier: GPL-3.0-or-later
"""The digest a letter is known by, whatever route it took.

Left out is what the route adds (trace fields, ``X-*``, verdicts and signatures of mail servers) or may change
(folding, blanks and case of field names, kind of line breaks, line breaks at the end).  What a server re-encodes
makes another letter; the message and business keys catch that.
"""

from hashlib import sha256
from typing import Final

from gateway.mail.headers import Field
from gateway.model import Sha256

_TRACE: Final = frozenset(
    (
        *("received", "return-path", "delivered-to", "envelope-to", "received-spf", "authentication-results"),
        *("dkim-signature", "domainkey-signature", "status", "content-length", "lines"),
    )
)
_TRACE_PREFIXES: Final = ("x-", "arc-", "resent-")
_RUN: Final = b"\n" * 65536


class Fingerprint:
    """Takes the header fields, then the raw body in blocks of any size."""

    def __init__(self) -> None:
        self._hash = sha256()
        self._breaks = 0  # line breaks that are only hashed once something follows
        self._return = b""

    def header(self, fields: tuple[Field, ...]) -> None:
        for field in fields:
            if field.key not in _TRACE and not field.key.startswith(_TRACE_PREFIXES):
                self._hash.update(field.key.encode() + b":" + b" ".join(field.raw.split()) + b"\n")
        self._hash.update(b"\n")

    def body(self, block: bytes) -> None:
        octets = (self._return + block).replace(b"\r\n", b"\n")
        self._return = b"\r" if octets.endswith(b"\r") else b""
        octets = octets.removesuffix(b"\r")
        text = octets.rstrip(b"\n")
        if text:
            self._flush()
            self._hash.update(text)
        self._breaks += len(octets) - len(text)

    def digest(self) -> Sha256:
        if self._return:
            self._flush()
            self._hash.update(self._return)
        return Sha256(self._hash.hexdigest())

    def _flush(self) -> None:
        while self._breaks:
            self._hash.update(_RUN[: self._breaks])
            self._breaks -= min(self._breaks, len(_RUN))

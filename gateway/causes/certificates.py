# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own certificates, those of the listeners, before they expire."""

import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.causes.cause import Cause
from gateway.causes.look import Look
from gateway.moments import local
from gateway.settings import Settings

SOON = timedelta(days=14)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.S)
_VERSION, _SHORT_YEAR = 0xA0, 0x17  # tags of DER: the version stands first, or not; UTCTime (RFC 5280 §4.1.2.5.1)


def certificates(look: Look) -> Iterator[Cause]:
    for name, file, ends in expiries(look.settings):
        if ends - look.now < SOON:
            verb = "expired" if ends <= look.now else "expires"
            what = f"the certificate of listener {name} {verb} on {local(ends)}"
            remedy = f"put a new one into {file}, then: {look.reload}"
            yield Cause(f"certificate:{name}", what, ends - SOON, "", remedy)


def expiries(settings: Settings) -> Iterator[tuple[str, Path, datetime]]:
    """Yield of every listener with TLS its name, its file and when that ends; one that cannot be read is left out."""
    for listener in settings.listeners:
        if listener.tls != "none" and listener.certificate:
            try:
                yield listener.name, listener.certificate, ends_at(listener.certificate.read_text("ascii"))
            except (OSError, ValueError):
                continue  # said by check-config


def ends_at(pem: str) -> datetime:
    """Return when the first certificate of *pem* ends; raises ValueError when there is none (RFC 5280 §4.1)."""
    found = _PEM.search(pem)
    if not found:
        raise ValueError("no certificate")
    try:
        _, whole, _ = _element(ssl.PEM_cert_to_DER_cert(found[0]))
        _, inner, _ = _element(whole)
        parts = list(_elements(inner))
        if parts[0][0] == _VERSION:
            del parts[0]
        tag, end = list(_elements(parts[3][1]))[1]  # serial number, algorithm, issuer, validity
    except IndexError as error:
        raise ValueError("no certificate") from error
    text = end.decode("ascii")
    if tag == _SHORT_YEAR:
        text = ("20" if text < "50" else "19") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    while der:
        tag, inside, der = _element(der)
        yield tag, inside


def _element(der: bytes) -> tuple[int, bytes, bytes]:
    """Return the tag, what is inside, and what comes after (X.690 §8.1)."""
    length, start = der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    return der[0], der[start : start + length], der[start + length :]

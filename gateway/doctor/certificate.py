# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates: whether one is believed and why not, how long it lasts, whether ours would be believed by others."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.doctor.finding import Finding, bad, good, warning
from gateway.moments import local

SOON = timedelta(days=14)
TRIED = "TLS certificate"
_EXPIRED = 10  # OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED
_NOT_YET = 9
_OTHER_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_UNKNOWN = (2, 18, 19, 20, 21)  # an issuer that nobody here knows, or a certificate that vouches for itself


def refused(error: BaseException, host: str, key: str) -> Finding | None:
    """Return what *error*, or its cause, says of the server's certificate; None when it is about another thing."""
    cause = next((one for one in _causes(error) if isinstance(one, ssl.SSLError)), None)
    if cause is None:
        return None
    if not isinstance(cause, ssl.SSLCertVerificationError):
        words = (cause.reason or str(cause)).replace("_", " ").lower()
        return bad("TLS", words, f"the port may speak another way: look at {key}.tls and {key}.port")
    return bad(TRIED, cause.verify_message, _remedy(cause.verify_code, host, key))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and everything it came from, once each: an exception may be said to come from itself."""
    coming: list[BaseException | None] = [error]
    seen: set[int] = set()
    while coming:
        cause = coming.pop()
        if cause is not None and id(cause) not in seen:
            yield cause
            seen.add(id(cause))
            coming += [cause.__context__, cause.__cause__]


def _remedy(code: int, host: str, key: str) -> str:
    if code == _EXPIRED:
        return f"have the certificate of {host} renewed; nothing is sent or fetched until then"
    if code == _NOT_YET:
        return f"compare the clock of this machine with that of {host}"
    if code in _OTHER_NAME:
        return f"write in {key}.host a name that stands in the certificate, or have one made for {host}"
    if code in _UNKNOWN:
        return f"write the PEM file of the authority that issued it into {key}.ca_file"
    return f"have the certificate of {host} looked at"


def lasting(certificate: object, now: datetime) -> Finding:
    """Say how long a believed *certificate* lasts; it is what `getpeercert` gave."""
    ends = certificate.get("notAfter") if isinstance(certificate, dict) else None
    if not isinstance(ends, str):
        return good(TRIED, "is believed")
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)
    days = (until - now) // timedelta(days=1)
    said = f"is believed until {local(until)} ({days} days)"
    if until - now < SOON:
        return warning(TRIED, said, "have it renewed, or look why that did not happen by itself")
    return good(TRIED, said)


def ours(certificate: Path, key: Path, hostname: str, now: datetime, reload: str) -> Finding:
    """Try, without a network, whether a client that trusts its issuer would believe a certificate of ours.

    *reload* is what to type once there is a better one.
    """
    tried = f"certificate {certificate.name}"
    try:
        shown = _shaken(certificate, key, hostname)
    except ssl.SSLCertVerificationError as error:
        if error.verify_code in _OTHER_NAME:
            remedy = f"have one made for {hostname}, or write its name in hostname"
            return warning(tried, error.verify_message, remedy)
        return bad(tried, error.verify_message, f"have it renewed, then: {reload}")
    except OSError as error:
        return bad(tried, error.strerror or str(error), "name the PEM files of a certificate and of its key")
    found = lasting(shown, now)
    return Finding(tried, found.level, found.said, found.remedy)


def _shaken(certificate: Path, key: Path, hostname: str) -> object:
    """Return the certificate as a client sees it that takes it for its own authority; raises ssl.SSLError."""
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(certificate, key)
    client_side = ssl.create_default_context(cafile=str(certificate))
    client_side.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_side.wrap_bio(back, there, server_hostname=hostname)
    server = server_side.wrap_bio(there, back, server_side=True)
    for _ in range(4):  # a handshake takes two turns of each
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return client.getpeercert()

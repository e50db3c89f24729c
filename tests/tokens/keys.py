# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys made for one run of the tests: a client with a certificate, a service account of Google."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key


@dataclass(frozen=True, slots=True)
class Key:
    """PEM texts."""

    private: bytes
    public: bytes
    certificate: bytes

    def laid(self, folder: Path) -> tuple[Path, Path]:
        """Write certificate and key into *folder* and return where they lie."""
        certificate, key = folder / "client.pem", folder / "client.key"
        certificate.write_bytes(self.certificate)
        key.write_bytes(self.private)
        key.chmod(0o600)
        return certificate, key


@cache
def made(who: str, *, rsa: bool = True) -> Key:
    """Return a key of *who*, the same one each time."""
    kind = trustme.KeyType.RSA if rsa else trustme.KeyType.ECDSA
    one = trustme.CA(key_type=kind).issue_cert(f"{who}.example", key_type=kind)
    private, certificate = one.private_key_pem.bytes(), one.cert_chain_pems[0].bytes()
    public = load_pem_private_key(private, None).public_key()
    return Key(private, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), certificate)


def account(key: Key, token_uri: str) -> str:
    """Return the file Google gives for the key of a service account."""
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "exchange-sample",
            "private_key_id": "0123456789abcdef",
            "private_key": key.private.decode(),
            "client_email": "gateway@exchange-sample.iam.example",
            "client_id": "100000000000000000000",
            "token_uri": token_uri,
        },
        indent=2,
    )

# SPDX-License-Identifier: GPL-3.0-or-later
"""A client proves who it is by a key in the place of a secret (RFC 7523 §2.2, `private_key_jwt`), signed by Authlib."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from gateway.ports import TokenRefused

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523 §2.2
LIFETIME = timedelta(minutes=5)  # of an assertion; it is sent at once


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files, read anew for every token: what is renewed is used without a restart."""

    file: Path
    key: Path  # RSA, without a passphrase
    algorithm: Literal["RS256", "PS256"] = "RS256"  # RFC 7518 §3.1; Microsoft wants PS256

    def proven(self, client_id: str, audience: str) -> dict[str, str]:
        """Return what is said to *audience*, a token endpoint, in the place of a secret; raises TokenRefused."""
        try:
            # Authlib has no annotations
            from authlib.oauth2.rfc7523 import private_key_jwt_sign  # type: ignore[import-untyped]
            from joserfc.jwk import RSAKey
        except ImportError as error:
            raise TokenRefused("Authlib is not there: pip install 'edms-gateway[oauth]'") from error
        pem, thumbprint = self._opened()
        # x5t#S256: RFC 7515 §4.1.8; by it Microsoft finds the certificate
        header = {"typ": "JWT", "x5t#S256": urlsafe_b64encode(thumbprint).rstrip(b"=").decode()}
        signed = private_key_jwt_sign(
            RSAKey.import_key(pem),
            client_id,
            audience,
            alg=self.algorithm,
            header=header,
            expires_in=int(LIFETIME.total_seconds()),
        )
        return {"client_assertion_type": ASSERTION, "client_assertion": signed}

    def _opened(self) -> tuple[bytes, bytes]:
        """Return the key and the SHA-256 of the certificate."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        from cryptography.x509 import load_pem_x509_certificate

        shown = self.file
        try:
            certificate = load_pem_x509_certificate(self.file.read_bytes())
            shown = self.key
            pem = self.key.read_bytes()
            key = load_pem_private_key(pem, password=None)
        except OSError as error:
            raise TokenRefused(f"{shown} cannot be read: {error.strerror}") from error
        except (ValueError, TypeError) as error:  # TypeError: it wants a passphrase
            what = "certificate" if shown == self.file else "key without a passphrase"
            raise TokenRefused(f"{shown} holds no {what} in PEM") from error
        if not isinstance(key, RSAPrivateKey) or key.public_key() != certificate.public_key():
            raise TokenRefused(f"the key in {self.key} is not the RSA key of the certificate in {self.file}")
        return pem, certificate.fingerprint(SHA256())

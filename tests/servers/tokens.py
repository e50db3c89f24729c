# SPDX-License-Identifier: GPL-3.0-or-later
"""A provider of OAuth 2.0 tokens on this machine: it gives them, takes them back, and Dovecot asks it about them."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

CLIENT, SECRET = "gateway-client", "canary-of-the-oauth-client-secret-for-tests-only"


@dataclass
class Provider:
    """What is given to whom; *answer* replaces the usual answer: status, headers, body."""

    port: int = 0
    user: str = ""  # whom tokens are for
    lifetime: object = 3600
    answer: tuple[int, dict[str, str], bytes] | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    refresh_token: str = ""  # the one that is good; each use gives another one, and the old one is forgotten
    consents_after: int = 2  # how often a device asks before the person has consented; -1: the person says no
    interval: int = 5
    before_consent: str = "authorization_pending"
    public_key: bytes = b""  # PEM; with it a signed assertion is as good as the secret
    _lock: Lock = field(default_factory=Lock)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    @property
    def devices(self) -> str:
        return f"http://127.0.0.1:{self.port}/devicecode"

    @property
    def introspection(self) -> str:
        return f"http://127.0.0.1:{self.port}/introspect"

    def grant(self, form: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            self.asked.append(form)
            if self.answer is not None:
                return self.answer
            if form.get("grant_type", "").endswith("device_code") or form.get("grant_type") == "refresh_token":
                return self._of_a_person(form)
            if assertion := form.get("client_assertion") or form.get("assertion"):
                if not self.signed(assertion):
                    said = f"AADSTS700027: The certificate used to sign is not registered: {assertion}"
                    return refusal("invalid_client", said, 401)
            elif (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
                said = f"AADSTS7000215: Invalid client secret provided: {form.get('client_secret')}\r\nTrace ID: 1"
                return refusal("invalid_client", said, 401)
            self.given.append(f"canary-token-{len(self.given)}-" + "x" * 60)
            return 200, {}, json.dumps({"access_token": self.given[-1], "expires_in": self.lifetime}).encode()

    def signed(self, assertion: str) -> bool:
        """Say whether our key made the signature (RFC 7515 §5.2), by what is said in its header."""
        try:
            padding = PSS(MGF1(SHA256()), 32) if claims(assertion, 0)["alg"] == "PS256" else PKCS1v15()
            key = load_pem_public_key(self.public_key)
            assert isinstance(key, RSAPublicKey)
            said, _, signature = assertion.rpartition(".")
            key.verify(urlsafe_b64decode(signature + "=="), said.encode(), padding, SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def invite(self, form: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        page = "https://login.provider.example/common/oauth2/deviceauth"
        told = {
            "verification_uri": page,
            "user_code": "ABCD-EFGH",
            "device_code": "canary-device",
            "interval": self.interval,
        }
        return 200, {}, json.dumps({**told, "expires_in": 900}).encode()

    def _of_a_person(self, form: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if form["grant_type"] == "refresh_token" and form["refresh_token"] != self.refresh_token:
            return refusal("invalid_grant", f"AADSTS700082: The refresh token has expired: {form['refresh_token']}")
        if form["grant_type"] != "refresh_token" and self.consents_after != 0:
            self.consents_after -= 1
            return refusal(self.before_consent if self.consents_after >= 0 else "access_denied", "AADSTS50097: wait")
        self.refresh_token = f"canary-refresh-{len(self.given)}"
        self.given.append(f"canary-token-{len(self.given)}-" + "x" * 60)
        told = {"access_token": self.given[-1], "refresh_token": self.refresh_token, "expires_in": self.lifetime}
        return 200, {}, json.dumps(told).encode()

    def about(self, token: str) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            good = token in self.given and token not in self.revoked
            return 200, {}, json.dumps({"active": good, "username": self.user}).encode()

    def revoke_all(self) -> None:
        with self._lock:
            self.revoked |= set(self.given)


def claims(assertion: str, part: int = 1) -> dict[str, object]:
    """Return what a signed assertion claims; of *part* 0 its header."""
    told: dict[str, object] = json.loads(urlsafe_b64decode(assertion.split(".")[part] + "=="))
    return told


def refusal(error: str, words: str, status: int = 400) -> tuple[int, dict[str, str], bytes]:
    """Return an error as RFC 6749 §5.2 has it."""
    return status, {}, json.dumps({"error": error, "error_description": words}).encode()


@contextmanager
def running() -> Iterator[Provider]:
    """Run one provider on a free loopback port, in plain HTTP."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = {key: values[0] for key, values in parse_qs(body).items()}
            self._say(*(provider.invite(form) if self.path == "/devicecode" else provider.grant(form)))

        def do_GET(self) -> None:
            self._say(*provider.about(self.headers.get("Authorization", "").removeprefix("Bearer ")))

        def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

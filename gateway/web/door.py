# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may look: every request passes here before anything is read.

Only GET and HEAD pass.  Who looks is asked by a proxy in front, whose header is believed from its addresses alone, or
by user and password; without either, only browsers that call this machine by its own name are answered, since a
stranger's page could have its name point here.
"""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from ipaddress import ip_address, ip_network

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.settings import WebSettings
from gateway.settings.values import called_locally

METHODS = ("GET", "HEAD")
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Door:
    """Lets in whoever may look, and puts the same headers on every answer."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app = app
        self._settings = settings
        self._proxies = tuple(ip_network(proxy) for proxy in settings.trusted_proxies)
        self._known = _digest(f"{settings.user}:{settings.password}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, sent)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        """Return the answer to a request that is not let in, or None."""
        headers = Headers(scope=scope)
        if scope["method"] not in METHODS:
            return PlainTextResponse("These pages can only be read.\n", 405, {"Allow": ", ".join(METHODS)})
        if self._settings.trusted_header:
            named = headers.getlist(self._settings.trusted_header)
            peer = scope["client"][0] if scope.get("client") else ""
            if self._from_proxy(peer) and len(named) == 1 and named[0].strip():
                return None
            return PlainTextResponse("Open these pages through the server that asks who you are.\n", 403)
        if self._settings.user:
            if compare_digest(_digest(_credentials(headers.getlist("authorization"))), self._known):
                return None
            challenge = {"WWW-Authenticate": 'Basic realm="journal", charset="UTF-8"'}
            return PlainTextResponse("User and password, please.\n", 401, challenge)
        if called_locally(headers.get("host", "")):
            return None
        return PlainTextResponse("Call this machine by its own name, localhost.\n", 421)

    def _from_proxy(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain in network for network in self._proxies)


def _digest(value: bytes) -> bytes:
    """Return something of one length, so that comparing tells nothing of the length."""
    return sha256(value).digest()


def _credentials(said: list[str]) -> bytes:
    """Return user and password as said, with a colon between them; empty when nothing usable was said."""
    scheme, _, value = said[0].partition(" ") if len(said) == 1 else ("", "", "")
    if scheme.lower() != "basic":
        return b""
    try:
        return b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""

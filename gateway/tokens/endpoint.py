# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a provider's token endpoint (RFC 6749 §3.2), and its refusals in its own words."""

import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from gateway.ports import NoToken, TokenRefused
from gateway.tls import Trust

PATIENCE = timedelta(seconds=30)
MAX_ANSWER = 256 << 10  # LIMIT: bytes of an answer
MAX_WORDS = 400
UNSAID_LIFETIME = timedelta(minutes=5)  # of a token whose lifetime is not told
USUAL_INTERVAL = timedelta(seconds=5)  # RFC 8628 §3.2
LONGEST_WAIT = timedelta(hours=1)  # LIMIT: how long a provider can send us away
_TOKEN = re.compile(r"[\x21-\x7e]{1,65536}")  # RFC 6750 §2.1, and room for what providers make of it
_LIKE_A_SECRET = re.compile(r"[A-Za-z0-9+/=_.~-]{40,}")


@dataclass(frozen=True, slots=True)
class Grant:
    """A token as it was given."""

    token: str
    lifetime: timedelta
    refresh_token: str = ""  # empty: none was given


@dataclass(frozen=True, slots=True)
class Invitation:
    """Where a person consents (RFC 8628 §3.2)."""

    page: str
    user_code: str
    device_code: str
    interval: timedelta
    lifetime: timedelta


class Pending(Exception):
    """Nobody has consented yet; *slower*: the provider wants to be asked more seldom."""

    def __init__(self, *, slower: bool) -> None:
        super().__init__("nobody has consented yet")
        self.slower = slower


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A token endpoint, and the one for devices that ask a person."""

    url: str
    ca_file: str = ""  # PEM; empty: the system's authorities
    device_url: str = ""

    def ask(self, form: Mapping[str, str]) -> Grant:
        """Return what is granted for *form*; raises TokenRefused, NoToken or, for a device code, Pending.

        Nothing of *form* is in their words.
        """
        status, wait, answer = self._answer(self.url, form)
        if status == 200 and _TOKEN.fullmatch(str(answer.get("access_token", ""))):
            refresh = str(answer.get("refresh_token") or "")
            kept = refresh if _TOKEN.fullmatch(refresh) else ""
            return Grant(str(answer["access_token"]), _seconds(answer.get("expires_in"), UNSAID_LIFETIME), kept)
        if "device_code" in form and answer.get("error") in ("authorization_pending", "slow_down"):
            raise Pending(slower=answer["error"] == "slow_down")
        raise _refusal(status, wait, answer, form)

    def invite(self, form: Mapping[str, str]) -> Invitation:
        """Return where a person may consent to *form*; raises TokenRefused or NoToken."""
        status, wait, answer = self._answer(self.device_url, form)
        page = str(answer.get("verification_uri") or answer.get("verification_url") or "")
        if status != 200 or not page or not answer.get("device_code") or not answer.get("user_code"):
            raise _refusal(status, wait, answer, form)
        return Invitation(
            one_line(page),
            one_line(str(answer["user_code"])),
            str(answer["device_code"]),
            max(_seconds(answer.get("interval"), USUAL_INTERVAL), timedelta(seconds=1)),
            _seconds(answer.get("expires_in"), UNSAID_LIFETIME),
        )

    def _answer(self, url: str, form: Mapping[str, str]) -> tuple[int, str, dict[str, Any]]:
        """Return the status, what Retry-After says, and what was told."""  # Any: as the provider sends it
        status, headers, body = self._posted(url, urlencode(form))
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            told = None
        return status, headers.get("retry-after", ""), told if isinstance(told, dict) else {}

    def _posted(self, url: str, form: str) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(url)
        connection = self._connection(parts.scheme, parts.hostname or "", parts.port)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            connection.request("POST", parts.path or "/", form, headers)
            with connection.getresponse() as answer:
                body = answer.read(MAX_ANSWER)
                return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body
        except (OSError, HTTPException) as error:
            why = str(error) or type(error).__name__
            raise NoToken(f"the token endpoint {parts.netloc} does not answer: {why}"[:MAX_WORDS]) from error
        finally:
            connection.close()

    def _connection(self, scheme: str, host: str, port: int | None) -> HTTPConnection:
        if scheme != "https":
            return HTTPConnection(host, port, timeout=PATIENCE.total_seconds())
        try:
            context: ssl.SSLContext = Trust(self.ca_file).context()
        except OSError as error:
            raise NoToken(f"ca_file {self.ca_file} cannot be used: {error}") from error
        return HTTPSConnection(host, port, timeout=PATIENCE.total_seconds(), context=context)


def _refusal(status: int, wait: str, answer: Mapping[str, Any], form: Mapping[str, str]) -> TokenRefused | NoToken:
    words = _words(status, answer, tuple(form.values()))
    if status == 429 or status >= 500 or answer.get("error") == "temporarily_unavailable":
        return NoToken(words, _wait(wait))
    return TokenRefused(words)


def redacted(words: str, secrets: tuple[str, ...] = ()) -> str:
    """Return *words* on one line, without *secrets* and without anything as long and dense as a token."""
    for secret in secrets:
        words = words.replace(secret, "***") if len(secret) >= 8 else words
    return _LIKE_A_SECRET.sub("***", one_line(words))[:MAX_WORDS]


def one_line(words: str) -> str:
    """Return *words* on one line without control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in words).split())[:MAX_WORDS]


def _words(status: int, answer: Mapping[str, Any], said: tuple[str, ...]) -> str:
    """Return the provider's error once: its code and the first line of what it says to people."""
    code = str(answer.get("error") or f"HTTP {status}")
    lines = str(answer.get("error_description") or "").splitlines()
    sent = tuple(one for one in said if not one.startswith("https://"))
    return redacted(": ".join(filter(None, (code, lines[0] if lines else ""))), sent)


def _seconds(written: object, usual: timedelta) -> timedelta:
    """Return so many seconds, a day at most; *usual* when they are not told."""
    try:
        told = float(str(written))
    except ValueError:
        return usual
    return timedelta(seconds=min(told, 86_400)) if told > 0 else usual


def _wait(seconds: str) -> timedelta | None:
    """Return Retry-After in seconds (RFC 9110 §10.2.3); a date is not needed by anybody we know."""
    return min(timedelta(seconds=int(seconds)), LONGEST_WAIT) if seconds.isdecimal() and len(seconds) < 9 else None

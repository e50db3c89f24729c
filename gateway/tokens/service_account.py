# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens of a service account of Google that acts for one mailbox (domain-wide delegation), by google-auth.

google-auth signs and knows what Google wants; what goes over the wire goes through `Endpoint`, so that busy and
refusing providers are told apart and quoted as all others are.  google-auth would ask a busy one again by itself.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from gateway.ports import TokenRefused
from gateway.tokens.endpoint import Endpoint, Grant, redacted
from gateway.tokens.fresh import Fresh


@dataclass(frozen=True, slots=True)
class Answer:
    """What google-auth looks at of an HTTP answer."""

    data: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class ServiceAccount(Fresh):
    """A `Tokens`."""

    def __init__(
        self,
        key: str,
        subject: str,
        scope: str,
        *,
        ca_file: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """*key* is the JSON Google gives for the account; *subject* the mailbox's address."""
        super().__init__(self._granted_for_subject, monotonic)
        self._key, self._subject, self._scopes = key, subject, scope.split()
        self._ca_file = ca_file

    def _granted_for_subject(self) -> Grant:
        try:
            from google.auth.exceptions import GoogleAuthError
            from google.oauth2.service_account import Credentials
        except ImportError as error:
            raise TokenRefused("google-auth is not there: pip install 'edms-gateway[oauth]'") from error
        grants: list[Grant] = []

        def over_our_endpoint(url: str, body: bytes, **_: object) -> Answer:
            grant = Endpoint(url, self._ca_file).ask(dict(parse_qsl(body.decode("ascii"))))
            grants.append(grant)
            told = {"access_token": grant.token, "expires_in": int(grant.lifetime.total_seconds())}
            return Answer(json.dumps(told).encode())

        try:
            account = Credentials.from_service_account_info(  # type: ignore[no-untyped-call]  # the library's
                json.loads(self._key), scopes=self._scopes, subject=self._subject
            )
            account.refresh(over_our_endpoint)
        except (GoogleAuthError, ValueError, TypeError) as error:  # TypeError: no RSA key
            raise TokenRefused(f"the key of the service account cannot be used: {redacted(str(error))}") from error
        return grants[-1]

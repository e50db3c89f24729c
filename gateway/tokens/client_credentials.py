# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens of a client that logs in as itself (RFC 6749 §4.4): no user, nothing that must be renewed by a person."""

import time
from collections.abc import Callable

from gateway.tokens.certificate import Certificate
from gateway.tokens.endpoint import Endpoint, Grant
from gateway.tokens.fresh import Fresh


class ClientCredentials(Fresh):
    """A `Tokens`."""

    def __init__(
        self,
        endpoint: Endpoint,
        client_id: str,
        proof: str | Certificate,
        scope: str = "",
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """*proof* is the client's secret, or its certificate."""
        super().__init__(self._granted_to_us, monotonic)
        self._endpoint, self._client_id, self._proof = endpoint, client_id, proof
        self._scope = {"scope": scope} if scope else {}

    def _granted_to_us(self) -> Grant:
        said = {"grant_type": "client_credentials", "client_id": self._client_id, **self._scope}
        return self._endpoint.ask({**said, **self._proven()})

    def _proven(self) -> dict[str, str]:
        if isinstance(self._proof, Certificate):
            return self._proof.proven(self._client_id, self._endpoint.url)
        return {"client_secret": self._proof}

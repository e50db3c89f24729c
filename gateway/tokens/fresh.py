# SPDX-License-Identifier: GPL-3.0-or-later
"""A token is kept while it is fresh, and a provider that asks us to stay away is left alone."""

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Lock

from gateway.ports import NoToken
from gateway.tokens.endpoint import Grant

REST = timedelta(seconds=15)  # LIMIT: before a provider is asked again that gave nothing and did not say how long
FRESH = 0.8  # of its lifetime: then a new token is asked for, before anybody is refused


class Fresh:
    """A `Tokens` over *ask*, which raises TokenRefused or NoToken; threads share it, and one of them asks for all."""

    def __init__(self, ask: Callable[[], Grant], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._monotonic = ask, monotonic
        self._asking = Lock()
        self._token = ""
        self._fresh_until = 0.0
        self._good_until: float | None = None
        self._away_until = 0.0
        self._away_because = ""

    def current(self) -> str:
        """Return a token that is fresh; raises TokenRefused or NoToken."""
        with self._asking:
            now = self._monotonic()
            if not self._token or now >= self._fresh_until:
                if now < self._away_until:
                    raise NoToken(self._away_because, timedelta(seconds=self._away_until - now))
                grant = self._granted()
                self._token = grant.token
                self._fresh_until = now + FRESH * grant.lifetime.total_seconds()
                self._good_until = now + grant.lifetime.total_seconds()
            return self._token

    def rejected(self, token: str) -> None:
        """*token* was not accepted: it is not given out again."""
        with self._asking:
            if self._token == token:
                self._token, self._good_until = "", None

    def good_for(self) -> timedelta | None:
        """Return how long the token is good; None: there is none.  A provider that is being asked holds up nobody."""
        until = self._good_until
        return None if until is None else timedelta(seconds=until - self._monotonic())

    def _granted(self) -> Grant:
        """Whoever waited for us meanwhile hears the same: a provider that is silent holds up one thread, not all."""
        try:
            return self._ask()
        except NoToken as error:
            wait = error.wait or REST
            self._away_until, self._away_because = self._monotonic() + wait.total_seconds(), str(error)
            raise

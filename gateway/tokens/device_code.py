# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens of a person who consented once in a browser (RFC 8628), renewed by a refresh token (RFC 6749 §6).

Providers give a new refresh token now and then and forget the old one: each is stored before its access token is used.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from gateway.ports import NoToken, TokenRefused
from gateway.tokens.endpoint import Endpoint, Grant, Invitation, Pending
from gateway.tokens.fresh import Fresh
from gateway.tokens.shelf import Shelf, as_before

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SLOWER = timedelta(seconds=5)  # RFC 8628 §3.5


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are to the provider."""

    client_id: str
    secret: str = ""  # empty: a public client
    scope: str = ""

    def form(self, **more: str) -> dict[str, str]:
        """Return what every request says, and *more*; what is empty is left out."""
        said = {"client_id": self.client_id, "client_secret": self.secret, "scope": self.scope, **more}
        return {key: value for key, value in said.items() if value}


class DeviceCode(Fresh):
    """A `Tokens`."""

    def __init__(
        self,
        endpoint: Endpoint,
        client: Client,
        file: Path,
        login: str,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """The refresh token lies in *file*; *login* is the command that gets one, for complaints."""
        super().__init__(self._granted_alone, monotonic)
        self._endpoint, self._client, self._login = endpoint, client, login
        self._file, self._shelf = file, Shelf(file)

    def log_in(self, show: Callable[[Invitation], None], sleep: Callable[[timedelta], None]) -> None:
        """Let a person consent: *show* is told where; raises TokenRefused, NoToken or OSError."""
        invitation = self._endpoint.invite(self._client.form())
        show(invitation)
        pause, waited = invitation.interval, timedelta()
        while waited < invitation.lifetime:
            sleep(pause)
            waited += pause
            form = self._client.form(grant_type=GRANT, device_code=invitation.device_code)
            try:
                grant = self._endpoint.ask(form)
            except Pending as pending:
                pause += SLOWER if pending.slower else timedelta()
                continue
            if not grant.refresh_token:
                raise TokenRefused("the provider gives no refresh token: add offline_access to the scope")
            with self._alone():
                self._shelf.write(grant.refresh_token)
            return
        raise TokenRefused("nobody consented in time")

    def _granted_alone(self) -> Grant:
        try:
            with self._alone():
                return self._renewed()
        except OSError as error:
            raise NoToken(f"{self._file} cannot be used: {error.strerror or error}") from error

    def _renewed(self) -> Grant:
        kept = self._shelf.read()
        if not kept:
            raise TokenRefused(f"nobody has consented yet: {self._login}")
        form = self._client.form(grant_type="refresh_token", refresh_token=kept)
        try:
            grant = self._endpoint.ask(form)
        except TokenRefused as refusal:
            raise TokenRefused(f"{refusal}; {self._login}") from refusal
        if grant.refresh_token and grant.refresh_token != kept:
            self._shelf.write(grant.refresh_token)
        return grant

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes (`oauth status` beside the service) from renewing at the same time."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._file.with_name(f".{self._file.name}.lock").open("wb") as lock:
            as_before(self._file, lock.fileno())
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

# SPDX-License-Identifier: GPL-3.0-or-later
"""Where tokens come from for accounts that take no passwords: which provider, and how we prove who we are."""

import json
import re
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import model_validator

from gateway.settings.problems import wrong
from gateway.settings.source import STAND_IN
from gateway.settings.values import Location, Name, PrivateText, Secret, Shape, Text, loopback

MICROSOFT = "https://outlook.office365.com/.default"
MICROSOFT_OF_PEOPLE = (
    "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access"
)
GOOGLE = "https://mail.google.com/"
GOOGLES = ("key_file", "subject")  # keys of no other provider
NOT_GOOGLES = ("client_id", "client_certificate", "client_key", "token_endpoint")


class OauthSettings(Shape):
    """Where tokens come from for accounts that take no passwords."""

    name: Name
    provider: Literal["microsoft", "google", "other"]
    flow: Literal["client-credentials", "device-code"] = "client-credentials"
    tenant: Text = ""  # of Microsoft: a domain or an id
    client_id: Text = ""  # needed, but for Google
    secret: Secret = ""
    secret_file: Location | None = None
    client_certificate: Location | None = None  # in the place of a secret; PEM
    client_key: Location | None = None  # of it
    key_file: Location | None = None  # of Google: the key of the service account
    service_account: PrivateText = ""  # what is in it
    subject: Text = ""  # of Google: the mailbox the service account acts for
    scope: Text = ""  # empty: the provider's for mail
    token_endpoint: Text = ""  # of another provider
    device_endpoint: Text = ""  # likewise, for a person's consent
    store: Location | None = None  # the file of the refresh token a person's consent gives
    ca_file: Location | None = None  # None: the machine's authorities

    @property
    def endpoint(self) -> str:
        """The address tokens are asked for at."""
        if self.provider == "google":
            return _of_account(self.service_account)["token_uri"]
        return self.token_endpoint or f"https://login.microsoftonline.com/{self.tenant}/oauth2/v2.0/token"

    @property
    def endpoint_of_devices(self) -> str:
        """The address a person's consent is asked for at."""
        return self.device_endpoint or f"https://login.microsoftonline.com/{self.tenant}/oauth2/v2.0/devicecode"

    @property
    def wanted_scope(self) -> str:
        """What a token shall be good for; empty: the provider knows."""
        if self.scope or self.provider == "other":
            return self.scope
        if self.provider == "google":
            return GOOGLE
        return MICROSOFT if self.flow == "client-credentials" else MICROSOFT_OF_PEOPLE

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.provider == "google":
            self._check_google()
            return self
        for key in GOOGLES:
            if getattr(self, key):
                raise wrong("is of Google", 'leave it out, or write provider = "google"', key)
        if not self.client_id:
            raise wrong("is missing", "write the id the provider gave this client", "client_id")
        if self.provider == "microsoft" and not re.fullmatch(r"[A-Za-z0-9.-]+", self.tenant):
            raise wrong("names no tenant", 'write its id or its domain: "office.example"', "tenant")
        if self.provider == "other" and not self.token_endpoint:
            raise wrong("is missing", "write the address the provider gives tokens at", "token_endpoint")
        for key in ("token_endpoint", "device_endpoint"):
            if written := getattr(self, key):
                _secured(key, written)
        if self.flow == "device-code":
            self._check_device_code()
        else:
            self._check_proof()
        return self

    def _check_device_code(self) -> None:
        if self.provider == "other" and not self.device_endpoint:
            raise wrong("is missing", "write the address the provider asks people at", "device_endpoint")
        if not self.store:
            raise wrong("is missing", "name a file the gateway may write its refresh token into", "store")
        if self.client_certificate or self.client_key:
            key = "client_certificate" if self.client_certificate else "client_key"
            raise wrong("is of a client that logs in as itself", "leave it out where a person consents", key)

    def _check_proof(self) -> None:
        if bool(self.client_certificate) != bool(self.client_key):
            key = "client_key" if self.client_certificate else "client_certificate"
            raise wrong("is missing", "name the PEM file; the same one when certificate and key stand in one file", key)
        if self.client_certificate and (self.secret or self.secret_file):
            raise wrong("stands beside a secret", "keep one of the two, better the certificate", "client_certificate")
        if not self.client_certificate and not self.secret and not self.secret_file:
            raise wrong("is missing", "name the file that holds the secret of this client", "secret_file")

    def _check_google(self) -> None:
        if self.flow != "client-credentials":
            raise wrong("is not given for mailboxes by Google", 'leave it out: "client-credentials"', "flow")
        for key in NOT_GOOGLES:
            if getattr(self, key):
                raise wrong("is not used with Google", "leave it out: key_file says it", key)
        if not self.service_account:
            raise wrong("is missing", "name the JSON file with the key of the service account", "key_file")
        if not self.subject:
            raise wrong("is missing", 'write the address of the mailbox: "exchange@office.example"', "subject")
        if self.service_account != STAND_IN:
            _secured("key_file", _of_account(self.service_account)["token_uri"])


def _of_account(key: str) -> dict[str, str]:
    """Return what the key of a service account says."""
    try:
        told = json.loads(key)
    except (ValueError, RecursionError):
        told = None
    needed = ("client_email", "private_key", "token_uri")
    whole = isinstance(told, dict) and all(isinstance(told.get(one), str) for one in needed)
    if not whole or told.get("type") != "service_account":
        remedy = "name the JSON file Google gave when the key was made"
        raise wrong("is no key of a service account", remedy, "key_file")
    return {one: told[one] for one in needed}


def _secured(key: str, endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
        parts.port  # noqa: B018  # raises ValueError
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("https", "http") or parts.username or parts.password:
        raise wrong("is no address of a token endpoint", 'write for example "https://login.example/token"', key)
    if parts.scheme == "http" and not loopback(host):
        raise wrong(f"the secret would go to {host} in the clear", "write https://", key)

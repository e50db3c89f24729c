# SPDX-License-Identifier: GPL-3.0-or-later
"""What mailboxes and relays have in common: whom to believe, what to show, where to connect from, how fast."""

import re
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, model_validator

from gateway.settings.problems import shown, wrong
from gateway.settings.values import Location, Shape, Text

PERIODS = {"second": timedelta(seconds=1), "minute": timedelta(minutes=1), "hour": timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class LetterRate:
    """At most *letters* in any *period*."""

    letters: int
    period: timedelta


def _rate(value: object) -> object:
    if isinstance(value, LetterRate):
        return value
    found = re.fullmatch(r"\s*(\d{1,5}) per (second|minute|hour)\s*", value) if isinstance(value, str) else None
    if not found or not int(found[1]):
        raise wrong(f"expected a rate, found {shown(value)}", 'write for example "30 per minute"')
    return LetterRate(int(found[1]), PERIODS[found[2]])


def _own_address(value: str) -> str:
    try:
        return str(ip_address(value)) if value else ""
    except ValueError as error:
        raise wrong(f"{shown(value)} is no IP address", 'write an address of this machine: "192.0.2.7"') from error


Rate = Annotated[LetterRate, BeforeValidator(_rate)]


class AccountSettings(Shape):
    """A server we log in to."""

    ca_file: Location | None = None  # None: the machine's authorities
    tls_min: Literal["1.2", "1.3"] = "1.2"
    client_certificate: Location | None = None  # None: we show none
    client_key: Location | None = None
    source_address: Annotated[Text, AfterValidator(_own_address)] = ""  # empty: the machine chooses
    oauth: Text = ""  # the name of the [[oauth]] that gives tokens; empty: a password

    @model_validator(mode="after")
    def _whole_certificate(self) -> Self:
        if self.client_certificate and not self.client_key:
            raise wrong(
                "is missing", "name the PEM file of the key; the same one when both stand in one file", "client_key"
            )
        if self.client_key and not self.client_certificate:
            raise wrong("is missing", "name the PEM file of the certificate for this key", "client_certificate")
        if self.client_certificate and getattr(self, "tls", "") == "none":
            raise wrong("is shown to nobody without TLS", 'set tls = "starttls" or "implicit"', "client_certificate")
        if self.oauth and (getattr(self, "password", "") or getattr(self, "password_file", None)):
            raise wrong("stands beside a password", "keep one of the two", "oauth")
        if self.oauth and not getattr(self, "user", ""):
            raise wrong("needs a user", "write the mailbox's address in user", "oauth")
        return self

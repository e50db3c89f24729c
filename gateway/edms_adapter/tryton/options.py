# SPDX-License-Identifier: GPL-3.0-or-later
"""What the adapter wants to know of a Tryton server: the table ``[edms.options]``."""

from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from gateway.model import folded
from gateway.settings.problems import shown, wrong
from gateway.settings.values import Duration, Location, MaxBytes, Name, Secret, Shape, Text, loopback


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise wrong(f"{shown(value)} is not the address of a server", 'write it like "https://tryton.office.example"')
    if parts.scheme == "http" and not loopback(parts.hostname):
        raise wrong("the password would cross the network in the clear", "write https://, or run on the same machine")
    return value.rstrip("/")


def _companies(value: tuple[str, ...]) -> tuple[str, ...]:
    for one in value:
        index, colon, name = one.partition(":")
        if not (colon and index.strip() and name.strip()):
            raise wrong(f"{shown(one)} names no company", 'write exchange index and name: "SVETLY-01: Committee"')
    return value


class Options(Shape):
    """How to reach Tryton, as whom, and which of its things are ours."""

    url: Annotated[str, AfterValidator(_url)]  # of the server, without the database; https unless on this machine
    database: Name  # its name on the server
    login: Name  # of the gateway's own account
    password_file: Location | None = None  # the file its password is in; nobody else may read it
    password: Secret = ""  # what was in that file
    ca_file: Location | None = None  # the certificates to trust; None: those of the machine
    timeout: Duration = timedelta(seconds=60)  # how long one call may be silent
    # the strict sequence that gives the register numbers; {year} is the year of registration.  Empty: the number is
    # the card's own id
    sequence: Text = ""
    # of our organisations, "exchange index: name of its company in Tryton"; one that is not here: cards of no company
    companies: Annotated[tuple[str, ...], AfterValidator(_companies)] = ()
    default_user: Text = ""  # the login of who gets what is addressed to nobody; empty: such a document waits
    type: Text = ""  # the type given to cards; empty: people choose it
    # "done": a card that was processed is executed; "result": only once its result is no incoming document any more
    executed: Literal["done", "result"] = "done"
    # a note on the card that begins with this is told to the sender, as the words of who wrote it
    words: Name = "Отправителю:"
    max_file: MaxBytes = 100 << 20  # LIMIT: bytes of one file; Tryton holds a whole one in memory

    @property
    def company_of(self) -> dict[str, str]:
        """The name of each organisation's company, by its exchange index, folded."""
        parts = (one.partition(":") for one in self.companies)
        return {folded(index): name.strip() for index, _, name in parts}

    @model_validator(mode="after")
    def _with_a_password(self) -> Self:
        if not self.password:
            raise wrong("is missing", "name the file that holds the password", "password_file")
        return self

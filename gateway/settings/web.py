# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of [web] in gateway.toml: where the read-only pages are served, and to whom."""

from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, ValidationError, model_validator

from gateway.settings.problems import ConfigProblem, ConfigurationError, dotted, explained, wrong
from gateway.settings.values import Location, Name, Network, Secret, Shape, Text, loopback


def _place(value: str) -> str:
    try:
        parts = urlsplit(f"//{value}")
        if parts.port is not None and parts.netloc == value:
            if parts.hostname != "localhost":
                ip_address(parts.hostname or "")
            return value
    except ValueError:
        pass
    raise wrong("is not an address to serve pages on", 'write "127.0.0.1:8025" or "[::1]:8025"')


def _header(value: str) -> str:
    if value and not (value.isascii() and value.replace("-", "").isalnum()):
        raise wrong("is not the name of a header", 'write for example "X-Forwarded-User"')
    return value


class WebSettings(Shape):
    """Everybody on this machine may look, or those whom a proxy in front vouches for, or who knows the password."""

    bind: Annotated[Name, AfterValidator(_place)] = "127.0.0.1:8025"
    title: Text = ""  # above every page; empty: the organisation's name
    trusted_header: Annotated[Text, AfterValidator(_header)] = ""  # in which a proxy names who looks
    trusted_proxies: tuple[Network, ...] = ()  # from where that header is believed
    user: Text = ""
    password: Secret = ""
    password_file: Location | None = None

    @property
    def host(self) -> str:
        return urlsplit(f"//{self.bind}").hostname or ""

    @property
    def port(self) -> int:
        """The port to bind, 0 for any free one."""
        return urlsplit(f"//{self.bind}").port or 0

    @property
    def guarded(self) -> bool:
        """Say whether anybody is asked who he is."""
        return bool(self.trusted_header or self.user)

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if bool(self.trusted_header) != bool(self.trusted_proxies):
            absent, there = (
                ("trusted_proxies", "trusted_header") if self.trusted_header else ("trusted_header", "trusted_proxies")
            )
            remedy = "name both the header and the addresses of the proxies that set it"
            raise wrong(f"is missing, although {there} is set", remedy, absent)
        if self.trusted_header and self.user:
            raise wrong("is set beside trusted_header", "choose one of the two ways to ask who looks", "user")
        if self.user and not (self.password or self.password_file):
            raise wrong("is missing", "name the file that holds the password of this user", "password_file")
        if not self.user and (self.password or self.password_file):
            raise wrong("is missing, although there is a password", "name the user it belongs to", "user")
        if ":" in self.user:
            raise wrong("has a colon in it", "browsers send user and password with a colon between them", "user")
        if not loopback(self.host) and not self.guarded:
            raise wrong(
                f"everybody who reaches {self.host} could read the journal",
                "bind to 127.0.0.1, or set user and password_file, or trusted_header and trusted_proxies",
                "bind",
            )
        return self


def bound_to(settings: WebSettings, bind: str) -> WebSettings:
    """Return *settings* with another address; raises ConfigurationError when they do not hold with it."""
    try:
        return WebSettings(**{**settings.model_dump(), "bind": bind})
    except ValidationError as error:
        found = explained(error, WebSettings)
        problems = tuple(ConfigProblem("--bind", 0, dotted(("web", *path)), *said) for path, *said in found)
        raise ConfigurationError(problems) from error

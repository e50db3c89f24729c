# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of [alarm] and [health]: who is called when something broke, and where numbers are asked for."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from gateway.settings.ourselves import RelaySettings, split_endpoint
from gateway.settings.partners import ChannelSettings
from gateway.settings.problems import ConfigProblem, wrong
from gateway.settings.source import Found, Source
from gateway.settings.values import Address, Duration, Name, Shape, Text, loopback

_WEB = re.compile(r"https?://[^\s/]+(/\S*)?", re.I)


def _web(value: str) -> str:
    if value and not _WEB.fullmatch(value):
        raise wrong("is no web address", 'write "https://…", and nothing else')
    if "@" in value.partition("//")[2].partition("/")[0]:
        raise wrong("has a user in it", "errors would name the password: have the other side take a token in the path")
    if value and not _names_a_host(value):
        raise wrong("is no web address", "a slash in a user's password would end the host: have a token in the path")
    return value


def _names_a_host(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class AlarmSettings(Shape):
    """Who is called when something is wrong; several ways are used side by side."""

    command: tuple[Name, ...] = ()  # a program and its arguments; no shell
    webhook: Annotated[Text, AfterValidator(_web), Field(repr=False)] = ""  # it may hold a token
    mail: tuple[Address, ...] = ()
    relay: Text = ""  # by which the mail goes; empty: [relay]
    sender: Text = ""  # of the mail; empty: the first office's address
    every: Duration = timedelta(minutes=1)
    after: Duration = timedelta(minutes=10)  # what mends itself sooner calls nobody
    again: Duration = timedelta(hours=1)
    time_limit: Duration = timedelta(seconds=30)

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.sender and "@" not in self.sender:
            raise wrong("is no mail address", 'write it bare: "gateway@office.example"', "sender")
        return self

    @property
    def ways(self) -> tuple[str, ...]:
        """Return which ways are configured."""
        ways = {"command": self.command, "webhook": self.webhook, "mail": self.mail}
        return tuple(way for way, given in ways.items() if given)


class HealthSettings(Shape):
    """Where a monitor asks how we are: numbers for Prometheus, and two questions with yes or no."""

    bind: Text = ""  # empty: nowhere

    @model_validator(mode="after")
    def _checked(self) -> Self:
        host, port, _ = split_endpoint(self.bind)
        if self.bind and not (loopback(host) and port.isdecimal() and int(port) <= 65535):
            remedy = 'write "127.0.0.1:9105"; who asks from elsewhere goes through a proxy'
            raise wrong("is no port of this machine", remedy, "bind")
        return self


def alarm_problems(
    own: Source, others: Sequence[Found[RelaySettings]], channels: Sequence[Found[ChannelSettings]]
) -> Iterator[ConfigProblem]:
    """Yield why an alarm could not come through: no such relay, or only the one whose silence it should tell."""
    alarm = own.tables.get("alarm")
    if not isinstance(alarm, dict) or not alarm.get("mail"):
        return
    name = alarm.get("relay", "")
    relays = {relay.said("name"): relay for relay in others}
    if name and name not in relays:
        yield own.problem(("alarm", "relay"), f'there is no relay "{name}"', "name an [[other_relay]]")
    elif not (alarm.get("command") or alarm.get("webhook")) and _carries_letters(own, name, relays, channels):
        what = "would be the only alarm, and goes by the relay that carries the letters: its silence would be silent"
        yield own.problem(("alarm", "mail"), what, "add a command or a webhook, or name an [[other_relay]] in relay")


def _carries_letters(
    own: Source, name: object, relays: dict[str, Found[RelaySettings]], channels: Sequence[Found[ChannelSettings]]
) -> bool:
    """Say whether the relay *name* is one of those that letters go by, by its name or as the same server."""
    if not name or any(channel.said("relay") == name for channel in channels):
        return True
    common, other = own.tables.get("relay"), relays[str(name)].value
    return isinstance(common, dict) and other is not None and common.get("host") == other.host

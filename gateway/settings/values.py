# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of value a configuration is written in: durations, sizes, addresses, networks, paths."""

import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from gateway.dialects import DIALECTS
from gateway.settings.problems import one_of, shown, wrong

UNITS: Mapping[str, timedelta] = {
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "day": timedelta(days=1),
    "days": timedelta(days=1),
}
SIZES: Mapping[str, int] = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
MAX_DURATION = timedelta(days=3650)  # LIMIT: nobody means longer
MAX_SIZE = 1 << 50  # LIMIT: bytes; nobody means more
ADDRESS = re.compile(r"[^\s@\x00-\x20<>(),;:\"\\]+@[^\s@\x00-\x20<>(),;:\"\\]+")


class Shape(BaseModel):
    """A table of the configuration: frozen, nothing unknown in it, nothing converted silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True)


def _duration(value: object) -> object:
    if not isinstance(value, str):
        return value if isinstance(value, timedelta) else _refuse_duration(value)
    found = re.fullmatch(r"\s*(\d{1,9})\s*([a-z]+)\s*", value)
    if not found or found[2] not in UNITS:
        return _refuse_duration(value)
    duration = int(found[1]) * UNITS[found[2]] if int(found[1]) <= MAX_DURATION / UNITS["s"] else MAX_DURATION
    if not timedelta(0) < duration < MAX_DURATION:
        raise wrong(f"{shown(value)} is not a usable duration", "write a number above 0")
    return duration


def _refuse_duration(value: object) -> object:
    raise wrong(
        f"expected a duration, found {shown(value)}", 'write a number and a unit: "30 s", "5 min", "6 h", "5 days"'
    )


def _size(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = re.fullmatch(r"\s*(\d{1,9})\s*([A-Za-z]+)\s*", value) if isinstance(value, str) else None
    if not found or found[2] not in SIZES or not 0 < int(found[1]) * SIZES[found[2]] <= MAX_SIZE:
        raise wrong(f"expected a size, found {shown(value)}", 'write a number and a unit: "512 KiB", "25 MiB", "1 GiB"')
    return int(found[1]) * SIZES[found[2]]


def _location(value: object, info: ValidationInfo) -> object:
    """Make a text a path; a relative one is meant from the folder of the configuration."""
    if not isinstance(value, str):
        return value
    if not value or "\0" in value:
        raise wrong("expected a path", 'write the path of a file or folder: "certificate.pem"')
    return (info.context or {}).get("folder", Path()) / value


def _address(value: str) -> str:
    if not ADDRESS.fullmatch(value):
        raise wrong(f"{shown(value)} is not a mail address", 'write it bare: "exchange@office.example"')
    return value


def _network(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError as error:
        raise wrong(
            f"{shown(value)} is not a network ({error})", 'write an address or a network: "192.0.2.7", "192.0.2.0/24"'
        ) from error


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise wrong(f"{shown(value)} is not a time zone", 'write a name like "Europe/Minsk"') from error
    except KeyError as error:
        raise wrong(f"the time zone {shown(value)} is not known", 'write a name like "Europe/Minsk"') from error
    return value


def _host(value: str) -> str:
    if not any(letter in value for letter in "/@[] \t") and (":" not in value or _is_number(value)):
        return value
    remedy = 'write the name alone: "mail.example"; the port has its own key'
    raise wrong(f"{shown(value)} is not the name of a host", remedy)


def _is_number(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def _one_line(value: str) -> str:
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
        raise wrong("has line breaks or control characters in it", "write it on one line")
    return value


def _dialect(value: str) -> str:
    names = tuple(dialect.name for dialect in DIALECTS)
    if value not in names:
        raise wrong(f"expected {one_of(names)}, found {shown(value)}", "write one of these words")
    return value


_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::\d{1,5})?")


def called_locally(host: str) -> bool:
    """Say whether a browser that sends the Host header *host* called this machine by its own name.

    A name of somebody else's may be made to lead here (DNS rebinding), and his page would read what we answer.
    """
    found = _HOST.fullmatch(host.lower())
    return found is not None and loopback(found[1] or found[2])


def loopback(host: str) -> bool:
    """Say whether *host* is this machine by name or by number."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Text = Annotated[str, AfterValidator(_one_line)]
Name = Annotated[str, Field(min_length=1), AfterValidator(_one_line)]
DialectName = Annotated[str, AfterValidator(_dialect)]
Host = Annotated[Name, AfterValidator(_host)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
MaxBytes = Annotated[int, BeforeValidator(_size), Field(ge=1)]
Location = Annotated[Path, BeforeValidator(_location)]
Address = Annotated[str, AfterValidator(_address)]
Network = Annotated[str, AfterValidator(_network)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Secret = Annotated[str, AfterValidator(_one_line), Field(repr=False)]
PrivateText = Annotated[str, Field(repr=False)]  # a secret of several lines
Raw = dict[str, Any]  # a table as TOML gives it; Any because nothing has been checked yet

# SPDX-License-Identifier: GPL-3.0-or-later
"""Adapters by name: the shipped ones, and those that other packages bring.

A package brings one with an entry point of the group ``edms_gateway.adapters`` whose object is an `Adapter`.
What an adapter wants to know of its EDMS stands in the table ``[edms.options]`` of the configuration, in the form of
its `Adapter.options`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module, metadata
from pathlib import Path
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from gateway.ports import Clock, Edms, Failpoint
from gateway.settings.ourselves import SQL
from gateway.settings.problems import dotted, explained
from gateway.settings.values import Shape

GROUP = "edms_gateway.adapters"
# name → module with an ADAPTER; the SQL adapter is opened by its mapping
SHIPPED: Mapping[str, str] = {name: f"gateway.edms_adapter.{name}" for name in ("folder", "mayan", "tryton")}


class AdapterError(Exception):
    """No such adapter, or its options are wrong; says which key, what is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every adapter is opened with, beside its options."""

    files: Path  # a folder of the adapter's own, kept between starts, the same for every process of the node
    zone: ZoneInfo  # of the office
    clock: Clock
    failpoint: Failpoint


OptionsT = TypeVar("OptionsT", bound=Shape)


@dataclass(frozen=True, slots=True)
class Adapter(Generic[OptionsT]):
    """A kind of EDMS: the form of its options, and how one is opened; opening connects to nothing yet."""

    options: type[OptionsT]
    open: Callable[[OptionsT, Surroundings], Edms]


def adapter_called(name: str) -> "Adapter[Shape]":
    """Return the adapter of that name; raises AdapterError when there is none, or when its package is broken."""
    if name in SHIPPED:
        found: object = import_module(SHIPPED[name]).ADAPTER
    else:
        found = _brought(name)
    if not isinstance(found, Adapter):
        raise AdapterError(f"the adapter {name!r} is no gateway.edms_adapter.opening.Adapter: its package is wrong")
    return found


def options_for(adapter: "Adapter[OptionsT]", written: Mapping[str, object]) -> OptionsT:
    """Return *written*, the table ``[edms.options]``, in the adapter's form; AdapterError with every complaint."""
    try:
        return adapter.options.model_validate(dict(written))
    except ValidationError as error:
        found = explained(error, adapter.options)
        said = (f"edms.options.{dotted(key)}: {what}; {remedy}" for key, what, remedy in found)
        raise AdapterError("\n".join(said)) from error


def _brought(name: str) -> object:
    brought = {point.name: point for point in metadata.entry_points(group=GROUP)}
    if name not in brought:
        there = sorted({SQL, *SHIPPED, *brought})
        close = get_close_matches(name, there, 1, 0.6)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise AdapterError(f"there is no adapter {name!r}; there are: {', '.join(there)}{meant}")
    try:
        return brought[name].load()
    except Exception as error:  # an edge: a package of somebody else may raise anything
        raise AdapterError(f"the adapter {name!r} cannot be loaded: {type(error).__name__}: {error}") from error

# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the vocabulary as JSON text and back; never bytes, which lie in blobs.

Law: ``from_json(type(value), to_json(value)) == value``.  Fields stand in the order of their declaration and those that
hold their default are left out, so equal values are equal texts and a message of ten facts is not a page of nulls.
"""

from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}  # Any: adapters of many types


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if (adapter := _ADAPTERS.get(kind)) is None:
        adapter = _ADAPTERS[kind] = TypeAdapter(kind)  # costs tens of milliseconds, once for each type
    return adapter


def to_json(value: object) -> str:
    """Return *value*, a dataclass of the vocabulary, as JSON."""
    return _adapter(type(value)).dump_json(value, exclude_defaults=True).decode()


def from_json(kind: type[T], text: str) -> T:
    """Return the value of type *kind* that `to_json` wrote; raises ValueError when *text* is not one."""
    value: T = _adapter(kind).validate_json(text)
    return value

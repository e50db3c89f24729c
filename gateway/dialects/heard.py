# SPDX-License-Identifier: GPL-3.0-or-later
"""Any value of the model as it will be read: where every standard loses the same."""

from dataclasses import Field, fields, is_dataclass, replace
from datetime import datetime
from types import UnionType
from typing import Any, TypeVar

from gateway.dialects.values import said
from gateway.model import Citizen, Department, Organisation, Person, PostalAddress, System, Term, utc

T = TypeVar("T")
P = TypeVar("P", Citizen, Department, Organisation, Person, PostalAddress, System, Term)


def heard(value: T) -> T:
    """Return *value* with every text in it as it will be read, every moment in UTC, and dictionary words or None.

    Works on any frozen dataclass of the model, down to its leaves.
    """
    return _heard(value)  # type: ignore[no-any-return]  # the same type comes back


def _heard(value: Any) -> Any:  # Any: it walks values of every type of the model
    if isinstance(value, str):
        return said(value)
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, tuple):
        return tuple(_heard(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _field(value, field) for field in fields(value)})
    return value


def _field(owner: Any, field: Field[Any]) -> Any:  # Any: see _heard
    value = _heard(getattr(owner, field.name))
    optional = isinstance(field.type, UnionType)
    return or_none(value) if optional and isinstance(value, Term) else value


def or_none(value: P) -> P | None:
    """Return *value*, or None when it says nothing: an empty element and a missing one mean the same."""
    return None if value == _EMPTY[type(value)] else value


_EMPTY = {kind: kind() for kind in (Citizen, Department, Organisation, Person, PostalAddress, System, Term)}

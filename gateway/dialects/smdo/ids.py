# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids of messages: GUIDs on the wire, 32 hexadecimal digits in the house where they are ours."""

import re

_GUID = re.compile(r"\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?", re.I | re.A)


def guid(id: str) -> str:
    """Return *id* as the format writes GUIDs: lower case with dashes; what is no GUID as it is."""
    found = _GUID.fullmatch(id)
    return "-".join(found.groups()).lower() if found else id


def ours(id: str) -> str:
    """Return *id* of a message of ours as the house knows it: 32 digits; what is no GUID as it is."""
    found = _GUID.fullmatch(id)
    return "".join(found.groups()).lower() if found else id


def is_guid(id: str) -> bool:
    return _GUID.fullmatch(id) is not None

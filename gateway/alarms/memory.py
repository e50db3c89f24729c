# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of causes from minute to minute and over restarts: since when, and when to be quiet.

A small file beside the large letters, not a table: the journal may be the very thing that is away.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

NAME = "alarms.json"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is remembered of one cause."""

    what: str
    since: datetime | None  # None: it is over, and remembered for its silence only
    quiet_until: datetime | None = None  # None: nobody was called about it
    called: bool = False  # somebody heard that it is wrong, and has not heard that it is over
    over_again: datetime | None = None  # until then nobody is told again that it is over; None: nobody was told in vain


@dataclass(frozen=True, slots=True)
class Memory:
    looked_at: datetime | None = None  # None: never
    standing: Mapping[str, Standing] = field(default_factory=lambda: MappingProxyType({}))  # by key of the cause
    failed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # by way: why it called nobody


def load(folder: Path) -> Memory:
    """Return what is remembered in *folder*; nothing when the file is absent or damaged."""
    try:
        told = json.loads((folder / NAME).read_text("utf-8"))
        standing = {
            key: Standing(
                one["what"],
                _moment(one["since"]),
                _moment(one["quiet_until"]),
                bool(one["called"]),
                _moment(one.get("over_again")),
            )
            for key, one in told["standing"].items()
        }
        failed = {str(way): str(words) for way, words in told["failed"].items()}
        return Memory(_moment(told["looked_at"]), standing, failed)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Memory()


def save(folder: Path, memory: Memory) -> None:
    """Replace what is remembered; raises OSError and leaves the old when there is no room."""
    told = {
        "looked_at": _text(memory.looked_at),
        "standing": {
            key: {
                "what": one.what,
                "since": _text(one.since),
                "quiet_until": _text(one.quiet_until),
                "called": one.called,
                "over_again": _text(one.over_again),
            }
            for key, one in memory.standing.items()
        },
        "failed": dict(memory.failed),
    }
    beside = folder / f"{NAME}.new"
    beside.write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
    os.replace(beside, folder / NAME)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: Any) -> datetime | None:  # Any: as the file has it
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without its zone")
    return moment

# SPDX-License-Identifier: GPL-3.0-or-later
"""With which configuration a node runs, and how it is told of another: a file beside its large letters.

Nothing of the configuration stands in it: each table is known by a digest that only the office secret can make.
"""

import hmac
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from gateway.settings import Settings

NAME = "configuration.json"
RELOAD = "systemctl reload edms-gateway"
START = "systemctl start edms-gateway; journalctl -u edms-gateway -n 50 says why it ended"
_SAYS_NOTHING = {"warnings", "receive_at", "secret"}  # of lines and remarks; of itself


@dataclass(frozen=True, slots=True)
class Running:
    """What a node runs with."""

    tables: dict[str, str]  # digests by table
    since: datetime | None = None  # it does; None: an older version wrote this, which did not say
    pid: int = 0  # of its edge process; 0: likewise
    by_systemd: bool = False  # who started it
    refused_at: datetime | None = None  # when a newer configuration was not taken; None: none was refused since
    why: str = ""  # it was not taken


@dataclass(frozen=True, slots=True)
class Unlike:
    """How the configuration on disk is not the one that runs."""

    tables: tuple[str, ...]  # that differ; empty: a refused one was put back
    refused_at: datetime | None  # None: nobody told the service about it
    why: str | None  # it was refused


def note(settings: Settings, since: datetime, refused_at: datetime | None = None, why: str = "") -> None:
    """Write down that this process runs with *settings* *since* then, and that something newer was refused.

    A full disk stops nobody.
    """
    row: dict[str, Any] = {"tables": _tables(settings), "since": since.isoformat(), "pid": os.getpid()}  # Any: JSON
    row |= {"by_systemd": "NOTIFY_SOCKET" in os.environ}  # sd_notify(3); the unit is Type=notify
    row |= {"refused_at": refused_at.isoformat() if refused_at else None, "why": why[:500]}
    place = settings.journal.blobs / NAME
    making = place.with_suffix(".partial")
    with suppress(OSError):
        making.touch(mode=0o600)
        making.write_text(json.dumps(row), encoding="utf-8")
        making.replace(place)


def forget(settings: Settings) -> None:
    """Write down that a node with *settings* only ends its work: nobody need tell it of what is on disk by now."""
    with suppress(OSError):
        (settings.journal.blobs / NAME).unlink()


def read(blobs: Path) -> Running | None:
    """Return what the node with the folder *blobs* wrote down; None: nothing that can be read."""
    try:
        row = json.loads((blobs / NAME).read_text(encoding="utf-8"))
        started = _moment(row.get("since")), int(row.get("pid", 0)), bool(row.get("by_systemd", False))
        return Running(dict(row["tables"]), *started, _moment(row["refused_at"]), str(row["why"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def how_to_reload(blobs: Path, *, alive: bool) -> str:
    """Return what to type so that the node with the folder *blobs* reads its configuration anew; *alive*: it runs."""
    stands = read(blobs) if alive else None
    if stands is None or not stands.pid:
        return f"{RELOAD} (without systemd: kill -HUP, and the pid of edms-gateway run)"
    return RELOAD if stands.by_systemd else f"kill -HUP {stands.pid}"


def how_to_start(blobs: Path) -> str:
    """Return what to type so that the node with the folder *blobs* starts, as it was started before."""
    stands = read(blobs)
    if stands is None or not stands.pid:
        return f"{START} (without systemd: edms-gateway run)"
    return START if stands.by_systemd else "edms-gateway run; what it prints says why it ended"


def differing(settings: Settings, running: Running) -> tuple[str, ...]:
    """Return which tables of *settings* are not those that run."""
    here = _tables(settings)
    return tuple(sorted(name for name in {*here, *running.tables} if here.get(name) != running.tables.get(name)))


def unlike(settings: Settings) -> Unlike | None:
    """Return how *settings* are not what the node of this machine runs with; None: they are, or nothing tells."""
    stands = read(settings.journal.blobs)
    if stands is None:
        return None
    tables = differing(settings, stands)
    return Unlike(tables, stands.refused_at, stands.why or None) if tables or stands.refused_at else None


def _tables(settings: Settings) -> dict[str, str]:
    told = settings.model_dump(mode="json", exclude=_SAYS_NOTHING)
    key = settings.secret.encode()
    return {
        name: hmac.new(key, json.dumps(table, sort_keys=True, default=str).encode(), sha256).hexdigest()
        for name, table in told.items()
    }

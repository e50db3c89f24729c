# SPDX-License-Identifier: GPL-3.0-or-later
"""What an administrator set up in Mayan for us, by the names people gave it: Mayan's own keys are numbers."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from gateway.edms_adapter.mayan.wire import Json, Server

FRESH_SECONDS = 300.0  # what was set up anew is seen after that
Found = TypeVar("Found")


class NotSetUp(LookupError):
    """Something that Mayan must have is not there, or our account may not see it."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """The workflow of letters."""

    id: int
    states: Mapping[str, int]  # label → id
    first: str  # the label of the initial state; empty: there is none
    transitions: tuple[tuple[int, int, int], ...]  # id, from state, to state

    def way(self, origin: int, target: str) -> int | None:
        """Return the transition from a state to the one called *target*."""
        there = self.states.get(target)
        return next((one for one, begin, end in self.transitions if (begin, end) == (origin, there)), None)


@dataclass(frozen=True, slots=True)
class Drawer:
    """A cabinet."""

    id: int
    label: str
    parent: int | None


class Catalogue:
    """The things of one Mayan, asked for when they are needed; threads share it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._found: dict[str, tuple[float, object]] = {}
        self._lock = threading.Lock()

    def document_type(self) -> int:
        """Return the key of the type of letters; raises NotSetUp, as all of these do."""
        label = self.server.options.document_type
        return self._of("document type", lambda: self._called("document type", "/document_types/", "label", label))

    def metadata_type(self, name: str) -> int:
        return self._of(f"metadata {name}", lambda: self._metadata_type(name))

    def sequence(self, name: str) -> int:
        what = "sequence"
        return self._of(f"{what} {name}", lambda: self._called(what, "/sequences/", "internal_name", name))

    def workflow(self) -> Workflow:
        return self._of("workflow", self._workflow)

    def drawers(self) -> tuple[Drawer, ...]:
        """Return every cabinet, read anew: people come and go."""
        return tuple(Drawer(row["id"], row["label"], row["parent_id"]) for row in self.server.every("/cabinets/"))

    def _of(self, key: str, look: Callable[[], Found]) -> Found:
        with self._lock:
            at, found = self._found.get(key, (0.0, None))
        if found is not None and time.monotonic() - at < FRESH_SECONDS:
            return found  # type: ignore[return-value]  # what *look* gave under this key
        made = look()
        with self._lock:
            self._found[key] = time.monotonic(), made
        return made

    def _called(self, what: str, path: str, field: str, name: str) -> int:
        for row in self.server.every(path):
            if row[field] == name:
                return int(row["id"])
        raise NotSetUp(f"there is no {what} {name!r} that {self.server.options.login!r} may see")

    def _metadata_type(self, name: str) -> int:
        kind = self.document_type()
        for row in self.server.every(f"/document_types/{kind}/metadata_types/"):
            if row["metadata_type"]["name"] == name:
                return int(row["metadata_type"]["id"])
        raise NotSetUp(f"the document type has no metadata type {name!r}")

    def _workflow(self) -> Workflow:
        key = self._called("workflow", "/workflow_templates/", "internal_name", self.server.options.workflow)
        states = list(self.server.every(f"/workflow_templates/{key}/states/"))
        first = next((row["label"] for row in states if row["initial"]), "")
        ways = self.server.every(f"/workflow_templates/{key}/transitions/")
        return Workflow(key, {row["label"]: row["id"] for row in states}, first, tuple(_way(row) for row in ways))


def _way(row: Json) -> tuple[int, int, int]:
    return row["id"], row["origin_state"]["id"], row["destination_state"]["id"]

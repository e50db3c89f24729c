# SPDX-License-Identifier: GPL-3.0-or-later
"""The ten rules of docs/adding-an-edms.md as laws, by what they are about; `tests.edms_adapter.contract` joins them.

A law asks the adapter through the port, and the system's own people whether it is so.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

import pytest

from gateway.errors import Refused
from gateway.model import CardRef, Document, EventKind, Number
from gateway.ports import Edms, EdmsEvent, Failpoint, Registration, Waiting
from tests.edms_adapter.systems import Lack, System
from tests.edms_adapter.systems.process import register, work_in

PATIENCE_SECONDS = 60  # LIMIT: for what another process should have said
Item = TypeVar("Item")
MANY_PAGES = 500  # LIMIT: a sweep that is longer does not end


class Broken(Exception):
    """What a failpoint of a law raises."""


def needs(*abilities: Lack) -> None:
    """Leave the law to those who have the *abilities*; the report shows why it cannot hold here."""
    for lack in abilities:
        if lack:
            pytest.skip(f"declared: {lack}")


def breaking_at(name: str) -> Failpoint:
    def failpoint(here: str) -> None:
        if here == name:
            raise Broken(name)

    return failpoint


def not_now(call: Callable[[], object]) -> Exception:
    """Return what *call* raised; it must have raised something, and nothing that the partner would be told."""
    try:
        answer = call()
    except Refused as refused:
        raise AssertionError("the partner would be told") from refused
    except Exception as error:
        return error
    raise AssertionError(f"it answered {answer!r}")


def registered(
    system: System,
    document: Document | None = None,
    exchange: str = "ex-1",
    **rest: Any,  # Any: the fields of Intake
) -> Registration:
    """Register a letter, with the help of the system's people where it does not do it alone."""
    made = register(system.edms, document, exchange, **rest)
    if isinstance(made, Waiting):
        assert system.abilities.numbers, f"it waits: {made.reason}"
        system.take_up(made.ref)
        made = register(system.edms, document, exchange, **rest)
    assert isinstance(made, Registration)
    return made


def place_of(number: Number) -> int:
    """Return which of a counter's numbers this is: its last digits."""
    return int(re.findall(r"\d+", number.text)[-1])


# --- what people do and hear -----------------------------------------------------------------------------------------


def work_on(system: System, card: CardRef) -> None:
    """Let people do with a document something that is told; once for each card."""
    if not system.abilities.forwarding:
        system.forward(card, "Полева")
    else:
        needs(system.abilities.execution)
        system.execute(card, "исполнено")


def is_told(events: Sequence[EdmsEvent], exchange: str) -> bool:
    """Say whether what `work_on` did is among *events*."""
    return any(
        one.exchange == exchange
        and (
            one.event.kind is EventKind.EXECUTED
            or (one.event.kind is EventKind.FORWARDED and one.event.to is not None and "Полева" in one.event.to.name)
        )
        for one in events
    )


def swept(edms: Edms, cursor: str | None = None, limit: int = 500) -> tuple[list[EdmsEvent], str]:
    """Return everything from *cursor* on, read in pages of *limit*, and the cursor after it."""
    events: list[EdmsEvent] = []
    for _ in range(MANY_PAGES):
        page = edms.changes(cursor, limit)
        assert len(page.events) <= limit
        events += page.events
        cursor = page.cursor
        if not page.more:
            return events, cursor
    raise AssertionError("it never comes to an end")


def in_pages(page_after: Callable[[list[Item]], Sequence[Item]]) -> list[Item]:
    """Return everything that comes in pages of two; *page_after* is given what came before."""
    found: list[Item] = []
    for _ in range(MANY_PAGES):
        page = page_after(found)
        assert len(page) <= 2
        found += page
        if not page:
            return found
    raise AssertionError("it never comes to an end")


def keys(events: Sequence[EdmsEvent]) -> set[tuple[str, str]]:
    return {(one.exchange, one.event.key) for one in events}


# --- other processes -------------------------------------------------------------------------------------------------

# Each is forked from one that imported everything and opened nothing: as good as new, and there at once.
FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(["tests.edms_adapter.systems.process"])


@dataclass
class Another:
    """One more process on the system, opened and waiting for `go`; it is gone when the block of `processes` ends."""

    process: BaseProcess
    line: Connection

    def go(self) -> None:
        self.line.send("go")

    def said(self) -> Any:  # Any: whatever the process tells
        assert self.line.poll(PATIENCE_SECONDS), "it says nothing"
        return self.line.recv()

    def answers(self) -> list[list[str]]:
        """Wait for the end and return what its calls answered."""
        told: list[list[str]] = self.said()
        return told

    def killed_inside(self) -> None:
        """Let it work, and kill it, with no chance to tidy up, where its failpoint is."""
        self.go()
        assert self.said() == "inside"
        self.process.kill()
        self.process.join()


@contextmanager
def processes(system: System, *works: str) -> Iterator[list[Another]]:
    """Give a process for each of *works* (see `systems.process`) on the system."""
    with ExitStack() as stack:
        made = []
        for work in works:
            ours, theirs = FORKS.Pipe()
            process = FORKS.Process(target=work_in, args=(theirs, work, system.recipe))
            stack.callback(_end, process, ours)
            process.start()
            theirs.close()
            made.append(Another(process, ours))
        for one in made:
            assert one.said() == "ready"
        yield made


def _end(process: BaseProcess, line: Connection) -> None:
    line.close()
    if process.pid is not None:
        process.kill()
        process.join()
    process.close()

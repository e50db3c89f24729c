# SPDX-License-Identifier: GPL-3.0-or-later
"""What the laws ask of an adapter, in this process or in another one on the same system, so that both mean the same.

A process is given a line to the test, a WORK and a `System.recipe`: `work_in`.  WORK is one of

- ``register:N``: N threads register the letter at once;
- ``record:REF``: four threads write NEWS onto a dispatch;
- ``register-until:N:FAILPOINT``, ``attach-until:N:FAILPOINT``: with the letter `nth` (N), up to the failpoint; there
  it says ``inside`` and stays until it is killed.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, cast

from gateway.content import Held
from gateway.model import (
    Contents,
    Document,
    Event,
    EventKey,
    EventKind,
    ExchangeId,
    Number,
    Party,
    Person,
    Refusal,
)
from gateway.ports import Edms, Failpoint, Registration, Waiting, nothing_fails
from tests.edms_adapter.desk import MORNING, PDF, TODAY, file_of, intake, letter

PLAN = Held(b"a plan " * 100)
LARGE = Held(b"0123456789abcdef" * 100_000)  # of more than one block, larger than any EDMS keeps in a row
EMPTY = Held(b"")
SIGNATURE = Held(b"\x30\x82 detached signature")
CONTENTS: Contents = {one.sha256: one for one in (PDF, PLAN, LARGE, EMPTY, SIGNATURE)}
THERE = Party(person=Person("Берегова Т. К.", "директор"))
NEWS = (
    Event(EventKind.RECEIVED, EventKey("received"), MORNING),
    Event(EventKind.REGISTERED, EventKey("registered"), MORNING, number=Number("77", TODAY)),
    *(Event(EventKind.FORWARDED, EventKey(f"forwarded-{place}"), MORNING, to=THERE) for place in range(4)),
    Event(EventKind.DEREGISTERED, EventKey("deregistered"), MORNING, number=Number("77", TODAY), text="ошибочно"),
)
REFUSAL = Event(EventKind.REFUSED, EventKey("refused"), MORNING, refusal=Refusal(1004, "нет подписи"))


def nth(place: int) -> Document:
    """Return one of many letters that have nothing to do with each other."""
    return letter(f"doc-{place}", f"14/{place}")


def register(
    edms: Edms,
    document: Document | None = None,
    exchange: str = "ex-1",
    contents: Contents = CONTENTS,
    **rest: Any,  # Any: the fields of Intake
) -> Registration | Waiting:
    """Register *document*, a letter with one file by default; *rest* goes into the intake."""
    return edms.register(document or letter(), contents, ExchangeId(exchange), intake(**rest))


ADDITION = letter(number="", files=(file_of(PLAN, "План.tif"),))


def attach(edms: Edms, follow_up: Document = ADDITION, exchange: str = "ex-1", own: str = "follow-1") -> Registration:
    """Add *follow_up*, a plan by default, to the card of *exchange*."""
    return edms.attach(ExchangeId(exchange), follow_up, CONTENTS, ExchangeId(own))


def answer_of(made: Registration | Waiting) -> list[str]:
    """Return card, number and date, and whether it was made just now, as texts: the same wherever it was asked."""
    if isinstance(made, Waiting):
        return [made.ref, made.reason, "", ""]
    return [made.ref, made.number.text, str(made.number.date), str(made.created)]


def opened(recipe: tuple[str, ...], failpoint: Failpoint = nothing_fails) -> Edms:
    """Return the adapter that a `System.recipe` describes."""
    place, *arguments = recipe
    module, _, name = place.partition(":")
    return cast(Edms, getattr(import_module(module), name)(*arguments, failpoint))


def work_in(line: Connection, work: str, recipe: tuple[str, ...]) -> None:
    """Open the adapter, say ``ready``, wait for a word, work, and say what came of it."""
    kind, detail, failpoint = (*work.split(":", 2), "")[:3]

    def until(name: str) -> None:
        if name == failpoint:
            line.send("inside")
            threading.Event().wait()

    edms = opened(recipe, until)
    calls, act = asked(kind, detail, edms)
    line.send("ready")
    line.recv()
    with ThreadPoolExecutor(calls) as pool:
        line.send(list(pool.map(act, range(calls))))
    edms.close()


def record(edms: Edms, ref: str, place: int) -> list[str]:
    """Write the news onto a dispatch, every other time in the opposite order."""
    edms.record(ref, NEWS if place % 2 else NEWS[::-1])
    return [ref]


def asked(kind: str, detail: str, edms: Edms) -> tuple[int, Callable[[int], list[str]]]:
    """Return how many threads shall do what."""
    if kind == "register":
        return int(detail), lambda _: answer_of(register(edms))
    if kind == "record":
        return 4, lambda place: record(edms, detail, place)
    if kind == "attach-until":
        return 1, lambda _: answer_of(attach(edms, ADDITION, f"ex-{detail}", f"follow-{detail}"))
    return 1, lambda _: answer_of(register(edms, nth(int(detail)), f"ex-{detail}"))

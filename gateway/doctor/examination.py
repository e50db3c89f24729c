# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole examination: what belongs to a configuration, all of it at once, each part in its place."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gateway.doctor import clock, disk, domains, door, edms, folder, journal, mailbox, proof, relay
from gateway.doctor.finding import Finding, bad
from gateway.doctor.patience import apart
from gateway.ports import Clock
from gateway.settings import Settings

DATABASES = 3  # a database has as many times the patience: it is asked many things


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is examined, and from where."""

    settings: Settings
    config: Path
    clock: Clock
    seconds: float  # the longest wait for one answer
    running: bool  # a service of this journal runs on this machine


Part = tuple[str, Callable[[], Awaitable[tuple[Finding, ...]]]]


def parts(circumstances: Circumstances) -> Iterator[Part]:
    """Yield everything there is to examine, by its heading."""
    settings, seconds, now = circumstances.settings, circumstances.seconds, circumstances.clock.now()
    yield "this machine", partial(_machine, circumstances)
    yield "journal", partial(_database, "journal", lambda: journal.looked_at(settings.journal), seconds)
    yield "EDMS", partial(_database, "EDMS", lambda: edms.looked_at(settings), seconds)
    for listener in settings.listeners:
        look = partial(door.examined, listener, settings, seconds, now, running=circumstances.running)
        yield f'listener "{listener.name}"', partial(apart, look, 2 * seconds)
    for box in settings.mailboxes:
        yield f'mailbox "{box.name}"', partial(mailbox.examined, box, settings, seconds, now)
    for one in settings.folders:
        yield f'folder "{one.name}"', partial(folder.examined, one, settings.limits.letter, seconds, now)
    for channel in settings.channels:
        if channel.folder_out is not None:
            yield f'folder of channel "{channel.id}"', partial(apart, partial(folder.examined_out, channel), seconds)
    for way in (settings.relay, *settings.other_relays):
        yield relay.called(way), partial(relay.examined, way, settings, seconds, now)
    yield "DNS", partial(apart, lambda: domains.examined(settings, seconds), 4 * seconds)
    if settings.channels:
        yield "partners", partial(apart, lambda: proof.examined(settings), seconds)


async def examined(circumstances: Circumstances) -> AsyncIterator[tuple[str, tuple[Finding, ...]]]:
    """Yield each heading with its findings, in order; all parts are tried at the same time."""
    begun = [(name, asyncio.ensure_future(_guarded(name, part))) for name, part in parts(circumstances)]
    try:
        for name, found in begun:
            yield name, await found
    finally:
        for _, found in begun:
            found.cancel()


async def _guarded(name: str, part: Callable[[], Awaitable[tuple[Finding, ...]]]) -> tuple[Finding, ...]:
    """Return the findings of *part*; what nobody expected is one too, so that the others are heard."""
    try:
        return await part()
    except TimeoutError:
        return (bad(name, "no answer in time", "look whether it works at all; --patience waits longer", away=True),)
    except Exception as error:  # an edge: a server can make a library raise anything
        said = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        return (bad(name, said, "this is no answer the gateway knows: report it with this line"),)


async def _database(name: str, look: Callable[[], tuple[Finding, ...]], seconds: float) -> tuple[Finding, ...]:
    try:
        return await apart(look, DATABASES * seconds)
    except Exception as error:  # an edge: adapters and drivers raise what they like when they are not answered
        said = str(error).splitlines()[0][:300] if str(error) else f"no answer in {DATABASES * seconds:g} s"
        remedy = f"start its server, or mend its address under [{name.lower()}]"
        return (bad(f"connection to the {name}", said, remedy, away=True),)


async def _machine(circumstances: Circumstances) -> tuple[Finding, ...]:
    settings, seconds = circumstances.settings, circumstances.seconds
    found = list(await apart(lambda: disk.examined(settings, circumstances.config), seconds))
    found.append(await apart(lambda: clock.kept(seconds), seconds + 1))
    for whose, ask in (
        ("journal", partial(journal.moment_of, settings.journal)),
        ("EDMS", partial(edms.moment_of, settings)),
    ):
        try:
            there = await apart(ask, DATABASES * seconds)
        except Exception:  # an edge: that it does not answer is said under its own heading
            continue
        found += clock.compared(f"the {whose}'s database", there, circumstances.clock.now())
    return tuple(found)

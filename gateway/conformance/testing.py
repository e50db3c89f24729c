# SPDX-License-Identifier: GPL-3.0-or-later
"""One run from beginning to end: our own gateway set up and tested, or another vendor's where it stands."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.conformance.case import Case
from gateway.conformance.door import door
from gateway.conformance.ground import Ground
from gateway.conformance.inside import Look
from gateway.conformance.judging import Result
from gateway.conformance.ourselves import Ourselves, free_port
from gateway.conformance.play import Course, Patience, Play, Say
from gateway.journal.store import Journal
from gateway.outbound.post import Relay, SmtpPost

CONNECTIONS = 8  # LIMIT: by which letters go at once
OURSELVES = Patience(answer=60, documents=60, quiet=2)
REACH_SECONDS = 20.0  # LIMIT: for a first connection to their server
PROGRAM = (sys.executable, "-m", "gateway")


@dataclass(frozen=True, slots=True)
class Peer:
    """The gateway of another vendor: where it takes letters, and where we listen for its own."""

    via: Relay
    host: str
    port: int
    patience: Patience
    strict: bool = False  # refusals must have our codes and places


async def of_ourselves(
    home: Path,
    grounds: Sequence[Ground],
    cases: Sequence[Case],
    program: Sequence[str] = PROGRAM,
    say: Say = lambda words: None,
) -> tuple[Result, ...]:
    """Set up a gateway of our own in *home*, run it as *program* and return what became of *cases*.

    *say* is told how far it is.
    Raises OSError when it does not start, or does not come to rest.
    """
    ourselves = Ourselves(home, grounds, free_port())
    async with door("127.0.0.1", 0, _addresses(grounds)) as (collecting, relay):
        ourselves.set_up(relay)
        with ourselves.running(program) as process:
            await ourselves.opened(process)
            journal = Journal.open(f"sqlite:///{home / 'journal.db'}", home / "blobs")
            post = SmtpPost(Relay("127.0.0.1", ourselves.port, tls="none", max_connections=CONNECTIONS))
            play = Play(
                grounds={ground.dialect: ground for ground in grounds},
                courses=_courses(grounds, cases),
                post=post,
                collecting=collecting,
                ask=ourselves.ask,
                patience=OURSELVES,
                inside=Look(journal, ourselves.registry),
                strict=True,
                say=say,
            )
            try:
                return await play.run()
            finally:
                await post.close()
                journal.close()


async def of_peer(peer: Peer, ground: Ground, cases: Sequence[Case], say: Say) -> tuple[Result, ...]:
    """Return what became of *cases* at another vendor's gateway.

    *say* asks its people for what they must do, and tells how far it is.

    Raises OSError when their server does not answer, or when we cannot listen where we shall.
    """

    async def ask(where: Ground, count: int) -> None:
        say(f"Now send {count} documents, each with a file, to {where.ours.name}, index {where.ours.index}.")

    await _reached(peer.via)
    async with door(peer.host, peer.port, _addresses([ground])) as (collecting, port):
        say(f"Listening for answers on {peer.host}:{port}.")
        post = SmtpPost(peer.via)
        courses = _courses([ground], cases)
        play = Play(
            {ground.dialect: ground}, courses, post, collecting, ask, peer.patience, strict=peer.strict, say=say
        )
        try:
            return await play.run()
        finally:
            await post.close()


async def _reached(via: Relay) -> None:
    """Return when their server takes a connection; raises OSError otherwise, before anything is waited for."""
    try:
        async with asyncio.timeout(REACH_SECONDS):
            _, writer = await asyncio.open_connection(via.host, via.port)
            writer.close()
    except (OSError, TimeoutError) as error:
        why = str(error) or f"no answer within {REACH_SECONDS:.0f} s"
        raise OSError(f"nobody answers at {via.host}:{via.port}, the mail server of --via: {why}") from error


def _addresses(grounds: Sequence[Ground]) -> list[str]:
    return [side.address for ground in grounds for side in ground.ours_all]


def _courses(grounds: Sequence[Ground], cases: Sequence[Case]) -> list[Course]:
    known = {ground.dialect: ground for ground in grounds}
    return [Course(case, known[case.dialect]) for case in cases]

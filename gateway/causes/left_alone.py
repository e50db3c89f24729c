# SPDX-License-Identifier: GPL-3.0-or-later
"""Relays that do not work and partners that put everything off, with the letters that wait behind them."""

from collections import Counter
from collections.abc import Iterator

from gateway.causes.cause import Cause
from gateway.causes.look import Look
from gateway.doors import Posts
from gateway.journal import circuits, entries
from gateway.outbound.circuits import names_of
from gateway.settings import Settings


def left_alone(look: Look) -> Iterator[Cause]:
    """Nobody need get up for a server that no letter waits for."""
    found = circuits.stand(look.tx)
    behind = waiting_behind(entries.waiting(look.tx), look.settings) if found else Counter()
    for one in found:
        if number := behind[one.name]:
            what = f"{one.name} is left alone, {counted(number)} behind it"
            remedy = "edms-gateway queue list; once it works: edms-gateway queue retry N, and the others follow"
            yield Cause(f"alone:{one.name}", what, one.opened_at, one.words, remedy)


def waiting_behind(waiting: dict[str, int], settings: Settings) -> Counter[str]:
    """Return how many letters wait behind each relay and partner, from how many wait in each lane."""
    posts, behind = Posts(settings), Counter[str]()
    for lane, letters in waiting.items():
        for name in names_of(posts.relay_of_lane(lane), lane):
            behind[name] += letters
    return behind


def counted(letters: int) -> str:
    return f"{letters} letter waits" if letters == 1 else f"{letters} letters wait"

# SPDX-License-Identifier: GPL-3.0-or-later
"""What one partner's flood of bad letters costs another partner's good ones, and letters that wait to be sent.

The same good letters come at the same quiet pace twice: alone, and while thousands of the flooder's letters, which
nobody can read, wait to be worked on.  The difference of the 95th of 100 is what the flood costs.
"""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench import world
from bench.chain import CONNECTIONS, fresh, warmed
from bench.figures import Line, quantile
from bench.gateways import Gateway, prepare, running
from bench.letters import Posting, part
from tests.story.partner import passport

DELAY_SECONDS = 1.0  # aim, for 95 of 100
FLOODER = "flood@vologda.example"
_FLOODER = f"""
[[channel]]
id = "flooder"
address = "{FLOODER}"
[channel.proof]
kind = "network"
peers = ["127.0.0.1"]
[[partner]]
id = "flooder"
name = "Flooder"
channel = "flooder"
indices = ["EX-VOLOGDA"]
mode = "live"
"""
_BAD = f"""\
From: {FLOODER}\r
To: edms@minsk.example\r
Subject: {{id}}\r
Message-ID: <{{id}}@vologda.example>\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary="=_{{id}}"\r
\r
"""
CUT = 120  # bytes that every bad passport lacks
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Size:
    bad: int  # letters of the flooder
    good: int  # letters of the other partner, each time
    per_second: float  # the pace of the good ones


async def measure(home: Path, size: Size) -> list[Line]:
    """Measure the good letters alone, then while the bad ones wait."""
    outlet = world.Outlet()
    office = prepare(home / "fairness", await outlet.open())
    partners = office.home / "partners.toml"
    partners.write_text(partners.read_text(encoding="utf-8") + _FLOODER, encoding="utf-8")
    with running(office) as gateway:
        await warmed(gateway, outlet)
        alone = await _waits(gateway, outlet, size)
        flood = asyncio.create_task(
            world.bring(gateway.port, list(_flood(size.bad)), CONNECTIONS, patience=900, sender=FLOODER)
        )
        await _until(gateway, size.bad // 2, flood)
        flooded = await _waits(gateway, outlet, size)
        waiting = _waiting(gateway)
        await flood
    outlet.close()
    return _lines(size, alone, flooded, waiting)


async def _waits(gateway: Gateway, outlet: world.Outlet, size: Size) -> list[float]:
    """Return for each good letter the seconds from the moment it was due to the moment its report had left."""
    letters = fresh(size.good)
    outlet.expect(letters)
    patience = size.good / size.per_second + 120
    sent = await world.bring(gateway.port, letters, 2, per_second=size.per_second, patience=patience)
    await outlet.all_answered()
    return [outlet.left[letter.id][-1] - sent.due[letter.id] for letter in letters]


async def _until(gateway: Gateway, bad: int, flood: "asyncio.Task[world.Load]") -> None:
    """Return when so many *bad* letters wait, or all have come."""
    while not flood.done() and _waiting(gateway) < bad:
        await asyncio.sleep(0.2)


def _waiting(gateway: Gateway) -> int:
    with closing(sqlite3.connect(f"file:{gateway.journal}?mode=ro", uri=True)) as line:
        (found,) = line.execute("SELECT count(*) FROM entries WHERE state = 'accepted'").fetchone()
        return int(found)


def _flood(number: int) -> Iterator[Posting]:
    for _ in range(number):
        id = f"{next(_numbers):032x}"
        inside = passport(message_id=id, return_id=id, uid=id, number=id[-6:], sender="EX-VOLOGDA")
        cut = inside.encode("utf-8-sig")[:-CUT]  # a passport that breaks off: its sender hears why, as far as we can
        yield Posting(id, _BAD.format(id=id).encode() + part(id, "application/xml", "DocInfo.xml", cut) + _end(id))


def _end(id: str) -> bytes:
    return f"--=_{id}--\r\n".encode()


def _lines(size: Size, alone: list[float], flooded: list[float], waiting: int) -> list[Line]:
    before, during = quantile(alone, 0.95), quantile(flooded, 0.95)
    spread = f"{min(flooded):.2f} … {max(flooded):.2f}"
    return [
        Line(f"arrival to report, p95, {size.per_second:g} letters/s, alone", f"{before:.2f} s"),
        Line(f"the same while {size.bad} bad letters come, p95", f"{during:.2f} s", spread=spread),
        Line("bad letters still waiting when the last good one was answered", str(waiting)),
        Line(
            "delay by another partner's flood, p95",
            f"{during - before:.2f} s",
            f"≤ {DELAY_SECONDS:g} s",
            during - before <= DELAY_SECONDS,
        ),
    ]

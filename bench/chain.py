# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters per second through the whole chain beside Postfix and a bare aiosmtpd, and the way of one letter in time.

The chain ends when the receipt and the registration report of the last letter have left; the rivals' race ends with
their last 250.  The rounds go A B C, A B C …; whoever is not measured stands still.
"""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

from bench import rivals, world
from bench.figures import Line, middle, quantile, ratios, spread
from bench.gateways import Gateway, prepare, running
from bench.letters import Posting, postings

CONNECTIONS = 8
SHARE_OF_POSTFIX = 0.3  # aim
REPORT_SECONDS = 1.0  # aim, for 95 of 100
OURS, POSTFIX, AIOSMTPD = "gateway, full chain", "Postfix, queue and discard", "aiosmtpd, thrown away"

_series = count(1)


@dataclass(frozen=True, slots=True)
class Size:
    rounds: int
    letters: int  # in one round, for each
    at_half_load: int  # letters


@dataclass(slots=True)
class Rounds:
    """Letters per second, a figure for each round, by name."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    taken: list[float] = field(default_factory=list)  # by the gateway: letters it had answered 250
    processor: list[float] = field(default_factory=list)  # seconds of processor time for a letter, gateway

    def note(self, name: str, rate: float) -> None:
        self.rates.setdefault(name, []).append(rate)


async def measure(home: Path, size: Size) -> list[Line]:
    """Run the comparison and then the gateway alone at half the load it bore."""
    missing = rivals.postfix_is_missing()
    rounds = Rounds()
    outlet = world.Outlet()
    office = prepare(home / "chain", await outlet.open())
    with ExitStack() as stack:
        gateway = stack.enter_context(running(office))
        bare = stack.enter_context(rivals.aiosmtpd())
        postfix = None if missing else stack.enter_context(rivals.postfix(home / "postfix"))
        await warmed(gateway, outlet)
        for _ in range(size.rounds):
            letters = postings(next(_series), size.letters)
            await _through_gateway(gateway, outlet, letters, rounds)
            with gateway.paused():
                if postfix is not None:
                    rounds.note(POSTFIX, await _rate(postfix, letters))
                    rivals.emptied(home / "postfix")
                rounds.note(AIOSMTPD, await _rate(bare, letters))
        lines = _throughput(rounds, missing)
        load = median(rounds.rates[OURS]) / 2
        lines += await _latency(gateway, outlet, load, size.at_half_load)
    outlet.close()
    return lines


async def warmed(gateway: Gateway, outlet: world.Outlet, letters: int = 20) -> None:
    """Send a few letters through *gateway*, so that every process has loaded what it needs."""
    await answered(gateway, outlet, postings(next(_series), letters))


async def answered(gateway: Gateway, outlet: world.Outlet, letters: list[Posting]) -> tuple[float, float]:
    """Send *letters* as fast as they are taken; return the seconds until all were taken, and were answered."""
    outlet.expect(letters)
    began = time.monotonic()
    await world.bring(gateway.port, letters, CONNECTIONS)
    taken = time.monotonic()
    await outlet.all_answered()
    return taken - began, time.monotonic() - began


def fresh(number: int) -> list[Posting]:
    """Return *number* letters that nobody has seen."""
    return postings(next(_series), number)


async def _through_gateway(gateway: Gateway, outlet: world.Outlet, letters: list[Posting], rounds: Rounds) -> None:
    used = gateway.processor_seconds()
    taken, whole = await answered(gateway, outlet, letters)
    rounds.taken.append(len(letters) / taken)
    rounds.note(OURS, len(letters) / whole)
    rounds.processor.append((gateway.processor_seconds() - used) / len(letters))


async def _rate(port: int, letters: list[Posting]) -> float:
    began = time.monotonic()
    await world.bring(port, letters, CONNECTIONS)
    return len(letters) / (time.monotonic() - began)


def _throughput(rounds: Rounds, missing: str) -> list[Line]:
    lines = [Line(f"{name}, letters/s", middle(rates), spread=spread(rates)) for name, rates in rounds.rates.items()]
    lines.append(Line("gateway, only taking (250), letters/s", middle(rounds.taken), spread=spread(rounds.taken)))
    used = [1000 * seconds for seconds in rounds.processor]
    lines.append(Line("gateway, processor time of a letter, ms", middle(used, 1), spread=spread(used, 1)))
    ours = rounds.rates[OURS]
    if missing:
        lines.append(Line("full chain / Postfix", f"not measured: {missing}", f"≥ {SHARE_OF_POSTFIX}"))
    else:
        found = ratios(ours, rounds.rates[POSTFIX])
        met = median(found) >= SHARE_OF_POSTFIX
        lines.append(Line("full chain / Postfix", middle(found, 2), f"≥ {SHARE_OF_POSTFIX}", met, spread(found, 2)))
    found = ratios(ours, rounds.rates[AIOSMTPD])
    lines.append(Line("full chain / bare aiosmtpd", middle(found, 2), spread=spread(found, 2)))
    return lines


async def _latency(gateway: Gateway, outlet: world.Outlet, load: float, number: int) -> list[Line]:
    """Measure from the moment a letter is due to the moment its report has left, at *load* letters per second."""
    letters = fresh(number)
    outlet.expect(letters)
    sent = await world.bring(gateway.port, letters, CONNECTIONS, per_second=load, patience=number / load + 120)
    await outlet.all_answered()
    waits = [outlet.left[letter.id][-1] - sent.due[letter.id] for letter in letters]
    replies = [sent.accepted[letter.id] - sent.due[letter.id] for letter in letters]
    p95 = quantile(waits, 0.95)
    rate = f"at {load:.0f} letters/s"
    return [
        Line(f"arrival to 250, p50 / p95, {rate}", f"{quantile(replies, 0.5):.2f} / {quantile(replies, 0.95):.2f} s"),
        Line(f"arrival to report, p50, {rate}", f"{quantile(waits, 0.5):.2f} s"),
        Line(
            f"arrival to report, p95, {rate}",
            f"{p95:.2f} s",
            f"≤ {REPORT_SECONDS:.0f} s",
            p95 <= REPORT_SECONDS,
            f"{min(waits):.2f} … {max(waits):.2f}",
        ),
    ]

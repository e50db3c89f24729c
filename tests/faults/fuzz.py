# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile bytes by the million, against everything that reads what strangers send.

    python -m tests.faults.fuzz --inputs 1000000 --seed 1

Every input is fed whole; where a target reads a stream, also byte by byte and in random blocks, with equal results.
A finding is: an exception the contract does not name, a promise that does not hold, results that differ, or more work
than a budget.  The work is counted in calls, on a sample of the inputs; a clock of the processor's time stands behind
it only to end what would never end.
"""

import argparse
import logging
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import process_time
from types import FrameType
from typing import Any

import structlog

from gateway.errors import Refused
from tests.faults.fuzz_targets import TARGETS, Target
from tests.faults.mutations import cut

CALLS_ALWAYS = 30_000  # LIMIT: calls of Python functions any input may cost …
CALLS_PER_BYTE = 150  # … and for each of its bytes
COUNTED = 97  # one input in so many has its calls counted
HANG_SECONDS = 20  # LIMIT: of processor time; nothing of 6 KiB takes a thousandth of it
KEPT = 5  # findings kept whole for each target
SHARES = {  # of the inputs; what takes longer gets fewer
    "letters": 12, "headers": 12, "file names": 14, "auth-results": 14, "imap guard": 8, "smtp data": 12,
    "smtp paths": 12, "dsn": 6, "xml": 4, "passports": 7, "smdo": 7, "values": 4, "gost2010": 7, "bodies": 4,
    "medo": 7, "medo values": 1, "archives": 4, "standards": 2,
}  # fmt: skip


class TooMuchWork(Exception):
    """An input cost more than its budget."""


@dataclass
class Tally:
    """What became of the inputs of one target."""

    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0  # of processor time, for the table only
    crashes: list[dict[str, str]] = field(default_factory=list)


def run(inputs: int, seed: int) -> dict[str, Any]:
    """Feed at least *inputs* inputs, shared out over the targets; the same *seed* gives the same inputs.

    Returns {"seed", "inputs", "targets": {name: Tally}, "crashes": every finding}.
    """
    whole = sum(SHARES.values())
    shares = {name: -(-inputs * share // whole) for name, share in SHARES.items()}  # rounded up: never fewer in all
    tallies = {t.name: _target(t, shares[t.name], Random(f"{seed}/{t.name}")) for t in TARGETS}
    crashes = [finding for tally in tallies.values() for finding in tally.crashes]
    return {"seed": seed, "inputs": sum(t.inputs for t in tallies.values()), "targets": tallies, "crashes": crashes}


def _target(target: Target, inputs: int, random: Random) -> Tally:
    tally, seeds = Tally(), target.seeds()
    started = process_time()
    for number in range(inputs):
        octets = target.make(random, seeds, target.tokens) if number >= len(seeds) else seeds[number]
        outcome, finding = examine(target, octets, random, counted=number % COUNTED == 0)
        tally.inputs += 1
        tally.outcomes[outcome] += 1
        if finding and len(tally.crashes) < KEPT:
            tally.crashes.append({"target": target.name, "what": finding, "input": octets.hex()})
    tally.seconds = process_time() - started
    return tally


def examine(target: Target, octets: bytes, random: Random, *, counted: bool = False) -> tuple[str, str]:
    """Return what *target* made of *octets* ("read", "refused", "FINDING") and, for a finding, what it is."""
    try:
        with _watched(len(octets) if counted else None):
            outcome, result = _fed(target, [octets])
            if target.in_blocks:
                single = [octets[at : at + 1] for at in range(len(octets))]
                for way, blocks in (("byte by byte", single), ("in blocks", cut(random, octets))):
                    if _fed(target, blocks) != (outcome, result):
                        return "FINDING", f"{way} it reads otherwise than whole"
    except Exception as error:  # whatever it is, it is what we look for
        return "FINDING", f"{type(error).__name__}: {error}"[:300]
    return outcome, ""


def _fed(target: Target, blocks: list[bytes]) -> tuple[str, object]:
    try:
        return "read", target.read(blocks)
    except target.allowed as refused:
        return "refused", (refused.reason, refused.place) if isinstance(refused, Refused) else type(refused)


@contextmanager
def _watched(size: int | None) -> Iterator[None]:
    """End what hangs; with *size* in bytes, also count its calls against the budget (fed up to three times)."""
    calls, most = 0, 3 * (CALLS_ALWAYS + CALLS_PER_BYTE * (size or 0))

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"
        if calls > most:
            sys.setprofile(None)
            raise TooMuchWork(f"more than {most} calls for {size} bytes")

    def hangs(number: int, frame: FrameType | None) -> None:
        raise TooMuchWork(f"more than {HANG_SECONDS} s of processor time")

    before = signal.signal(signal.SIGVTALRM, hangs)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANG_SECONDS)
    sys.setprofile(count if size is not None else None)
    try:
        yield
    finally:
        sys.setprofile(None)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def table(result: dict[str, Any]) -> str:
    """Return *result* for people."""
    lines = [f"{'target':14}{'inputs':>10}{'read':>10}{'refused':>10}{'findings':>10}{'inputs/s':>10}"]
    for name, tally in result["targets"].items():
        counts = [tally.outcomes[kind] for kind in ("read", "refused", "FINDING")]
        speed = f"{tally.inputs / max(tally.seconds, 0.001):.0f}"
        lines.append(f"{name:14}{tally.inputs:>10}" + "".join(f"{count:>10}" for count in counts) + f"{speed:>10}")
    lines.append(f"seed {result['seed']}: {result['inputs']} inputs, {len(result['crashes'])} findings kept")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=Path, help="folder for the inputs of findings")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    result = run(chosen.inputs, chosen.seed)
    print(table(result))
    for number, finding in enumerate(result["crashes"]):
        print(f"{finding['target']}: {finding['what']}\n  {finding['input'][:400]}")
        if chosen.into:
            chosen.into.mkdir(parents=True, exist_ok=True)
            (chosen.into / f"{number}-{finding['target'].replace(' ', '-')}.bin").write_bytes(
                bytes.fromhex(finding["input"])
            )
    return 1 if result["crashes"] else 0


if __name__ == "__main__":
    sys.exit(main())

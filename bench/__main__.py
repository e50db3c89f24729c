# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m bench``: run the measurements and print one table; exit 1 when an aim is missed."""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from bench import chain, changes, depth, dialects, fairness, large, registrations
from bench.figures import Line, table
from bench.world import Broken

Measure = Callable[[Path], Awaitable[list[Line]]]
FULL: dict[str, Measure] = {
    "chain": lambda home: chain.measure(home, chain.Size(rounds=5, letters=200, at_half_load=200)),
    "large": lambda home: large.measure(home, 200),
    "depth": lambda home: depth.measure(home, depth.Size(rounds=5, letters=60, journals=(1_000, 10_000, 100_000))),
    "fairness": lambda home: fairness.measure(home, fairness.Size(bad=10_000, good=100, per_second=5)),
    "registrations": lambda home: registrations.measure(home, registrations.Size(rounds=7, documents=100)),
    "changes": lambda home: changes.measure(home, changes.Size(actions=20, rounds=7, cards=(10_000, 1_000_000))),
    "dialects": lambda home: dialects.measure(home, dialects.Size(rounds=15, megabytes=50)),
}
QUICK: dict[str, Measure] = {
    "chain": lambda home: chain.measure(home, chain.Size(rounds=1, letters=30, at_half_load=20)),
    "large": lambda home: large.measure(home, 16),
    "depth": lambda home: depth.measure(home, depth.Size(rounds=1, letters=10, journals=(300, 3_000))),
    "fairness": lambda home: fairness.measure(home, fairness.Size(bad=400, good=20, per_second=5)),
    "registrations": lambda home: registrations.measure(home, registrations.Size(rounds=2, documents=20)),
    "changes": lambda home: changes.measure(home, changes.Size(actions=5, rounds=3, cards=(1_000, 10_000))),
    "dialects": lambda home: dialects.measure(home, dialects.Size(rounds=1, megabytes=8)),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=f"some of: {', '.join(FULL)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="see that it works, in less than a minute")
    parser.add_argument("--keep", action="store_true", help="leave journals, registries and logs where they are")
    asked = parser.parse_args()
    if unknown := set(asked.measures).difference(FULL):
        parser.error(f"there is no measure {', '.join(sorted(unknown))}")
    home = Path(mkdtemp(prefix="edms-bench-"))
    home.chmod(0o755)  # Postfix enters it as its own user
    print(_machine(), flush=True)
    lines: list[Line] = []
    try:
        for name, measure in (QUICK if asked.quick else FULL).items():
            if not asked.measures or name in asked.measures:
                print(f"measuring: {name} ...", file=sys.stderr, flush=True)
                lines += asyncio.run(_one(name, measure, home))
    finally:
        if asked.keep:
            print(f"kept: {home}", file=sys.stderr)
        else:
            rmtree(home, ignore_errors=True)
    print(table(lines))
    print(_machine())
    return int(any(line.met is False for line in lines))


async def _one(name: str, measure: Measure, home: Path) -> list[Line]:
    try:
        return await measure(home)
    except (Broken, RuntimeError) as broken:  # RuntimeError: a server did not start
        return [Line(name, f"not measured: {broken}", met=False)]


def _machine() -> str:
    """Return what the figures depend on: the processors, and how busy others keep them."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} processors, Python {sys.version.split()[0]}, load average {load}"


if __name__ == "__main__":
    sys.exit(main())

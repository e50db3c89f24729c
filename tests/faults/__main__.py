# SPDX-License-Identifier: GPL-3.0-or-later
"""The long run: a storm of letters on both engines, then fuzzing, then the long versions of the fault tests.

``python -m tests.faults`` (``make faults``).  Exits 1 when anything was lost, doubled or wrong.
"""

import argparse
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import structlog

from tests.faults import fuzz
from tests.faults.storm import DOUBLED, LOST, Total, storm


def main() -> int:
    """Run what the options say; return the exit code."""
    asked = _options()
    lines: list[str] = []
    bad = 0
    if asked.letters or asked.postgres_letters:
        total = storm(asked.letters, asked.postgres_letters, asked.seed, asked.jobs)
        lines += storm_lines(total, asked.seed)
        bad += len(total.wrongs)
    if asked.fuzz:
        found, words = _fuzzed(asked.fuzz, asked.seed)
        lines += ["", *words]
        bad += found
    print("\n".join(lines))
    if asked.write:
        _write(Path(asked.write), lines)
    if asked.tests:
        bad += _tests() != 0
    return 1 if bad else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--letters", type=int, default=100_000, help="letters on SQLite; 0: none")
    parser.add_argument("--postgres-letters", type=int, default=20_000, help="letters on PostgreSQL; 0: none")
    parser.add_argument("--seed", type=int, default=1, help="decides everything that is left to chance")
    parser.add_argument("--jobs", type=int, default=2, help="storms side by side")
    parser.add_argument("--fuzz", type=int, default=1_000_000, help="inputs of the fuzzer; 0: none")
    parser.add_argument("--no-tests", dest="tests", action="store_false", help="no pytest afterwards")
    parser.add_argument("--write", metavar="PAGE", help="write the figures onto this page too")
    return parser.parse_args()


def storm_lines(total: Total, seed: int) -> list[str]:
    """Return the figures of a storm, one thing a line."""
    by_engine = ", ".join(f"{count} on {engine}" for engine, count in sorted(total.letters.items()))
    return [
        f"letters    {sum(total.letters.values())} ({by_engine})",
        f"documents  {total.documents}",
        f"faults     {total.faults.total()}",
        *(f"  {count:>7}  {name}" for name, count in sorted(total.faults.items())),
        f"lost       {total.count(*LOST)}",
        f"doubled    {total.count(*DOUBLED)}",
        f"wrong      {total.wrong}",
        *(f"  {invariant} in {where}: {words}" for where, invariant, words in total.wrongs[:50]),
        f"seconds to recover: {_spread(total.recoveries)}, over {len(total.recoveries)} deaths",
        f"epochs     {total.epochs}",
        f"memory     {total.kibibytes // 1024} MiB at most in one process",
        f"wall time  {total.seconds:.0f} s",
        f"seed       {seed}",
    ]


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "nothing died"
    ordered = sorted(seconds)
    p95 = ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]
    return f"median {ordered[len(ordered) // 2]:.2f}, p95 {p95:.2f}, worst {ordered[-1]:.2f}"


def _fuzzed(inputs: int, seed: int) -> tuple[int, list[str]]:
    """Run the fuzzer; return how many inputs broke something, and its figures."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    result = fuzz.run(inputs, seed)
    findings = [f"{found['target']}: {found['what']}\n  {found['input'][:400]}" for found in result["crashes"]]
    return len(findings), ["hostile bytes", *fuzz.table(result).splitlines(), *findings]


def _tests() -> int:
    """Run the tests of this folder in their long versions."""
    long = {**os.environ, "GATEWAY_FAULTS": "long", "GATEWAY_TESTS": "thorough"}
    return subprocess.run([sys.executable, "-m", "pytest", "tests/faults"], env=long, check=False).returncode


def _write(page: Path, lines: list[str]) -> None:
    command = " ".join(["python -m tests.faults", *sys.argv[1:]])
    page.write_text(
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->\n# The last long run of faults\n\n"
        "Two offices, a partner with another product and the post between them, under random faults;\n"
        "what each line means is written in `tests/faults/town/` and `tests/faults/storm.py`.\n"
        f"Written by `{command}` on {datetime.now(UTC):%Y-%m-%d}, with Python {sys.version.split()[0]}"
        f" on {os.cpu_count()} processors.\n\n"
        "```\n" + "\n".join(lines) + "\n```\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    raise SystemExit(main())

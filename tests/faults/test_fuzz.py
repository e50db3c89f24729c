# SPDX-License-Identifier: GPL-3.0-or-later
"""A short run of the fuzzer, and proof that it sees what it looks for; the long run: python -m tests.faults.fuzz."""

import os
import sys
from collections.abc import Callable
from random import Random

import pytest

from gateway.errors import Reason, Refused
from tests.faults.fuzz import SHARES, examine, run, table
from tests.faults.fuzz_targets import TARGETS, Blocks, Target

LONG = os.environ.get("GATEWAY_FAULTS") == "long"


def test_no_hostile_bytes_make_any_reader_break_its_contract() -> None:
    """RFC 5321 §7, RFC 2046, RFC 3501: CVE-2024-27305, CVE-2025-43857 and their kin, by mutation."""
    result = run(1_000_000 if LONG else 4_000, seed=20260311)
    print(table(result))

    assert result["crashes"] == []
    assert result["inputs"] >= (990_000 if LONG else 3_900)
    assert {*result["targets"]} == {*SHARES} == {target.name for target in TARGETS}


@pytest.mark.parametrize("dialect", ["passports", "gost2010", "smdo", "medo"])
def test_every_dialect_meets_fifty_thousand_inputs_in_the_long_run(dialect: str) -> None:
    assert 1_000_000 * SHARES[dialect] / sum(SHARES.values()) >= 50_000


def _loops(blocks: Blocks) -> object:
    return [_nothing() for _ in range(10_000_000)]


def _nothing() -> None:
    return None


def _refuses(blocks: Blocks) -> object:
    raise Refused(Reason.NOT_MIME, "no")


BROKEN: dict[str, tuple[Callable[[Blocks], object], str]] = {
    "an exception nobody promised": (lambda blocks: {}[0], "KeyError"),
    "a result that depends on the cuts": (lambda blocks: len(blocks), "otherwise than whole"),
    "work without bounds": (_loops, "TooMuchWork"),
    "nothing at all": (lambda blocks: b"".join(blocks), ""),
    "a refusal": (_refuses, ""),
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_fuzzer_sees_a_reader_that_breaks_its_contract(what: str) -> None:
    read, finding = BROKEN[what]
    target = Target("broken", read, lambda: [b"seed"], (b"x",))

    outcome, found = examine(target, b"some bytes", Random(1), counted=True)

    assert finding in found
    assert (outcome == "FINDING") is bool(finding)
    assert sys.getprofile() is None


def test_the_same_seed_gives_the_same_inputs() -> None:
    first, second = run(300, seed=5), run(300, seed=5)

    assert {name: tally.outcomes for name, tally in first["targets"].items()} == {
        name: tally.outcomes for name, tally in second["targets"].items()
    }

# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/faults.md says what is so: every fault and invariant stands there, and every test it names exists."""

import ast
import re
from pathlib import Path

from tests.faults.points import POINTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")


def test_every_fault_and_every_invariant_has_its_line() -> None:
    assert re.findall(r"^\| (F\d+) \|", PAGE, re.M) == [f"F{number}" for number in range(1, 28)]
    assert re.findall(r"^\| (I\d+) \|", PAGE, re.M) == [f"I{number}" for number in range(1, 16)]
    assert f"at {len(POINTS)} moments" in PAGE


def test_every_test_the_page_names_exists() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE))

    assert len(named) > 40
    assert [name for file, name in sorted(named) if name not in laws_of(ROOT / file)] == []


def laws_of(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}

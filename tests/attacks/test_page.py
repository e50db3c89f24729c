# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/threats.md says what is so: every row stands there, every test and every module it names exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threats.md").read_text(encoding="utf-8")
ROWS = [*range(1, 6), *range(10, 29), 30, 37, 38, 39, 41, 42]
SOURCES = (
    r"RFC \d|CVE-|CWE-|UTS #|UTR #|USENIX|XML 1\.0|cpython #|gh-\d|42\.zip|McIntosh|found by fuzzing"
    "|Replay of a valid message|Idempotency keys|Else the law above"
)
TABLE = {int(line.split("|")[1]): line for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)}


def laws_of(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in ast.walk(tree) if isinstance(node, functions) and node.name.startswith("test_")}


def test_every_attack_has_its_line() -> None:
    assert sorted(TABLE) == ROWS


@pytest.mark.parametrize("row", ROWS)
def test_every_line_names_tests_and_modules_that_exist(row: int) -> None:
    line = TABLE[row]
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", line)
    modules = re.findall(r"`([a-z_]+(?:/[a-z_0-9]+)*(?:\.py|/))`", line)

    assert named
    assert [name for file, name in named if name not in laws_of(ROOT / file)] == []
    assert modules
    assert [module for module in modules if not (ROOT / "gateway" / module).exists()] == []


def test_every_test_of_this_folder_stands_on_the_page() -> None:
    """A test nobody finds on the page is an attack nobody knows to be stopped."""
    ours = {
        name
        for file in Path(__file__).parent.glob("test_*.py")
        if file.name != "test_page.py"
        for name in laws_of(file)
    }

    assert sorted(name for name in ours if f"::{name}`" not in PAGE) == []


def test_every_test_of_this_folder_names_its_source() -> None:
    source = re.compile(SOURCES, re.IGNORECASE)
    for file in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and file.name != "test_page.py":
                assert source.search(ast.get_docstring(node) or ""), f"{file.name}: {node.name}"

# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/example-dialect: added to a copy of the sources by the steps of docs/adding-a-dialect.md alone."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gateway.dialects.wire import Dialect
from tests.test_docs import rows

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "docs" / "example-dialect"
PAGE = (ROOT / "docs" / "adding-a-dialect.md").read_text(encoding="utf-8")
STEPS = rows(PAGE, "## The steps")
COPIED = ("gateway", "tests", "docs", "templates", "config", "release")
MOST_LINES = 400  # of the example; a page of it must be enough to understand a dialect


def fenced(language: str) -> str:
    (shown,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)
    return str(shown)


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file}: {old}"
    file.write_text(text.replace(old, new), encoding="utf-8")


# --- the steps ----------------------------------------------------------------------------------------------------


def write_module(tree: Path) -> None:
    shutil.copy(EXAMPLE / "note.py", tree / "gateway" / "dialects")


def list_it(tree: Path) -> None:
    imported, listed = filter(None, fenced("python").splitlines())
    file = tree / "gateway" / "dialects" / "__init__.py"
    change(file, "from gateway.dialects.sev import Sev\n", f"{imported}\nfrom gateway.dialects.sev import Sev\n")
    change(file, f"{listed.replace(', Note()', '')}\n", f"{listed}\n")


def add_samples_and_tests(tree: Path) -> None:
    shutil.copytree(EXAMPLE / "samples", tree / "tests" / "dialects" / "samples" / "note")
    shutil.copy(EXAMPLE / "test_note.py", tree / "tests" / "dialects")


def say_what_it_cannot(tree: Path) -> None:
    with (tree / "docs" / "protocol.md").open("a", encoding="utf-8") as page:
        page.write(f"\n## What note cannot say\n\n{fenced('text')}")


def write_its_column(tree: Path) -> None:
    done = run(tree, "tests.facts")
    assert done.returncode == 0, done.stderr


def name_it(tree: Path) -> None:
    change(tree / "config" / "partners.toml", '"medo" or "smdo"', '"medo", "smdo" or "note"')


TAKEN: Mapping[str, Callable[[Path], None]] = {
    "1": write_module,
    "2": list_it,
    "3": add_samples_and_tests,
    "4": say_what_it_cannot,
    "5": write_its_column,
    "6": name_it,
}


def played(home: Path, *without: str) -> Path:
    """Return a copy of the sources to which the example was added by every step but those *without*."""
    tree = home / "tree"
    for name in COPIED:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.iterdir():
        if file.is_file() and not file.name.startswith("."):
            shutil.copy(file, tree)
    for step, take in TAKEN.items():
        if step not in without:
            take(tree)
    return tree


def run(tree: Path, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    env.pop("GATEWAY_TESTS", None)
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, timeout=600)


def laws(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(tree, "pytest", "-p", "no:cacheprovider", f"--basetemp={tree.parent / 'b'}", *arguments)


OF_PAGES = ("tests/test_docs.py", "-k", "degradation or facts or clause or problem_code")
OF_FLOORS = ("tests/test_floors.py", "-k", "imports_go_down or imports_itself or licence")
BLIND: Mapping[str, tuple[str, ...]] = {  # the test the page names → how it is run here
    "test_note.py": ("tests/dialects/test_note.py", "-k", "understood"),
    "tests/dialects/test_every_dialect.py": ("tests/dialects/test_every_dialect.py", "-k", "note"),
    "tests/test_docs.py": OF_PAGES,
}


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which no canary is sought: the sources of the tests name them all, and seek them on their own."""
    return tmp_path_factory.mktemp("example")


# --- the laws -----------------------------------------------------------------------------------------------------


def test_a_dialect_that_took_the_steps_of_the_page_keeps_the_laws_of_every_dialect(home: Path) -> None:
    tree = played(home)

    done = laws(tree, "tests/dialects/test_every_dialect.py", "-k", "note")

    assert done.returncode == 0, done.stdout
    assert re.search(r"\b[7-9] passed", done.stdout), done.stdout


@pytest.mark.thorough
def test_its_own_tests_those_of_the_pages_and_those_of_the_floors_pass(home: Path) -> None:
    tree = played(home)

    for chosen in (("tests/dialects/test_note.py",), OF_PAGES, OF_FLOORS):
        done = laws(tree, *chosen)
        assert done.returncode == 0, done.stdout


@pytest.mark.thorough
def test_the_conformance_kit_plays_it(home: Path) -> None:
    done = run(played(home), "gateway", "conformance", "--self", "--dialect", "note")

    said = re.search(r"(\d+) cases passed, 0 failed", done.stdout)
    assert said, done.stdout + done.stderr
    assert int(said[1]) > 200
    assert done.returncode == 0


@pytest.mark.thorough
@pytest.mark.parametrize("step", [row[0] for row in STEPS if row[3]])
def test_whoever_forgets_a_step_is_told_by_the_test_the_page_names(home: Path, step: str) -> None:
    (named,) = [row[3].strip("`") for row in STEPS if row[0] == step]

    done = laws(played(home, step), *BLIND[named])

    assert done.returncode in (1, 2), done.stdout  # 2: a test that cannot even be loaded
    assert "note" in done.stdout


def test_the_page_has_the_steps_that_are_taken_here_and_every_member() -> None:
    assert [row[0] for row in STEPS] == [*TAKEN]
    members = {name for name in vars(Dialect) if not name.startswith("_")}
    assert {row[0].strip("`") for row in rows(PAGE, "## The members")} == members
    assert len((EXAMPLE / "note.py").read_text(encoding="utf-8").splitlines()) <= MOST_LINES

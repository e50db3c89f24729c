# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/example-adapter: installed as anybody would, opened by its name, and held to the contract."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from gateway.starter import write_starter

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "docs" / "example-adapter"
PAGE = (ROOT / "docs" / "adding-an-edms.md").read_text(encoding="utf-8").split("## A Python adapter")[1]
SETUPTOOLS = (70, 1)  # the first version that builds a wheel by itself
MOST_LINES = 250


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the package installed in it; its sources are elsewhere."""
    home = tmp_path_factory.mktemp("example")
    shutil.copytree(EXAMPLE, home / "source", ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    here = tuple(map(int, metadata.version("setuptools").split(".")[:2])) >= SETUPTOOLS
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation"] if here else []
    done = run([*command, "--target", str(home / "site"), str(home / "source")], home, home)
    assert done.returncode == 0, done.stdout + done.stderr
    return home / "site"


def run(command: list[str], folder: Path, site: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=600)


@pytest.mark.thorough
def test_an_installed_adapter_keeps_the_contract(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE / "contract", tmp_path / "contract", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(EXAMPLE / "pyproject.toml", tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 't'}"]
    done = run(command, tmp_path, installed)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d{2,} passed", done.stdout), done.stdout
    assert "declared: a card index sends nothing" in done.stdout


@pytest.mark.thorough
def test_the_gateway_is_connected_to_it_as_the_page_shows(installed: Path, tmp_path: Path) -> None:
    (shown,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.M | re.S)
    home = tmp_path / "gw"
    write_starter(home)
    config = home / "gateway.toml"
    ours = re.sub(r"^\[edms\]\n(?:(?!\[).*\n)*", lambda _: f"{shown}\n", config.read_text(encoding="utf-8"), flags=re.M)
    config.write_text(ours, encoding="utf-8")
    command = [sys.executable, "-m", "gateway", "--config", str(config), "edms", "check"]
    lost = run(command, home, installed)
    (home / "index").mkdir()
    empty = {"last": 0, "made": 0, "cards": {}, "log": [], "exchanges": {}, "follow_ups": {}}
    (home / "index" / "index.json").write_text(json.dumps(empty))
    found = run(command, home, installed)
    absent = run(command, home, tmp_path)

    assert lost.returncode not in (0, 2), lost.stdout
    assert "set edms.options.folder to where index.json is" in lost.stdout
    assert found.returncode == 0, found.stdout + found.stderr
    assert "there is no adapter 'card-index'; there are: " in absent.stderr


def test_the_page_shows_what_the_example_does() -> None:
    (shown,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    source = (EXAMPLE / "card_index_adapter.py").read_text(encoding="utf-8")
    code = [line for line in shown.splitlines() if line]

    assert [line for line in code if line not in [own.split("  #")[0] for own in source.splitlines()]] == []
    assert len(source.splitlines()) <= MOST_LINES
    named = re.findall(r"^\| `([\w./]+)` \|", PAGE, re.M)
    assert [name for name in named if not (EXAMPLE / name).is_file()] == []
    assert named

# SPDX-License-Identifier: GPL-3.0-or-later
"""The wheel holds all that the program reads at run time, and finds it there."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from gateway.templates_home import load_templates, shipped

ROOT = Path(__file__).parents[1]
NEEDED = ("gateway", "templates", "config", "setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")
SETUPTOOLS = 77  # the first version that knows the licence expression of pyproject.toml


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    here = int(metadata.version("setuptools").split(".")[0]) >= SETUPTOOLS
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*command, *(["--no-build-isolation"] if here else []), "-w", str(folder), str(source)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_the_alert_rules_and_the_dashboard(wheel: Path) -> None:
    shown = {f"gateway/config/alerts/{file.name}" for file in (ROOT / "config" / "alerts").iterdir()}

    assert len(shown) == 2
    assert shown - names(wheel) == set()


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    files = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "gateway").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

    assert files - names(wheel) == set()


@pytest.mark.parametrize("folder", ["templates", "config"])
def test_the_wheel_holds_templates_and_configuration(wheel: Path, folder: str) -> None:
    files = {f"gateway/{file.relative_to(ROOT).as_posix()}" for file in (ROOT / folder).rglob("*.t*") if file.is_file()}

    assert files
    assert files - names(wheel) == set()


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    assert {name.split("/")[0] for name in names(wheel)} == {"gateway", f"{wheel.name.split('-py3')[0]}.dist-info"}


def test_the_program_finds_its_folders_in_a_wheel(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    question = (
        "from gateway.templates_home import load_templates, shipped;"
        "print(shipped('templates'), shipped('config'), *sorted(load_templates()))"
    )

    done = subprocess.run(
        [sys.executable, "-c", question],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        timeout=60,
    )

    home = tmp_path / "site" / "gateway"
    assert done.stdout.split() == [f"{home}/templates", f"{home}/config", "en", "ru"], done.stderr


def test_the_program_finds_its_folders_beside_it_in_a_source_tree() -> None:
    assert shipped("templates") == ROOT / "templates"
    assert shipped("config") == ROOT / "config"
    assert set(load_templates()) == {"en", "ru"}


def test_the_commands_are_installed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (entry_points,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        installed = archive.read(entry_points).decode()
    assert "edms-gateway = gateway.cli:main" in installed
    assert "edms-registry = gateway.edms_adapter.registry.desk:main" in installed


def test_every_dependency_is_pinned_for_the_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(name for extra in extras.values() for name in extra)]
    pinned = {plain(line) for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}

    assert {plain(requirement) for requirement in wanted} - pinned == set()


def plain(requirement: str) -> str:
    """Return the name of a requirement as indexes compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[=<>~! ]", requirement)[0]).lower()

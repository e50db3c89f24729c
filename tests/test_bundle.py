# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bundle`: what it makes installs where no index is in reach; damaged or for another Python it does not."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OFFLINE = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "https://127.0.0.1:1/", "PYTHONPATH": ""}

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    command = ["bash", str(ROOT / "release" / "bundle.sh"), sys.executable, str(tmp_path_factory.mktemp("bundle"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.split()[-1])


@pytest.fixture
def bundle(archive: Path, tmp_path: Path) -> Path:
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path / archive.name.removesuffix(".tar.gz")


def install(bundle: Path, target: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [str(bundle / "install.sh"), str(target)]
    env = {**OFFLINE, "PYTHON": sys.executable, **environment}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=env)


def test_a_machine_without_an_index_installs_the_bundle_and_starts(bundle: Path, tmp_path: Path) -> None:
    done = install(bundle, tmp_path / "opt")
    gateway = tmp_path / "opt" / "bin" / "edms-gateway"

    assert done.returncode == 0, done.stdout + done.stderr
    for arguments in (("init", "gw", "--sample"), ("--config", "gw/gateway.toml", "check-config"), ("demo",)):
        ran = subprocess.run(
            [gateway, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False, env=OFFLINE
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
    drivers = subprocess.run([tmp_path / "opt" / "bin" / "python", "-c", "import psycopg, pymysql"], check=False)
    assert drivers.returncode == 0


def test_a_damaged_bundle_is_not_installed(bundle: Path, tmp_path: Path) -> None:
    wheel = next((bundle / "wheels").glob("click-*.whl"))
    wheel.write_bytes(wheel.read_bytes()[:-1] + b"?")

    done = install(bundle, tmp_path / "opt")

    assert done.returncode == 1
    assert "the bundle is damaged" in done.stderr
    assert not (tmp_path / "opt").exists()


def test_another_python_is_named_before_anything_is_made(bundle: Path, tmp_path: Path) -> None:
    (bundle / "made-for").write_text("python3.1-x86_64\n")
    sums = (bundle / "SHA256SUMS").read_text().splitlines()
    (bundle / "SHA256SUMS").write_text("\n".join(line for line in sums if "made-for" not in line) + "\n")

    done = install(bundle, tmp_path / "opt")

    assert done.returncode == 1
    assert "this bundle is for python3.1-x86_64" in done.stderr
    assert not (tmp_path / "opt").exists()

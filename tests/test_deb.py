# SPDX-License-Identifier: GPL-3.0-or-later
"""`make deb`: the package is installed on this very machine, configured, removed and purged, and nothing is left.

Only where root may do that, and where no gateway is installed already.
"""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli import COMMANDS

ROOT = Path(__file__).parents[1]
CONFIGURATION, STATE, PROGRAM = Path("/etc/edms-gateway"), Path("/var/lib/edms-gateway"), Path("/opt/edms-gateway")
SYSTEM = Path("/usr/bin/python3")
ENVIRONMENT = {**os.environ, "PYTHONPATH": "", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("dpkg-deb"), reason="needs root on a Debian"),
    pytest.mark.skipif(any(place.exists() for place in (CONFIGURATION, STATE, PROGRAM)), reason="a gateway is here"),
]


def ran(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    version = ran(SYSTEM, "-c", "import sys; print(sys.version_info[:2])") if SYSTEM.exists() else ""
    if version.strip() != str(sys.version_info[:2]):
        pytest.skip("/usr/bin/python3 is of another version than the Python of the tests")
    built = ran("bash", ROOT / "release" / "deb.sh", sys.executable, tmp_path_factory.mktemp("deb"))
    return Path(built.split()[-1])


@pytest.fixture
def installed(package: Path) -> Iterator[None]:
    ran("dpkg", "-i", package)
    try:
        yield
    finally:
        subprocess.run(["dpkg", "-P", "edms-gateway"], capture_output=True, check=False, env=ENVIRONMENT)


@pytest.mark.usefixtures("installed")
def test_the_package_brings_program_account_and_unit_and_leaves_only_what_is_ours_until_it_is_purged() -> None:
    account = pwd.getpwnam("edms-gateway")
    assert (account.pw_dir, account.pw_shell) == (str(STATE), "/usr/sbin/nologin")
    assert Path("/lib/systemd/system/edms-gateway.service").exists()
    assert not list(Path("/etc/systemd").rglob("*edms-gateway*")), "nothing is enabled"

    ran("edms-gateway", "init", CONFIGURATION, "--letters-from", "lmtp", "--relay-host", "127.0.0.1")
    ran("edms-gateway", "check-config")
    ran("dpkg", "-r", "edms-gateway")
    assert (CONFIGURATION / "gateway.toml").exists()
    assert (STATE / "registry.db").exists()
    assert not PROGRAM.exists()

    ran("dpkg", "-P", "edms-gateway")
    assert not CONFIGURATION.exists()
    assert not STATE.exists()
    assert "edms-gateway" not in [entry.pw_name for entry in pwd.getpwall()]


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    ran("dpkg-deb", "-x", package, folder)
    return folder


@pytest.mark.parametrize(
    ("shell", "file"),
    [
        ("bash", "bash-completion/completions/edms-gateway"),
        ("zsh", "zsh/vendor-completions/_edms-gateway"),
        ("fish", "fish/vendor_completions.d/edms-gateway.fish"),
    ],
)
def test_every_shell_can_read_its_completion(unpacked: Path, shell: str, file: str) -> None:
    script = unpacked / "usr" / "share" / file
    assert "edms-gateway" in script.read_text(encoding="utf-8")
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not here")

    ran(shell, "-n", script)


def test_every_command_has_a_manual_page(unpacked: Path) -> None:
    pages = {page.name.removesuffix(".1.gz") for page in (unpacked / "usr/share/man/man1").iterdir()}

    assert {"edms-gateway", "edms-registry"} | {f"edms-gateway-{command}" for command in COMMANDS} <= pages


@pytest.mark.skipif(not shutil.which("lintian"), reason="lintian is not here")
def test_lintian_finds_nothing(package: Path) -> None:
    command = ["lintian", "--allow-root", "--fail-on", "none", str(package)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=ENVIRONMENT)

    found = [line for line in done.stdout.splitlines() if line[:3] in ("E: ", "W: ")]
    assert found == []

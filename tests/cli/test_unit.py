# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd unit that `init` writes: systemd reads it, and the program lives with what it forbids."""

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.installation.unit import UNIT, Places, unit
from tests.servers.postgres import free_port

ANALYZE = shutil.which("systemd-analyze")
WORST = 2.0  # LIMIT: the exposure level that `systemd-analyze security` may give; it goes from 0 to 10
MDWE, REFUSE_EXEC_GAIN = 65, 1  # <linux/prctl.h>: what MemoryDenyWriteExecute=yes asks the kernel for
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not here")


def places(**other: object) -> Places:
    usual = {
        "program": (sys.executable, "-m", "gateway"),
        "configuration": Path("/etc/edms-gateway/gateway.toml"),
        "state": Path("/var/lib/edms-gateway"),
        "edms_files": Path("/var/lib/edms-gateway/files"),
        "user": "edms-gateway",
    }
    return Places(**{**usual, **other})  # type: ignore[arg-type]


def analysed(text: str, folder: Path, *verb: str) -> "subprocess.CompletedProcess[str]":
    assert ANALYZE is not None
    (folder / UNIT).write_text(text, encoding="utf-8")
    return subprocess.run([ANALYZE, *verb, str(folder / UNIT)], capture_output=True, text=True, check=False)


@needs_systemd
@pytest.mark.parametrize(
    "fitted",
    [
        places(),
        places(state=Path("/srv/gate way/state"), edms_files=Path("/srv/100%/files"), user="root"),
        places(configuration=Path("/home/sev/gw/gateway.toml"), state=Path("/home/sev/gw/state")),
    ],
)
def test_systemd_reads_the_unit_without_a_word(tmp_path: Path, fitted: Places) -> None:
    done = analysed(unit(fitted), tmp_path, "verify", "--man=no")

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_the_unit_is_exposed_to_little(tmp_path: Path) -> None:
    done = analysed(unit(places()), tmp_path, "security", "--offline=true", "--no-pager")

    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert level is not None, done.stdout
    assert float(level[1]) <= WORST


def test_a_service_of_the_usual_places_has_the_shipped_unit_unchanged() -> None:
    usual = places(program=("/opt/edms-gateway/bin/edms-gateway",))

    assert unit(usual) == (Path(__file__).parents[2] / "config" / UNIT).read_text(encoding="utf-8")


def test_only_folders_that_are_written_into_can_be_written_into() -> None:
    text = unit(places(state=Path("/srv/gw"), edms_files=Path("/srv/edms")))

    assert "\nReadWritePaths=/srv/gw /srv/edms\n" in text
    assert "\nStateDirectory" not in text
    assert "\nProtectSystem=strict\n" in text


def test_homes_stay_hidden_unless_something_of_ours_lies_in_one() -> None:
    assert "\nProtectHome=yes\n" in unit(places())
    assert "\nProtectHome=read-only\n" in unit(places(state=Path("/home/sev/state")))


@pytest.fixture
def installation(tmp_path: Path) -> tuple[Path, str]:
    bind = f"127.0.0.1:{free_port()}"
    options = ("--letters-from", "smtp", "--listener-bind", bind, "--relay-host", "127.0.0.1")
    done = CliRunner().invoke(main, ["init", str(tmp_path / "gw"), *options])
    assert done.exit_code == 0, done.output
    return tmp_path / "gw", bind


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="only root may make the root read-only")
def test_the_program_serves_with_a_read_only_root_no_new_rights_and_no_new_code(
    installation: tuple[Path, str],
) -> None:
    home, bind = installation
    state = home / "state"
    if ctypes.CDLL(None).prctl(MDWE + 1, 0, 0, 0, 0) < 0:  # PR_GET_MDWE
        pytest.skip("this kernel cannot deny memory that is written and executed")
    narrow = (
        f"import ctypes, os; assert ctypes.CDLL(None).prctl({MDWE}, {REFUSE_EXEC_GAIN}, 0, 0, 0) == 0;"
        f"os.execv({sys.executable!r}, [{sys.executable!r}, '-m', 'gateway', '--config', '{home}/gateway.toml', 'run'])"
    )
    script = (
        f"mount --make-rprivate / && mount --bind '{state}' '{state}'"
        " && for place in $(awk '{print $2}' /proc/mounts | grep -v -e ^/proc -e ^/sys -e ^/dev);"
        f' do [ "$place" = \'{state}\' ] || mount -o remount,bind,ro "$place"; done'
        " && ! touch /usr/written 2>/dev/null"
        ' && exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$0" -c "$1"'
    )
    command = ["unshare", "--mount", "sh", "-c", script, sys.executable, narrow]
    private = {**os.environ, "TMPDIR": str(state)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=private) as run:
        assert run.stderr is not None
        said = []
        try:
            for line in run.stderr:
                said.append(line)
                if line.startswith("ready:"):
                    break
        finally:
            run.terminate()
            run.communicate(timeout=60)

    assert said[-1:] == [f"ready: exchange on {bind}\n"], "".join(said)
    assert run.returncode == 0

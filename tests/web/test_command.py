# SPDX-License-Identifier: GPL-3.0-or-later
"""``web`` as an administrator starts it, and what of its settings is a mistake."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli.context import BAD_CONFIGURATION, PROBLEMS, TRY_LATER
from gateway.journal.store import Journal
from tests.cli.test_commands import call
from tests.web.conftest import Site


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration that `init` wrote, with a journal."""
    assert call("init", tmp_path / "d").exit_code == 0
    Journal.open(f"sqlite:///{tmp_path}/d/journal.db", tmp_path / "d" / "blobs").close()
    return tmp_path / "d" / "gateway.toml"


def test_it_serves_until_it_is_told_to_stop(config: Path) -> None:
    command = [sys.executable, "-m", "gateway", "--config", str(config), "web", "--bind", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        page = Site(int(told.rstrip("/\n").rpartition(":")[2])).get("/?lang=en")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)

    assert told.startswith("ready: http://127.0.0.1:")
    assert (page.status, "Overview" in page.text) == (200, True)
    assert process.returncode in (0, -signal.SIGTERM)


def test_a_door_that_is_taken_is_said_and_may_be_tried_later(config: Path, minsk: Site) -> None:
    told = call("--config", config, "web", "--bind", f"127.0.0.1:{minsk.port}")

    assert (told.exit_code, told.stderr) == (
        TRY_LATER,
        f"cannot serve on 127.0.0.1:{minsk.port}: Address already in use\n",
    )


def test_without_a_journal_nothing_is_served_and_none_is_made(config: Path) -> None:
    journal = config.with_name("journal.db")
    journal.unlink()

    told = call("--config", config, "web", "--bind", "127.0.0.1:0")

    assert (told.exit_code, "there is no journal yet" in told.stderr, journal.exists()) == (PROBLEMS, True, False)


@pytest.mark.parametrize("bind", ["0.0.0.0:8025", "192.0.2.1:80", "[::]:8025"])
def test_everybodys_address_without_asking_who_looks_is_a_mistake(config: Path, bind: str) -> None:
    told = call("--config", config, "web", "--bind", bind)

    assert told.exit_code == BAD_CONFIGURATION
    assert told.stderr.startswith("--bind: web.bind: everybody who reaches ")


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ('bind = "0.0.0.0:8025"', "web.bind: everybody who reaches 0.0.0.0 could read the journal; bind to 127.0.0.1"),
        ('bind = "8025"', "web.bind: is not an address to serve pages on"),
        ('bind = "localhost:http"', "web.bind: is not an address to serve pages on"),
        ('bind = "journal.example:80"', "web.bind: is not an address to serve pages on"),
        ('bind = "unix:/run/x"', "web.bind: is not an address to serve pages on"),
        ("port = 8025", "web.port: is not known"),
        ('titel = "x"', "web.titel: is not known; did you mean title?"),
        ('user = "clerk"', "web.password_file: is missing; name the file that holds the password of this user"),
        ('user = "a:b"\npassword = "x"', "web.user: has a colon in it"),
        ('password = "x"', "web.user: is missing, although there is a password"),
        ('trusted_header = "X-User"', "web.trusted_proxies: is missing, although trusted_header is set"),
        ('trusted_proxies = ["127.0.0.1"]', "web.trusted_header: is missing, although trusted_proxies is set"),
        ('trusted_header = "X User"\ntrusted_proxies = ["::1"]', "web.trusted_header: is not the name of a header"),
        ('trusted_header = "X-User"\ntrusted_proxies = ["proxy"]', 'web.trusted_proxies[1]: "proxy" is not a network'),
        (
            'trusted_header = "X-User"\ntrusted_proxies = ["::1"]\nuser = "u"\npassword = "p"',
            "web.user: is set beside trusted_header; choose one of the two ways",
        ),
    ],
)
def test_a_mistake_is_named_with_its_remedy(config: Path, written: str, complaint: str) -> None:
    config.write_text(f"{config.read_text(encoding='utf-8')}\n[web]\n{written}\n", encoding="utf-8")

    told = call("--config", config, "check-config")

    assert told.exit_code == BAD_CONFIGURATION
    assert complaint in told.output

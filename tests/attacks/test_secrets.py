# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of the configuration: whatever goes wrong, no log, letter, reply, table or traceback has one of them."""

import logging
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner

from gateway.cli import main
from gateway.logs import configure_logs
from gateway.settings_files import load
from tests.canaries import CANARIES, in_files, in_words
from tests.story import partner
from tests.story.acts import send_letter
from tests.story.offices import town

CANARY = "c4n4ry"
GATEWAY = f"""
secret = "{CANARY}-of-the-office-0123456789abcdef"
partners = "partners.toml"
[[office]]
index = "OURS"
name = "Ours"
address = "us@ours.example"
[journal]
url = "%s"
blobs = "blobs"
[edms]
mapping = "registry"
database = "%s"
files = "files"
[[listener]]
name = "door"
bind = "127.0.0.1:0"
[[mailbox]]
name = "box"
host = "127.0.0.1"
port = 1
tls = "none"
user = "us"
password = "{CANARY}-of-the-mailbox"
start = "now"
[relay]
host = "127.0.0.1"
port = 1
tls = "none"
user = "us"
password = "{CANARY}-of-the-relay"
"""
PARTNERS = """
[[channel]]
id = "them"
address = "them@partner.example"
[channel.proof]
kind = "mailbox"
name = "box"
[[partner]]
id = "them"
name = "Them"
channel = "them"
indices = ["THEIRS"]
mode = "live"
"""
SOUND = "sqlite:///journal.db"
URLS = {
    "nobody listens": f"postgresql+psycopg://us:{CANARY}@127.0.0.1:1/x?connect_timeout=1",
    "no such host": f"postgresql://us:{CANARY}@nowhere.invalid/x?connect_timeout=1",
    "a port that is none": f"postgresql://us:{CANARY}@127.0.0.1:port/x",
    "a bracket too many": f"postgresql://us:{CANARY}@[127.0.0.1/x",
    "an at sign in the password": f"postgresql://us:{CANARY}@{CANARY}@127.0.0.1:1/x",
    "a slash in the password": f"postgresql://us:{CANARY}/{CANARY}@127.0.0.1:1/x",
    "an option nobody knows": f"postgresql://us:{CANARY}@127.0.0.1:1/x?sslpassword={CANARY}&nonsense={CANARY}",
    "a colon in the password": f"postgresql://us:{CANARY}:{CANARY}@127.0.0.1:1/x",
    "a question mark in the password": f"postgresql://us:{CANARY}?{CANARY}@127.0.0.1:1/x",
    "a hash in the password": f"postgresql://us:{CANARY}#{CANARY}@127.0.0.1:1/x?connect_timeout=1",
    "another driver": f"postgresql+asyncpg://us:{CANARY}@127.0.0.1:1/x",
    "an engine nobody has": f"oracle://us:{CANARY}@127.0.0.1/x",
    "a word that is no address": f"us:{CANARY}@host",
    "a folder in the place of the file": f"sqlite:////dev/null/{CANARY}/x.db",
}
COMMANDS = (("check-config",), ("status",), ("queue", "list"), ("edms", "check"))


def configured(folder: Path, journal: str, edms: str) -> Path:
    (folder / "files").mkdir(exist_ok=True)
    (folder / "partners.toml").write_text(PARTNERS)
    file = folder / "gateway.toml"
    file.write_text(GATEWAY % (journal, edms))
    file.chmod(0o600)
    return file


def clean(words: str, url: str) -> bool:
    """Say whether no canary is in *words*; of a file's path, which is no secret, one may be."""
    return CANARY not in (words.replace(url.partition("///")[2], "") if url.startswith("sqlite") else words)


@pytest.mark.parametrize("where", ["journal", "edms"])
@pytest.mark.parametrize("what", URLS)
def test_no_command_shows_a_password_however_the_database_is_misspelt(tmp_path: Path, what: str, where: str) -> None:
    """CWE-532, CWE-209: the errors of databases like to quote the address they were given."""
    urls = (URLS[what], SOUND) if where == "journal" else (SOUND, URLS[what])
    file = configured(tmp_path, *urls)

    for command in COMMANDS:
        ended = CliRunner().invoke(main, ["--config", str(file), *command])
        raised = "".join(traceback.format_exception(*ended.exc_info)) if ended.exc_info else ""

        assert clean(ended.output, URLS[what]), command
        assert ended.exception is None or isinstance(ended.exception, SystemExit), raised


@pytest.mark.parametrize("what", ["nobody listens", "a port that is none", "an option nobody knows"])
def test_a_service_that_cannot_start_says_why_without_its_password(tmp_path: Path, what: str) -> None:
    """CWE-532: the whole program, its standard output and its log."""
    file = configured(tmp_path, URLS[what], SOUND)

    ended = subprocess.run(
        [sys.executable, "-m", "gateway", "--config", str(file), "run"], capture_output=True, text=True, timeout=60
    )

    assert ended.returncode != 0
    assert CANARY not in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_listing_of_the_settings_shows_no_secret(tmp_path: Path) -> None:
    """CWE-532: who prints the settings, or has them in the frame of a traceback, sees stars."""
    settings = load(configured(tmp_path, f"postgresql://us:{CANARY}@127.0.0.1/x", f"postgresql://us:{CANARY}@x/y"))

    assert settings.secret.startswith(CANARY)
    assert CANARY not in repr(settings)
    assert CANARY not in str(settings)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_logged_exception_has_no_local_variables(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """CWE-532: neither as JSON nor on a terminal, where the library would like to show them."""
    before, level = logging.getLogger().handlers, logging.getLogger().level
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    try:
        configure_logs()
        try:
            _fails(f"{CANARY}-in-a-variable")
        except ValueError:
            structlog.get_logger("gateway.test").exception("it failed")
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers = before
        logging.getLogger().setLevel(level)

    said = capsys.readouterr().err
    assert "it failed" in said
    assert "ValueError" in said
    assert CANARY not in said


def _fails(password: str) -> None:
    if password:
        raise ValueError("wrong")


def test_no_letter_answer_or_row_of_the_journal_holds_the_offices_secret(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """CWE-312: ids are made of it, and nothing else ever is."""
    with town(tmp_path) as offices:
        send_letter(offices.minsk)
        offices.settle()
        offices.minsk.receive(partner.letter(partner.passport(author=False)), "edms@moscow.example")
        offices.minsk.receive(b"\xff junk", "edms@moscow.example")
        offices.settle()
        secret = offices.minsk.settings.secret
        letters = [data for _, _, data in offices.post.carried]
    told = capfd.readouterr()

    written = [
        path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".toml"
    ]  # but where it is said
    files = [path.read_bytes() for path in written]
    assert len(letters) > 2
    assert len(files) > 1
    assert not any(secret.encode() in data for data in (*letters, *files, (told.out + told.err).encode()))


def test_a_secret_that_gets_out_fails_the_test_it_gets_out_of(tmp_path: Path) -> None:
    """CWE-532, the canary law: outputs, logs and journals are searched when a test ends; configurations are not."""
    for name in ("gateway.toml", "mailbox.secret", "service.log", "journal.db"):
        (tmp_path / name).write_text(f"password is {CANARIES[1]}")
    sections = [("Captured stdout call", "all is well"), ("Captured stderr call", f"key: minsk-{CANARIES[0]}-0123")]

    leaks = {*in_words(sections), *in_files(tmp_path)}
    for name in ("service.log", "journal.db"):
        (tmp_path / name).unlink()

    assert leaks == {"Captured stderr call", "service.log", "journal.db"}

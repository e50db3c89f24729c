# SPDX-License-Identifier: GPL-3.0-or-later
"""``db upgrade``: a backup first, then everything or nothing; a service never starts with another schema."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from alembic import command
from alembic.config import Config
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.journal import entries, schema, store
from gateway.journal.store import Journal
from gateway.node import only_one
from tests.journal.givens import accepted
from tests.story.offices import settings_of

OLD = "0001"
LARGE = b"x" * 300_000


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A configuration and a journal of the first schema, with a small and a large letter in it."""
    folder = tmp_path / "minsk"
    settings = settings_of(folder, "minsk", "moscow")
    old_journal(settings.journal.url)
    journal = Journal.as_it_stands(settings.journal.url, settings.journal.blobs)
    accepted(journal, body=b"small")
    accepted(journal, body=LARGE, source="smtp:large")
    journal.close()
    return folder


def old_journal(url: str) -> None:
    """Make an empty journal as the first version of the program made it."""
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    engine = store.engine_of(url)
    with engine.execution_options(journal_writes=True).begin() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, OLD)
    engine.dispose()


def typed(home: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(home / "gateway.toml"), *words])


def version(database: Path) -> str:
    with closing(sqlite3.connect(database)) as line:
        (found,) = line.execute(f"select version_num from {schema.VERSION_TABLE}").fetchone()
        return str(found)


def backups(home: Path) -> list[Path]:
    return sorted(home.glob("before-upgrade-*"))


def letters(home: Path) -> list[bytes]:
    journal = Journal.open(f"sqlite:///{home}/journal.db", home / "blobs", create=False)
    with journal.read() as tx:
        found = [b"".join(entries.letter(tx, journal.blobs, number).blocks()) for number in (1, 2)]
    journal.close()
    return found


def test_an_older_journal_is_backed_up_and_then_upgraded_with_every_letter(home: Path) -> None:
    said = typed(home, "db", "upgrade")

    (backup,) = backups(home)
    assert said.exit_code == 0, said.output
    assert said.stdout.splitlines() == [f"backup   {backup}", f"upgraded from schema {OLD} to {schema.HEAD}"]
    assert (version(home / "journal.db"), version(backup / "journal.db")) == (schema.HEAD, OLD)
    assert letters(home)[1] == LARGE
    (large,) = [file for file in (backup / "blobs").rglob("*") if file.is_file() and file.stat().st_size > 1000]
    assert large.read_bytes() == LARGE


def test_the_backup_put_back_is_the_journal_as_it_was(home: Path) -> None:
    typed(home, "db", "upgrade")
    (backup,) = backups(home)
    for rest in home.glob("journal.db*"):
        rest.unlink()
    (backup / "journal.db").rename(home / "journal.db")

    assert version(home / "journal.db") == OLD
    assert typed(home, "db", "upgrade", "--backup", str(home / "again")).exit_code == 0
    assert letters(home)[1] == LARGE


def test_a_journal_that_is_up_to_date_is_left_alone_and_not_backed_up(home: Path) -> None:
    typed(home, "db", "upgrade")
    said = typed(home, "db", "upgrade")

    assert (said.exit_code, said.stdout) == (0, "the journal is up to date\n")
    assert len(backups(home)) == 1


def test_a_service_with_an_older_journal_does_not_start_and_names_the_command(home: Path) -> None:
    said = typed(home, "run")

    assert said.exit_code == 78
    assert "stop the service and type: edms-gateway db upgrade" in said.stderr
    assert version(home / "journal.db") == OLD


@pytest.mark.parametrize("words", [("run",), ("status",), ("db", "upgrade")])
def test_a_newer_journal_is_never_touched(home: Path, words: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(home / "journal.db")) as line:
        line.execute(f"update {schema.VERSION_TABLE} set version_num = '9999'")
        line.commit()

    said = typed(home, *words)

    assert said.exit_code == 78
    assert "written by a newer version: install that one" in said.stderr
    assert version(home / "journal.db") == "9999"
    assert backups(home) == []


def test_nothing_is_upgraded_while_the_service_runs(home: Path) -> None:
    (home / "blobs").mkdir(exist_ok=True)
    with only_one(home / "blobs"):
        said = typed(home, "db", "upgrade")

    assert said.exit_code == 75
    assert "stop it first" in said.stderr
    assert version(home / "journal.db") == OLD


def test_a_backup_that_would_not_fit_is_not_begun(home: Path, small_volume: Path) -> None:
    said = typed(home, "db", "upgrade", "--backup", str(small_volume / "backup"))

    assert said.exit_code == 1
    assert "are free in" in said.stderr
    assert "--backup" in said.stderr
    assert version(home / "journal.db") == OLD
    assert list(small_volume.iterdir()) == []


@pytest.fixture
def small_volume() -> Iterator[Path]:
    """A volume of 256 KiB."""
    with TemporaryDirectory() as place:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], capture_output=True)
        if mounted.returncode:
            pytest.skip("no volume can be mounted here")
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", place], check=True)


def test_a_folder_that_is_there_is_not_written_into(home: Path) -> None:
    (home / "mine").mkdir()

    said = typed(home, "db", "upgrade", "--backup", str(home / "mine"))

    assert said.exit_code == 1
    assert "nothing was changed" in said.stderr
    assert version(home / "journal.db") == OLD


KILLED = """
import os, signal, sys
from sqlalchemy import event, Engine
from gateway.cli import main

left = int(sys.argv[2])

@event.listens_for(Engine, "before_cursor_execute")
def count(line, cursor, statement, *rest):
    global left
    if statement.lstrip().upper().startswith(("CREATE", "UPDATE", "VACUUM")):
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

main(["--config", sys.argv[1], "db", "upgrade"])
"""


@pytest.mark.thorough
def test_an_upgrade_killed_at_any_statement_leaves_the_journal_as_it_was(home: Path) -> None:
    killed = 0
    while True:
        program = [sys.executable, "-c", KILLED, str(home / "gateway.toml"), str(killed)]
        ended = subprocess.run(program, env=os.environ, capture_output=True, text=True, timeout=60)
        if ended.returncode != -signal.SIGKILL:
            break
        killed += 1
        assert version(home / "journal.db") == OLD
        assert all(version(backup / "journal.db") == OLD for backup in backups(home))

    assert ended.returncode == 0, ended.stderr
    assert killed >= 4  # the tables, the index and the version
    assert version(home / "journal.db") == schema.HEAD
    assert letters(home)[1] == LARGE

# SPDX-License-Identifier: GPL-3.0-or-later
"""``db backup``: taken while the service works, put back step by step as docs/operating.md says."""

import json
import os
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

import pytest
from sqlalchemy import insert

from gateway.build import build
from gateway.content import Held
from gateway.journal import entries, schema
from gateway.journal.backup import Incomplete, back_up
from gateway.journal.entries import Arrival
from gateway.journal.store import Journal
from tests.faults.restoring import call, rows
from tests.journal.givens import NOW
from tests.story.acts import LETTER, cards, send_letter
from tests.story.offices import Town, TownOffice, town

LARGE = {"Большое.pdf": LETTER + os.urandom(1024) * 300}


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as both:
        yield both


@pytest.fixture
def moscow(offices: Town) -> TownOffice:
    """An office that registered a large document."""
    send_letter(offices.minsk, files=LARGE)
    offices.settle()
    return offices.moscow


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another volume, where nothing can be linked."""
    for place in map(Path, ("/dev/shm", "/tmp", "/var/tmp")):
        if place.is_dir() and place.stat().st_dev != tmp_path.stat().st_dev:
            with TemporaryDirectory(dir=place) as made:
                yield Path(made)
            return
    pytest.skip("this machine has one volume only")


def hurt(path: Path, damage: str) -> None:
    whole = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(whole[:-1] if damage == "cut short" else whole[:-1] + b"!")


def large_letter(home: Path) -> Path:
    (path,) = (home / "blobs" / "sha256").glob("??/*")
    return path


def test_a_backup_is_put_back_as_the_page_says_and_everything_is_there(
    offices: Town, moscow: TownOffice, tmp_path: Path
) -> None:
    assert call(moscow, "db", "backup", str(tmp_path / "copy")).exit_code == 0
    send_letter(offices.minsk)
    offices.settle()

    moscow.close()  # 1. stop
    for lost in ("journal.db", "journal.db-wal", "journal.db-shm"):  # 2. put away
        (moscow.home / lost).unlink(missing_ok=True)
    shutil.rmtree(moscow.home / "blobs")
    shutil.copy(tmp_path / "copy" / "journal.db", moscow.home)  # 3. put back
    shutil.copytree(tmp_path / "copy" / "blobs", moscow.home / "blobs")
    moscow.parts = build(moscow.settings, moscow.clock)  # 4. start
    moscow.assemble()
    offices.settle()

    assert [entry.id for entry in moscow.incoming()] == [1]
    assert [row["what"] for row in rows(moscow, "db", "verify")] == ["unknown to the journal"]  # what came since
    assert len(cards(moscow)) == 2


def test_every_letter_of_a_backup_can_be_read_out_of_it(moscow: TownOffice, tmp_path: Path) -> None:
    call(moscow, "db", "backup", str(tmp_path / "copy"))

    copy = Journal.open(f"sqlite:///{tmp_path}/copy/journal.db", tmp_path / "copy" / "blobs")
    with moscow.parts.journal.read() as old, copy.read() as new:
        for entry in entries.select(old):
            mine = b"".join(entries.letter(old, moscow.parts.journal.blobs, entry.id).blocks())
            assert b"".join(entries.letter(new, copy.blobs, entry.id).blocks()) == mine
    copy.close()


def test_a_backup_taken_while_letters_come_is_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.db"
    journal, stop = Journal.open(url, tmp_path / "blobs"), Event()

    def letters_come() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            body = os.urandom(200_000 if number % 2 else 2_000)
            kept = journal.blobs.keep(Held(body))
            arrival = Arrival(f"smtp:{number}", "door", "lane", "a@north.example", (), "", True, kept)
            with journal.write() as tx:
                entries.accept(tx, [arrival], NOW)

    coming = Thread(target=letters_come)
    coming.start()
    try:
        for place in range(5):
            back_up(journal, url, tmp_path / f"copy-{place}")
    finally:
        stop.set()
        coming.join()
        journal.close()

    for place in range(5):
        copy = Journal.open(f"sqlite:///{tmp_path}/copy-{place}/journal.db", tmp_path / f"copy-{place}" / "blobs")
        with copy.read() as tx:
            for entry in entries.select(tx, limit=100_000):
                assert entries.letter(tx, copy.blobs, entry.id).size == entry.size
        copy.close()


def test_a_backup_overwrites_nothing(moscow: TownOffice, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "mine").write_text("kept")

    told = call(moscow, "db", "backup", str(tmp_path / "copy"))

    assert told.exit_code == 1
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["mine"]


@pytest.mark.parametrize("damage", ["gone", "damaged", "cut short"])
def test_a_letter_that_is_lost_is_named_and_everything_else_is_in_the_backup(
    offices: Town, moscow: TownOffice, tmp_path: Path, damage: str
) -> None:
    path = large_letter(moscow.home)
    send_letter(offices.minsk, files={"Другое.pdf": LETTER + os.urandom(1024) * 300})
    offices.settle()
    hurt(path, damage)

    told = call(moscow, "db", "backup", str(tmp_path / "copy"))
    (row,) = rows(moscow, "db", "backup", str(tmp_path / "again"))

    assert told.exit_code == 1
    assert "the backup is complete but for these" in told.output
    (lost,) = row["lost"]
    assert (lost["entry"], lost["direction"], lost["state"], lost["partner"]) == (1, "in", "done", "minsk")
    assert lost["digest"] == path.name
    assert all(word in told.output.split() for word in ("1", "in", "done", "minsk", path.name))
    copy = Journal.open(f"sqlite:///{tmp_path}/copy/journal.db", tmp_path / "copy" / "blobs")
    with copy.read() as tx:
        letters = [entry.id for entry in entries.select(tx, limit=1000) if entry.id != lost["entry"]]
        assert len(letters) > 2
        for id in letters:
            b"".join(entries.letter(tx, copy.blobs, id).blocks())
    copy.close()
    assert path.name not in [one.name for one in (tmp_path / "copy" / "blobs" / "sha256").glob("??/*")]
    assert row["letters"] == 1


def test_a_whole_backup_ends_with_0_and_names_nothing_as_lost(moscow: TownOffice, tmp_path: Path) -> None:
    told = call(moscow, "db", "backup", str(tmp_path / "copy"), "--json")

    assert told.exit_code == 0
    row = json.loads(told.output)
    assert (row["letters"], row["lost"]) == (1, [])


def test_a_file_of_a_report_that_is_lost_is_named_with_its_exchange(moscow: TownOffice, tmp_path: Path) -> None:
    journal = moscow.parts.journal
    kept = journal.blobs.keep(Held(os.urandom(200_000)))
    with journal.write() as tx:
        exchange = entries.get(tx, 1).exchange  # type: ignore[union-attr]
        row = {"exchange": exchange, "sha256": kept.sha256, "size": kept.size, "bytes": None, "at": NOW}
        tx.execute(insert(schema.files), row)
    (moscow.home / "blobs" / "sha256" / kept.sha256[:2] / kept.sha256).unlink()

    (row,) = rows(moscow, "db", "backup", str(tmp_path / "copy"))

    (lost,) = row["lost"]  # type: ignore[misc]
    assert (lost["entry"], lost["exchange"], lost["digest"]) == (None, exchange, kept.sha256)  # type: ignore[index]
    assert lost["partner"] == "minsk"  # type: ignore[index]


def test_a_copy_that_fails_is_no_letters_fault_and_leaves_nothing(tmp_path: Path, elsewhere: Path) -> None:
    """The other disk takes no large file: nobody may read that as a journal that has lost its letters."""
    url = f"sqlite:///{tmp_path}/journal.db"
    journal = Journal.open(url, tmp_path / "blobs")
    kept = journal.blobs.keep(Held(os.urandom(4 << 20)))
    with journal.write() as tx:
        entries.accept(tx, [Arrival("smtp:1", "door", "lane", "a@north.example", (), "", True, kept)], NOW)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, limit[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            back_up(journal, url, elsewhere / "copy")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        journal.close()

    assert list(elsewhere.iterdir()) == []


def test_a_backup_says_that_the_configuration_and_the_secret_are_not_in_it(moscow: TownOffice, tmp_path: Path) -> None:
    told = call(moscow, "db", "backup", str(tmp_path / "copy"))

    assert "NOT copied" in told.output
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == ["blobs", "journal.db"]


def test_a_backup_is_readable_by_its_owner_only(moscow: TownOffice, tmp_path: Path) -> None:
    call(moscow, "db", "backup", str(tmp_path / "copy"))

    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "copy" / "journal.db").stat().st_mode & 0o777 == 0o600


def test_a_copied_database_is_whole_for_sqlite_itself(moscow: TownOffice, tmp_path: Path) -> None:
    call(moscow, "db", "backup", str(tmp_path / "copy"))

    with sqlite3.connect(tmp_path / "copy" / "journal.db") as copy:
        assert copy.execute("pragma integrity_check").fetchone() == ("ok",)


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


def on_postgres(url: str, home: Path) -> Journal:
    journal = Journal.open(url, home / "blobs")
    kept = journal.blobs.keep(Held(os.urandom(300_000)))
    with journal.write() as tx:
        entries.accept(tx, [Arrival("smtp:1", "door", "lane", "a@north.example", (), "", True, kept)], NOW)
    return journal


def test_a_journal_on_postgresql_is_dumped_and_restored(
    postgres: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))), None)
    if dump is None:
        pytest.skip("no pg_dump: apt-get install postgresql-client")
    monkeypatch.setenv("PATH", f"{dump.parent}:{os.environ['PATH']}")
    url, empty = postgres(), postgres()
    journal = on_postgres(url, tmp_path)
    back_up(journal, url, tmp_path / "copy")
    journal.close()

    plain = empty.replace("+psycopg", "")
    subprocess.run([dump.with_name("pg_restore"), f"--dbname={plain}", tmp_path / "copy" / "journal.dump"], check=True)

    copy = Journal.open(empty, tmp_path / "copy" / "blobs")
    with copy.read() as tx:
        assert entries.letter(tx, copy.blobs, 1).size == 300_000
    copy.close()


def test_without_pg_dump_the_line_to_type_is_said_and_nothing_is_left(
    postgres: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    url = postgres()
    journal = on_postgres(url, tmp_path)

    with pytest.raises(Incomplete, match="pg_dump --format=custom"):
        back_up(journal, url, tmp_path / "copy")

    journal.close()
    assert not (tmp_path / "copy").exists()

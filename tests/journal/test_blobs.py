# SPDX-License-Identifier: GPL-3.0-or-later
"""Large letters survive or leave nothing behind that matters."""

import errno
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.content import Held
from gateway.journal.blobs import INLINE, Blobs, Kept
from gateway.model import Content, Sha256

LARGE = b"0123456789abcdef" * 20_000
OLD = datetime(2001, 1, 1, tzinfo=UTC)


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def spooled(blobs: Blobs, body: bytes, block: int = 50_000) -> Content:
    sink = blobs.sink()
    for start in range(0, len(body), block):
        sink.write(body[start : start + block])
    return sink.close()


def read(content: Content) -> bytes:
    return b"".join(content.blocks())


def files(blobs: Blobs) -> list[Path]:
    return sorted(path for path in blobs.directory.rglob("*") if path.is_file())


def age(blobs: Blobs) -> None:
    for path in files(blobs):
        os.utime(path, (OLD.timestamp(), OLD.timestamp()))


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


@pytest.mark.parametrize("size", [0, 1, INLINE - 1, INLINE, INLINE + 1, 3_000_000])
def test_a_sink_gives_back_what_was_written(blobs: Blobs, size: int) -> None:
    body = os.urandom(size)

    content = spooled(blobs, body)

    assert (content.size, content.sha256) == (size, sha256(body).hexdigest())
    assert read(content) == read(content) == body
    assert bool(files(blobs)) is (size > INLINE)


def test_blocks_are_at_most_a_mebibyte(blobs: Blobs) -> None:
    content = spooled(blobs, b"x" * 2_500_000)

    assert [len(block) for block in content.blocks()] == [1_048_576, 1_048_576, 402_848]


@pytest.mark.parametrize("size", [10, INLINE + 1])
def test_a_discarded_sink_leaves_nothing(blobs: Blobs, size: int) -> None:
    open_sink, closed_sink = blobs.sink(), blobs.sink()
    for sink in (open_sink, closed_sink):
        sink.write(b"x" * size)
    closed_sink.close()

    for sink in (open_sink, closed_sink, closed_sink):
        sink.discard()

    assert files(blobs) == []


def test_a_small_letter_is_kept_in_the_row_and_a_large_one_in_a_file(blobs: Blobs) -> None:
    small, large = blobs.keep(Held(b"x" * INLINE)), blobs.keep(spooled(blobs, LARGE))

    digest = sha256(LARGE).hexdigest()
    assert small.inline == b"x" * INLINE
    assert large == Kept(Sha256(digest), len(LARGE), None)
    assert files(blobs) == [blobs.directory / "sha256" / digest[:2] / digest]
    assert read(blobs.content(small)) == b"x" * INLINE
    assert read(blobs.content(large)) == read(blobs.open(large.sha256, large.size)) == LARGE


def test_a_large_content_from_elsewhere_is_copied(blobs: Blobs) -> None:
    kept = blobs.keep(Held(LARGE))

    assert kept.inline is None
    assert read(blobs.content(kept)) == LARGE


def test_the_same_bytes_are_kept_once(blobs: Blobs) -> None:
    first, second, third = (
        blobs.keep(spooled(blobs, LARGE)),
        blobs.keep(spooled(blobs, LARGE)),
        blobs.keep(Held(LARGE)),
    )

    assert first == second == third
    assert len(files(blobs)) == 1


def test_a_file_of_another_size_is_not_handed_out_and_is_replaced_by_the_right_one(blobs: Blobs) -> None:
    kept = blobs.keep(Held(LARGE))
    files(blobs)[0].write_bytes(LARGE[:-1])

    with pytest.raises(OSError, match="319999 bytes"):
        blobs.content(kept)

    blobs.keep(Held(LARGE))
    assert read(blobs.content(kept)) == LARGE


def test_an_absent_file_is_an_error(blobs: Blobs) -> None:
    with pytest.raises(FileNotFoundError):
        blobs.open(Sha256("0" * 64), 200_000)


# --- faults -----------------------------------------------------------------------------------------------------------


def test_a_failed_fsync_keeps_nothing_and_is_never_tried_again(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []

    def broken(descriptor: int) -> None:
        synced.append(descriptor)
        raise OSError(errno.EIO, "the disk is ill")

    monkeypatch.setattr(os, "fsync", broken)
    for _ in range(2):
        with pytest.raises(OSError, match="ill"):
            blobs.keep(Held(LARGE))

    assert len(synced) == 1
    assert "ill" in blobs.sick
    assert files(blobs) == [blobs.mark]
    assert blobs.keep(Held(b"small")).inline == b"small"


def test_a_failed_fsync_is_known_to_every_process_until_a_person_takes_the_mark_away(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "the disk is ill")

    with monkeypatch.context() as ill:
        ill.setattr(os, "fsync", broken)
        with pytest.raises(OSError, match="ill"):
            blobs.keep(Held(LARGE))
    afresh = Blobs(blobs.directory)

    assert "ill" in afresh.sick
    with pytest.raises(OSError, match="ill"):
        afresh.keep(Held(LARGE))
    afresh.mark.unlink()
    assert afresh.sick == blobs.sick == ""
    assert read(blobs.content(blobs.keep(Held(LARGE)))) == LARGE


def test_a_name_whose_folder_could_not_be_synced_is_taken_away_again(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next copy of the letter would be taken for one that is on the disk already."""
    real = os.fsync

    def broken(descriptor: int) -> None:
        if Path(os.readlink(f"/proc/self/fd/{descriptor}")).is_dir():
            raise OSError(errno.EIO, "the folder is ill")
        real(descriptor)

    with monkeypatch.context() as ill:
        ill.setattr(os, "fsync", broken)
        with pytest.raises(OSError, match="ill"):
            blobs.keep(Held(LARGE))

    assert files(blobs) == [blobs.mark]


def test_the_order_is_write_fsync_rename_fsync_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story: list[str] = []
    blobs = Blobs(tmp_path, story.append)
    real = os.fsync

    def fsync(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        story.append(
            f"fsync {path.relative_to(tmp_path).parts[0]} {'folder' if path.is_dir() else path.stat().st_size}"
        )
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    blobs.keep(spooled(blobs, LARGE))

    assert story == [
        "blob:before-fsync",
        "fsync spool 320000",
        "blob:before-rename",
        "blob:before-dirsync",
        "fsync sha256 folder",
        "fsync sha256 folder",
    ]


@pytest.mark.parametrize("point", ["blob:before-fsync", "blob:before-rename"])
def test_an_error_before_the_rename_leaves_no_file(tmp_path: Path, point: str) -> None:
    def full(name: str) -> None:
        if name == point:
            raise OSError(errno.ENOSPC, "the disk is full")

    blobs = Blobs(tmp_path, full)

    with pytest.raises(OSError, match="full"):
        blobs.keep(spooled(blobs, LARGE))

    assert files(blobs) == []


DYING = """
import os, signal, sys
from pathlib import Path
from gateway.content import Held
from gateway.journal.blobs import Blobs

def die(name):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

Blobs(Path(sys.argv[1]), die).keep(Held(b"0123456789abcdef" * 20_000))
die("blob:kept")
"""


@pytest.mark.parametrize("point", ["blob:before-fsync", "blob:before-rename", "blob:before-dirsync", "blob:kept"])
def test_a_death_between_blob_and_row_leaves_an_orphan_that_sweeping_removes(blobs: Blobs, point: str) -> None:
    died = subprocess.run([sys.executable, "-c", DYING, str(blobs.directory), point], check=False)
    orphans = files(blobs)
    young = blobs.sweep(an_hour_ago(), known=())
    age(blobs)
    old = blobs.sweep(an_hour_ago(), known=())

    assert died.returncode == -signal.SIGKILL
    assert len(orphans) == 1
    assert (young, old) == (0, 1)
    assert files(blobs) == []


# --- sweeping ---------------------------------------------------------------------------------------------------------


def test_a_sweep_leaves_what_a_row_knows(blobs: Blobs) -> None:
    known, orphan = blobs.keep(Held(LARGE)), blobs.keep(Held(LARGE[::-1]))
    age(blobs)

    assert blobs.sweep(an_hour_ago(), known={known.sha256}) == 1

    assert read(blobs.content(known)) == LARGE
    with pytest.raises(FileNotFoundError):
        blobs.content(orphan)


def test_bytes_kept_again_are_young_again(blobs: Blobs) -> None:
    kept = blobs.keep(Held(LARGE))
    age(blobs)
    blobs.keep(Held(LARGE))

    assert blobs.sweep(an_hour_ago(), known=()) == 0
    assert read(blobs.content(kept)) == LARGE


def test_bytes_kept_again_while_they_are_swept_stay(blobs: Blobs) -> None:
    kept = blobs.keep(Held(LARGE))
    age(blobs)

    class Meanwhile:
        asked = False

        def __contains__(self, digest: object) -> bool:
            if not self.asked:
                self.asked = True
                blobs.keep(Held(LARGE))
            return False

    blobs.sweep(an_hour_ago(), known=Meanwhile())

    assert read(blobs.content(kept)) == LARGE


def test_what_is_written_into_scratch_is_gone_when_the_block_ends(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    with blobs.scratch() as scratch:
        sink = scratch.sink()
        sink.write(b"x" * (INLINE + 1))
        content = sink.close()
        assert content.size == INLINE + 1

    assert list((tmp_path / "spool").iterdir()) == []

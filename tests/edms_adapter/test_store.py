# SPDX-License-Identifier: GPL-3.0-or-later
"""The file store: whole or absent, never a sender's path, orphans swept."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.content import Held
from gateway.edms_adapter.sql.files import Kept, Store
from gateway.model import File
from tests.edms_adapter.desk import Desk, file_of, letter

LARGE = Held(b"0123456789abcdef" * 20_000)


def names(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in sorted(root.rglob("*")) if path.is_file()]


def test_what_is_not_published_is_gone(tmp_path: Path) -> None:
    store = Store(tmp_path, 0)
    with store.staged([("", file_of(LARGE))], {LARGE.sha256: LARGE}, "ex-1"):
        assert len(names(tmp_path)) == 1

    assert names(tmp_path) == []


def test_a_repeated_attempt_replaces_its_own_leavings(tmp_path: Path) -> None:
    store = Store(tmp_path, 0)
    for _ in range(2):
        with store.staged([("", file_of(LARGE))], {LARGE.sha256: LARGE}, "ex-1") as staged:
            staged.publish()

    (name,) = names(tmp_path)
    assert (tmp_path / name).read_bytes() == LARGE.data


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a\x00b", "con" * 200, ""])
def test_a_senders_name_is_never_part_of_a_path(tmp_path: Path, name: str) -> None:
    root = tmp_path / "store"
    root.mkdir()
    hostile = File(name, size=LARGE.size, sha256=LARGE.sha256)
    with Store(root, 0).staged([("", hostile)], {LARGE.sha256: LARGE}, "../ex") as staged:
        staged.publish()

    assert len(names(root)) == len(names(tmp_path)) == 1


def test_a_file_that_was_changed_on_disk_is_an_error_not_a_document(tmp_path: Path) -> None:
    place = tmp_path / "kept"
    place.write_bytes(b"other bytes")

    with pytest.raises(OSError, match="SHA-256"):
        list(Kept(place, 11, LARGE.sha256).blocks())


def test_the_sweep_takes_old_orphans_and_nothing_else(desk: Desk) -> None:
    desk.contents[LARGE.sha256] = LARGE
    desk.registered(letter(files=(file_of(LARGE),)))
    kept = names(desk.files)
    old, young = (f"{start}/{start}{'0' * 62}" for start in ("ab", "cd"))
    half = f"{old}.{'1' * 32}.part"
    theirs = ["ab/scan.pdf", "registry.db", f"ab/{'c' * 64}"]  # whatever the EDMS keeps there
    for name, age in ((young, timedelta(hours=1)), *((name, timedelta(days=9)) for name in (old, half, *theirs))):
        (desk.files / name).parent.mkdir(exist_ok=True)
        (desk.files / name).write_bytes(b"orphan")
        moment = (desk.clock.at - age).timestamp()
        os.utime(desk.files / name, (moment, moment))
    for name in kept:
        os.utime(desk.files / name, (0, 0))

    assert desk.edms.sweep() == [old, half]
    assert names(desk.files) == sorted([*kept, young, *theirs])

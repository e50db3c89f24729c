# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages from directories: taken when they are whole, once, and never further than their folder."""

import json
import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from tests.folders import Watched, medo_envelope, passport, sev_package

GUID = "7d0a6c1e-2b3f-4c5d-8e9f-0a1b2c3d4e5f"


@pytest.fixture
def sev(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path)
    yield watched
    watched.close()


@pytest.fixture
def medo(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path, layout="medo")
    yield watched
    watched.close()


def files_of(letter: bytes) -> dict[str, bytes]:
    """Return the files of *letter* as an independent reader finds them."""
    read = cast(EmailMessage, message_from_bytes(letter, policy=policy.default))
    return {part.get_filename() or "": part.get_payload(decode=True) for part in read.iter_attachments()}  # type: ignore[misc]


# --- whole packages -------------------------------------------------------------------------------------------------


def test_a_package_becomes_a_letter_with_the_same_files(sev: Watched) -> None:
    sev_package(sev.path, GUID, {"Письмо № 1[1].pdf": b"%PDF", "план[2].txt": b"plan"})

    sev.look()

    (letter,) = sev.letters()
    found = files_of(letter)
    assert found.pop("DocInfo.xml").startswith(b"\xef\xbb\xbf<?xml")
    assert found == {"Письмо № 1[1].pdf": b"%PDF", "план[2].txt": b"plan"}
    assert cast(EmailMessage, message_from_bytes(letter, policy=policy.default))["Subject"] == "№ 1"


def test_the_same_package_is_the_same_letter_byte_for_byte(tmp_path: Path) -> None:
    letters = []
    for home in (tmp_path / "one", tmp_path / "other"):
        home.mkdir()
        watched = Watched(home)
        package = sev_package(watched.path, GUID)
        for path in package.iterdir():
            os.utime(path, (1_700_000_000, 1_700_000_000))
        watched.look()
        letters += watched.letters()
        watched.close()

    assert letters[0] == letters[1]


def test_a_package_is_taken_at_the_second_look_only(sev: Watched) -> None:
    sev_package(sev.path, GUID)

    sev.look(1)
    first = len(sev.taken())
    sev.look(1)

    assert (first, len(sev.taken())) == (0, 1)


def test_a_package_without_a_sidecar_must_have_settled(tmp_path: Path) -> None:
    from datetime import timedelta

    watched = Watched(tmp_path, settle=timedelta(seconds=40))
    sev_package(watched.path, GUID, sidecar=False)

    watched.look(3)
    early = len(watched.taken())
    watched.look(1)

    assert (early, len(watched.taken())) == (0, 1)
    watched.close()


def test_a_sidecar_that_comes_after_its_package_was_taken_is_put_away_with_it(sev: Watched) -> None:
    sev_package(sev.path, GUID, sidecar=False)
    sev.look(2)
    (sev.path / f"{GUID}.env").write_text("<Envelop/>")

    sev.look(2)

    assert len(sev.taken()) == 1
    assert sev.lying() == []
    assert f"{GUID}/{GUID}.env" in sev.archived()


FAILED = "<Envelop><Body/><FailureFile>Письмо-ошибка.txt</FailureFile></Envelop>"


@pytest.mark.parametrize(("sidecar", "told"), [(FAILED, 1), ("<Envelop><FailureFile/></Envelop>", 0)])
def test_a_package_whose_envelope_tells_of_a_failed_delivery_is_taken_and_the_log_says_so(
    sev: Watched, sidecar: str, told: int
) -> None:
    sev_package(sev.path, GUID, sidecar=False)
    (sev.path / f"{GUID}.env").write_text(sidecar)

    with capture_logs() as logs:
        sev.look()

    assert len(sev.taken()) == 1
    lines = [line for line in logs if line["event"] == "package-tells-failure"]
    assert [line["log_level"] for line in lines] == ["warning"] * told
    assert not any("ошибка" in str(line) for line in logs)


@pytest.mark.parametrize(
    ("sidecar", "words"),
    [
        ("<Envelop/>", "a transport envelope without its folder"),
        (FAILED, "a transport envelope without its folder, and it tells of a delivery that failed"),
    ],
)
def test_an_envelope_without_its_folder_is_told_and_that_it_tells_of_a_failure(
    sev: Watched, sidecar: str, words: str
) -> None:
    (sev.path / f"{GUID}.env").write_text(sidecar)

    sev.look(300)

    assert sev.state().words.endswith(words)


def test_a_zip_archive_by_itself_is_a_package(sev: Watched) -> None:
    (sev.path / "message.zip").write_bytes(b"PK\x03\x04 whatever is in it")

    sev.look(3)

    assert [list(files_of(letter)) for letter in sev.letters()] == [["message.zip"]]
    assert sev.archived() == ["message.zip"]


def test_what_has_the_names_of_ours_or_of_windows_is_no_package(sev: Watched) -> None:
    (sev.path / ".edms-gateway").mkdir()
    (sev.path / "Thumbs.db").write_bytes(b"x")
    (sev.path / "AutoSend.LOG").write_bytes(b"x")

    sev.look(300)

    assert (sev.taken(), sev.state().words) == ([], "")


# --- packages that are not whole ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sidecar", [True, False])
def test_a_package_that_lacks_a_listed_file_waits_for_it(sev: Watched, sidecar: bool) -> None:
    package = sev_package(sev.path, GUID, {"a[1].txt": b"a", "b[2].txt": b"b"}, sidecar=sidecar)
    (package / "b[2].txt").rename(sev.path.parent / "b[2].txt")

    sev.look(4)
    before = len(sev.taken())
    (sev.path.parent / "b[2].txt").rename(package / "b[2].txt")
    sev.look(3)

    assert before == 0
    assert set(files_of(sev.letters()[0])) == {"DocInfo.xml", "a[1].txt", "b[2].txt"}


def test_a_file_that_still_grows_keeps_its_package_waiting(sev: Watched) -> None:
    package = sev_package(sev.path, GUID)

    for _ in range(4):
        sev.look(1)
        with (package / "Письмо[1].txt").open("ab") as file:
            file.write(b" and more")
    growing = len(sev.taken())
    sev.look(2)

    assert growing == 0
    assert files_of(sev.letters()[0])["Письмо[1].txt"].endswith(b" and more")


def test_a_package_that_never_completes_is_told_of_without_naming_it(sev: Watched) -> None:
    package = sev_package(sev.path, "О премировании Канарейкина", {"a[1].txt": b"a"})
    (package / "a[1].txt").unlink()

    sev.look(10)
    early = sev.state().words
    sev.clock.advance(hours=2)
    sev.look(1)

    assert early == ""
    words = sev.state().words
    assert "1 package cannot be taken" in words
    assert "1 of the 1 files that its passport lists are not there" in words
    assert "Канарейкин" not in words
    assert sev.state().failures == 0


def test_of_several_reasons_it_is_told_how_many_packages_wait_for_each(medo: Watched) -> None:
    for name, listed in (("a", 1), ("b", 2), ("c", 2)):
        package = medo.path / name
        package.mkdir()
        (package / "e.ini").write_bytes(medo_envelope(tuple(f"{number}.xml" for number in range(listed))))
    for name in ("d", "e"):
        (medo.path / name).mkdir()
    (medo.path / "f").symlink_to(medo.path / "a")

    medo.look(2)
    medo.clock.advance(hours=2)
    medo.look(1)

    assert medo.state().words.startswith(
        "6 packages cannot be taken: not all files that its envelope lists are there (3); "
        "its envelope has not come (2); it holds what is no plain file: a link, a device or a folder (1)"
    )


def test_what_cannot_be_taken_is_logged_once_when_it_is_found_so_without_a_name(medo: Watched) -> None:
    package = medo.path / "О премировании Канарейкина"
    package.mkdir()
    (package / "Канарейкин.pdf").write_bytes(b"%PDF")
    (medo.path / "other").mkdir()

    with capture_logs() as lines:
        medo.look(1)
        early = list(lines)
        medo.look(5)
        (package / "more.pdf").write_bytes(b"%PDF")
        medo.look(3)

    assert early == []
    told = {"event": "package-not-taken", "log_level": "warning", "directory": str(medo.path)}
    assert lines == [{**told, "reason": "its envelope has not come"}] * 2


def test_what_is_told_is_forgotten_when_the_package_is_taken(sev: Watched) -> None:
    package = sev_package(sev.path, GUID, {"a[1].txt": b"a"})
    (package / "a[1].txt").unlink()
    sev.look(2)
    sev.clock.advance(hours=2)
    sev.look(1)
    told = sev.state().words
    (package / "a[1].txt").write_bytes(b"a")

    sev.look(3)

    assert told != ""
    assert (len(sev.taken()), sev.state().words) == (1, "")


def test_names_meet_as_leniently_as_the_dialect_reads_them(sev: Watched) -> None:
    package = sev_package(sev.path, GUID, {"ПИСЬМО.TXT": b"a"}, listed=False)
    (package / "DocInfo.xml").write_bytes(passport(("письмо[1].txt",)))

    sev.look()

    assert len(sev.taken()) == 1


# --- hostile things -------------------------------------------------------------------------------------------------


def test_a_link_in_a_package_is_never_followed(sev: Watched, tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere.txt"
    secret.write_text("not theirs")
    package = sev_package(sev.path, GUID, {"a[1].txt": b"a"})
    (package / "a[1].txt").unlink()
    (package / "a[1].txt").symlink_to(secret)

    sev.look(3)
    sev.clock.advance(hours=2)
    sev.look(1)

    assert sev.taken() == []
    assert "no plain file" in sev.state().words


def test_a_file_that_becomes_a_link_between_look_and_reading_is_not_followed(sev: Watched, tmp_path: Path) -> None:
    package = sev_package(sev.path, GUID, {"a[1].txt": b"theirs"})
    file, secret = package / "a[1].txt", tmp_path / "elsewhere.txt"
    secret.write_bytes(b"secret")
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)

    def swap() -> None:
        file.unlink()
        file.symlink_to(secret)
        os.utime(secret, ns=times)
        sev.door.meanwhile = lambda: None

    sev.door.meanwhile = swap
    sev.look(4)

    assert sev.taken() == []
    assert file.is_symlink()


def test_a_link_to_a_folder_is_no_package(sev: Watched, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    sev_package(outside, GUID)
    (sev.path / GUID).symlink_to(outside / GUID)

    sev.look(3)

    assert sev.taken() == []
    assert (outside / GUID / "DocInfo.xml").exists()


def test_a_pipe_holds_nobody_up(sev: Watched) -> None:
    package = sev_package(sev.path, GUID)
    os.mkfifo(package / "pipe")
    sev_package(sev.path, "other")

    sev.look(3)

    assert len(sev.taken()) == 1


def test_a_passport_cannot_name_files_outside_its_package(sev: Watched, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("not theirs")
    package = sev_package(sev.path, GUID, {}, listed=False)
    (package / "DocInfo.xml").write_bytes(passport(("../../secret.txt",)))

    sev.look(3)

    assert sev.taken() == []


def test_a_file_that_may_not_be_read_keeps_only_its_own_package(sev: Watched) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything: run the tests as a user")
    package = sev_package(sev.path, GUID)
    (package / "Письмо[1].txt").chmod(0)
    sev_package(sev.path, "other")

    sev.look(3)
    without = len(sev.taken())
    (package / "Письмо[1].txt").chmod(0o600)
    sev.look(1)

    assert (without, len(sev.taken())) == (1, 2)


def test_a_name_that_is_no_utf8_reaches_the_letter_as_windows_1251(sev: Watched) -> None:
    package = sev_package(sev.path, GUID, {})
    with open(os.fsencode(package) + b"/" + "письмо.txt".encode("cp1251"), "wb") as file:
        file.write(b"text")

    sev.look()

    assert files_of(sev.letters()[0])["письмо.txt"] == b"text"


def test_a_package_larger_than_a_letter_may_be_stays_there(tmp_path: Path) -> None:
    watched = Watched(tmp_path, max_letter_bytes=1000)
    sev_package(watched.path, GUID, {"a[1].txt": b"x" * 2000})

    watched.look(3)
    watched.clock.advance(hours=2)
    watched.look(1)

    assert watched.taken() == []
    assert "more than a letter may have" in watched.state().words
    watched.close()


def test_a_package_of_too_many_files_stays_there(sev: Watched) -> None:
    package = sev_package(sev.path, GUID)
    for number in range(1000):
        (package / f"{number}.txt").touch()

    sev.look(3)

    assert sev.taken() == []


# --- once -----------------------------------------------------------------------------------------------------------


def test_what_is_left_there_is_never_taken_again(tmp_path: Path) -> None:
    watched = Watched(tmp_path, after="leave", archive=None)
    sev_package(watched.path, GUID)
    watched.look(3)

    watched.begin()
    watched.look(4)

    assert len(watched.taken()) == 1
    assert watched.lying() == [GUID, f"{GUID}.env"]
    watched.close()


def test_what_is_archived_lies_under_its_day_and_is_never_overwritten(sev: Watched) -> None:
    sev_package(sev.path, GUID, {"a[1].txt": b"first"})
    sev.look()
    sev_package(sev.path, GUID, {"a[1].txt": b"second"})
    sev.look()

    days = os.listdir(sev.archive)
    assert days == ["2026-03-11"]
    assert (sev.archive / days[0] / GUID / "a[1].txt").read_bytes() == b"first"
    assert (sev.archive / days[0] / f"{GUID}.2" / "a[1].txt").read_bytes() == b"second"
    assert (sev.archive / days[0] / f"{GUID}.2.env").exists()
    assert len(sev.taken()) == 2


def test_a_copy_with_the_same_times_is_no_new_package(sev: Watched, tmp_path: Path) -> None:
    package = sev_package(sev.path, GUID)
    shutil.copytree(package, tmp_path / "copy")
    sev.look()
    shutil.copytree(tmp_path / "copy", sev.path / GUID)

    sev.look(3)

    assert len(sev.taken()) == 1
    assert sev.lying() == []


def test_what_is_deleted_leaves_nothing(tmp_path: Path) -> None:
    watched = Watched(tmp_path, after="delete", archive=None)
    sev_package(watched.path, GUID)

    watched.look()

    assert (len(watched.taken()), watched.lying()) == (1, [])
    watched.close()


def test_a_deletion_follows_no_link(tmp_path: Path) -> None:
    watched = Watched(tmp_path, after="delete", archive=None)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_text("kept")
    (watched.path / ".edms-gateway-0123").symlink_to(outside)

    watched.look(2)

    assert (outside / "kept.txt").exists()
    watched.close()


def test_an_archive_that_cannot_be_written_to_is_told_and_nothing_is_taken_twice(sev: Watched) -> None:
    sev.archive.write_text("a file, no folder")
    sev_package(sev.path, GUID)

    sev.look(5)
    told = sev.state().words
    sev.archive.unlink()
    sev.look(1)

    assert "taken and not put away" in told
    assert len(sev.taken()) == 1
    assert (sev.lying(), sev.state().words) == ([], "")


def test_what_lay_there_at_the_very_first_look_did_not_arrive_anew(sev: Watched) -> None:
    sev_package(sev.path, "first")
    sev.look(1)
    sev_package(sev.path, "second")
    sev.look(3)

    assert [entry.arrived_anew for entry in sev.taken()] == [True, True]


def test_a_folder_that_is_away_is_told_and_read_when_it_is_back(sev: Watched) -> None:
    sev_package(sev.path, GUID)
    sev.path.rename(sev.path.with_name("away"))
    sev.look(2)
    away = sev.state()
    sev.path.with_name("away").rename(sev.path)

    sev.look()

    assert (away.words, away.failures) == ("No such file or directory", 2)
    assert (len(sev.taken()), sev.state().words, sev.state().failures) == (1, "", 0)


def test_nothing_is_taken_while_there_is_no_room_for_letters(sev: Watched) -> None:
    sev_package(sev.path, GUID)
    sev.door.is_open = False
    sev.look(3)
    closed = len(sev.taken())

    sev.door.is_open = True
    sev.look(1)

    assert (closed, len(sev.taken())) == (0, 1)


@pytest.mark.parametrize("after", ["archive", "delete"])
@pytest.mark.parametrize("said", ["outside", "link", "nonsense"])
def test_no_plan_of_others_puts_away_what_lies_outside_the_folder(tmp_path: Path, after: str, said: str) -> None:
    watched = Watched(tmp_path, layout="medo", after=after)
    secret = tmp_path / "secret.txt"
    secret.write_bytes(b"of the host")
    known = secret.stat()
    rows = [[os.fsencode(name).hex(), known.st_size, known.st_mtime_ns] for name in ("../secret.txt", str(secret))]
    plan = watched.path / ".edms-gateway.away-1"
    plan.write_text(
        "{" if said == "nonsense" else json.dumps({"to": "../in" if after == "archive" else "", "files": rows})
    )
    if said == "link":
        plan.rename(tmp_path / "plan")
        plan.symlink_to(tmp_path / "plan")
    (watched.path / "1.xml").write_bytes(b"<x/>")
    (watched.path / "A.ini").write_bytes(medo_envelope(("1.xml",)))

    watched.look(3)

    assert secret.read_bytes() == b"of the host"
    assert len(watched.taken()) == 1
    assert watched.state().words == ""
    watched.close()


# --- MEDO -----------------------------------------------------------------------------------------------------------


def test_a_subfolder_is_taken_when_its_envelope_and_all_it_lists_are_there(medo: Watched) -> None:
    package = medo.path / "ЭСД МЭДО (1)"
    package.mkdir()
    (package / "document.xml").write_bytes(b"<xdms:communication/>")
    (package / "letter.pdf").write_bytes(b"%PDF")
    medo.look(3)
    without = len(medo.taken())

    (package / "envelope.ltr").write_bytes(medo_envelope(("document.xml", "letter.pdf")))
    medo.look(2)

    assert without == 0
    (letter,) = medo.letters()
    assert set(files_of(letter)) == {"document.xml", "letter.pdf", "envelope.ltr"}
    assert medo.lying() == []


def test_an_envelope_in_the_folder_itself_takes_the_files_it_lists_and_no_others(medo: Watched) -> None:
    for name in ("document.xml", "letter.pdf", "of-another.pdf"):
        (medo.path / name).write_bytes(name.encode())
    (medo.path / "A1B2C3D4.ini").write_bytes(medo_envelope(("document.xml", "letter.pdf")))

    medo.look(2)

    (letter,) = medo.letters()
    assert set(files_of(letter)) == {"document.xml", "letter.pdf", "A1B2C3D4.ini"}
    assert medo.lying() == ["of-another.pdf"]
    assert medo.archived() == [f"A1B2C3D4/{name}" for name in ("A1B2C3D4.ini", "document.xml", "letter.pdf")]


def test_files_whose_envelope_never_comes_are_told_of(medo: Watched) -> None:
    (medo.path / "document.xml").write_bytes(b"<x/>")

    medo.look(2)
    medo.clock.advance(hours=2)
    medo.look(1)

    assert "its envelope has not come" in medo.state().words


def test_a_lone_desktop_ini_is_no_envelope(medo: Watched) -> None:
    (medo.path / "desktop.ini").write_bytes(b"[.ShellClassInfo]")

    medo.look(2)
    medo.clock.advance(hours=2)
    medo.look(1)

    assert (medo.taken(), medo.state().words) == ([], "")


def test_a_flat_package_waits_while_a_file_of_it_is_being_written(medo: Watched) -> None:
    (medo.path / "A1B2C3D4.ini").write_bytes(medo_envelope(("document.xml", "scan.pdf")))
    medo.look(1)
    (medo.path / "document.xml").write_bytes(b"<x/>")
    (medo.path / "scan.pdf").write_bytes(b"%PDF half")
    medo.look(1)
    with (medo.path / "scan.pdf").open("ab") as file:
        file.write(b" and half")
    medo.look(1)
    early = len(medo.taken())

    medo.look(1)

    assert early == 0
    (letter,) = medo.letters()
    assert files_of(letter)["scan.pdf"] == b"%PDF half and half"


def test_other_files_under_an_envelope_of_the_same_name_size_and_time_are_another_package(medo: Watched) -> None:
    for data in (b"<first/>", b"<other/>"):
        (medo.path / "document.xml").write_bytes(data)
        (medo.path / "A1B2C3D4.ini").write_bytes(medo_envelope(("document.xml",)))
        os.utime(medo.path / "A1B2C3D4.ini", (1_700_000_000, 1_700_000_000))
        medo.look(2)

    assert [files_of(letter)["document.xml"] for letter in medo.letters()] == [b"<first/>", b"<other/>"]
    assert medo.lying() == []


@pytest.mark.parametrize("after", ["archive", "delete"])
def test_no_flat_package_takes_a_file_of_its_neighbour(tmp_path: Path, after: str) -> None:
    medo = Watched(tmp_path, layout="medo", after=after)
    for name in ("1.xml", "2.xml", "plan.docx", "plan[1].docx"):
        (medo.path / name).write_bytes(name.encode())
    (medo.path / "A.ini").write_bytes(medo_envelope(("1.xml", "plan.docx")))
    (medo.path / "B.ini").write_bytes(medo_envelope(("2.xml", "plan[1].docx")))

    medo.look(2)

    taken = [set(files_of(letter)) for letter in medo.letters()]
    assert taken == [{"A.ini", "1.xml", "plan.docx"}, {"B.ini", "2.xml", "plan[1].docx"}]
    assert (medo.lying(), medo.state().words) == ([], "")
    medo.close()


def test_a_file_listed_exactly_goes_to_nobody_who_lists_it_in_other_letters(medo: Watched) -> None:
    for name in ("1.xml", "2.xml", "PLAN.docx"):
        (medo.path / name).write_bytes(name.encode())
    (medo.path / "A.ini").write_bytes(medo_envelope(("1.xml", "plan.docx")))
    (medo.path / "B.ini").write_bytes(medo_envelope(("2.xml", "PLAN.docx")))

    medo.look(2)

    assert [set(files_of(letter)) for letter in medo.letters()] == [{"B.ini", "2.xml", "PLAN.docx"}]
    assert medo.lying() == ["1.xml", "A.ini"]


def test_an_envelope_in_the_folder_itself_never_takes_another(medo: Watched) -> None:
    for name in ("1.xml", "2.xml"):
        (medo.path / name).write_bytes(name.encode())
    (medo.path / "A.ini").write_bytes(medo_envelope(("1.xml", "B.ini")))
    (medo.path / "B.ini").write_bytes(medo_envelope(("2.xml",)))

    medo.look(2)

    assert [set(files_of(letter)) for letter in medo.letters()] == [{"B.ini", "2.xml"}]
    assert medo.lying() == ["1.xml", "A.ini"]


def test_a_package_in_the_folder_itself_is_taken_however_many_files_lie_beside_it(medo: Watched) -> None:
    for number in range(1001):
        (medo.path / f"stray{number}.pdf").touch()
    (medo.path / "zz.xml").write_bytes(b"<x/>")
    (medo.path / "zz.ini").write_bytes(medo_envelope(("zz.xml",)))

    medo.look(2)

    assert len(medo.taken()) == 1
    assert len(medo.lying()) == 1001


def test_an_annex_that_is_an_envelope_does_not_keep_its_package(medo: Watched) -> None:
    package = medo.path / "P"
    package.mkdir()
    (package / "document.xml").write_bytes(b"<x/>")
    (package / "annex.ini").write_bytes(medo_envelope(("other.xml",)))
    (package / "envelope.ini").write_bytes(medo_envelope(("document.xml", "annex.ini"), "its own"))

    medo.look(2)

    (letter,) = medo.letters()
    assert set(files_of(letter)) == {"document.xml", "annex.ini", "envelope.ini"}
    assert cast(EmailMessage, message_from_bytes(letter, policy=policy.default))["Subject"] == "its own"


def test_an_annex_that_is_a_passport_does_not_keep_its_package(sev: Watched) -> None:
    sev_package(sev.path, GUID, {"A[1].xml": passport(("x.txt", "y.txt"))})

    sev.look(2)

    assert len(sev.taken()) == 1
    assert sev.lying() == []


@pytest.mark.parametrize("layout", ["sev", "medo", "flat"])
def test_names_in_windows_1251_on_the_disk_are_those_that_are_listed(tmp_path: Path, layout: str) -> None:
    watched = Watched(tmp_path, layout="sev" if layout == "sev" else "medo", settle=timedelta())
    package = watched.path if layout == "flat" else watched.path / "P"
    package.mkdir(exist_ok=True)
    with open(os.fsencode(package) + b"/" + "план.pdf".encode("cp1251"), "wb") as file:
        file.write(b"%PDF")
    if layout == "sev":
        (package / "DocInfo.xml").write_bytes(passport(("план.pdf",)))
    else:
        (package / "document.xml").write_bytes(b"<x/>")
        (package / "e.ltr").write_bytes(medo_envelope(("document.xml", "план.pdf")))

    watched.look(2)

    (letter,) = watched.letters()
    assert files_of(letter)["план.pdf"] == b"%PDF"
    assert watched.lying() == []
    watched.close()


# --- many and large -------------------------------------------------------------------------------------------------


def test_many_packages_are_all_taken_once(sev: Watched) -> None:
    for number in range(60):
        sev_package(sev.path, f"{number:08d}")

    sev.look(3)

    assert len(sev.taken()) == 60
    assert sev.lying() == []


@pytest.mark.thorough
def test_ten_thousand_packages_are_all_taken_once(tmp_path: Path) -> None:
    watched = Watched(tmp_path, after="leave", archive=None)
    for number in range(10_000):
        sev_package(watched.path, f"{number:08d}", {})

    watched.look(12)
    watched.begin()
    watched.look(2)

    with watched.journal.read() as tx:
        from gateway.journal import entries
        from gateway.journal.entries import Direction, State

        assert entries.counts(tx).by_state[(Direction.IN, State.ACCEPTED)] == 10_000
    watched.close()


@pytest.mark.thorough
def test_a_large_package_flows_in_blocks(tmp_path: Path) -> None:
    import tracemalloc

    watched = Watched(tmp_path, max_letter_bytes=1 << 30)
    sev_package(watched.path, GUID, {"a[1].bin": bytes(64 << 20)})

    tracemalloc.start()
    watched.look()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(watched.taken()) == 1
    assert peak < 16 << 20
    watched.close()

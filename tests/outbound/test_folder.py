# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters into directories: whole packages, the sidecar last, once, and never over anything else."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from gateway.content import Held
from gateway.mail.address import parse
from gateway.mail.compose import Attachment, Head, compose
from gateway.outbound.folder import HIDDEN, FolderPost, Leaving, file_name
from gateway.ports import Failpoint, Outcome, Phase, Posted, nothing_fails
from gateway.sidecars import ini

FILES = {"DocInfo.xml": b"<DocInfo/>", "Письмо № 1[1].pdf": b"%PDF"}


class Crash(BaseException):
    """The process is gone."""


class CrashAt:
    """Ends the process at the *hit*-th time that a moment is reached; *also* is done first, by somebody else."""

    def __init__(self, name: str, hit: int = 1) -> None:
        self.name = name
        self.left = hit
        self.seen: list[str] = []

    def __call__(self, name: str) -> None:
        self.seen.append(name)
        if name == self.name:
            self.left -= 1
            if self.left == 0:
                raise Crash


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "out"
    path.mkdir()
    return path


def letter(files: dict[str, bytes] | None = None, number: int = 1, text: str = "for people") -> Held:
    head = Head(
        parse("us@office.example"),
        (parse("them@partner.example"),),
        "№ 1 от 11.03.2026",
        datetime(2026, 3, 11, tzinfo=UTC),
        f"{number:032x}@office.example",
    )
    parts = [Attachment(name, Held(data)) for name, data in (FILES if files is None else files).items()]
    return Held(b"".join(compose(head, text, parts, boundary_token="token")))


def post(
    path: Path,
    layout: Literal["sev", "medo"] = "sev",
    *,
    flat: bool = False,
    to: str = "",
    failpoint: Failpoint = nothing_fails,
) -> FolderPost:
    return FolderPost(Leaving(path, layout, flat, to), failpoint)


def send(way: FolderPost, content: Held) -> Posted:
    return asyncio.run(way.send(content, "us@office.example", "folder"))


def lying(path: Path) -> dict[str, bytes]:
    """Return every file a receiver sees in *path*."""
    found = (file for file in path.rglob("*") if file.is_file() and HIDDEN not in file.parts)
    return {str(file.relative_to(path)): file.read_bytes() for file in found}


def package_of(path: Path) -> tuple[str, dict[str, bytes]]:
    (name,) = [entry for entry in os.listdir(path) if (path / entry).is_dir() and entry != HIDDEN]
    return name, {file.name: file.read_bytes() for file in (path / name).iterdir()}


# --- what lies there ------------------------------------------------------------------------------------------------


def test_a_letter_becomes_a_folder_of_its_files_and_a_sidecar(folder: Path) -> None:
    posted = send(post(folder, to="sev@partner.example"), letter())

    name, files = package_of(folder)
    assert (posted.outcome, posted.words) == (Outcome.SENT, f"lies in {folder} as {name}")
    assert files == FILES
    assert (folder / f"{name}.env").read_bytes().decode("utf-8-sig") == (
        '<?xml version="1.0" encoding="utf-8"?><Envelop><Address>sev@partner.example</Address>'
        f"<MessageDir>{name}</MessageDir><Subject>№ 1 от 11.03.2026</Subject><Body /></Envelop>"
    )


def test_a_package_of_medo_holds_its_envelope(folder: Path) -> None:
    send(post(folder, "medo", to="DEPT~NODE"), letter({"document.xml": b"<x/>", "письмо.pdf": b"%PDF"}))

    _, files = package_of(folder)
    envelope = files.pop("envelope.ini")
    assert files == {"document.xml": b"<x/>", "письмо.pdf": b"%PDF"}
    assert b"\n" not in envelope.replace(b"\r\n", b"")
    assert ini.read(envelope) == ini.Envelope("№ 1 от 11.03.2026", ("DEPT~NODE",), ("document.xml", "письмо.pdf"))
    assert envelope.decode("cp1251").startswith("[ПИСЬМО КП ПС СЗИ]\r\n")


def test_the_envelope_that_a_dialect_brought_keeps_its_words(folder: Path) -> None:
    brought = ini.write(ini.Envelope("its own words", ("A~B",), ("document.xml",)))

    send(post(folder, "medo", flat=True), letter({"document.xml": b"<x/>", "envelope.ini": brought}))

    files = lying(folder)
    assert files.pop("document.xml") == b"<x/>"
    ((name, data),) = files.items()
    assert (len(name), data) == (len("12345678.ini"), brought)


def test_an_annex_that_is_an_envelope_never_becomes_that_of_its_package(folder: Path) -> None:
    annex = ini.write(ini.Envelope("of others", ("C~D",), ("other.xml",)))
    files = {"document.xml": b"<x/>", "annex.ini": annex, "envelope.ini": annex}
    ours = ini.write(ini.Envelope("its own words", ("A~B",), ("document.xml", "annex.ini")))

    send(post(folder, "medo"), letter(files, number=1))
    _, made = package_of(folder)
    shutil.rmtree(folder)
    folder.mkdir()
    send(post(folder, "medo"), letter({**files, "envelope.ini": ours}, number=2))
    _, brought = package_of(folder)

    (added,) = made.keys() - files.keys()
    assert {name: made[name] for name in files} == files
    assert ini.read(made[added]) == ini.Envelope("№ 1 от 11.03.2026", (), tuple(files))
    assert brought == {**files, "envelope.ini": ours}


def test_an_annex_that_a_flat_folder_would_take_for_an_envelope_is_not_sent(folder: Path) -> None:
    annex = ini.write(ini.Envelope("of others", ("C~D",), ("other.xml",)))

    posted = send(post(folder, "medo", flat=True), letter({"document.xml": b"<x/>", "annex.ini": annex}))

    assert posted.outcome is Outcome.REJECTED
    assert "would be taken for an envelope" in posted.words
    assert lying(folder) == {}


def test_files_have_the_rights_of_the_folder_they_lie_in(folder: Path) -> None:
    folder.chmod(0o2770)

    send(post(folder), letter())

    name, _ = package_of(folder)
    modes = {path.name: oct(path.stat().st_mode & 0o7777) for path in (folder / name, folder / f"{name}.env")}
    assert modes == {name: "0o2770", f"{name}.env": "0o660"}
    assert {oct(path.stat().st_mode & 0o777) for path in (folder / name).iterdir()} == {"0o660"}


@pytest.mark.parametrize("name", ["../up.txt", "..", ".", "a/b.txt", "c:\\d.txt", ".edms-gateway"])
def test_no_name_leads_out_of_the_package(folder: Path, name: str) -> None:
    send(post(folder), letter({"DocInfo.xml": b"<x/>", name: b"theirs"}))

    _, files = package_of(folder)
    assert sorted(files.values()) == [b"<x/>", b"theirs"]
    assert sorted(os.listdir(folder.parent)) == ["out"]


def test_a_name_that_can_be_a_file_is_not_touched() -> None:
    assert file_name(" Письмо № 1[1].pdf") == " Письмо № 1[1].pdf"


def test_two_files_of_one_name_are_not_sent_and_nothing_of_them_stays(folder: Path) -> None:
    posted = send(post(folder), letter({"DocInfo.xml": b"<x/>", "a.txt": b"1", "A.TXT": b"2"}))

    assert (posted.outcome, "two of its files have one name" in posted.words) == (Outcome.REJECTED, True)
    assert (lying(folder), os.listdir(folder / HIDDEN)) == ({}, [])


def test_a_name_that_an_envelope_cannot_say_is_not_sent(folder: Path) -> None:
    posted = send(post(folder, "medo"), letter({"document.xml": b"<x/>", "文.pdf": b"%PDF"}))

    assert posted.outcome is Outcome.REJECTED
    assert "windows-1251" in posted.words
    assert "文" not in posted.words


# --- once -----------------------------------------------------------------------------------------------------------


def moments(layout: Literal["sev", "medo"], flat: bool, tmp_path: Path) -> list[tuple[str, int]]:
    """Return every moment that one delivery goes through, with its number."""
    path = tmp_path / "rehearsal"
    path.mkdir()
    seen = CrashAt("")
    send(post(path, layout, flat=flat, failpoint=seen), letter())
    return [(name, seen.seen[:place].count(name) + 1) for place, name in enumerate(seen.seen)]


LAYOUTS: tuple[tuple[Literal["sev", "medo"], bool], ...] = (("sev", False), ("medo", False), ("medo", True))


@pytest.mark.parametrize(("layout", "flat"), LAYOUTS)
@pytest.mark.parametrize("receiver", ["waits", "takes"])
def test_a_crash_at_any_moment_delivers_one_package(
    folder: Path, tmp_path: Path, layout: Literal["sev", "medo"], flat: bool, receiver: str
) -> None:
    """A receiver that takes does so as soon as a sidecar is there, or, without one beside it, a folder."""
    expected = None
    for name, hit in moments(layout, flat, tmp_path):
        got: list[dict[str, bytes]] = []
        with pytest.raises(Crash):
            send(post(folder, layout, flat=flat, failpoint=CrashAt(name, hit)), letter())
        if receiver == "takes":
            got += received(folder, layout)

        posted = send(post(folder, layout, flat=flat), letter())
        got += received(folder, layout)

        assert posted.outcome is Outcome.SENT
        assert send(post(folder, layout, flat=flat), letter()).outcome is Outcome.SENT  # the answer was lost
        assert received(folder, layout) == []
        assert len(got) == 1, (name, hit)
        expected = expected or got
        assert got == expected
        shutil.rmtree(folder / HIDDEN)


def received(folder: Path, layout: str) -> list[dict[str, bytes]]:
    """Take away whatever is complete, as a receiver that waits for sidecars does."""
    seen = lying(folder)
    last = ".env" if layout == "sev" else ".ini"
    if not any(name.endswith(last) for name in seen):
        return []
    for path in folder.iterdir():
        if path.name != HIDDEN:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return [seen]


def test_the_sidecar_is_the_last_to_appear(folder: Path) -> None:
    order = []

    def watching(name: str) -> None:
        if name == "folder-out:moved":
            order.append(sorted(Path(path).suffix for path in os.listdir(folder) if path != HIDDEN))

    send(post(folder, failpoint=watching), letter())

    assert order == [[""], ["", ".env"]]


def test_flat_files_all_lie_there_before_their_envelope(folder: Path) -> None:
    order = []

    def watching(name: str) -> None:
        if name == "folder-out:moved":
            order.append([path for path in os.listdir(folder) if path.endswith(".ini")])

    send(post(folder, "medo", flat=True, failpoint=watching), letter({"z.xml": b"1", "zz.ini": b"no envelope"}))

    assert [len(step) for step in order] == [0, 1, 2]
    assert order[1] == ["zz.ini"]


def test_what_an_earlier_try_delivered_before_its_traces_were_lost_is_not_delivered_again(folder: Path) -> None:
    send(post(folder), letter())
    before = lying(folder)
    shutil.rmtree(folder / HIDDEN)

    posted = send(post(folder), letter())

    assert (posted.outcome, lying(folder)) == (Outcome.SENT, before)


def test_two_letters_are_two_packages(folder: Path) -> None:
    way = post(folder)

    send(way, letter(number=1))
    send(way, letter(number=2))

    assert len([path for path in folder.iterdir() if path.suffix == ".env"]) == 2


# --- what stands in the way -----------------------------------------------------------------------------------------


def test_a_package_of_somebody_else_is_never_overwritten(folder: Path, tmp_path: Path) -> None:
    rehearsal = tmp_path / "rehearsal"
    rehearsal.mkdir()
    send(post(rehearsal), letter())
    name, _ = package_of(rehearsal)
    (folder / name).mkdir()
    (folder / name / "theirs.txt").write_bytes(b"theirs")

    posted = send(post(folder), letter())
    stood = lying(folder)
    shutil.rmtree(folder / name)
    again = send(post(folder), letter())

    assert (posted.outcome, posted.phase) == (Outcome.TRY_LATER, Phase.REPLIED)
    assert "taken by something else" in posted.words
    assert stood == {f"{name}/theirs.txt": b"theirs"}
    assert again.outcome is Outcome.SENT


def test_flat_files_wait_until_those_of_the_same_name_are_taken(folder: Path) -> None:
    way = post(folder, "medo", flat=True)
    send(way, letter({"document.xml": b"first"}, number=1))

    second = send(way, letter({"a.txt": b"a", "document.xml": b"second"}, number=2))
    between = lying(folder)
    received(folder, "medo")
    third = send(way, letter({"a.txt": b"a", "document.xml": b"second"}, number=2))

    assert (second.outcome, second.again) == (Outcome.TRY_LATER, timedelta(seconds=15))
    assert between["document.xml"] == b"first"
    assert "a.txt" not in between
    assert (third.outcome, lying(folder)["document.xml"]) == (Outcome.SENT, b"second")


def test_a_link_in_place_of_a_package_is_not_written_through(folder: Path, tmp_path: Path) -> None:
    rehearsal = tmp_path / "rehearsal"
    rehearsal.mkdir()
    send(post(rehearsal), letter())
    name, _ = package_of(rehearsal)
    (tmp_path / "outside").mkdir()
    (folder / name).symlink_to(tmp_path / "outside")

    posted = send(post(folder), letter())

    assert posted.outcome is Outcome.TRY_LATER
    assert os.listdir(tmp_path / "outside") == []


def test_a_folder_that_is_away_is_a_matter_of_the_folder_and_of_time(folder: Path) -> None:
    folder.rmdir()

    posted = send(post(folder), letter())

    assert (posted.outcome, posted.phase) == (Outcome.TRY_LATER, Phase.CONNECT)
    assert posted.words == f"folder {folder}: No such file or directory"
    assert not folder.exists()


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for half a megabyte."""
    place = tmp_path / "volume"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system needs root: run the tests as root to see what happens when a disk is full")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_puts_a_letter_off_and_leaves_nothing_of_it(volume: Path) -> None:
    large = letter({"DocInfo.xml": b"<x/>", "a.bin": bytes(1 << 20)})

    posted = send(post(volume), large)
    small = send(post(volume), letter())

    assert (posted.outcome, posted.phase) == (Outcome.TRY_LATER, Phase.CONNECT)
    assert posted.words == f"folder {volume}: No space left on device"
    assert small.outcome is Outcome.SENT
    assert len(os.listdir(volume / HIDDEN)) == 1

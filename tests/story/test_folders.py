# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offices that exchange by directories alone: the same story as by mail, with the same EDMS and the same rules."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gateway.causes import EdmsLook, Look, causes
from gateway.doctor import folder as doctor
from gateway.doctor.finding import Finding, Level
from gateway.doors import Posts, folder_of
from gateway.edms_adapter.registry import people
from gateway.errors import Reason
from gateway.inbound.accept import take
from gateway.inbound.delivery import Delivery
from gateway.inbound.folder import JournalFolders
from gateway.inbound.folder.watch import Vigil
from gateway.journal.entries import State
from gateway.model import Sink
from gateway.outbound.circuits import Circuits
from gateway.outbound.dispatch import Dispatcher
from gateway.retry import POST
from tests.folders import sev_package
from tests.story import partner
from tests.story.acts import ANNEX, LETTER, answer, cards, dispatch, do, inbox, instruct, news, send_letter
from tests.story.offices import Town, TownOffice, town

FOLDER = """
[[folder]]
name = "{other}"
path = "{path}/to-{name}"
layout = "sev"
archive = "{path}/taken-by-{name}"
"""
FOLDER_OF_ITS_OWN = '[[folder]]\nname = "box"\npath = "box"\nlayout = "sev"\nafter = "leave"\n'
OUT = """
[channel.folder_out]
path = "{path}/to-{other}"
layout = "sev"
"""


@dataclass
class ByFolder:
    """Takes packages as an `Accept`, through the same `take` as all doors."""

    office: TownOffice

    def sink(self) -> Sink:
        return self.office.parts.journal.blobs.sink()

    def open(self) -> bool | str:
        return True

    async def __call__(self, delivery: Delivery) -> None:
        parts = self.office.parts
        take([delivery], parts.journal, parts.office, self.office.clock.now(), parts.failpoint)


@dataclass
class Folders:
    """A town whose offices have no mail."""

    town: Town
    path: Path
    watches: list[Vigil]

    @property
    def minsk(self) -> TownOffice:
        return self.town.minsk

    @property
    def moscow(self) -> TownOffice:
        return self.town.moscow

    def settle(self) -> None:
        quiet = 0
        for _ in range(80):
            done = self.step()
            waits = any(
                letter.state is State.QUEUED for office in (self.minsk, self.moscow) for letter in office.outgoing()
            )
            quiet = 0 if done or waits or self.lying() else quiet + 1
            if quiet > 1:
                return
        raise AssertionError("the two offices never come to rest")

    def step(self) -> int:
        """Work, look, and let six seconds go by."""
        done = self.minsk.work() + self.moscow.work()
        for watch in self.watches:
            asyncio.run(watch.guarded_round(asyncio.Event()))
        self.town.clock.advance(seconds=6)
        return done

    def lying(self) -> list[str]:
        found = (path.name for way in ("to-minsk", "to-moscow") for path in (self.path / way).glob("*"))
        return sorted(name for name in found if not name.startswith("."))


MEDO = {"minsk": "7b1f0c9a-3d2e-4f58-8a61-2c9e5d4b7f10", "moscow": "e2d41c77-90ab-4d15-8f3e-6b0c1a2d3e4f"}
FLAT_MEDO = 'layout = "medo"\nflat = true'


def in_flat_folders(office: dict[str, str], name: str, other: str) -> dict[str, str]:
    """Return *office* as it speaks MEDO by files that lie in the folders themselves."""
    return {
        **office,
        "office": f'codes = {{ medo = "{MEDO[name]}" }}',
        "partner": f'codes = {{ EX-{other.upper()} = "{MEDO[other]}" }}',
        "channel": 'dialect = "medo"\n' + office["channel"].replace('layout = "sev"', FLAT_MEDO),
        "also": office["also"].replace('layout = "sev"', 'layout = "medo"'),
    }


@contextmanager
def by_folders(home: Path, *, flat: bool = False) -> Iterator[Folders]:
    path = home / "exchange"
    for way in ("to-minsk", "to-moscow"):
        (path / way).mkdir(parents=True)
    differences = {}
    for name, other in (("minsk", "moscow"), ("moscow", "minsk")):
        differences[name] = {
            "address": "",
            "channel": OUT.format(path=path, other=other),
            "proof": f'kind = "folder"\nname = "{other}"',
            "also": FOLDER.format(path=path, name=name, other=other),
        }
        if flat:
            differences[name] = in_flat_folders(differences[name], name, other)
    with town(home, **differences) as both:
        watches = []
        for office in (both.minsk, both.moscow):
            posts = Posts(office.settings)
            office.dispatcher = Dispatcher(
                office.parts.journal,
                posts.for_letter,
                office.clock.now,
                POST,
                name=office.name,
                failpoint=office.parts.failpoint,
                told=lambda: None,
                guard=Circuits(posts.relay_of, posts.relay_of_lane, POST.first),
            )
            watching = folder_of(office.settings.folders[0], office.settings)
            memory = JournalFolders(office.parts.journal)
            watches.append(Vigil(watching, ByFolder(office), memory, office.clock))
        yield Folders(both, path, watches)


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Folders]:
    with by_folders(tmp_path) as found:
        yield found


def test_the_whole_ladder_goes_by_folders(folders: Folders) -> None:
    card = send_letter(folders.minsk)
    folders.settle()
    (incoming,) = cards(folders.moscow)
    instruction = instruct(folders.moscow, incoming.id)
    folders.settle()
    do(folders.moscow, people.change_deadline, instruction, date(2026, 4, 1), by="Берёзкина")
    folders.settle()
    do(folders.moscow, people.report, instruction, "Ответ подготовлен", by="Кленов")
    folders.settle()
    do(folders.moscow, people.close, instruction, "Исполнено", by="Берёзкина")
    folders.settle()
    answer(folders.moscow, incoming.id)
    folders.settle()

    rungs = ["received", "registered", "forwarded", "assigned", "due_changed", "executor_reported", "executed"]
    assert news(folders.minsk, card)[:7] == rungs
    assert "answered" in news(folders.minsk, card)
    (reply,) = cards(folders.minsk)
    assert reply.number == "ВХ-1"
    assert inbox(folders.moscow, "Берёзкина") == [incoming.id]
    assert folders.town.post.carried == []


@pytest.mark.parametrize("sender", ["minsk", "moscow"])
def test_the_whole_ladder_of_medo_goes_by_flat_folders(tmp_path: Path, sender: str) -> None:
    with by_folders(tmp_path, flat=True) as folders:
        if sender == "minsk":
            ours, theirs, official, specialist, clerk = folders.minsk, folders.moscow, "Берёзкина", "Кленов", "Дубов"
            card = send_letter(ours)
        else:
            ours, theirs, official, specialist, clerk = folders.moscow, folders.minsk, "Озёрный", "Тихая", "Тихая"
            card = send_letter(ours, "Озёрный Г. Р.", index="EX-MINSK", signer="Берёзкина", clerk="Дубов")
        folders.settle()
        (incoming,) = cards(theirs)
        instruction = instruct(theirs, incoming.id, author=official, executor=specialist)
        folders.settle()
        do(theirs, people.change_deadline, instruction, date(2026, 4, 1), by=official)
        folders.settle()
        do(theirs, people.report, instruction, "Ответ подготовлен", by=specialist)
        folders.settle()
        do(theirs, people.close, instruction, "Исполнено", by=official)
        folders.settle()
        answer(theirs, incoming.id, signer=official, drafter=clerk)
        folders.settle()

        told = ["received", "registered", "progress", "assigned", "due_changed", "progress", "progress", "answered"]
        assert news(ours, card) == told
        assert dispatch(ours, card).partner_number == "ВХ-1"
        (reply,) = cards(ours)
        assert reply.number == "ВХ-1"
        assert all(letter.state is State.SENT for letter in (*ours.outgoing(), *theirs.outgoing()))
        assert folders.town.post.carried == []


def test_letters_of_one_flat_folder_follow_each_other_within_minutes(tmp_path: Path) -> None:
    with by_folders(tmp_path, flat=True) as folders:
        for _ in range(8):
            send_letter(folders.minsk)
        began = folders.town.clock.moment
        while len(cards(folders.moscow)) < 8 and folders.town.clock.moment - began < timedelta(hours=2):
            folders.step()

        assert len(cards(folders.moscow)) == 8
        assert folders.town.clock.moment - began < timedelta(minutes=15)


def test_files_arrive_byte_for_byte_under_their_names_by_folder(folders: Folders) -> None:
    send_letter(folders.minsk)

    folders.settle()

    with people.at_work(folders.moscow.registry) as work:
        files = people.rows(work, "select name, content from card_file order by position")
    assert [(file.name, file.content) for file in files] == [("Письмо.pdf", LETTER), ("Приложение № 1.txt", ANNEX)]


def test_the_queue_says_where_a_letter_lies(folders: Folders) -> None:
    card = send_letter(folders.minsk)

    folders.settle()

    row = dispatch(folders.minsk, card)
    assert row.state == "registered"
    assert row.relay_words.startswith(f"lies in {folders.path}/to-moscow as ")
    (letter,) = folders.minsk.outgoing()
    assert letter.recipient == f"folder {folders.path}/to-moscow"


def test_mail_in_the_name_of_a_partner_of_folders_is_not_believed(tmp_path: Path) -> None:
    minsk = {"proof": 'kind = "folder"\nname = "box"', "also": FOLDER_OF_ITS_OWN}
    with town(tmp_path, minsk=minsk) as both:
        both.minsk.receive(partner.letter(partner.passport()), "edms@moscow.example")
        both.minsk.work()

        (letter,) = both.minsk.incoming()
        assert (letter.state, letter.reason) == (State.PARKED, Reason.NO_PROOF)
        assert cards(both.minsk) == []


def test_a_package_that_is_dropped_again_is_a_duplicate(folders: Folders) -> None:
    send_letter(folders.minsk)
    folders.settle()
    (taken,) = [path for path in folders.path.glob("taken-by-moscow/*/*") if path.is_dir()]
    for name in os.listdir(taken):
        os.utime(taken / name, (1_700_000_000, 1_700_000_000))
    shutil.move(taken, folders.path / "to-moscow")

    folders.settle()

    assert len(cards(folders.moscow)) == 1
    assert [letter.state for letter in folders.moscow.incoming()] == [State.DONE, State.DONE]


def test_a_folder_that_is_away_holds_letters_and_they_go_when_it_is_back(folders: Folders) -> None:
    away, back = folders.path / "to-moscow", folders.path / "away"
    away.rename(back)
    card = send_letter(folders.minsk)
    for _ in range(3):
        folders.minsk.work()
        folders.town.clock.advance(minutes=10)
    (waiting,) = folders.minsk.outgoing()
    back.rename(away)
    folders.town.clock.advance(hours=1)

    folders.settle()

    assert (waiting.state, waiting.words) == (State.QUEUED, f"folder {away}: No such file or directory")
    assert dispatch(folders.minsk, card).state == "registered"


def test_many_letters_behind_a_folder_that_is_away_open_its_circuit_and_no_relays(folders: Folders) -> None:
    (folders.path / "to-moscow").rename(folders.path / "away")
    for _ in range(5):
        send_letter(folders.minsk)
    for _ in range(4):
        folders.minsk.work()
        folders.town.clock.advance(minutes=2)

    office = folders.minsk
    with office.parts.journal.read() as tx:
        look = Look(office.parts.office, office.parts.journal, tx, EdmsLook(), office.clock.now(), running=False)
        keys = [cause.key for cause in causes(look)]
    assert "alone:folder of channel moscow" in keys
    assert not any(key.startswith("alone:relay") for key in keys)


def test_status_tells_of_a_folder_that_is_away_and_of_a_package_that_stays(folders: Folders) -> None:
    (folders.path / "to-minsk" / "half").mkdir()
    for _ in range(3):
        asyncio.run(folders.watches[0].guarded_round(asyncio.Event()))
        folders.town.clock.advance(hours=2)
    stuck = told(folders.minsk)
    (folders.path / "to-minsk").rename(folders.path / "away")
    asyncio.run(folders.watches[0].guarded_round(asyncio.Event()))

    assert stuck == {"folder:moscow:packages": "1 package cannot be taken: it has no passport"}
    assert told(folders.minsk) == {"folder:moscow": "No such file or directory"}


def told(office: TownOffice) -> dict[str, str]:
    with office.parts.journal.read() as tx:
        look = Look(office.parts.office, office.parts.journal, tx, EdmsLook(), office.clock.now(), running=False)
        return {cause.key: cause.words for cause in causes(look) if cause.key.startswith("folder:")}


def looked_at_by_doctor(office: TownOffice, after: timedelta = timedelta(hours=1)) -> list[Finding]:
    settings, now = office.settings, datetime.now(UTC) + after
    (folder,), (channel,) = settings.folders, settings.channels
    return [*asyncio.run(doctor.examined(folder, settings.limits.letter, 5, now)), *doctor.examined_out(channel)]


def test_doctor_says_of_folders_what_is_wrong_with_them(folders: Folders) -> None:
    fine = looked_at_by_doctor(folders.minsk)
    shutil.rmtree(folders.path)
    wrong = looked_at_by_doctor(folders.minsk)

    assert {one.level for one in fine} == {Level.GOOD}
    assert [(one.level, one.away) for one in wrong] == [(Level.BAD, True), (Level.BAD, True)]


def test_doctor_says_how_many_packages_cannot_be_taken_for_which_reason(folders: Folders) -> None:
    path = folders.path / "to-minsk"
    for name in ("a", "b"):
        sev_package(path, name, {"x[1].txt": b"x"}, sidecar=False)
    for name in ("c", "d"):
        (path / name).mkdir()
        (path / name / "О премировании Канарейкина.txt").write_bytes(b"x")
    (path / "b" / "x[1].txt").unlink()

    (said, archive, out) = looked_at_by_doctor(folders.minsk)

    assert (said.level, archive.level, out.level) == (Level.WARNING, Level.GOOD, Level.GOOD)
    assert said.said == (
        f"{path}, 4 things in it; 3 packages cannot be taken: it has no passport (2); "
        "1 of the 1 files that its passport lists are not there (1)"
    )
    assert said.remedy.startswith(f"ls -la --full-time {path}; ")


def test_doctor_says_nothing_of_a_package_that_is_just_being_written(folders: Folders) -> None:
    package = folders.path / "to-minsk" / "c"
    package.mkdir()
    (package / "letter.txt").write_bytes(b"x")

    found = looked_at_by_doctor(folders.minsk, after=timedelta(seconds=1))

    assert {one.level for one in found} == {Level.GOOD}


def test_doctor_says_that_envelopes_of_medo_name_nobody(tmp_path: Path) -> None:
    with by_folders(tmp_path, flat=True) as folders:
        found = looked_at_by_doctor(folders.minsk)

    assert [one.tried for one in found if one.level is Level.WARNING] == ["addressee"]

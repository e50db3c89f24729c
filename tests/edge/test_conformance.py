# SPDX-License-Identifier: GPL-3.0-or-later
"""The conformance kit against a gateway of ours: as it is, and with a defect planted."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gateway.conformance import book, case
from gateway.conformance.case import Case
from gateway.conformance.ground import EXAMPLE, Ground
from gateway.conformance.ourselves import Ourselves, ground_of
from gateway.conformance.situations.sender import DOCUMENTS
from gateway.conformance.testing import of_ourselves
from gateway.demo.offices import free_ports
from gateway.dialects import DIALECTS
from tests.test_docs import blocks

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
EVERY = tuple(dialect.name for dialect in DIALECTS)


def kit(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "gateway", "conformance", *arguments], capture_output=True, text=True, timeout=600
    )


def test_a_gateway_of_ours_passes_every_case(tmp_path: Path) -> None:
    ended = kit("--self", "--junit", str(tmp_path / "junit.xml"))

    said = re.search(r"(\d+) cases passed, (\d+) failed", ended.stdout)
    assert said, ended.stderr
    assert said[2] == "0", ended.stdout
    assert int(said[1]) >= 250
    assert ended.returncode == 0
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == (said[1], "0")


@pytest.mark.thorough
@pytest.mark.parametrize(("dialect", "version"), [("smdo", "SDIP-1.0"), ("medo", "2.0"), ("medo", "2.5")])
def test_a_gateway_of_ours_passes_every_case_of_an_older_version(dialect: str, version: str) -> None:
    ended = kit("--self", "--dialect", dialect, "--version", version)

    assert ended.returncode == 0, ended.stdout


PLAYED = {
    *("sev/files/one", "sev/files/two", "sev/repeats/resend", "sev/repeats/duplicate", "sev/hostile/doctype"),
    *("sev/refusals/author", "sev/trust/stranger", "sev/trust/neighbour", "sev/bad-zip/bomb", "sev/people-mail/words"),
    *("sev/sender/without-receipt", "sev/sender/renumbered", "sev/sender/older-number", "sev/sender/forged"),
    *("gost2010/files/one", "gost2010/asked/nothing", "gost2010/asked/errors-only", "smdo/files/one"),
    *("medo/files/one", "medo/bad-container/folder", "medo/sender/not-accepted"),
}
TAKEN = {name for name in PLAYED if name.endswith(("/files/one", "/files/two"))} | {
    "sev/repeats/resend",
    "sev/repeats/duplicate",
}
ANSWERED = TAKEN | {"sev/refusals/author", "sev/hostile/doctype", "medo/bad-container/folder"}
NEVER = "“{}” never came"
# what is planted → the cases that must fail, and words of their complaint
FOUND: Mapping[str, Mapping[str, str]] = {
    "resends": {"sev/repeats/resend": "registered as"},
    "receipts": dict.fromkeys(TAKEN | {"sev/refusals/author"}, NEVER.format("received")),
    "doctypes": {"sev/hostile/doctype": NEVER.format("refused")},
    "anonymous": {"sev/refusals/author": NEVER.format("refused")},
    "order": dict.fromkeys(TAKEN | {"sev/refusals/author"}, "nobody asked for"),
    "return-ids": dict.fromkeys(ANSWERED, "never came"),
    "duplicates": {"sev/repeats/duplicate": "nobody asked for “received”"},
    "numbers": {"smdo/files/one": "registered under the number of its sender"},
    "bombs": {"sev/bad-zip/bomb": "nobody asked for"},
    "strangers": {"sev/trust/stranger": "nobody asked for"},
    "neighbours": {"sev/trust/neighbour": "nobody asked for"},
    "codes": {"sev/refusals/author": "refused with code 1009, not 39"},
    "files": {"sev/files/two": "1 of 2 files are not on the card"},
    "encoding": {
        **dict.fromkeys(ANSWERED - {"medo/files/one"}, "the message cannot be taken"),
        **dict.fromkeys((one for one in PLAYED if one.startswith("sev/sender/")), "no document 3 came"),
        "nothing-else": "“words” from",
    },
    "forged": {"sev/sender/forged": "the letter is done, not parked"},
    "older": {"sev/sender/older-number": "“renumbered” is on the card"},
    "wishes": {
        "gost2010/asked/nothing": "nobody asked for “received”",
        "gost2010/asked/errors-only": "nobody asked for “received”",
    },
    "refusals": {"medo/sender/not-accepted": "“refused” is not on the card"},
    "folders": {"medo/bad-container/folder": NEVER.format("refused")},
}


@cache
def played(dialects: tuple[str, ...] = EVERY) -> tuple[Sequence[Ground], Sequence[Case]]:
    """Return the cases that tell the defects apart, and their grounds."""
    at = datetime.now(UTC).replace(microsecond=0)
    grounds = [ground_of(dialect, "planted", at) for dialect in dialects]
    return grounds, [one for ground in grounds for one in book.cases(ground) if one.name in PLAYED]


@pytest.mark.parametrize(
    "planted", [pytest.param(one, marks=() if one == "resends" else pytest.mark.thorough) for one in FOUND]
)
def test_a_planted_defect_fails_just_the_cases_that_show_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    monkeypatch.setenv("PLANTED", planted)
    grounds, cases = played(("sev",) if planted == "resends" else EVERY)
    if planted == "resends":  # in the plain run the fewest
        cases = [one for one in cases if one.name in ("sev/files/one", "sev/repeats/resend")]

    program = (sys.executable, "-m", "tests.edge.planted_gateway")
    results = asyncio.run(of_ourselves(tmp_path, grounds, cases, program))

    failed = {one.case.name: " ".join(one.complaints) for one in results if not one.passed}
    assert failed.keys() == FOUND[planted].keys(), failed
    for name, words in FOUND[planted].items():
        assert words in failed[name]


# --- the cases as data --------------------------------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize("dialect", EVERY)
def test_the_same_ground_gives_the_same_bytes_and_another_run_other_ids(dialect: str) -> None:
    once, again = book.cases(ground_of(dialect, "run", EXAMPLE)), book.cases(ground_of(dialect, "run", EXAMPLE))
    other = book.cases(ground_of(dialect, "another", EXAMPLE))

    assert once == again
    ids = {step.letter_id for one in once for step in one.steps}
    assert not ids & {step.letter_id for one in other for step in one.steps}


@pytest.mark.parametrize("dialect", EVERY)
def test_cases_read_from_their_folders_are_the_cases_that_were_written(tmp_path: Path, dialect: str) -> None:
    written = book.cases(ground_of(dialect, "run", EXAMPLE))

    assert case.write(written, tmp_path) == len(written)
    assert {one.name: one for one in case.read(tmp_path)} == {one.name: one for one in written}


def test_a_folder_that_is_no_case_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "case.json").write_text('{"title": "half"}')

    with pytest.raises(ValueError, match=r"case\.json: no case"):
        case.read(tmp_path)


@pytest.mark.parametrize("dialect", EVERY)
def test_every_case_has_a_name_a_sentence_and_ids_of_its_own(dialect: str) -> None:
    cases = book.cases(ground_of(dialect, "run", EXAMPLE))

    assert len({one.name for one in cases}) == len(cases)
    assert [one.name for one in cases if not one.title.endswith(".")] == []
    owners: dict[str, str] = {}
    for one in cases:
        for step in one.steps:
            for known in filter(None, (step.return_id, step.uid, step.letter_id)):
                assert owners.setdefault(known, one.name) == one.name


@pytest.mark.thorough
def test_a_standard_of_guids_is_listed_too_and_an_index_that_is_none_is_named() -> None:
    listed = kit("--list", "--json", "--dialect", "medo", "--only", "medo/zip/*")
    wrong = kit("--dialect", "medo", "--peer", "edms@peer.example", "--listen", "127.0.0.1:0")

    assert len(listed.stdout.splitlines()) == 5
    assert wrong.returncode == 2
    assert "--index, --peer-index" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_the_command_lists_writes_and_chooses(tmp_path: Path) -> None:
    listed = [json.loads(line) for line in kit("--list", "--json", "--only", "sev/zip/*").stdout.splitlines()]
    wrote = kit("--write", str(tmp_path), "--only", "sev/zip/*").stdout

    assert wrote == f"{len(listed)} cases in {tmp_path}\n"
    assert sorted(one["case"] for one in listed) == [one.name for one in case.read(tmp_path)]


# --- somebody else's gateway --------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_a_peer_is_tested_by_what_it_says_alone(tmp_path: Path) -> None:
    """The gateway is set up as docs/conformance.md asks another vendor to, and the command is the one of that page."""
    ground = Ground()
    listen, there = free_ports(2)
    peer = Ourselves(tmp_path, [replace(ground, unproven="unproven@kit.example")], there)
    peer.set_up(listen)
    (partners,) = blocks(PAGE.read_text(encoding="utf-8"), "toml")
    (tmp_path / "partners.toml").write_text(partners, encoding="utf-8")
    command = [sys.executable, "-m", "gateway", "conformance", "--peer", ground.theirs.address, "--via"]
    command += [f"127.0.0.1:{there}", "--listen", f"127.0.0.1:{listen}", "--strict-address", "strict@kit.example"]
    command += ["--quiet", "5", "--patience", "60", "--json", "--only", "sev/sender/*", "--only", "sev/strict/*"]
    command += ["--only", "sev/people-mail/*", "--only", "sev/repeats/*", "--only", "sev/unknown/*"]

    with peer.running() as gateway:
        asyncio.run(peer.opened(gateway))
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        said = next(line for line in process.stderr if "send" in line)
        asyncio.run(peer.ask(ground, DOCUMENTS))
        out, _ = process.communicate(timeout=300)

    assert said == "Now send 4 documents, each with a file, to Испытательный стенд, index EX-KIT.\n"
    verdicts = [json.loads(line) for line in out.splitlines()]
    assert [one for one in verdicts if one["verdict"] != "passed"] == []
    assert len(verdicts) > 50
    assert process.returncode == 0

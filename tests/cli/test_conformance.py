# SPDX-License-Identifier: GPL-3.0-or-later
"""``conformance`` before anything is played: what was typed counts, and what cannot be is told with what to say."""

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.conformance import book, case
from gateway.conformance.case import Case
from gateway.conformance.ground import Ground, Side
from gateway.dialects import DIALECTS
from gateway.settings_files import load
from gateway.starter import write_starter

FENCED = re.compile(r"^```(toml|sql)\n(.*?)^```$", re.M | re.S)
PAGE = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")
EVERY = tuple(dialect.name for dialect in DIALECTS)
OURS, THEIRS = (f"0a1b2c3d-0000-4000-8000-00000000000{place}" for place in (1, 2))
PEER = ("--peer", "edms@peer.example", "--listen", "127.0.0.1:1")


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["conformance", *map(str, arguments)])


def refused(*arguments: object) -> str:
    ended = call(*arguments)

    assert ended.exit_code == 2, ended.output
    return ended.stderr


def written(folder: Path, *arguments: str) -> dict[str, Case]:
    ended = call("--write", folder, *arguments)

    assert ended.exit_code == 0, ended.output
    return {one.name: one for one in case.read(folder)}


@pytest.mark.parametrize("dialect", ["sev", "medo"])
def test_what_is_written_is_from_and_to_whoever_was_named(tmp_path: Path, dialect: str) -> None:
    named = ("--address", "me@else.example", "--index", OURS, "--peer-index", THEIRS)
    ground = Ground(dialect)
    strict = replace(Side("strict@kit.example", "", "Строгий стенд"), index="0a1b2c3d-0000-4000-8000-000000000003")
    made = replace(
        ground,
        ours=Side("me@else.example", OURS, ground.ours.name),
        theirs=replace(ground.theirs, index=THEIRS),
        strict=strict,
    )

    cases = written(tmp_path, "--dialect", dialect, "--only", f"{dialect}/files/*", *named)

    assert cases == {one.name: one for one in book.cases(made) if one.name in cases}
    assert cases[f"{dialect}/files/one"].steps[0].envelope_sender == "me@else.example"


def test_what_nobody_named_is_written_for_an_example_and_says_for_which(tmp_path: Path) -> None:
    ended = call("--dialect", "medo", "--write", tmp_path, "--only", "medo/files/one", "--index", OURS)

    assert ended.stdout == f"1 case in {tmp_path}\n"
    assert f"medo: from kit@kit.example, index {OURS}, to edms@peer.example, index " in ended.stderr


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        (PEER, "--index, --peer-index"),
        ((*PEER, "--index", OURS), "--peer-index"),
        ((*PEER, "--index", OURS, "--peer-index", THEIRS, "--strict-address", "s@kit.example"), "--strict-index"),
        (("--list", "--index", "EX-KIT"), "--index"),
    ],
)
def test_a_standard_of_guids_asks_for_just_those_that_lack(typed: tuple[str, ...], asked: str) -> None:
    assert refused("--dialect", "medo", *typed).endswith(f"say one as {asked}\n")


@pytest.mark.parametrize("dialect", DIALECTS, ids=EVERY)
@pytest.mark.parametrize("how", ["--self", "--list"])
def test_a_version_that_a_standard_has_not_is_refused_with_those_it_has(dialect: object, how: str) -> None:
    name, versions = dialect.name, dialect.versions  # type: ignore[attr-defined]  # a `Dialect`

    assert refused("--dialect", name, "--version", "9", how).endswith(f"it is in {', '.join(versions)}\n")


OLDER = [(one.name, version) for one in DIALECTS for version in one.versions[1:]]
QUICK = ("2.7", "2.0")


@pytest.mark.parametrize(
    ("name", "version"),
    [pytest.param(*one, marks=() if one[1] in QUICK else pytest.mark.thorough) for one in OLDER],
)
def test_an_older_version_of_a_standard_has_cases_too(name: str, version: str) -> None:
    ended = call("--dialect", name, "--version", version, "--list", "--json")

    assert ended.exit_code == 0, ended.output
    assert len(ended.stdout.splitlines()) > 350


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ((*PEER, "--only", "sev/strict"), "say --strict-address"),
        ((*PEER, "--only", "sev/files/one", "--role", "sender"), "say --role receiver"),
        ((*PEER, "--only", "sev/nonsense"), "--list shows them all"),
        ((*PEER, "--strict-index", "EX-S"), "--strict-index needs --strict-address"),
        ((*PEER, "--dialect", "sev", "--dialect", "smdo"), "say one --dialect"),
        (("--self", "--index", "EX-S", "--address", "a@b.example"), "--address, --index cannot be said with it"),
    ],
)
def test_where_nothing_can_be_played_it_is_told_what_to_say(typed: tuple[str, ...], said: str) -> None:
    assert said in refused(*typed)


def test_folders_of_another_standard_are_told_from_none(tmp_path: Path) -> None:
    written(tmp_path, "--dialect", "smdo", "--only", "smdo/files/one")

    assert "say --dialect smdo" in refused("--cases", tmp_path, *PEER)


def test_the_page_has_the_partners_of_the_kit_for_a_gateway_of_ours_and_enters_them(tmp_path: Path) -> None:
    said = dict(FENCED.findall(PAGE))
    home = tmp_path / "gw"
    write_starter(home)
    (home / "partners.toml").write_text(said["toml"], encoding="utf-8")
    with sqlite3.connect(home / "registry.db") as registry:
        registry.executescript(said["sql"])
        entered = {index for (index,) in registry.execute("select exchange_index from correspondent")}

    settings = load(home / "gateway.toml")

    ground = Ground()
    assert {channel.address for channel in settings.channels} == {side.address for side in ground.ours_all}
    assert {index for one in settings.partners for index in one.indices} == {side.index for side in ground.ours_all}
    assert {side.index for side in ground.ours_all} <= entered


def test_the_page_names_every_version_that_is_spoken() -> None:
    for dialect in DIALECTS:
        assert f"`{dialect.name}` {', '.join(f'`{version}`' for version in dialect.versions)}" in PAGE

# SPDX-License-Identifier: GPL-3.0-or-later
"""A scanner that is a program answers by its exit code; everything but 0 and 1 is trouble."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.content import Held
from gateway.ports import Scanned, ScannerTrouble, Verdict
from gateway.scanning.command import Command

PATIENCE = timedelta(seconds=60)


def program(tmp_path: Path, body: str) -> Command:
    file = tmp_path / "scanner"
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return Command((str(file), "--quiet", "{file}"), tmp_path)


def test_a_program_that_ends_with_0_says_clean(tmp_path: Path) -> None:
    scanner = program(tmp_path, 'grep -q harmless "$2"')

    assert scanner.scan(Held(b"harmless"), PATIENCE) == Scanned(Verdict.CLEAN, "", scanner.words[0])


def test_a_program_that_ends_with_1_says_virus_in_its_own_words(tmp_path: Path) -> None:
    scanner = program(tmp_path, 'echo; echo "$2: Test.Virus"; echo "and more"; exit 1')

    assert scanner.scan(Held(b"x"), PATIENCE) == Scanned(Verdict.VIRUS, "the file: Test.Virus", scanner.words[0])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("echo no database >&2; exit 2", "ended with 2: no database"),
        ("exit 127", "ended with 127: without a word"),
        ("kill -SEGV $$", "was killed by SIGSEGV"),
        ("head -c 3000000 /dev/zero; exit 3", "ended with 3"),
    ],
)
def test_any_other_end_is_trouble(tmp_path: Path, body: str, words: str) -> None:
    with pytest.raises(ScannerTrouble, match=words):
        program(tmp_path, body).scan(Held(b"x"), PATIENCE)


def test_a_program_that_is_not_there_is_trouble(tmp_path: Path) -> None:
    with pytest.raises(ScannerTrouble, match="cannot be started: No such file"):
        Command((str(tmp_path / "nothing"), "{file}"), tmp_path).scan(Held(b"x"), PATIENCE)


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_program_that_does_not_end_is_ended_with_what_it_started(tmp_path: Path) -> None:
    scanner = program(tmp_path, f"sleep 600 & echo $! > {tmp_path}/child; wait")

    with pytest.raises(ScannerTrouble, match="did not end in time"):
        scanner.scan(Held(b"x"), timedelta(seconds=1))

    child, until = tmp_path / "child", time.monotonic() + 30
    number = child.read_text().strip() if child.exists() else ""  # empty: a busy machine gave it no time to begin
    while number and _runs(int(number)):
        assert time.monotonic() < until, "what the program started goes on"
    assert set(os.listdir(tmp_path)) - {"child"} == {"scanner"}

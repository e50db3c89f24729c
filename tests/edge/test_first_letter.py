# SPDX-License-Identifier: GPL-3.0-or-later
"""The page that leads from an empty mapping to a registered letter is true: a test types it from top to bottom."""

import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.edge.pages import HERE, ROOT, Lines, Step, arguments, brought, steps, type_in
from tests.servers.postgres import free_port

PAGE = ROOT / "docs" / "first-letter.md"
MAPPING = Path("gw", "mine.toml")


@pytest.mark.thorough
def test_an_administrator_comes_from_an_empty_mapping_to_a_registered_letter(tmp_path: Path) -> None:
    todo = list(steps(PAGE.read_text(encoding="utf-8")))
    at = next(place for place, one in enumerate(todo) if isinstance(one, Step) and one.typed.endswith("run &"))
    for one in todo[:at]:
        do(one, tmp_path)
    port = moved_door(tmp_path / "gw" / "gateway.toml")
    with running(todo[at], tmp_path):
        for one in todo[at + 1 :]:
            do(one, tmp_path, port)


def do(one: Step | Lines, home: Path, port: int = 0) -> None:
    """Do what a person would: type a command, write a file, or put a section in the place of the mapping's."""
    if isinstance(one, Lines):
        if one.path.endswith(".sql"):
            (home / one.path).write_text(one.text, encoding="utf-8")
        else:
            decide(home / MAPPING, one.path, one.text)
        return
    code, output = typed(one, home, port)
    assert one.shown_in(output), f"line {one.line}: {one.typed}\n{output}"
    assert code == (1 if "wrong " in one.printed else 0), f"line {one.line}: {one.typed}\n{output}"


def typed(one: Step, home: Path, port: int) -> tuple[int, str]:
    program, _, rest = one.typed.partition(" ")
    if program == "sqlite3":
        return 0, asked(rest, home)
    if program == "sed":
        done = subprocess.run(["bash", "-c", one.typed], cwd=home, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr
    if program == "swaks":
        return 0, brought(one.typed.replace("2525", str(port)), home)
    command, _, into = one.typed.partition(" > ")
    code, output = type_in(Step(one.line, command, one.printed), home)
    if into:
        (home / into).write_text(output, encoding="utf-8")
    return code, output


def asked(rest: str, home: Path) -> str:
    """Do what ``sqlite3 FILE < SCRIPT`` and ``sqlite3 FILE "query"`` do."""
    file, _, what = rest.partition(" ")
    with closing(sqlite3.connect(home / file)) as database:
        if what.startswith("< "):
            database.executescript((home / what[2:]).read_text(encoding="utf-8"))
            return ""
        return "\n".join("|".join(map(str, row)) for row in database.execute(what.strip('"')))


def decide(mapping: Path, section: str, text: str) -> None:
    """Put *text* where the mapping has its *section*, with everything below it."""
    written = mapping.read_text(encoding="utf-8")
    parts = re.split(r"(?m)^(?=\[)", written)
    ours = [place for place, part in enumerate(parts) if re.match(rf"\[\[?{section}[.\]]", part)]
    assert ours, section
    parts[ours[0]] = f"{text}\n"
    mapping.write_text("".join(part for place, part in enumerate(parts) if place not in ours[1:]), encoding="utf-8")


def moved_door(config: Path) -> int:
    """Give the only door a free port, for other tests may stand at the page's."""
    port = free_port()
    written, times = re.subn(
        r'(?m)^bind = "127\.0\.0\.1:2525"', f'bind = "127.0.0.1:{port}"', config.read_text("utf-8")
    )
    assert times == 1
    config.write_text(written, encoding="utf-8")
    return port


@contextmanager
def running(one: Step | Lines, home: Path) -> Iterator[None]:
    """Run the service as the page says, until the block ends."""
    assert isinstance(one, Step)
    command = arguments(one.typed.removesuffix(" &"))
    with subprocess.Popen(
        command, cwd=home, env=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        assert run.stdout is not None
        try:
            assert any("ready:" in line for line in run.stdout)
            yield
        finally:
            run.terminate()
            run.communicate(timeout=60)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages for the clerk and for the technologist are true: every step on them is typed into a demo installation.

A page shows commands behind ``$`` and what they print; ``…`` stands for anything.  A command that only looks is typed
again until it prints what the page says, as a person would look again; a command that does something is typed once,
and ends with 0 unless the page shows what it prints.  A fenced block with a file's name is written into that file,
at the end of one that is there unless it is marked as the `whole` of it.
`kill -HUP $(cat OFFICE/gateway.pid)` lets that office's gateway begin anew.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(ROOT.glob("docs/??/*.md"))
PROGRAMS = {
    "edms-gateway": (sys.executable, "-m", "gateway"),
    "edms-registry": (sys.executable, "-m", "gateway.edms_adapter.registry"),
}
LOOKS = frozenset(
    {"status", "trace", "explain", "check-config", "check", "dry-run", "waiting", "inbox", "cards", "card", "reasons"}
    | {"sent", "received", "overdue", "list", "show", "officials", "journals"}
)
HERE = {**os.environ, "TZ": "Europe/Minsk"}  # the desk takes the machine's date, and an office's machine stands in it
PATIENCE_SECONDS = 40.0  # LIMIT: for a fact to travel from one office to the other
RESTART = re.compile(r"kill -HUP \$\(cat (\S+)/gateway\.pid\)")
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?( whole)?\n(.*?)^```", re.M | re.S)
STARTING = "--keep"  # the step that starts the installation has this option and goes on running


@dataclass(frozen=True, slots=True)
class Step:
    line: int  # of the page
    typed: str
    printed: str  # what the page says it prints; empty: nothing is said

    @property
    def looks(self) -> bool:
        return bool(LOOKS & set(shlex.split(self.typed)))

    def shown_in(self, output: str) -> bool:
        """Say whether *output* has what the page shows, in that order: blanks do not count, … stands for anything,
        and lines that the page leaves out may stand between those it shows.
        """
        rest = " ".join(output.split())
        for piece in re.split(r"…|\n", self.printed):  # each after the one before: in linear time
            before, found, rest = rest.partition(" ".join(piece.split()) or "\0")
            if not found:
                rest = before
                if piece.strip():
                    return False
        return True


@dataclass(frozen=True, slots=True)
class Lines:
    """What a person writes into a file."""

    line: int  # of the page
    path: str
    text: str
    whole: bool  # the file holds nothing else


def steps(page: str) -> Iterator[Step | Lines]:
    """Yield the commands of every ``console`` block with what they print, and what is written into files."""
    for block in BLOCK.finditer(page):
        first = page[: block.start(4)].count("\n") + 1
        if block[2]:
            yield Lines(first, block[2], block[4], bool(block[3]))
        elif block[1] == "console":
            yield from commands(block[4], first)


def commands(block: str, first: int) -> Iterator[Step]:
    typed, printed, line = "", list[str](), 0
    for number, text in enumerate(block.splitlines(), first):
        if text.startswith("$ "):
            if typed:
                yield Step(line, typed, "\n".join(printed))
            typed, printed, line = text[2:], [], number
        else:
            printed.append(text)
    yield Step(line, typed, "\n".join(printed))


def arguments(typed: str) -> list[str]:
    program, *rest = shlex.split(typed)
    return [*PROGRAMS[program], *rest]


def type_in(step: Step, home: Path) -> tuple[int, str]:
    """Type *step*; return its exit code and what it printed.  A look is repeated until it shows what the page says."""
    if again := RESTART.fullmatch(step.typed):
        return 0, restart(home / again[1])
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        done = subprocess.run(
            arguments(step.typed), cwd=home, env=HERE, capture_output=True, text=True, timeout=60, check=False
        )
        output = done.stdout + done.stderr
        if not step.looks or step.shown_in(output) or time.monotonic() > until:
            return done.returncode, output
        time.sleep(0.3)


def restart(office: Path) -> str:
    """Let the gateway of *office* begin anew and wait until its doors are open again."""
    log = office / "gateway.log"
    before = log.read_text(encoding="utf-8").count("ready:")
    os.kill(int((office / "gateway.pid").read_text()), signal.SIGHUP)
    until = time.monotonic() + PATIENCE_SECONDS
    while log.read_text(encoding="utf-8").count("ready:") == before:
        assert time.monotonic() < until, f"{office.name} did not begin anew"
        time.sleep(0.1)
    return ""


def write(lines: Lines, home: Path) -> None:
    with (home / lines.path).open("w" if lines.whole else "a", encoding="utf-8") as file:
        file.write(("\n" if file.tell() else "") + lines.text)


@dataclass(frozen=True, slots=True)
class Installation:
    home: Path
    process: "subprocess.Popen[str]"


def installed(step: Step, home: Path) -> Installation:
    """Start the demo as the page says and wait until it has told its story and goes on running."""
    process = subprocess.Popen(
        arguments(step.typed), cwd=home, env=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "go on running" in line:
            return Installation(home, process)
    raise AssertionError(f"the demo ended with {process.wait()}")


def play(page: Path, home: Path) -> None:
    """Type every step of *page* into an installation of its own, below *home*; raises AssertionError for a lie."""
    first, *rest = steps(page.read_text(encoding="utf-8"))
    assert isinstance(first, Step)
    assert STARTING in first.typed, "a page begins with the installation it works on"

    there = installed(first, home)
    try:
        for step in rest:
            if isinstance(step, Lines):
                write(step, home)
                continue
            code, output = type_in(step, home)
            told = f"{page.name}:{step.line}: {step.typed}\n--- printed\n{output}"
            assert step.shown_in(output), told
            assert code == 0 or step.printed, told
    finally:
        there.process.terminate()
        there.process.communicate(timeout=30)

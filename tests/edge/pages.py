# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages for the clerk and for the technologist are true: every step on them is typed into a demo installation.

A page shows commands behind ``$`` and what they print; ``…`` stands for anything.  A command that only looks is typed
again until it prints what the page says, as a person would look again; a command that does something is typed once,
and ends with 0 unless the page shows what it prints.  A fenced block with a file's name is written into that file,
at the end of one that is there unless it is marked as the `whole` of it.
`kill -HUP $(cat OFFICE/gateway.pid)` lets that office's gateway begin anew; `run &` starts one that ends with the page.
`N` stands for the number that the step before shows first, 2525 for the door of Moscow, `$(date +%F)` for today there.
"""

import os
import re
import shlex
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests import prompt
from tests.prompt import Typed

ROOT = Path(__file__).parents[2]
PAGES = sorted(ROOT.glob("docs/??/*.md"))
PROGRAMS = {
    "edms-gateway": (sys.executable, "-m", "gateway"),
    "edms-registry": (sys.executable, "-m", "gateway.edms_adapter.registry"),
}
LOOKS = frozenset(
    {"status", "trace", "explain", "check-config", "check", "dry-run", "waiting", "inbox", "cards", "card", "reasons"}
    | {"sent", "received", "overdue", "list", "show", "officials", "journals", "counts", "observe", "tail", "verify"}
)
SHELL = frozenset({"cp", "grep", "kill", "mkdir", "mv", "sed", "tail"})
HERE = {**os.environ, "TZ": "Europe/Minsk"}  # the desk takes the machine's date, and an office's machine stands in it
DOOR = Path("demo", "moscow", "gateway.toml")
PATIENCE_SECONDS = 40.0  # LIMIT: for a fact to travel from one office to the other
ENDED = re.compile(r"ready:|the new configuration is not used")  # in the log: a gateway took it, or kept what it had
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


def done(typed: str, home: Path) -> Typed:
    """Type a command that ends; return how."""
    program, *rest = shlex.split(typed)
    if program not in SHELL:
        return prompt.typed(program, *rest, home=home, env=HERE)
    ended = subprocess.run(["sh", "-c", typed], cwd=home, env=HERE, capture_output=True, text=True, timeout=60)
    return Typed(ended.returncode, ended.stdout, ended.stderr)


def meant(step: Step, before: str, home: Path) -> Step:
    """Return *step* with what a person puts in for its placeholders, who saw *before* printed last."""
    typed = step.typed
    if re.search(r" N\b", typed):
        number = re.search(r"^ *(\d+) ", before, re.M)
        assert number is not None, f"no number to put in:\n{before}"
        typed = re.sub(r" N\b", f" {number[1]}", typed)
    if "2525" in typed:
        door = re.search(r'^bind = "127.0.0.1:(\d+)"', (home / DOOR).read_text(encoding="utf-8"), re.M)
        assert door is not None
        typed = typed.replace("2525", door[1])
    today = datetime.now(ZoneInfo(HERE["TZ"])).date().isoformat()
    return replace(step, typed=typed.replace("$(date +%F)", today))


def type_in(step: Step, home: Path) -> tuple[int, str]:
    """Type *step*; return its exit code and what it printed.  A look is repeated until it shows what the page says."""
    if again := RESTART.fullmatch(step.typed):
        return 0, restart(home / again[1])
    if step.typed.startswith("swaks "):
        return 0, brought(step.typed, home)
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        ended = done(step.typed, home)
        if not step.looks or step.shown_in(ended.output) or time.monotonic() > until:
            return ended.returncode, ended.output
        time.sleep(0.3)


def restart(office: Path) -> str:
    """Let the gateway of *office* begin anew and wait until its doors are open again."""
    log = office / "gateway.log"
    before = len(ENDED.findall(log.read_text(encoding="utf-8")))
    os.kill(int((office / "gateway.pid").read_text()), signal.SIGHUP)
    until = time.monotonic() + PATIENCE_SECONDS
    while len(ENDED.findall(log.read_text(encoding="utf-8"))) == before:
        assert time.monotonic() < until, f"{office.name} did not begin anew"
        time.sleep(0.1)
    return ""


def brought(typed: str, home: Path) -> str:
    """Do what swaks does."""
    found = re.search(r"--server (\S+):(\d+) --from (\S+) --to (\S+) --data @(\S+)", typed)
    assert found is not None, typed
    letter = re.sub(rb"\r?\n", b"\r\n", (home / found[5]).read_bytes())
    with smtplib.SMTP(found[1], int(found[2])) as door:
        assert door.sendmail(found[3], [found[4]], letter) == {}
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
    told = []
    for line in process.stdout:
        told.append(line)
        if "go on running" in line:
            return Installation(home, process)
    process.stdout.close()
    raise AssertionError(f"the demo ended with {process.wait()}:\n{''.join(told[-10:])}")


def started(step: Step, home: Path) -> "subprocess.Popen[bytes]":
    """Start the gateway that *step* leaves in the background, and wait until its doors are open."""
    log = home / "background.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            arguments(step.typed.removesuffix(" &")), cwd=home, env=HERE, stdout=out, stderr=subprocess.STDOUT
        )
    until = time.monotonic() + PATIENCE_SECONDS
    while "ready:" not in log.read_text(encoding="utf-8"):
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            raise AssertionError(f"{step.line}: {step.typed}\n{log.read_text(encoding='utf-8')}")
        time.sleep(0.1)
    return process


def play(page: Path, home: Path) -> None:
    """Type every step of *page* into an installation of its own, below *home*; raises AssertionError for a lie."""
    first, *rest = steps(page.read_text(encoding="utf-8"))
    assert isinstance(first, Step)
    assert STARTING in first.typed, "a page begins with the installation it works on"

    there, output = installed(first, home), ""
    background: list[subprocess.Popen[bytes]] = []
    try:
        for step in rest:
            if isinstance(step, Lines):
                write(step, home)
                continue
            step = meant(step, output, home)
            if step.typed.endswith(" run &"):
                background.append(started(step, home))
                continue
            code, output = type_in(step, home)
            told = f"{page.name}:{step.line}: {step.typed}\n--- printed\n{output}"
            assert step.shown_in(output), told
            assert code == 0 or step.printed, told
    finally:
        there.process.terminate()
        for one in background:
            one.terminate()
            one.wait(timeout=60)
        there.process.communicate(timeout=60)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage: two offices whose gateways run, what people do there, and what their cards show in the end.

A scene says who does what (`act`) and what must be seen then (`shows`).  What is seen is printed as the registry has
it; what does not come in time ends the scene with what was seen instead.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

import click

from gateway.build import SystemClock
from gateway.demo.offices import DemoOffice
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Work

PATIENCE_SECONDS = 30.0  # LIMIT: for one thing to be seen; on an idle machine it takes about one
LOOK_SECONDS = 0.05  # between two looks

Look = Callable[[Work], Sequence[str]]  # what a card, an inbox or a folder shows now, line by line
Given = ParamSpec("Given")
Result = TypeVar("Result")


class Unseen(Exception):
    """What a scene expected did not come."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One rule of a records office, shown."""

    title: str
    play: Callable[["Stage"], None]
    # What the scene's rules add to an office's partners.toml, by the office's name; the first rule that fits counts, so
    # give each rule a condition that no other scene meets.
    rules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stage:
    minsk: DemoOffice
    moscow: DemoOffice
    gateways: tuple["subprocess.Popen[bytes]", ...]
    patience_seconds: float = PATIENCE_SECONDS

    @staticmethod
    def now() -> datetime:
        """The people's clock."""
        return SystemClock().now()

    def say(self, office: DemoOffice, words: str) -> None:
        """Print what somebody of *office* does."""
        click.echo(f"  {office.name.capitalize() + ':':8}{words}")

    def act(
        self,
        office: DemoOffice,
        act: Callable[Concatenate[Work, Given], Result],
        *given: Given.args,
        **by: Given.kwargs,
    ) -> Result:
        """Let people of *office* do one of `people`'s acts, in their own database."""
        with people.at_work(office.registry) as work:
            return act(work, *given, **by)

    def look(self, office: DemoOffice, look: Look) -> Sequence[str]:
        """Return what is seen in *office* now."""
        with people.at_work(office.registry) as work:
            return look(work)

    def shows(
        self, office: DemoOffice, where: str, look: Look, *expected: str, before: Sequence[str] = ()
    ) -> Sequence[str]:
        """Wait until *look* shows every one of *expected*, in this order, print what it shows and return it.

        Of what it showed *before* only the rest is printed.  Raises Unseen with what was seen instead.
        """
        seen = self.wait(office, where, look, *expected)
        self.say(office, where)
        for line in seen[len(before) :] if seen[: len(before)] == before else seen:
            click.echo(f"          | {line}")
        return seen

    def wait(self, office: DemoOffice, where: str, look: Look, *expected: str) -> Sequence[str]:
        """Wait as `shows` does, and print nothing."""
        began = time.monotonic()
        while not in_order(seen := self.look(office, look), expected):
            if time.monotonic() - began > self.patience_seconds:
                raise Unseen(_instead(office, where, expected, seen))
            if any(gateway.poll() is not None for gateway in self.gateways):
                raise Unseen(f"{office.name.capitalize()}: a gateway ended by itself; see {office.home}/gateway.log")
            time.sleep(LOOK_SECONDS)
        return seen

    def hides(self, office: DemoOffice, where: str, seen: Sequence[str], *words: str) -> None:
        """Raise Unseen when any of *words* stands in what was *seen*."""
        if found := [one for one in words if any(one in line for line in seen)]:
            raise Unseen(f"{office.name.capitalize()}: {where}: this should not be seen: {', '.join(found)}")

    def type(self, *commands: "Command") -> list[list[str]]:
        """Type commands of the gateway, all at once; print what they print, one after the other, and return it.

        Raises Unseen when one fails, or does not print all that is expected.
        """
        typed = [sys.executable, "-m", "gateway", "--config"]
        started = [
            subprocess.Popen(
                [*typed, str(one.office.config), *one.words],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for one in commands
        ]
        printed = [process.communicate(timeout=self.patience_seconds)[0].splitlines() for process in started]
        for one, process, lines in zip(commands, started, printed, strict=True):
            if process.returncode or not all(any(words in line for line in lines) for words in one.expected):
                raise Unseen(_instead(one.office, " ".join(one.words), one.expected, lines))
            said, *answer = one.printed(lines)
            self.say(one.office, said)
            for line in answer:
                click.echo(f"          | {line}".rstrip())
        return printed


@dataclass(frozen=True, slots=True)
class Command:
    """What an administrator types, and what must be printed then."""

    office: DemoOffice
    words: tuple[str, ...]
    expected: tuple[str, ...]
    only: tuple[str, ...] = ()  # of a long answer the lines with one of these words are printed; empty: every line

    def printed(self, lines: Sequence[str]) -> Iterator[str]:
        """Yield what is typed and what of its answer people read; paths begin in the office's own folder."""
        said = "edms-gateway " + " ".join(self.words) + ("   (in part)" if self.only else "")
        answer = [line for line in lines if not self.only or any(words in line for words in self.only)]
        for line in (said, *answer):
            yield line.replace(f"{self.office.home}/", "")


def in_order(lines: Sequence[str], expected: Sequence[str]) -> bool:
    """Say whether every one of *expected* stands in a line, each in one after the other's."""
    rest = iter(lines)
    return all(any(words in line for line in rest) for words in expected)


def _instead(office: DemoOffice, where: str, expected: Sequence[str], seen: Sequence[str]) -> str:
    wanted = "".join(f"\n          + {words}" for words in expected)
    found = "".join(f"\n          | {line}" for line in seen) or "\n          | nothing"
    return f"{office.name.capitalize()}: {where}: this should be seen{wanted}\n  but this was{found}"

# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the conformance kit waits, what it tells meanwhile, and which cases a pattern means: no sockets."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import pytest

from gateway.conformance import book
from gateway.conformance.answers import hear
from gateway.conformance.case import Case, Step
from gateway.conformance.door import Collecting
from gateway.conformance.ground import Ground
from gateway.conformance.play import Course, Patience, Play
from gateway.model import Content
from gateway.ports import Outcome, Phase, Posted

GROUND = Ground()
QUIET = 1.0


@dataclass
class Silent:
    """A way out to a peer that takes every letter, and *then* does something."""

    then: Callable[[], None] = lambda: None

    async def send(self, letter: Content, sender: str, recipient: str) -> Posted:
        self.then()
        return Posted(Outcome.SENT, Phase.REPLIED, 250, "2.0.0 Ok")

    async def close(self) -> None:
        return


def play(*cases: Case, quiet: float, post: Silent | None = None) -> Play:
    async def nobody(ground: Ground, count: int) -> None:
        return

    courses = [Course(case, GROUND) for case in cases]
    patience = Patience(answer=0.1, documents=0, quiet=quiet)
    return Play({"sev": GROUND}, courses, post or Silent(), Collecting(), nobody, patience)


def silent(name: str) -> Case:
    return Case(f"sev/{name}", "Nothing must come.", (Step(b"\r\n", "parked", letter_id=name),))


def test_the_quiet_window_begins_with_the_last_letter_that_came() -> None:
    async def run() -> tuple[float, float]:
        told = play(silent("a"), quiet=QUIET)
        began, came = monotonic(), list[float]()

        def late() -> None:
            came.append(monotonic())
            told.collecting.came.put_nowait(hear(GROUND.ours.address, b"Subject: late\r\n\r\n"))

        told.post = Silent(lambda: asyncio.get_running_loop().call_later(QUIET / 10, late))
        await told.run()
        return monotonic() - began, monotonic() - came[0]

    whole, since = asyncio.run(run())

    assert since >= QUIET
    assert whole < 2 * QUIET


def test_a_letter_that_must_hear_nothing_has_the_whole_quiet_window() -> None:
    began = monotonic()

    asyncio.run(play(silent("a"), quiet=0.2).run())

    assert monotonic() - began >= 0.2


def test_a_run_tells_now_and_then_how_far_it_is() -> None:
    waits = Step(b"\r\n", "registered", book.cases(GROUND)[0].steps[0].reports, letter_id="b")
    told = play(silent("a"), Case("sev/b", "It is answered.", (waits,)), quiet=0.2)
    said: list[str] = []
    told.say, told.tell_every = said.append, 0.02

    asyncio.run(told.run())

    assert said[0] == "1 of 2 cases ended"
    assert said[-1].startswith("all cases ended; the run ends when nothing comes for another ")


NAMES = ("sev/files/one", "sev/files/one-mib", "sev/zip/one", "sev/mime/zip", "smdo/files/one")


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        ((), NAMES),
        (("sev/files/one",), ("sev/files/one",)),
        (("files/one",), ("sev/files/one", "smdo/files/one")),
        (("sev/files/one", "sev/files/*"), ("sev/files/one", "sev/files/one-mib")),
        (("sev/files/o",), ("sev/files/one", "sev/files/one-mib")),
        (("zip",), ("sev/zip/one", "sev/mime/zip")),
        (("sev/files/one", "zip"), ("sev/files/one", "sev/zip/one", "sev/mime/zip")),
        (("nothing",), ()),
    ],
)
def test_a_name_means_its_case_alone_and_anything_else_whatever_fits(
    patterns: tuple[str, ...], chosen: tuple[str, ...]
) -> None:
    cases = tuple(Case(name, "It is.", ()) for name in NAMES)

    assert tuple(one.name for one in book.chosen(cases, patterns)) == chosen

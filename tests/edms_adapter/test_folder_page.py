# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/edms-folder.md: what is typed there is typed here, and what is shown is what comes."""

import os
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.edms_adapter.folder import ADAPTER, FolderEdms, Options
from gateway.edms_adapter.folder.forms import NEEDED, Happened
from gateway.edms_adapter.opening import options_for
from gateway.model import Event, EventKey, EventKind, Number
from gateway.ports import OutgoingState, Registration, Waiting
from tests.edms_adapter.desk import MORNING, PDF, TODAY, Hands, file_of, letter
from tests.edms_adapter.laws import swept
from tests.edms_adapter.systems.folder import Folder
from tests.edms_adapter.systems.process import register

PAGE = (Path(__file__).parents[2] / "docs" / "edms-folder.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", PAGE, re.M | re.S)
LETTER = letter(files=(file_of(PDF, "Письмо.pdf"),))
NEWS = Event(EventKind.REGISTERED, EventKey("registered"), MORNING, number=Number("77", TODAY))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with Folder(tmp_path) as made:
        yield made


@pytest.fixture
def edms(folder: Folder) -> FolderEdms:
    return folder.open(clock=Hands())


def typed(folder: Folder, block: str) -> str:
    """Type the commands of *block* in the folder of both folders; return the block as it then looks."""
    said = ""
    for line in block.splitlines():
        if line.startswith("$ "):
            command = ["bash", "-c", line[2:]]
            env = {**os.environ, "LC_ALL": "C.UTF-8"}
            done = subprocess.run(command, cwd=folder.exchange, env=env, capture_output=True, text=True, timeout=60)
            said += f"{line}\n{done.stdout}{done.stderr}"
    return said


def test_the_session_goes_as_the_page_shows_it(folder: Folder, edms: FolderEdms) -> None:
    def comes() -> None:
        assert isinstance(register(edms, LETTER), Waiting)

    def heard(*kinds: EventKind) -> Callable[[], None]:
        def look() -> None:
            assert [one.event.kind for one in swept(edms)[0]] == list(kinds)

        return look

    def a_minute_later() -> None:
        (broken,) = folder.incoming.glob("*/event-2.json")
        os.utime(broken, (0, 0))
        heard(EventKind.REGISTERED, EventKind.FORWARDED)()

    def sent() -> None:
        (one,) = edms.outgoing()
        assert one.answers == "ex-1"
        edms.mark(one.ref, OutgoingState.TAKEN, "", MORNING)
        edms.mark(one.ref, OutgoingState.SENT, "250 2.0.0 ok", MORNING)

    def reported() -> None:
        edms.record("2026-0042", [NEWS])

    before = {
        0: comes,
        2: heard(EventKind.REGISTERED),
        3: heard(EventKind.REGISTERED, EventKind.FORWARDED),
        4: a_minute_later,
        6: sent,
        7: reported,
    }
    for place, block in enumerate(BLOCKS):
        before.get(place, lambda: None)()
        assert typed(folder, block) == block
    made = register(edms, LETTER)

    assert isinstance(made, Registration)
    assert made.number == Number("IN-17", TODAY)


def test_the_options_of_the_page_are_those_of_the_adapter() -> None:
    (shown,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.M | re.S)
    assert options_for(ADAPTER, tomllib.loads(shown)["edms"]["options"]).numbers == "theirs"

    assert set(re.findall(r"^\| `(\w+)` \|", PAGE.split("## The rules")[0], re.M)) == set(Options.model_fields)


def test_the_kinds_of_event_and_what_they_need_are_those_of_the_form() -> None:
    table = PAGE.split("## Events")[1].split("\n## ")[0]
    told = {}
    for kinds, needed in re.findall(r"^\| (`.*?) \| (.*?) \|$", table, re.M):
        names = re.findall(r"`(\w+)`", needed.split(":")[0]) if needed != "nothing" else []
        told |= dict.fromkeys(re.findall(r"`(\w+)`", kinds), names)
    told.pop("kind")

    kinds = Happened.model_fields["kind"].annotation.__args__  # type: ignore[union-attr]  # a Literal
    assert told == {kind: list(NEEDED.get(kind, ())) for kind in kinds}

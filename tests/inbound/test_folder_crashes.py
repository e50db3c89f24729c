# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that ends at any moment of taking a package: the next one takes it once, and puts it away."""

from pathlib import Path

import pytest

from tests.folders import Watched, medo_envelope, sev_package

GUID = "7d0a6c1e-2b3f-4c5d-8e9f-0a1b2c3d4e5f"
MOMENTS = ("folder:spooled", "folder:taken", "folder:putting-away", "folder:put-away")
AFTER = ("archive", "leave", "delete")
FILES = {"sev": 3, "medo": 2, "flat": 3}  # of a package, with its sidecar


class Crash(BaseException):
    """The process is gone."""


class CrashAt:
    """Ends the process at the *hit*-th time that a moment is reached."""

    def __init__(self, moment: str, hit: int = 1) -> None:
        self.moment = moment
        self.left = hit

    def __call__(self, name: str) -> None:
        self.left -= name == self.moment
        if name == self.moment and not self.left:
            raise Crash


def put(watched: Watched, layout: str) -> None:
    if layout == "sev":
        sev_package(watched.path, GUID)
    elif layout == "medo":
        package = watched.path / GUID
        package.mkdir()
        (package / "document.xml").write_bytes(b"<x/>")
        (package / "envelope.ini").write_bytes(medo_envelope(("document.xml",)))
    else:
        (watched.path / "document.xml").write_bytes(b"<x/>")
        (watched.path / "letter.pdf").write_bytes(b"%PDF")
        (watched.path / "A1B2C3D4.ini").write_bytes(medo_envelope(("document.xml", "letter.pdf")))


@pytest.mark.parametrize("layout", ["sev", "medo", "flat"])
@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_crash_at_any_moment_registers_a_package_once(tmp_path: Path, layout: str, after: str, moment: str) -> None:
    watched = Watched(tmp_path, CrashAt(moment), after=after, layout="sev" if layout == "sev" else "medo")
    put(watched, layout)
    before = watched.lying()
    with pytest.raises(Crash):
        watched.look(3)

    watched.begin()
    watched.look(3)

    assert len(watched.taken()) == 1
    assert watched.lying() == (before if after == "leave" else [])
    assert watched.state().words == ""
    assert len(watched.archived()) == (FILES[layout] if after == "archive" else 0)
    watched.close()


@pytest.mark.parametrize(
    ("layout", "after", "steps"),
    [
        ("sev", "archive", 2),
        ("sev", "delete", 3),
        ("medo", "archive", 1),
        ("medo", "delete", 2),
        ("flat", "archive", 4),
        ("flat", "delete", 4),
    ],
)
def test_a_package_half_put_away_is_known_and_put_away_whole(
    tmp_path: Path, layout: str, after: str, steps: int
) -> None:
    for step in range(1, steps + 1):
        home = tmp_path / str(step)
        home.mkdir()
        watched = Watched(home, CrashAt("folder:step", step), after=after, layout="sev" if layout == "sev" else "medo")
        put(watched, layout)
        with pytest.raises(Crash):
            watched.look(3)

        watched.begin()
        watched.look(3)

        assert len(watched.taken()) == 1
        assert (watched.lying(), watched.state().words) == ([], "")
        assert len(watched.archived()) == (FILES[layout] if after == "archive" else 0)
        watched.close()

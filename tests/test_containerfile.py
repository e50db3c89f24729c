# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules a Containerfile is held to; they are hadolint's, as far as they concern ours, and two of our own."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILE = ROOT / "release" / "Containerfile"


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n\s*", "", FILE.read_text(encoding="utf-8"))
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def of(instructions: list[tuple[str, str]], word: str) -> list[str]:
    return [rest for name, rest in instructions if name == word]


def test_every_image_is_named_in_full_with_a_version_that_is_not_the_latest(
    instructions: list[tuple[str, str]],
) -> None:
    for image in of(instructions, "FROM"):
        assert re.match(r"docker\.io/\S+:\d[\w.-]+( AS \w+)?$", image), image


def test_the_program_does_not_run_as_root(instructions: list[tuple[str, str]]) -> None:
    (user,) = of(instructions, "USER")
    place = instructions.index(("USER", user))

    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user), "a number, so that an orchestrator can see that it is not root"
    assert not [rest for name, rest in instructions[place:] if name == "RUN"]


def test_whatever_is_copied_is_there(instructions: list[tuple[str, str]]) -> None:
    for copied in of(instructions, "COPY"):
        if not copied.startswith("--from"):
            assert [name for name in copied.split()[:-1] if not (ROOT / name).exists()] == []


def test_commands_are_lists_and_nothing_is_added_or_cached(instructions: list[tuple[str, str]]) -> None:
    assert all(rest.startswith("[") for name, rest in instructions if name in ("CMD", "ENTRYPOINT"))
    assert of(instructions, "ADD") == []
    assert all("--no-cache-dir" in rest for rest in of(instructions, "RUN") if "pip install" in rest)
    assert all(rest.startswith("/") for rest in of(instructions, "WORKDIR"))


def test_its_health_is_asked_by_the_command_line(instructions: list[tuple[str, str]]) -> None:
    (check,) = of(instructions, "HEALTHCHECK")

    assert check.endswith("CMD edms-gateway status --json | grep -q '\"running\": true'")

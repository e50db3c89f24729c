# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages people learn and work from: both languages, the same steps, words that cards really show."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.edge.pages import PAGES, ROOT, Step, meant, steps, type_in


def test_there_are_pages_for_clerk_technologist_and_administrator_in_both_languages() -> None:
    names = ("by-the-clock", "clerk", "course", "first-installation", "technologist")

    assert [f"{page.parent.name}/{page.stem}" for page in PAGES] == [
        f"{at}/{name}" for at in ("en", "ru") for name in names
    ]


@pytest.mark.parametrize(
    ("page", "heads"),
    [("en/course.md", ("Lesson", "Exercise", "Solution")), ("ru/course.md", ("Занятие", "Упражнение", "Решение"))],
)
def test_every_lesson_has_an_exercise_and_a_solution_that_is_typed(page: str, heads: tuple[str, ...]) -> None:
    parts = re.split(r"^##+ (.+)$", (ROOT / "docs" / page).read_text(encoding="utf-8"), flags=re.M)
    typed = {
        heading.partition(":")[0]: any(isinstance(step, Step) for step in steps(below))
        for heading, below in zip(parts[1::2], parts[2::2], strict=True)
    }

    assert typed == {f"{head} {lesson}": head != heads[1] for lesson in range(1, 7) for head in heads}


def test_what_stands_for_a_number_is_the_first_that_was_shown(tmp_path: Path) -> None:
    shown = " id   state\n ──────────\n 41   parked\n 7    parked\n"

    assert meant(Step(1, "edms-gateway quarantine show N", ""), shown, tmp_path).typed.endswith(" show 41")


def test_a_page_that_lies_is_found(tmp_path: Path) -> None:
    lie = Step(1, "edms-gateway --help", "Usage: … no such thing")

    _, output = type_in(lie, tmp_path)

    assert not lie.shown_in(output)
    assert Step(1, "edms-gateway --help", "Usage: … COMMAND").shown_in(output)


def test_both_languages_show_the_same_steps() -> None:
    for page in (ROOT / "docs" / "ru").glob("*.md"):
        other = ROOT / "docs" / "en" / page.name

        ours, theirs = ([replace(step, line=0) for step in steps(one.read_text("utf-8"))] for one in (page, other))
        assert ours == theirs


def test_a_clerk_finds_every_word_of_the_page_on_a_card() -> None:
    mapping = (ROOT / "gateway" / "edms_adapter" / "mappings" / "registry.toml").read_text(encoding="utf-8")
    sayings = (ROOT / "gateway" / "outbound" / "sayings.py").read_text(encoding="utf-8")
    for page in ("ru/clerk.md", "en/clerk.md"):
        rows = re.findall(r"^\| («.+?) \|", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.M)
        words = re.findall("«(.+?)»", " ".join(rows))

        assert words
        assert [word for word in words if word not in mapping + sayings + "отменено, не отправлялось"] == []

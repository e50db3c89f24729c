# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages for the clerk and the technologist: both languages, the same steps, words that cards really show."""

import re
from dataclasses import replace
from pathlib import Path

from tests.edge.pages import PAGES, ROOT, Step, steps, type_in


def test_there_are_pages_for_the_clerk_and_the_technologist_in_both_languages() -> None:
    assert [f"{page.parent.name}/{page.stem}" for page in PAGES] == [
        *("en/clerk", "en/technologist"),
        *("ru/clerk", "ru/technologist"),
    ]


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

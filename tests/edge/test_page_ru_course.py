# SPDX-License-Identifier: GPL-3.0-or-later
"""The Russian course, lesson by lesson with its solutions; the English one shows the same steps (test_pages.py)."""

from pathlib import Path

import pytest

from tests.edge.pages import ROOT, play


@pytest.mark.thorough
def test_every_step_of_the_page_does_what_the_page_says(tmp_path: Path) -> None:
    play(ROOT / "docs" / "ru" / "course.md", tmp_path)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The English page for the technologist: a file of its own, so that the pages are typed in side by side."""

from pathlib import Path

from tests.edge.pages import ROOT, play


def test_every_step_of_the_page_does_what_the_page_says(tmp_path: Path) -> None:
    play(ROOT / "docs" / "en" / "technologist.md", tmp_path)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the folders templates/ and config/ are: inside the installed package, or beside it in a source tree."""

from collections.abc import Mapping
from pathlib import Path

PACKAGE = Path(__file__).parent


def shipped(folder: str) -> Path:
    """Return the folder "templates" or "config" that belongs to this program.

    Raises FileNotFoundError when the installation is incomplete.
    """
    for home in (PACKAGE / folder, PACKAGE.parent / folder):
        if home.is_dir():
            return home
    raise FileNotFoundError(f"the installation is incomplete: there is no folder {folder} in {PACKAGE} or beside it")


def load_templates() -> Mapping[str, Mapping[str, str]]:
    """Return the source of every text template: by language, then by name without its suffix."""
    return {
        language.name: {file.stem: file.read_text(encoding="utf-8") for file in sorted(language.glob("*.txt"))}
        for language in sorted(shipped("templates").iterdir())
        if language.is_dir() and not language.name.startswith(("_", "."))
    }

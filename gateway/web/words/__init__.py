# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages say, in the languages of offices; the words of states are those of the printed registers."""

from collections.abc import Mapping

from gateway.web.words.english import ENGLISH
from gateway.web.words.language import Words
from gateway.web.words.russian import RUSSIAN

WORDS: Mapping[str, Words] = {"ru": RUSSIAN, "en": ENGLISH}

__all__ = ["WORDS", "Words"]

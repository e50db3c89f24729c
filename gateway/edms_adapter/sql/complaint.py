# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a mapping; a module of its own, for commands that only want to know whether there is one."""


class MappingError(Exception):
    """The mapping file, or an expression of it, is wrong; says which key, what is wrong and what would be right."""

    def __init__(self, words: str, place: str = "") -> None:
        super().__init__(words)
        self.place = place  # the key alone: what was wrong may quote a letter

# SPDX-License-Identifier: GPL-3.0-or-later
"""A starter mapping by reflection: what an administrator begins with who has only the address of a database.

``guessing`` says what each table looks like, ``writing`` makes the file.  The file loads as it is; what only a person
can know is a statement with the words ``-- decide:``, which `edms check` names until they are gone.
"""

from gateway.edms_adapter.sql.database import Database
from gateway.edms_adapter.sql.sampling.guessing import Guess, guess
from gateway.edms_adapter.sql.sampling.writing import written

__all__ = ["Guess", "sample"]


def sample(database: Database, schema: str = "", cards: str = "") -> str:
    """Return a mapping for *database*; raises LookupError when there is no table that could hold cards.

    *cards* is the table of cards when the administrator knows it.
    """
    return written(guess(database, schema, cards))

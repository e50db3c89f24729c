# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract suite: the ten rules of docs/adding-an-edms.md as laws that every adapter passes.

An adapter's test file makes its system and inherits the laws:

    class TestBureau(EdmsContract):
        @pytest.fixture
        def system(self, tmp_path: Path) -> Iterator[System]:
            with Bureau(tmp_path) as made:
                yield made

`tests.edms_adapter.systems.System` says what the system must show and do.  A law that cannot hold there is declared in
its `Abilities`, and the report shows the reason.
"""

from tests.edms_adapter.laws.attaching import Added
from tests.edms_adapter.laws.breaking import AllOrNothing, OutOfReach
from tests.edms_adapter.laws.bytes_and_words import OnlyText, Readable
from tests.edms_adapter.laws.changes import ClosedList, NothingLost
from tests.edms_adapter.laws.looking import Checked, Counted, Directory, Rehearsed
from tests.edms_adapter.laws.registering import OnceForEver, TwoFamilies
from tests.edms_adapter.laws.sending import OnceByKey, SecondThoughts, Tied, UntilMarked


class EdmsContract(
    OnceForEver,
    AllOrNothing,
    OutOfReach,
    TwoFamilies,
    Readable,
    OnlyText,
    Added,
    NothingLost,
    ClosedList,
    UntilMarked,
    SecondThoughts,
    Checked,
    OnceByKey,
    Rehearsed,
    Counted,
    Tied,
    Directory,
):
    """All laws; each needs a fixture `system`, fresh for every test."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""The «ДЕЛО» look-alike keeps the contract: through statements on SQLite, through its procedures elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edms_adapter.contract import EdmsContract
from tests.edms_adapter.systems import System
from tests.edms_adapter.systems.lookalike import LookAlike


class TestLookAlike(EdmsContract):
    """Cards are all or nothing; what is killed or cut off may leave its number reserved, for the next call to use."""

    @pytest.fixture
    def system(self, lookalike_url: str, tmp_path: Path) -> Iterator[System]:
        with LookAlike(lookalike_url, tmp_path / "files") as made:
            yield made

    def test_a_process_killed_anywhere_leaves_nothing_or_what_the_next_call_completes(self, system: System) -> None:
        super().test_a_process_killed_anywhere_leaves_nothing_or_what_the_next_call_completes(but_numbers(system))

    def test_an_edms_that_goes_away_in_the_middle_leaves_nothing_or_what_the_next_call_completes(
        self, system: System
    ) -> None:
        super().test_an_edms_that_goes_away_in_the_middle_leaves_nothing_or_what_the_next_call_completes(
            but_numbers(system)
        )


def but_numbers(system: System) -> LookAlike:
    assert isinstance(system, LookAlike)
    system.numbers_count = False
    return system

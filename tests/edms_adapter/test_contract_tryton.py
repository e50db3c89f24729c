# SPDX-License-Identifier: GPL-3.0-or-later
"""A live Tryton keeps the contract, but for what its document_incoming has no place for."""

from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest

from tests.edms_adapter.contract import EdmsContract
from tests.edms_adapter.systems import System
from tests.edms_adapter.systems.tryton import Tryton
from tests.servers.tryton import TrytonOffice

SLOW = (  # laws that call it a hundred times; in the plain run other adapters keep them, and Tryton keeps the rest
    "test_a_process_killed_anywhere_leaves_nothing_or_what_the_next_call_completes",
    "test_a_registration_broken_anywhere_leaves_nothing_or_is_completed_by_the_next_call",
    "test_an_addition_broken_anywhere_leaves_nothing_or_is_completed_by_the_next_call",
    "test_an_edms_that_goes_away_in_the_middle_leaves_nothing_or_what_the_next_call_completes",
    "test_numbers_of_parallel_registrations_are_all_different_and_have_no_gap",
    "test_32_calls_in_4_processes_make_one_card_and_one_number",
    "test_a_file_is_kept_whatever_its_sender_called_it_and_its_name_is_harmless",
)


class TestTryton(EdmsContract):
    @pytest.fixture
    def system(self, tryton: TrytonOffice, tmp_path: Path) -> Iterator[System]:
        with Tryton(tryton, tmp_path) as made:
            yield made


def _one_of_its_own(law: FunctionType) -> FunctionType:
    """Return *law* again: a mark on it would be one for every adapter."""
    copy = FunctionType(law.__code__, law.__globals__, law.__name__, law.__defaults__, law.__closure__)
    copy.__dict__.update(law.__dict__)
    return copy


for name in SLOW:
    setattr(TestTryton, name, pytest.mark.thorough(_one_of_its_own(getattr(EdmsContract, name))))

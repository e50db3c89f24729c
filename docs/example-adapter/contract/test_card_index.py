# SPDX-License-Identifier: GPL-3.0-or-later
"""The card index keeps the contract of the gateway's adapters."""

from pathlib import Path

import pytest
from card_index_system import CardIndexSystem

from tests.edms_adapter.contract import EdmsContract
from tests.edms_adapter.systems import System


class TestCardIndex(EdmsContract):
    @pytest.fixture
    def system(self, tmp_path: Path) -> System:
        return CardIndexSystem(tmp_path)

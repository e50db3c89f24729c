# SPDX-License-Identifier: GPL-3.0-or-later
"""A live Tryton keeps the contract, but for what its document_incoming has no place for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edms_adapter.contract import EdmsContract
from tests.edms_adapter.systems import System
from tests.edms_adapter.systems.tryton import Tryton
from tests.servers.tryton import TrytonOffice


class TestTryton(EdmsContract):
    @pytest.fixture
    def system(self, tryton: TrytonOffice, tmp_path: Path) -> Iterator[System]:
        with Tryton(tryton, tmp_path) as made:
            yield made

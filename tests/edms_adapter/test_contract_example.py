# SPDX-License-Identifier: GPL-3.0-or-later
"""The mapping of docs/adding-an-edms.md keeps the contract, but for what it does not have: administrators copy it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edms_adapter.contract import EdmsContract
from tests.edms_adapter.systems import System
from tests.edms_adapter.systems.bureau import Bureau


class TestBureau(EdmsContract):
    @pytest.fixture
    def system(self, tmp_path: Path) -> Iterator[System]:
        with Bureau(tmp_path) as made:
            yield made

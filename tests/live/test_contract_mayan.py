# SPDX-License-Identifier: GPL-3.0-or-later
"""A live Mayan keeps the contract, but for what it has no place for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edms_adapter.contract import EdmsContract
from tests.edms_adapter.systems import System
from tests.edms_adapter.systems.mayan import Mayan
from tests.servers.mayan import MayanOffice


class TestMayan(EdmsContract):
    @pytest.fixture
    def system(self, mayan: MayanOffice, tmp_path: Path) -> Iterator[System]:
        with Mayan(mayan, tmp_path) as made:
            yield made

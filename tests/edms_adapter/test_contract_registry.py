# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in registry keeps the contract, on every database engine that the fixture `url` knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edms_adapter.contract import EdmsContract
from tests.edms_adapter.systems import System
from tests.edms_adapter.systems.registry import Registry


class TestRegistry(EdmsContract):
    @pytest.fixture
    def system(self, url: str, tmp_path: Path) -> Iterator[System]:
        with Registry(url, tmp_path / "files") as made:
            yield made

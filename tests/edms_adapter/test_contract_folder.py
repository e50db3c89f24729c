# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder adapter keeps the contract, whoever gives the numbers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edms_adapter.contract import EdmsContract
from tests.edms_adapter.systems import System
from tests.edms_adapter.systems.folder import Folder


class TestFolder(EdmsContract):
    @pytest.fixture(params=["theirs", "ours"])
    def system(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
        with Folder(tmp_path, request.param) as made:
            yield made

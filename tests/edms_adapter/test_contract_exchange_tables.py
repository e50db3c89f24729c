# SPDX-License-Identifier: GPL-3.0-or-later
"""The exchange tables keep the contract on every database engine there is here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edms_adapter.contract import EdmsContract
from tests.edms_adapter.systems import System
from tests.edms_adapter.systems.exchange_tables import ExchangeTables


class TestExchangeTables(EdmsContract):
    @pytest.fixture
    def system(self, exchange_url: str, tmp_path: Path) -> Iterator[System]:
        with ExchangeTables(exchange_url, tmp_path / "files") as made:
            yield made

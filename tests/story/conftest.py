# SPDX-License-Identifier: GPL-3.0-or-later
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.story.offices import Town, town


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Town]:
    """Minsk and Moscow with the configuration of the examples."""
    with town(tmp_path) as both:
        yield both

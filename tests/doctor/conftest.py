# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import pytest

from tests.doctor.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "office")

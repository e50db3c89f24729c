# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws assert, though their names are not those of tests: pytest shall show what they compared."""

import pytest

pytest.register_assert_rewrite("tests.edms_adapter.laws")

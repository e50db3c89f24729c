# SPDX-License-Identifier: GPL-3.0-or-later
from tests.story.conftest import offices

__all__ = ["offices"]

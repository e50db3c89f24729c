# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in registry: a small but complete records system, for offices without another one, the demo and tests.

``schema`` makes its database, ``people`` is what its users do.  The gateway reaches it only through
``mappings/registry.toml``, like any other system.
"""

from gateway.edms_adapter.registry.schema import create
from gateway.edms_adapter.registry.seed import Correspondent, Office, Staff, add_office, seed

__all__ = ["Correspondent", "Office", "Staff", "add_office", "create", "seed"]

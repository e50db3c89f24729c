# SPDX-License-Identifier: GPL-3.0-or-later
"""Tryton 8.2 with its module ``document_incoming``, by JSON-RPC; nothing of Tryton runs in our processes.

``options`` is the form of ``[edms.options]``, ``wire`` the calls, ``cards`` what lies in Tryton; on them stand
``people``, ``numbers``, ``registering``, ``changes`` and ``check``; ``edms`` puts them together.
"""

from gateway.edms_adapter.opening import Adapter
from gateway.edms_adapter.tryton.edms import TrytonEdms
from gateway.edms_adapter.tryton.options import Options

ADAPTER = Adapter(Options, TrytonEdms)

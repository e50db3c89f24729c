# SPDX-License-Identifier: GPL-3.0-or-later
"""Mayan EDMS 4.12 over its REST interface; nothing of Mayan runs in our processes.

``options`` is the form of ``[edms.options]``, ``wire`` the calls, ``catalogue`` what an administrator set up there,
``documents`` what lies there; on them stand ``people``, ``numbers``, ``storing``, ``saying``, ``registering``,
``changes`` and ``check``; ``edms`` puts them together.
"""

from gateway.edms_adapter.mayan.edms import MayanEdms
from gateway.edms_adapter.mayan.options import Options
from gateway.edms_adapter.opening import Adapter

ADAPTER = Adapter(Options, MayanEdms)

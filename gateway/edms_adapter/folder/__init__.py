# SPDX-License-Identifier: GPL-3.0-or-later
"""An EDMS that imports from a directory: files with a JSON beside them, and its answers as files too.

``forms`` is every JSON there is; ``shelf`` how a package is written so that nobody reads half of it; ``ledger`` what we
handed over and heard; ``registering``, ``answers`` and ``sending`` are the three errands; ``edms`` puts them together.
"""

from gateway.edms_adapter.folder.edms import FolderEdms
from gateway.edms_adapter.folder.options import Options
from gateway.edms_adapter.opening import Adapter

__all__ = ["ADAPTER", "FolderEdms", "Options"]

ADAPTER = Adapter(Options, FolderEdms)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages from directories: `watch` is the way in, everything else serves it.

`finding` says what lies there, `completeness` whether all of it has come, `letters` makes it a letter for `accept`,
`putting_away` archives, leaves or deletes what the journal has, `looking` and `whys` tell what stays there and why.
Nothing is moved before it is committed.
"""

from gateway.inbound.folder.memory import FolderMemory, JournalFolders
from gateway.inbound.folder.watch import Watching, watch

__all__ = ["FolderMemory", "JournalFolders", "Watching", "watch"]

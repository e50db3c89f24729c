# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders that cannot be read, and packages in them that cannot be taken."""

from collections.abc import Iterator

from gateway.causes.cause import Cause
from gateway.causes.look import Look
from gateway.journal.mailboxes import states


def folders(look: Look) -> Iterator[Cause]:
    ours = {folder.name: folder for folder in look.settings.folders}
    for state in states(look.tx):
        if not state.words or state.mailbox not in ours:
            continue
        name, path = state.mailbox, ours[state.mailbox].path
        if state.failures:
            what, since = f"folder {name} cannot be read", state.heard_at or state.failed_at
            yield Cause(f"folder:{name}", what, since, state.words, f"see whether it is there: ls -la {path}")
        else:
            what = f"folder {name} holds packages that stay there"
            remedy = f"ls -la --full-time {path}; whoever put them there completes them, or take them away"
            yield Cause(f"folder:{name}:packages", what, None, state.words, remedy)

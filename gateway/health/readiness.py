# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether letters can come: the journal answers, no disk is sick, and one door at least is open."""

from gateway.build import Parts
from gateway.journal import mailboxes


def why_not_ready(parts: Parts) -> str:
    """Return in words why no letter can come now; empty: they can."""
    if parts.journal.blobs.sick:
        return "a disk failed"
    try:
        with parts.journal.read() as tx:
            states = {state.mailbox: state for state in mailboxes.states(tx)}
    except Exception as error:  # an edge: whatever the journal raises, nothing can be taken
        return f"the journal does not answer: {type(error).__name__}"
    if parts.settings.listeners:
        return ""
    read = [states[box.name] for box in parts.settings.mailboxes if box.name in states]
    looked = [states[folder.name] for folder in parts.settings.folders if folder.name in states]
    if any(state.heard_at and not state.words for state in read) or any(
        state.heard_at and not state.failures for state in looked
    ):
        return ""
    return "no mailbox can be read" if parts.settings.mailboxes or not looked else "no folder can be read"

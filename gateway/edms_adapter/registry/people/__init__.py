# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do in the built-in registry, in its database only: for the demo and the tests.

Nothing here knows that there is a gateway.  Every function takes the open transaction of `at_work` first, and the
moment of the act; people and organisations are named as people name them (a person by surname or full name,
an organisation by its exchange index).
"""

from gateway.edms_adapter.registry.people.cards import (add_file, change_card_deadline, link, remove_file, write_card)
from gateway.edms_adapter.registry.people.drafts import (Ask, ask, direct, register_draft, sign, take_draft, take_version, write_draft, write_version)
from gateway.edms_adapter.registry.people.instructions import (cancel, change_deadline, change_executors, close, forward, go_away, instruct, note_progress, reopen, report)
from gateway.edms_adapter.registry.people.journals import (open_by_hand, open_year)
from gateway.edms_adapter.registry.people.looking import (approvals, card, card_of, cards, clerk, edms_adapter, executions, executors, files, from, gateway, import, inbox, inboxes, instruction, instructions, ladder, linked, looking, mentioned, news, people, registry, waiting)
from gateway.edms_adapter.registry.people.papers import (enter_paper, join_waiting, note_waiting, refusal_reasons, refuse_waiting, register_waiting)
from gateway.edms_adapter.registry.people.rows import (at_work, rows)
from gateway.edms_adapter.registry.people.sending import (answer, send, send_again, send_changes, withdraw)
from gateway.edms_adapter.registry.people.staff import (appoint_head, dismiss, partner_people, rename)

__all__ = [
    "Ask",
    "add_file",
    "answer",
    "appoint_head",
    "approvals",
    "ask",
    "at_work",
    "cancel",
    "card",
    "card_of",
    "cards",
    "change_card_deadline",
    "change_deadline",
    "change_executors",
    "clerk",
    "close",
    "direct",
    "dismiss",
    "edms_adapter",
    "enter_paper",
    "executions",
    "executors",
    "files",
    "forward",
    "from",
    "gateway",
    "go_away",
    "import",
    "inbox",
    "inboxes",
    "instruct",
    "instruction",
    "instructions",
    "join_waiting",
    "ladder",
    "link",
    "linked",
    "looking",
    "mentioned",
    "news",
    "note_progress",
    "note_waiting",
    "open_by_hand",
    "open_year",
    "partner_people",
    "people",
    "refusal_reasons",
    "refuse_waiting",
    "register_draft",
    "register_waiting",
    "registry",
    "remove_file",
    "rename",
    "reopen",
    "report",
    "rows",
    "send",
    "send_again",
    "send_changes",
    "sign",
    "take_draft",
    "take_version",
    "waiting",
    "withdraw",
    "write_card",
    "write_draft",
    "write_version",
]

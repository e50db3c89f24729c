# SPDX-License-Identifier: GPL-3.0-or-later
"""The standard notice: multipart/report with a status part (RFC 3464; RFC 6533 for addresses beyond ASCII).

Postfix, Exim since 4.9x, Sendmail, Exchange, Domino, Gmail and most others write it; what people read in it is in any
language and is not looked at.
"""

import re
from base64 import b64decode
from contextlib import suppress

from gateway.inbound.bounces.notice import Bounce, Fate, Told
from gateway.inbound.bounces.texts import fields, head_of, letter_ids, one_line, replied_to, text_of
from gateway.mail.parameters import structured
from gateway.model import Letter

_STATUS = ("message/delivery-status", "message/global-delivery-status")
_RETURNED = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
_FATES = {
    "failed": Fate.FAILED,
    "delayed": Fate.DELAYED,
    "delivered": Fate.DELIVERED,
    "relayed": Fate.RELAYED,
    "expanded": Fate.RELAYED,
}
_CLASSES = {"5": Fate.FAILED, "4": Fate.DELAYED, "2": Fate.DELIVERED}
_RECIPIENTS = ("original-recipient", "final-recipient")
_BLANK = re.compile(r"\n[ \t]*(?=\n)")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_MAX_GROUPS = 1000  # LIMIT: recipients looked at


def delivery_status(letter: Letter) -> Bounce | None:
    """Read a notice of the standard; None for other reports (read, spam) and when it says nothing plainly."""
    if not any(structured(value).value == "multipart/report" for value in letter.all("Content-Type")):
        return None
    status = next((part for part in letter.parts if part.media_type in _STATUS), None)
    if status is None:
        return None
    groups = _groups(text_of(status))
    told = tuple(one for one in map(_told, groups) if one is not None)
    if not told:
        return None
    returned = (text_of(part) for part in letter.parts if part.media_type in _RETURNED)
    ids = tuple(dict.fromkeys(one for text in returned for one in letter_ids(head_of(text))))
    envelope_id = next((group["original-envelope-id"] for group in groups if "original-envelope-id" in group), "")
    return Bounce(ids or tuple(dict.fromkeys(replied_to(letter))), _plain(envelope_id), told)


def _groups(text: str) -> list[dict[str, str]]:
    """Return the groups of fields: the letter's first, then one for each recipient.

    QUIRK: blank lines may be missing between them, or stand inside one; the first field of a name counts.
    """
    groups: list[dict[str, str]] = []
    for block in _blocks(text):
        several = sum(name == "action" for name, _ in fields(block)) > 1
        group: dict[str, str] = {}
        for name, value in fields(block):
            if several and name in (*_RECIPIENTS, "action") and (name in group or "action" in group):
                groups.append(group)
                group = {}
            group.setdefault(name, value)
        groups.append(group)
    return groups[:_MAX_GROUPS]


def _blocks(text: str) -> list[str]:
    """Return what stands between blank lines.

    QUIRK: a filter on the way may encode the groups behind the first, and say so in that one (sample bounce.txt).
    """
    blocks = _parted(text)
    if blocks and ("content-transfer-encoding", "base64") in fields(blocks[0].lower()):
        with suppress(ValueError):
            plain = b64decode("".join(blocks[1:]).replace("\n", ""), validate=True).decode("utf-8", "replace")
            return [blocks[0], *_parted(plain.replace("\r\n", "\n"))]
    return blocks


def _parted(text: str) -> list[str]:
    return [block for block in _BLANK.sub("\n", "\n" + text).split("\n\n") if block.strip()]


def _told(group: dict[str, str]) -> Told | None:
    """Return what a recipient's group says; None for the letter's own group, and for one that contradicts itself."""
    action, status = group.get("action", ""), group.get("status", "")
    class_ = _CLASSES.get(status[:1])
    fate = _FATES.get(re.split(r"[^a-z]", action.lower(), maxsplit=1)[0]) if action else class_
    if fate is None or (fate is Fate.FAILED and class_ is Fate.DELIVERED):
        return None
    if class_ is Fate.FAILED and fate in (Fate.DELIVERED, Fate.RELAYED):
        return None
    recipients = dict.fromkeys(
        name for field in _RECIPIENTS if field in group for name in _names(group[field].partition(";")[2])
    )
    if not recipients and not action:
        return None
    words = group.get("diagnostic-code") or status or fate.value
    return Told(fate, tuple(recipients), one_line(words))


def _names(address: str) -> tuple[str, ...]:
    """Return *address* as it stands and as xtext says it (RFC 3461 §4), in lower case."""
    bare = address.strip().removeprefix("<").removesuffix(">").casefold()
    return (bare, _plain(address.strip()).casefold()) if bare else ()


def _plain(xtext: str) -> str:
    return _XTEXT.sub(lambda found: chr(int(found[1], 16)), xtext)

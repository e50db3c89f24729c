# SPDX-License-Identifier: GPL-3.0-or-later
"""A message of ours becomes a sealed letter, kept and ready for the queue; its bytes never change afterwards.

Knows how a letter is addressed and wrapped; does not know why it is due.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway import identity
from gateway.dialects import by_name
from gateway.envelope import Wrapping, seal
from gateway.errors import Reason, Refused
from gateway.journal.blobs import Blobs
from gateway.journal.entries import Outbound
from gateway.mail.address import caseless
from gateway.model import Content, Contents, ExchangeId, Message
from gateway.office import Office, Partner
from gateway.settings import OfficeSettings
from gateway.wording import Wording

REPORTS = ("report", "receipt")  # kinds of letter that a robot writes, in answer to another one


@dataclass(frozen=True, slots=True)
class Going:
    """A message on its way out, and everything its letter needs."""

    message: Message
    contents: Contents
    partner: Partner
    ours: OfficeSettings
    kind: str  # "document", "addition", "report", "receipt"
    exchange: ExchangeId
    in_reply_to: str = ""  # the Message-ID of the letter it answers, without angle brackets
    outgoing_ref: str | None = None  # the EDMS's dispatch row; None: ours alone


@dataclass(frozen=True, slots=True)
class Sealer:
    office: Office
    wording: Wording
    blobs: Blobs
    secret: bytes

    def sealed(self, going: Going, now: datetime) -> Outbound:
        """Return *going* as a letter that is kept; raises Refused(TOO_LARGE) beyond the partner's limit."""
        message, channel = going.message, going.partner.channel
        wrapping = Wrapping(
            sender=going.ours.address,
            recipient=channel.address,
            at=now,
            message_id=f"{message.id}@{going.ours.address.rpartition('@')[2]}",
            in_reply_to=going.in_reply_to,
            text=self._words(going),
            automatic=going.kind in REPORTS,
            zipped=channel.package == "zip",
            file_names=channel.file_names,
        )
        package = by_name(message.dialect).write(message)
        with self.blobs.scratch() as scratch:
            letter = self._written(seal(package, going.contents, wrapping, scratch.sink))
        if letter.size > channel.max_letter:
            raise Refused(
                Reason.TOO_LARGE,
                f"the letter is larger than {going.partner.settings.id} takes",
                found=f"{letter.size} bytes",
                expected=f"at most {channel.max_letter} bytes",
            )
        return Outbound(
            exchange=going.exchange,
            partner=going.partner.id,
            channel=channel.id,
            office=going.ours.index,
            kind=going.kind,
            message_id=message.id,
            rfc_message_id=wrapping.message_id,
            envelope_sender=self._envelope_sender(going),
            recipient=channel.address,
            letter=self.blobs.keep(letter),
            outgoing_ref=going.outgoing_ref,
            in_reply=going.kind in REPORTS,
        )

    def forward(self, letter: Content) -> Outbound | None:
        """Return *letter*, unchanged, for the people's address of the office; None without one."""
        to, ours = self.office.settings.human_address, self.office.settings.offices[0]
        if not to or caseless(to) in self.office.our_addresses():
            return None
        return Outbound(
            exchange=None,
            partner=None,
            channel="",
            office=ours.index,
            kind="forward",
            message_id="",
            rfc_message_id="",
            envelope_sender=ours.address,
            recipient=to,
            letter=self.blobs.keep(letter),
            outgoing_ref=None,
            in_reply=False,
        )

    def bounce_for(self, recipients: Sequence[str]) -> str | None:
        """Return the Message-ID of the letter of ours that a bounce to *recipients* is about; None for none."""
        for address in recipients:
            message_id = identity.bounced_message(self.secret, address)
            if message_id is not None:
                return f"{message_id}@{address.rpartition('@')[2]}"
        return None

    def _words(self, going: Going) -> str:
        """What people read in the letter, in the partner's language and our zone."""
        channel = going.partner.channel
        if not channel.human_text:
            return ""
        return self.wording.words(going.message, channel.language, zone=ZoneInfo(going.ours.time_zone)).body

    def _envelope_sender(self, going: Going) -> str:
        relay = self.office.settings.relay_named(going.partner.channel.relay)
        if relay.bounce_sender == "tagged":
            return identity.bounce_address(self.secret, going.ours.address, going.message.id)
        return going.ours.address

    def _written(self, blocks: Iterable[bytes]) -> Content:
        sink = self.blobs.sink()
        try:
            for block in blocks:
                sink.write(block)
            return sink.close()
        except BaseException:
            sink.discard()
            raise

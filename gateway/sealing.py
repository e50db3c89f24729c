# SPDX-License-Identifier: GPL-3.0-or-later
"""A message of ours becomes a sealed letter, kept and ready for the queue; its bytes never change afterwards.

Knows how a letter is addressed and wrapped; does not know why it is due.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway import identity
from gateway.dialects import by_name
from gateway.dialects.wire import Nameless
from gateway.envelope import Wrapping, seal
from gateway.errors import Reason, Refused
from gateway.journal.blobs import Blobs
from gateway.journal.entries import Outbound
from gateway.mail.address import caseless
from gateway.model import Content, Contents, ExchangeId, Message, MessageId, ReturnId
from gateway.office import Office, Partner
from gateway.settings import OfficeSettings
from gateway.wording import Wording

# LIMIT: how long a letter's own envelope sender takes bounces: servers give up after about 5 days, and one behind
# another may begin anew.
TAG_LIFE = timedelta(days=20)
NOBODY = "folder@exchange.local"  # in To of a letter that goes by folder alone
REPORTS = ("report", "receipt", "directory_result")  # kinds of letter that a robot writes, in answer to another one


@dataclass(frozen=True, slots=True)
class Going:
    """A message on its way out, and everything its letter needs."""

    message: Message
    contents: Contents
    partner: Partner
    ours: OfficeSettings
    kind: str  # "document", "addition", "report", "receipt", "directory", "directory_result"
    exchange: ExchangeId
    in_reply_to: str = ""  # the Message-ID of the letter it answers, without angle brackets
    outgoing_ref: str | None = None  # the EDMS's dispatch row; None: ours alone


@dataclass(frozen=True, slots=True)
class Bounced:
    """The letter of ours that an envelope sender was made for."""

    message_id: MessageId
    mark: str  # of its recipient


@dataclass(frozen=True, slots=True)
class Sealer:
    office: Office
    wording: Wording
    blobs: Blobs
    secret: bytes

    def sealed(self, going: Going, now: datetime) -> Outbound:
        """Return *going* as a letter that is kept; raises Refused(TOO_LARGE) beyond the partner's limit.

        Raises Refused(UNSUPPORTED) for what the standard cannot say, and for want of somebody's code in it.
        """
        message, channel = going.message, going.partner.channel
        wrapping = Wrapping(
            sender=going.ours.address,
            recipient=channel.address or NOBODY,
            at=now,
            message_id=f"{message.id}@{going.ours.address.rpartition('@')[2]}",
            in_reply_to=going.in_reply_to,
            text=self._words(going),
            automatic=going.kind in REPORTS,
            zipped=channel.package == "zip",
            file_names=channel.file_names,
        )
        try:
            package = by_name(message.dialect).write(self.office.outward(message))
        except Nameless as error:
            raise Refused(Reason.UNSUPPORTED, str(error)) from error
        if channel.envelope and package.sidecar is not None:
            package = replace(package, members=(*package.members, package.sidecar.written(channel.envelope)))
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
            envelope_sender=self._envelope_sender(going, now),
            recipient=channel.goes_to,
            letter=self.blobs.keep(letter),
            outgoing_ref=going.outgoing_ref,
            in_reply=going.kind in REPORTS,
            held=going.partner.held,
        )

    def ids(self, exchange: ExchangeId, attempt: int, dialect: str) -> tuple[ReturnId, MessageId]:
        """Return the return id and message id of the *attempt*-th sending of *exchange*'s document in *dialect*."""
        return identity.outgoing_ids(self.secret, exchange, attempt, one_id=by_name(dialect).one_id)

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

    def bounce_for(self, addresses: Sequence[str], now: datetime) -> Bounced | None:
        """Return which letter of ours mail to *addresses* is about, by its own envelope sender; None for none.

        A tag that is forged, or older than `TAG_LIFE`, names none.
        """
        for address in addresses:
            tag = identity.bounce_tag(self.secret, address)
            if tag is not None and timedelta(-1) <= now.date() - tag.day <= TAG_LIFE:
                return Bounced(tag.message_id, tag.mark)
        return None

    def is_for(self, bounced: Bounced, recipient: str) -> bool:
        """Say whether *bounced* names a letter that went to *recipient*."""
        return bounced.mark == identity.bounce_mark(self.secret, recipient)

    def tagged(self, envelope_sender: str) -> bool:
        """Say whether *envelope_sender* is one letter's own, however old."""
        return identity.bounce_tag(self.secret, envelope_sender) is not None

    def sender_today(self, envelope_sender: str, recipient: str, now: datetime) -> str:
        """Return *envelope_sender* as it is to be said today: a letter's own one carries the day it goes."""
        tag = identity.bounce_tag(self.secret, envelope_sender)
        if tag is None or tag.day == now.date():
            return envelope_sender
        local, _, domain = envelope_sender.rpartition("@")
        plain = f"{local.rpartition('+')[0]}@{domain}"
        return identity.bounce_address(self.secret, plain, tag.message_id, recipient, now.date())

    def _words(self, going: Going) -> str:
        """What people read in the letter, in the partner's language and our zone."""
        channel = going.partner.channel
        if not channel.human_text:
            return ""
        return self.wording.words(going.message, channel.language, zone=ZoneInfo(going.ours.time_zone)).body

    def _envelope_sender(self, going: Going, now: datetime) -> str:
        relay = self.office.settings.relay_named(going.partner.channel.relay)
        if relay.bounce_sender == "tagged" and going.partner.channel.folder_out is None:
            channel, ours = going.partner.channel, going.ours
            return identity.bounce_address(self.secret, ours.address, going.message.id, channel.address, now.date())
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

# SPDX-License-Identifier: GPL-3.0-or-later
"""Who we are, whom we know, and what each may do: the directory of an office, made from its settings.

A channel proves where a letter came from; the partner is then chosen by the exchange index inside and must be one of
that channel's.  ``From:`` alone proves nothing.  Source: docs/protocol.md, "Who is believed".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from ipaddress import ip_address, ip_network
from zoneinfo import ZoneInfo

from gateway.errors import Reason, Refused
from gateway.mail.address import addresses, caseless
from gateway.mail.results import authserv_id, vouches
from gateway.model import Letter, Message, Organisation, PartnerId, Party, System, folded, renamed
from gateway.settings import ChannelSettings, OfficeSettings, PartnerSettings, Settings

STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Origin:
    """How a letter reached us, as our own side saw it."""

    channel: str  # the listener, mailbox or folder
    peer: str  # address of the SMTP client, "unix", or empty for a mailbox
    envelope_sender: str


@dataclass(frozen=True, slots=True)
class Partner:
    """An organisation we have an agreement with, and the channel it is reached by."""

    settings: PartnerSettings
    channel: ChannelSettings

    @property
    def id(self) -> PartnerId:
        return PartnerId(self.settings.id)

    @property
    def observed(self) -> bool:
        """Whether we only look at what it sends: nothing is registered, answered or sent."""
        return self.settings.mode == "observe"

    @property
    def held(self) -> bool:
        """Whether letters to it wait until an operator releases them."""
        return self.settings.mode != "live"

    def named(self, party: Party) -> Party:
        """Return *party*, who wrote for this partner; one that gave no index under the first one agreed with it."""
        said = party.organisation or Organisation(self.settings.name)
        return party if said.index else replace(party, organisation=replace(said, index=self.settings.indices[0]))


class Office:
    """The directory: answers who somebody is; decides nothing about documents."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._channels = {channel.id: channel for channel in settings.channels}
        self._partners = {
            partner.id: Partner(partner, self._channels[partner.channel]) for partner in settings.partners
        }
        self._coded = [partner for partner in self._partners.values() if partner.settings.codes]
        self._by_index = {
            folded(index): partner
            for partner in self._partners.values()
            for index in (*partner.settings.all_codes, *partner.settings.indices)
        }
        self._offices = {
            folded(index): office for office in settings.offices for index in (*office.codes.values(), office.index)
        }

    # --- ourselves

    def ours(self, index: str) -> OfficeSettings | None:
        """Return our organisation with this exchange index, or None."""
        return self._offices.get(folded(index))

    def addressed(self, recipients: tuple[Party, ...]) -> tuple[OfficeSettings, ...]:
        """Return which of our organisations a message is for, each once, in its order; empty when for none of them.

        With one organisation here, recipients that carry no index at all are taken to mean it.
        """
        named = tuple(office for party in recipients if (office := self.ours(party.index)))
        if not named and len(self.settings.offices) == 1 and not any(party.index for party in recipients):
            return self.settings.offices
        return tuple({office.index: office for office in named}.values())

    def here(self, moment: datetime, index: str = "") -> datetime:
        """Return *moment* in the zone of our organisation *index*; of the first one when that is none of ours."""
        ours = self.ours(index) or self.settings.offices[0]
        return moment.astimezone(ZoneInfo(ours.time_zone))

    def party(self, office: OfficeSettings) -> Party:
        """Return *office* as the sender of a message."""
        return Party(
            Organisation(office.name, office.full_name, office.index, office.tax_id),
            system=System(office.system_name, "1.0", office.system_uid or _system_uid(office.index)),
        )

    def theirs(self, partner: Partner, index: str) -> Party:
        """Return *partner*'s organisation with exchange *index*, as the recipient of a message."""
        return Party(Organisation(partner.settings.name, index=index))

    # --- how a partner's standard names us all

    def inward(self, message: Message) -> Message:
        """Return *message*, which came, with every organisation under the index that we know it by."""
        return renamed(message, {folded(code): index for index, code in self._codes(message.dialect)})

    def outward(self, message: Message) -> Message:
        """Return *message*, which goes out, with every organisation under the index that its standard has for it."""
        return renamed(message, {folded(index): code for index, code in self._codes(message.dialect)})

    def _codes(self, dialect: str) -> list[tuple[str, str]]:
        """Return index and code of every organisation that the standard *dialect* names otherwise.

        It is the message's, not the channel's: a question is answered in its own standard, whatever ours is.
        """
        ours = [(office.index, office.codes[dialect]) for office in self.settings.offices if dialect in office.codes]
        theirs = (other.settings.codes_in(dialect, other.channel.dialect) for other in self._coded)
        return [*ours, *(pair for codes in theirs for pair in codes.items())]

    # --- others

    def lane(self, origin: Origin) -> str:
        """Return the lane for fair claiming: a channel's id, or "stranger".  A guess, never a proof."""
        sender = caseless(origin.envelope_sender)
        for channel in self.settings.channels:
            proof = channel.proof
            if proof.kind in ("mailbox", "folder") and proof.name == origin.channel and self._dedicated(proof.name):
                return channel.id
            if sender in _voices(channel):
                return channel.id
        return STRANGER

    def proven(self, letter: Letter, origin: Origin) -> ChannelSettings:
        """Return the channel this letter provably came by.

        Raises Refused: NO_PROOF when a channel's sender is named but not proven, STRANGER otherwise.
        """
        sender = from_address(letter)
        if caseless(sender) in self.our_addresses():
            raise Refused(Reason.OUR_OWN, "a letter of our own came back")
        named = [channel for channel in self.settings.channels if _speaks_as(channel, sender)]
        for channel in named:
            if PROOFS[channel.proof.kind](channel, letter, origin):
                return channel
        for channel in self.settings.channels:
            proof = channel.proof
            if proof.kind in ("mailbox", "folder") and self._dedicated(proof.name) and proof.name == origin.channel:
                return channel
        if named:
            words = f"{sender} is known, but the letter lacks the proof of {named[0].id}"
            raise Refused(Reason.NO_PROOF, words, found=_came(origin))
        raise Refused(Reason.STRANGER, f"no channel knows {sender or 'a letter without a sender'}", found=_came(origin))

    def partner(self, channel: ChannelSettings, index: str) -> Partner:
        """Return the partner of *channel* with this exchange index; raises Refused when it is none of them."""
        partner = self._by_index.get(folded(index))
        if partner is None or partner.channel.id != channel.id:
            raise Refused(
                Reason.UNKNOWN_PARTNER, f"channel {channel.id} does not speak for this organisation", found=index
            )
        return partner

    def only_partner(self, channel: ChannelSettings) -> Partner | None:
        """Return the channel's partner when it has exactly one: whom to answer when a letter cannot be read."""
        there = [partner for partner in self._partners.values() if partner.channel.id == channel.id]
        return there[0] if len(there) == 1 else None

    def partner_by_index(self, index: str) -> Partner | None:
        """Return whom to send a document for the organisation with this exchange index, or None."""
        return self._by_index.get(folded(index))

    @property
    def observed(self) -> frozenset[str]:
        """The exchange indices, `folded`, that nothing is sent to: their partners are only observed."""
        return frozenset(index for index, partner in self._by_index.items() if partner.observed)

    def partner_by_id(self, partner: str) -> Partner | None:
        return self._partners.get(partner)

    def our_addresses(self) -> frozenset[str]:
        """Return our addresses, to be compared with `caseless` ones."""
        return frozenset(caseless(office.address) for office in self.settings.offices)

    def _dedicated(self, mailbox: str) -> bool:
        users = [c for c in self.settings.channels if c.proof.kind in ("mailbox", "folder") and c.proof.name == mailbox]
        return len(users) == 1


# --- proofs -------------------------------------------------------------------------------------------------------


def _by_mailbox(channel: ChannelSettings, letter: Letter, origin: Origin) -> bool:
    return channel.proof.kind in ("mailbox", "folder") and channel.proof.name == origin.channel


def _by_network(channel: ChannelSettings, letter: Letter, origin: Origin) -> bool:
    if channel.proof.kind != "network":
        return False
    try:
        peer = ip_address(origin.peer)
    except ValueError:
        return False
    return any(peer in ip_network(network, strict=False) for network in channel.proof.peers)


def _by_authentication_results(channel: ChannelSettings, letter: Letter, origin: Origin) -> bool:
    """Believe only the topmost field with our own MTA's exact id (RFC 8601 §5), and only an aligned pass in it."""
    if channel.proof.kind != "auth-results":
        return False
    ours = [value for value in letter.all("Authentication-Results") if authserv_id(value) == channel.proof.authserv_id]
    if not ours or from_address(letter).rpartition("@")[2].casefold() != channel.proof.domain.casefold():
        return False
    return vouches(ours[0], channel.proof.domain)


def _by_header(channel: ChannelSettings, letter: Letter, origin: Origin) -> bool:
    return channel.proof.kind == "header" and letter.all(channel.proof.name) == (channel.proof.value,)


def _by_nothing(channel: ChannelSettings, letter: Letter, origin: Origin) -> bool:
    return channel.proof.kind == "none"


PROOFS: Mapping[str, Callable[[ChannelSettings, Letter, Origin], bool]] = {
    "mailbox": _by_mailbox,
    "folder": _by_mailbox,
    "network": _by_network,
    "auth-results": _by_authentication_results,
    "header": _by_header,
    "none": _by_nothing,
}


# --- names --------------------------------------------------------------------------------------------------------


def from_address(letter: Letter) -> str:
    """Return the one address in ``From:``, or empty when there is none, several, or two fields."""
    fields = letter.all("From")
    if len(fields) != 1:
        return ""
    try:
        found = addresses(fields[0])
    except ValueError:
        return ""
    return found[0] if len(found) == 1 else ""


def _came(origin: Origin) -> str:
    return f"it came by {origin.channel}" + (f" from {origin.peer}" if origin.peer else "")


def _speaks_as(channel: ChannelSettings, sender: str) -> bool:
    return bool(sender) and caseless(sender) in _voices(channel)


def _voices(channel: ChannelSettings) -> set[str]:
    """The addresses that *channel*'s letters come from, to be compared with `caseless` ones."""
    return {caseless(address) for address in channel.senders or (channel.address,) if address}


def _system_uid(index: str) -> str:
    return sha256(f"system\0{folded(index)}".encode()).hexdigest()[:32]

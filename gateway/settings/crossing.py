# SPDX-License-Identifier: GPL-3.0-or-later
"""What no table can say about itself: names that are used twice, and names of things that are not there."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from gateway.model import folded
from gateway.settings.alarms import alarm_problems
from gateway.settings.folders import FolderSettings
from gateway.settings.oauth import OauthSettings
from gateway.settings.ourselves import ListenerSettings, MailboxSettings, OfficeSettings, RelaySettings
from gateway.settings.overlap import CONDITIONS, never_reached
from gateway.settings.partners import ChannelSettings, FolderProof, MailboxProof, NetworkProof, NoProof, PartnerSettings
from gateway.settings.problems import ConfigProblem, one_of, unknown_key
from gateway.settings.rules import ReceiveSettings, ReportSettings, RuleSettings
from gateway.settings.source import Found, Source
from gateway.settings.values import Shape

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MAX_TAGGED_LOCAL = 20  # LIMIT: octets before the @ that leave room for a tag (`identity.bounce_address`)


@dataclass(frozen=True, slots=True)
class Sections:
    """Everything that comes in lists."""

    own: Source
    offices: tuple[Found[OfficeSettings], ...]
    listeners: tuple[Found[ListenerSettings], ...]
    mailboxes: tuple[Found[MailboxSettings], ...]
    folders: tuple[Found[FolderSettings], ...]
    other_relays: tuple[Found[RelaySettings], ...]
    oauth: tuple[Found[OauthSettings], ...]
    channels: tuple[Found[ChannelSettings], ...]
    partners: tuple[Found[PartnerSettings], ...]
    receive: tuple[Found[ReceiveSettings], ...]
    report: tuple[Found[ReportSettings], ...]

    @property
    def doors(self) -> tuple[str, ...]:
        """The names of all listeners and mailboxes."""
        doors: tuple[Found[Shape], ...] = (*self.listeners, *self.mailboxes)
        return tuple(door.said("name") for door in doors)


def problems(sections: Sections) -> Iterator[ConfigProblem]:
    """Yield what makes the configuration unusable."""
    return chain.from_iterable(check(sections) for check in CHECKS)


def cautions(sections: Sections) -> Iterator[ConfigProblem]:
    """Yield what is allowed, but what an administrator should know."""
    return chain.from_iterable(check(sections) for check in CAUTIONS)


def _twice(found: Sequence[Found[Shape]], key: str) -> Iterator[ConfigProblem]:
    seen: set[str] = set()
    for one in found:
        name = one.said(key)
        if name and name.casefold() in seen:
            yield one.problem(key, f'"{name}" is used twice', "give each its own")
        seen.add(name.casefold())


def _names_are_used_once(sections: Sections) -> Iterator[ConfigProblem]:
    yield from _twice((*sections.listeners, *sections.mailboxes, *sections.folders), "name")
    yield from _twice(sections.offices, "index")
    yield from _twice(sections.other_relays, "name")
    yield from _twice(sections.oauth, "name")
    yield from _twice(sections.channels, "id")
    yield from _twice(sections.partners, "id")
    fixed = [listener for listener in sections.listeners if not listener.said("bind").endswith(":0")]
    yield from _twice(fixed, "bind")


def _an_index_means_one_organisation(sections: Sections) -> Iterator[ConfigProblem]:
    owners = {folded(office.said("index")): "our own office" for office in sections.offices}
    for partner in sections.partners:
        for index in partner.value.indices if partner.value else ():
            if owner := owners.get(folded(index)):
                yield partner.problem(
                    "indices", f'"{index}" is the index of {owner}', "an index means one organisation"
                )
            owners[folded(index)] = f'the partner "{partner.said("id")}"'


def _medo_names_everybody_by_a_guid(sections: Sections) -> Iterator[ConfigProblem]:
    """A message of MEDO cannot be written without the GUIDs of both ends."""
    there = {channel.said("id") for channel in sections.channels if channel.said("dialect") == "medo"}
    remedy = "ask the operator of MEDO for the GUID of the participant, 8-4-4-4-12 hexadecimal digits"
    for partner in sections.partners:
        if partner.value is None or partner.value.channel not in there:
            continue
        codes = {folded(index): code for index, code in partner.value.codes_in("medo", "medo").items()}
        for index in partner.value.indices:
            if not _GUID.fullmatch(codes.get(folded(index), "")):
                yield partner.problem("codes", f'has no GUID for "{index}", which MEDO needs', remedy)
    for office in sections.offices if there else ():
        if office.value and not _GUID.fullmatch(office.value.codes.get("medo", "")):
            yield office.problem("codes", "has no GUID under medo, which its channels need", remedy)


def _an_envelope_belongs_to_medo(sections: Sections) -> Iterator[ConfigProblem]:
    for channel in sections.channels:
        if channel.said("envelope") and channel.said("dialect") != "medo":
            yield channel.problem("envelope", "is known to MEDO only", 'take it out, or set dialect = "medo"')


def _there_is_an_office(sections: Sections) -> Iterator[ConfigProblem]:
    if not sections.offices and isinstance(sections.own.tables.get("office", []), list):
        yield sections.own.problem((), "there is no [[office]]", "say who we are: index, name and address")


def _other_relays_have_names(sections: Sections) -> Iterator[ConfigProblem]:
    for relay in sections.other_relays:
        if not relay.said("name"):
            yield relay.problem("name", "is missing", "give it the name that channels call it by")


def _channels_name_what_is_there(sections: Sections) -> Iterator[ConfigProblem]:
    relays = tuple(relay.said("name") for relay in sections.other_relays)
    folders = tuple(folder.said("name") for folder in sections.folders)
    for channel in sections.channels:
        proof = channel.raw.get("proof")
        kind = proof.get("kind") if isinstance(proof, dict) else None
        door = proof.get("name", "") if isinstance(proof, dict) and kind in ("mailbox", "folder") else ""
        there = folders if kind == "folder" else sections.doors
        if door and isinstance(door, str) and door not in there:
            called = "[[folder]]" if kind == "folder" else "listener or mailbox"
            what, remedy = f'there is no {called} "{door}"', _choose(door, there)
            yield channel.source.problem((*channel.path, "proof", "name"), what, remedy)
        relay = channel.said("relay")
        if relay and relay not in relays:
            yield channel.problem("relay", f'there is no [[other_relay]] "{relay}"', _choose(relay, relays))


def _folders_are_told_apart(sections: Sections) -> Iterator[ConfigProblem]:
    """Say which folder would be emptied by two, or by us of what we ourselves put there."""
    seen: dict[Path, str] = {}
    for folder in sections.folders:
        if folder.value is not None:
            path = folder.value.path
            if path in seen:
                what = f"is also the folder of {seen[path]}: each would take what came for the other"
                yield folder.problem("path", what, "give each its own")
            seen.setdefault(path, f'"{folder.value.name}"')
    for channel in sections.channels:
        out = channel.value.folder_out if channel.value else None
        if out is not None and (taker := seen.get(out.path)):
            what = f"is the folder that {taker} takes packages from: our own letters would come back"
            place = (*channel.path, "folder_out", "path")
            yield channel.source.problem(place, what, "name the folder that the partner takes from")


def _accounts_name_what_is_there(sections: Sections) -> Iterator[ConfigProblem]:
    there = tuple(one.said("name") for one in sections.oauth)
    accounts: tuple[Found[Shape], ...] = (*sections.mailboxes, *sections.other_relays)
    for account in accounts:
        if (named := account.said("oauth")) and named not in there:
            yield account.problem("oauth", f'there is no [[oauth]] "{named}"', _choose(named, there))
    common = sections.own.tables.get("relay")
    named = common.get("oauth", "") if isinstance(common, dict) else ""
    if isinstance(named, str) and named and named not in there:
        yield sections.own.problem(("relay", "oauth"), f'there is no [[oauth]] "{named}"', _choose(named, there))


def _partners_name_what_is_there(sections: Sections) -> Iterator[ConfigProblem]:
    channels = tuple(channel.said("id") for channel in sections.channels)
    for partner in sections.partners:
        channel = partner.said("channel")
        if channel and channel not in channels:
            yield partner.problem("channel", f'there is no channel "{channel}"', _choose(channel, channels))


def _rules_name_what_is_there(sections: Sections) -> Iterator[ConfigProblem]:
    partners = tuple(partner.said("id") for partner in sections.partners)
    offices = {folded(office.said("index")) for office in sections.offices}
    rules: tuple[Found[RuleSettings], ...] = (*sections.receive, *sections.report)
    for rule in rules:
        for partner in rule.value.partner if rule.value else ():
            if partner not in partners:
                yield rule.problem("partner", f'there is no partner "{partner}"', _choose(partner, partners))
        for index in rule.value.organisation if rule.value else ():
            if folded(index) not in offices:
                ours = tuple(office.said("index") for office in sections.offices)
                yield rule.problem("organisation", f'"{index}" is no organisation of ours', _choose(index, ours))


def _rules_can_apply(sections: Sections) -> Iterator[ConfigProblem]:
    yield from never_reached(sections.receive)
    yield from never_reached(sections.report)


def _rules_are_told_apart(sections: Sections) -> Iterator[ConfigProblem]:
    yield from _twice(sections.receive, "name")
    yield from _twice(sections.report, "name")


def _an_empty_list_is_no_condition(sections: Sections) -> Iterator[ConfigProblem]:
    rules: tuple[Found[RuleSettings], ...] = (*sections.receive, *sections.report)
    for rule in rules:
        for key in CONDITIONS:
            if rule.raw.get(key) == []:
                what = "is empty: whoever reads it cannot know whether nothing or everything is meant"
                yield rule.problem(key, what, "leave the key out for any, or name what is meant")


def _a_level_was_taken_before_it_is_told(sections: Sections) -> Iterator[ConfigProblem]:
    for rule in sections.report:
        if rule.value and "" in rule.value.access:
            what = "no document is without a level by then: it counts as what its receive rule says"
            yield rule.problem("access", what, "name that level")


def _blind_belief_is_said_aloud(sections: Sections) -> Iterator[ConfigProblem]:
    for channel in sections.channels:
        if channel.value and isinstance(channel.value.proof, NoProof):
            senders = channel.value.address or " or ".join(channel.value.senders)
            what = f"anybody who writes the address {senders} is taken for this partner"
            yield channel.problem("proof", what, 'use kind = "mailbox", "network", "auth-results" or "header"')


def _people_read_what_is_only_observed(sections: Sections) -> Iterator[ConfigProblem]:
    if sections.mailboxes or sections.own.tables.get("human_address"):
        return
    for partner in sections.partners:
        if partner.value and partner.value.mode == "observe":
            what = "is only observed, and its letters come to a listener, where nobody reads them"
            yield partner.problem("mode", what, "let your mail server bring a copy to people, too")


def _a_mailbox_proves_one_channel(sections: Sections) -> Iterator[ConfigProblem]:
    seen: dict[str, str] = {}
    for channel in sections.channels:
        proof = channel.value.proof if channel.value else None
        if not isinstance(proof, MailboxProof | FolderProof):
            continue
        if proof.name in seen:
            what = f'"{proof.name}" is also the proof of {seen[proof.name]}: each can write in the name of the other'
            remedy = "give each channel its own mailbox or listener"
            if isinstance(proof, FolderProof):  # no package has a sender
                what = f'"{proof.name}" is also the proof of {seen[proof.name]}: then nothing in it is believed'
                remedy = "let one channel carry all partners whose packages come there"
            yield channel.problem("proof", what, remedy)
        seen.setdefault(proof.name, channel.said("id"))


def _a_network_is_seen_by_listeners_only(sections: Sections) -> Iterator[ConfigProblem]:
    for channel in sections.channels:
        if channel.value and isinstance(channel.value.proof, NetworkProof) and not sections.listeners:
            what = "without a listener no network address is ever seen, so nothing is believed"
            yield channel.problem("proof", what, "add a [[listener]], or another kind of proof")


def _an_envelope_is_addressed(sections: Sections) -> Iterator[ConfigProblem]:
    """Programs that read the directory itself need no addressee, so it is no error."""
    for channel in sections.channels:
        if channel.value and channel.value.addresses_nobody:
            what = "is missing: envelopes have no addressee, and a mail product of MEDO can send them to nobody"
            remedy = 'write "BOX~NODE" of the partner, as the mail product knows it'
            yield channel.source.problem((*channel.path, "folder_out", "to"), what, remedy)


def _hours_mean_something(sections: Sections) -> Iterator[ConfigProblem]:
    for office in sections.offices:
        for key in ("hours", "holidays"):
            if office.said(key) and office.value and office.value.after_hours == "same-day":
                what = "changes no date: what comes after hours is registered on the same day"
                yield office.problem(key, what, 'set after_hours = "next-working-day", or leave it out')


def _letters_can_come(sections: Sections) -> Iterator[ConfigProblem]:
    if not sections.doors and not sections.folders:
        yield sections.own.problem((), "no letter can come", "add a [[listener]], a [[mailbox]] or a [[folder]]")
    if not sections.partners:
        yield sections.own.problem((), "no partner is known, so every letter is a stranger's", "add a [[partner]]")


def _an_alarm_comes_through(sections: Sections) -> Iterator[ConfigProblem]:
    return alarm_problems(sections.own, sections.other_relays, sections.channels)


CHECKS: tuple[Callable[[Sections], Iterator[ConfigProblem]], ...] = (
    _there_is_an_office,
    _names_are_used_once,
    _an_index_means_one_organisation,
    _medo_names_everybody_by_a_guid,
    _an_envelope_belongs_to_medo,
    _other_relays_have_names,
    _channels_name_what_is_there,
    _folders_are_told_apart,
    _accounts_name_what_is_there,
    _partners_name_what_is_there,
    _rules_name_what_is_there,
    _rules_can_apply,
    _rules_are_told_apart,
    _an_empty_list_is_no_condition,
    _a_level_was_taken_before_it_is_told,
    _an_alarm_comes_through,
)


def _tags_have_room(sections: Sections) -> Iterator[ConfigProblem]:
    """Say which addresses are too long for envelope senders of their own: there bounces are matched as with plain."""
    common = sections.own.tables.get("relay")
    relays = [common.get("bounce_sender")] if isinstance(common, dict) else []
    if "tagged" not in [*relays, *(relay.said("bounce_sender") for relay in sections.other_relays)]:
        return
    for office in sections.offices:
        if len(office.said("address").partition("@")[0].encode()) > MAX_TAGGED_LOCAL:
            what = f"is too long for bounce addresses of its letters: more than {MAX_TAGGED_LOCAL} before the @"
            yield office.problem("address", what, "choose a shorter one, or live with plain bounces for this office")


CAUTIONS: tuple[Callable[[Sections], Iterator[ConfigProblem]], ...] = (
    _blind_belief_is_said_aloud,
    _people_read_what_is_only_observed,
    _a_mailbox_proves_one_channel,
    _a_network_is_seen_by_listeners_only,
    _an_envelope_is_addressed,
    _hours_mean_something,
    _letters_can_come,
    _tags_have_room,
)


def _choose(name: str, names: tuple[str, ...]) -> str:
    known = tuple(name for name in names if name)
    if not known:
        return "add it"
    _, remedy = unknown_key(name, known)
    return remedy if remedy.startswith("did") else f"write {one_of(known)}, or add it"

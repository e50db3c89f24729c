# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway with one defect planted, to see whether the conformance kit finds it.

``PLANTED=resent python -m tests.edge.planted_gateway --config FILE run``: what is planted is planted in every process
of the node, because each worker loads this module too.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway import envelope, sealing
from gateway.cli import main
from gateway.dialects import tree
from gateway.dialects.gost2010 import headers
from gateway.dialects.medo import notifications
from gateway.dialects.medo import reading as containers
from gateway.dialects.smdo import writing as smdo
from gateway.edms_adapter.sql import register
from gateway.errors import Reason, Refused
from gateway.inbound import documents, intake, news, rules
from gateway.inbound.repeats import Repeat
from gateway.journal import entries, exchanges
from gateway.mail.archive import ZipLimits
from gateway.model import EventKind, Report, ReportKind
from gateway.office import Office
from gateway.outbox import Outbox
from gateway.reports.heard import Heard

Whatever = Any  # the arguments of what is replaced are passed on as they come


def registers_a_resend_again() -> None:
    """Every sending of a document is a document of its own."""
    known = intake.identity.incoming_exchange

    def by_message(office: str, partner: Whatever, uid: Whatever) -> Whatever:
        return known(office, partner, f"{uid} {next(_COUNT)}")

    intake.identity.incoming_exchange = by_message  # type: ignore[assignment]  # the defect


def sends_no_receipt() -> None:
    told = Outbox.tell

    def tell(self: Outbox, tx: Whatever, exchange: Whatever, news: Whatever, *more: Whatever) -> Whatever:
        return told(self, tx, exchange, [one for one in news if one.kind is not EventKind.RECEIVED], *more)

    Outbox.tell = tell  # type: ignore[method-assign]  # the defect


def reads_document_types() -> None:
    tree._Limits.doctype = lambda self, name, public, system: None  # type: ignore[method-assign]  # the defect


def takes_anonymous_documents() -> None:
    documents.RULES = tuple(rule for rule in rules.RULES if rule is not rules.has_an_author)


def reports_before_it_receives() -> None:
    """The receipt comes behind what it should come before."""
    told = Outbox.tell
    held: dict[str, Whatever] = {}

    def tell(self: Outbox, tx: Whatever, exchange: Whatever, news: Whatever, *more: Whatever) -> Whatever:
        if [one.kind for one in news] == [EventKind.RECEIVED]:
            held[exchange.id] = news
            return ()
        found = told(self, tx, exchange, news, *more)
        if exchange.id in held:
            told(self, tx, exchange, held.pop(exchange.id), more[0])
        return found

    Outbox.tell = tell  # type: ignore[method-assign]  # the defect


def quotes_another_return_id() -> None:
    report = Outbox._report

    def turned(self: Outbox, what: Whatever, exchange: Whatever, *more: Whatever) -> Whatever:
        message = replace(exchange.message, return_id=exchange.message.return_id[::-1])
        return report(self, what, replace(exchange, message=message), *more)

    Outbox._report = turned  # type: ignore[method-assign]  # the defect


def answers_a_duplicate_anew() -> None:
    acknowledge = documents.acknowledge

    def again(entry: Whatever, case: Whatever, opening: Whatever, desk: Whatever, now: Whatever) -> Whatever:
        found = acknowledge(entry, case, opening, desk, now)
        if found[1] is Repeat.DUPLICATE:
            with desk.journal.write() as tx:
                standing = exchanges.get(tx, opening.id)
                report = Report(ReportKind.RECEIPT, case.document.ref, received_at=now + timedelta(seconds=1))
                partner, ours = case.partner, desk.office.settings.offices[0]
                letter = desk.outbox._report(report, standing, "again", partner, ours, now, {})
                entries.queue(tx, letter, now)
        return found

    documents.acknowledge = again


def swaps_the_numbers_of_smdo() -> None:
    """RegNumber and IncNumber as GOST R 53898-2010 has them."""
    write = smdo.write_acknowledgement

    def swapped(body: Whatever, report: Whatever, *more: Whatever) -> None:
        if report.registered:
            made, about = report.registered, report.about
            swap = replace(made, number=about.number)
            report = replace(report, registered=swap, about=replace(about, number=made.number))
        write(body, report, *more)

    smdo.write_acknowledgement = swapped


def opens_zip_bombs() -> None:
    envelope.ZipLimits = lambda **bounds: ZipLimits(**{**bounds, "max_ratio": 1 << 20})  # type: ignore[assignment,misc]


def answers_strangers() -> None:
    proven = Office.proven

    def anybody(self: Office, letter: Whatever, origin: Whatever) -> Whatever:
        try:
            return proven(self, letter, origin)
        except Refused as why:
            if why.reason is not Reason.STRANGER:
                raise
            return next(channel for channel in self.settings.channels if channel.dialect == "sev")

    Office.proven = anybody  # type: ignore[method-assign]  # the defect


def lets_partners_speak_for_others() -> None:
    Office.partner = lambda self, channel, index: self.partner_by_index(index) or self.only_partner(channel)  # type: ignore[assignment,method-assign,return-value]


def refuses_with_another_code() -> None:
    intake.CODES = {**intake.CODES, Reason.MISSING_AUTHOR: 1009}


def forgets_a_file() -> None:
    wanted = register.wanted_files
    register.wanted_files = lambda document: wanted(document)[:1]


def writes_another_encoding() -> None:
    """UTF-8 is declared, windows-1251 stands there."""
    seal = sealing.seal

    def spoilt(package: Whatever, *more: Whatever) -> Whatever:
        text = package.passport.decode("utf-8-sig") if b"windows-1251" not in package.passport[:90] else None
        data = package.passport if text is None else text.encode("windows-1251", "xmlcharrefreplace")
        return seal(replace(package, passport=data), *more)

    sealing.seal = spoilt


def believes_neighbours() -> None:
    objection = news.objection

    def none(tx: Whatever, entry: Whatever, partner: Whatever, exchange: Whatever) -> Whatever:
        why = objection(tx, entry, partner, exchange)
        return None if why is not None and why.reason is Reason.FORGED else why

    news.objection = none


def turns_numbers_back() -> None:
    """An older report counts as much as a newer one."""
    Heard.late = property(lambda self: False)  # type: ignore[assignment,method-assign]  # the defect


def ignores_the_wish_of_gost() -> None:
    asked = headers.subscription_of
    headers.subscription_of = lambda acknow: asked("2")


def takes_no_for_yes() -> None:
    """A receipt of MEDO that says no is read as one that says yes, as one adapter does."""
    notifications.read_boolean = lambda text: True


def opens_containers_with_folders() -> None:
    """The folders of a container are passed over."""
    passport = containers._passport

    def flat(inside: Whatever) -> Whatever:
        return passport([replace(one, names=tuple(name.rpartition("/")[2] for name in one.names)) for one in inside])

    containers._passport = flat


_COUNT = iter(range(1 << 30))
PLANTS: Mapping[str, Callable[[], None]] = {
    "resends": registers_a_resend_again,
    "receipts": sends_no_receipt,
    "doctypes": reads_document_types,
    "anonymous": takes_anonymous_documents,
    "order": reports_before_it_receives,
    "return-ids": quotes_another_return_id,
    "duplicates": answers_a_duplicate_anew,
    "numbers": swaps_the_numbers_of_smdo,
    "bombs": opens_zip_bombs,
    "strangers": answers_strangers,
    "neighbours": lets_partners_speak_for_others,
    "codes": refuses_with_another_code,
    "files": forgets_a_file,
    "encoding": writes_another_encoding,
    "forged": believes_neighbours,
    "older": turns_numbers_back,
    "wishes": ignores_the_wish_of_gost,
    "refusals": takes_no_for_yes,
    "folders": opens_containers_with_folders,
}

PLANTS[os.environ["PLANTED"]]()

if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gateway is there for, one errand at a time: each brings something, waits for its facts, then for rest.

Whatever breaks meanwhile, the peers do what peers do: the partner's server sends again what nobody answered for, people
look at their cards.  Each errand may be done any number of times in one house; *number* tells them apart.
"""

from collections.abc import Callable
from datetime import date
from email import message_from_bytes
from typing import Any

from gateway.edms_adapter.registry import people
from gateway.journal import entries
from gateway.journal.store import Journal
from tests.faults.house import OURS, House
from tests.story import partner

Errand = Callable[[House, int], None]

LARGE = 200_000  # bytes of a file whose letter is too large for a row


def ids(number: int, version: int = 1) -> dict[str, str]:
    return {
        "message_id": f"{version:04x}{number:028x}",
        "return_id": f"{version + 0x1000:04x}{number:028x}",
        "uid": f"{number:032x}",
        "number": f"77-{number}",
    }


def a_file(number: int, size: int = 0, version: int = 1) -> bytes:
    head = f"%PDF-1.4 document {number} version {version}\n".encode()
    return head + b"%" * max(0, size - len(head))


def document(number: int, content: bytes, *, version: int = 1, tail: str = "") -> bytes:
    inside = partner.passport(**ids(number, version), tail=tail)  # type: ignore[arg-type]  # names as they are there
    return partner.letter(inside, {"letter[1].pdf": content})


def comes(house: House, number: int, content: bytes, *, version: int = 1, tail: str = "") -> str:
    """Bring one document; return its return id."""
    named = ids(number, version)
    house.ledger.expects(named["uid"], named["return_id"], [content])
    house.deliver(document(number, content, version=version, tail=tail))
    house.rest()
    return named["return_id"]


# --- documents that come ----------------------------------------------------------------------------------------------


def small(house: House, number: int) -> None:
    """A document in a letter that fits a row."""
    comes(house, number, a_file(number))


def large(house: House, number: int) -> None:
    """A document in a letter that becomes a file."""
    comes(house, number, a_file(number, LARGE))


def for_two(house: House, number: int) -> None:
    """One letter for two organisations of ours, and for both of their addresses."""
    named, content = ids(number), a_file(number)
    us = '<Organization UID="EX-MINSK"><ShortName>Us</ShortName></Organization>'
    one, both = f"<Contact>{us}</Contact>", f"<Contact>{us}</Contact><Contact>{us.replace('MINSK', 'EAST')}</Contact>"
    inside = partner.passport(**named)  # type: ignore[arg-type]  # names as they are there
    addressee = both.replace("</Contact><Contact>", "</Contact></Addressee><Addressee><Contact>")
    inside = inside.replace(f"<Recipient>{one}", f"<Recipient>{both}")
    inside = inside.replace(f"<Addressee>{one}", f"<Addressee>{addressee}")
    house.ledger.expects(named["uid"], named["return_id"], [content], offices=2)
    house.deliver(partner.letter(inside, {"letter[1].pdf": content}), OURS)
    house.rest()


def changed(house: House, number: int) -> None:
    """A document comes again with another file: what is new goes onto the card that stands."""
    comes(house, number, a_file(number))
    again = comes(house, number, a_file(number, version=2), version=2)
    house.eventually(lambda: house.ledger.reports(again), "the report of the change")


def instructed(house: House, number: int) -> None:
    """Our people instruct somebody, and the sender hears of it."""
    subscribed = partner.SUBSCRIPTIONS.format(receipt="true")
    return_id = comes(house, number, a_file(number), tail=subscribed)
    uid = ids(number)["uid"]
    (row,) = house.ledger.registry("select id from card where partner_uid = :uid", uid=uid)
    with people.at_work(house.registry) as work:
        people.instruct(
            work,
            row[0],
            "Прошу рассмотреть",
            author="Озёрный",
            executors=["Тихая"],
            now=house.clock.now(),
            deadline=date(2026, 12, 30),
        )
    house.ledger.documents[uid].reports = 2
    house.eventually(lambda: len({one.message_id for one in house.ledger.reports(return_id)}) == 2, "its news")
    house.rest()


# --- documents that go ------------------------------------------------------------------------------------------------


def sent(house: House, number: int) -> None:
    """A document of ours goes out, large, and the partner's receipt and registration come back."""
    card = goes(house, number, a_file(number, LARGE))
    heard_of(house, number, card)


def amended(house: House, number: int) -> None:
    """A clerk completes a document that was sent: an addition follows it."""
    card = goes(house, number, a_file(number))
    heard_of(house, number, card)
    with people.at_work(house.registry) as work:
        people.add_file(work, card, "Забытое.pdf", a_file(number, version=2))
        people.send_changes(work, int(people.ladder(work, card)[0].id), now=house.clock.now())
    house.ledger.letters_of[ids(number)["uid"]] = 2
    house.eventually(lambda: of_card(house, card).changes_state == "sent", "the addition")
    house.rest()


def withdrawn(house: House, number: int) -> None:
    """A clerk takes a document back before the partner's server takes it: it never goes."""
    house.sink.answer = lambda place: "451 4.3.0 try again"
    try:
        card = written(house, number, a_file(number))
        house.ledger.letters_of[ids(number)["uid"]] = 0
        house.eventually(lambda: of_card(house, card).state == "queued", "its being queued")
        with people.at_work(house.registry) as work:
            people.withdraw(work, int(people.ladder(work, card)[0].id), "ошибочно", now=house.clock.now())
        house.eventually(lambda: of_card(house, card).withdrawal, "the answer to the clerk")
    finally:
        house.sink.answer = lambda place: "250 2.0.0 queued"
    house.rest()
    assert of_card(house, card).state == "cancelled"


def goes(house: House, number: int, content: bytes) -> int:
    """Send a document; return its card when the clerk reads that it went."""
    card = written(house, number, content)
    house.ledger.letters_of[ids(number)["uid"]] = 1
    house.eventually(lambda: of_card(house, card).state == "sent", "the sending")
    return card


def written(house: House, number: int, content: bytes) -> int:
    """A clerk registers a document and marks it for Moscow."""
    with people.at_work(house.registry) as work:
        card = people.write_card(
            work,
            f"О деле {number}",
            {"Письмо.pdf": content},
            signer="Озёрный",
            drafter="Тихая",
            now=house.clock.now(),
            uid=ids(number)["uid"],
            store=house.home / "files",
        )
        people.send(work, card, "EX-MOSCOW", clerk="Тихая", now=house.clock.now())
        return card


def heard_of(house: House, number: int, card: int) -> None:
    """The partner's receipt and registration come, and stand on the card once."""
    uid = ids(number)["uid"]
    return_id = next(one.return_id for one in house.ledger.told() if one.document == uid)
    for kind, body, documents in (
        ("Reception", "<Reception>2026-03-11T12:00:00+03:00</Reception>", ""),
        ("Report", '<Registration DocumentID="8"/>', REGISTERED.format(uid=uid)),
    ):
        message_id = f"{2 if documents else 1:04x}{number + 0x8000:028x}"
        inside = partner.report(
            message_id=message_id, return_id=return_id, uid=uid, body=body, kind=kind, documents=documents
        )
        house.deliver(partner.letter(inside, {}, name="Report.xml"))
    house.eventually(lambda: of_card(house, card).state == "registered", "the partner's number")
    house.rest()
    news = house.ledger.registry("select event from card_news where card_id = :card order by id", card=card)
    assert sorted(row[0] for row in news) == ["received", "registered"]


REGISTERED = (
    '<DocumentList><Document UID="{uid}" DocumentID="8" Type="Created">'
    "<RegistrationInfo><Number>М-1</Number><Date>2026-03-12</Date></RegistrationInfo></Document></DocumentList>"
)


def of_card(house: House, card: int) -> Any:  # Any: a row of the registry
    """Return the dispatch row of a card."""
    (row,) = house.ledger.registry("select * from dispatch where card_id = :card", card=card)
    return row


# --- directories ------------------------------------------------------------------------------------------------------


def listed(house: House, number: int) -> None:
    """A partner's directory comes, an administrator says yes, and the partner hears once what it changed."""
    named, index = ids(number), f"L-{number}"
    lines = partner.official(index, "Первая А. А.")
    inside = partner.directory(lines, message_id=named["message_id"], return_id=named["return_id"])
    house.deliver(partner.letter(inside, {}, name="SyncInfo.xml"))
    look = "select id from entries where state = 'waiting' and reason = 'directory'"
    (entry,) = house.eventually(lambda: house.ledger.journal(look), "its being laid before an administrator")
    journal = Journal.open(house.journal, house.home / "blobs", create=False)
    try:
        with journal.write() as tx:
            entries.decide(tx, entry.id, apply=True, who="administrator", why="approved", now=house.clock.now())
    finally:
        journal.close()
    told = house.eventually(lambda: house.ledger.reports(named["return_id"]), "the answer")
    house.rest()
    assert len({one.message_id for one in told}) == 1
    assert all("Добавлен" in _passport(one.letter) for one in told)
    known = house.ledger.registry("select dismissed from partner_official where exchange_index = :index", index=index)
    assert [bool(row.dismissed) for row in known] == [False]


def _passport(letter: bytes) -> str:
    parts = message_from_bytes(letter).walk()
    (data,) = (part.get_payload(decode=True) for part in parts if part.get_content_type() == "application/xml")
    assert isinstance(data, bytes)
    return data.decode("utf-8-sig")


ERRANDS: tuple[Errand, ...] = (small, large, for_two, changed, instructed, sent, amended, withdrawn, listed)

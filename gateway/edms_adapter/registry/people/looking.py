# SPDX-License-Identifier: GPL-3.0-or-later
"""What people see: cards, inboxes, folders, the ladder of a dispatch."""

from gateway.edms_adapter.registry.people.rows import one, rows
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.values import Record


def card(work: Work, key: int) -> Record:
    """Return a card; LookupError when there is none."""
    return one(work, "select * from card where id = :key", key=key)


def card_of(work: Work, partner_number: str) -> Record:
    """Return the newest incoming card with the sender's number."""
    return one(
        work,
        "select * from card where direction = 'in' and partner_number = :n order by id desc limit 1",
        n=partner_number,
    )


def waiting(work: Work) -> list[Record]:
    """Return the folder of papers that wait for a person, the oldest first."""
    return rows(work, "select * from waiting_paper order by since, card")


def inbox(work: Work, name: str) -> list[Record]:
    """Return what lies in the inbox of a person or department, oldest first."""
    return rows(
        work,
        "select r.*, c.number, c.subject from inbox_row r join inbox i on i.id = r.inbox_id"
        " join card c on c.id = r.card_id where lower(i.name) like lower(:name) || '%' order by r.id",
        name=name,
    )


def ladder(work: Work, card_key: int) -> list[Record]:
    """Return the dispatch rows of a card with the partner's name, in the order they were asked for."""
    return rows(
        work,
        "select s.*, t.short_name as partner, t.exchange_index from dispatch s"
        " join correspondent t on t.id = s.correspondent_id where s.card_id = :card order by s.id",
        card=card_key,
    )


def news(work: Work, card_key: int) -> list[Record]:
    """Return the partner's news on a card, in the order they came."""
    return rows(work, "select * from card_news where card_id = :card order by id", card=card_key)


def approvals(work: Work, card_key: int) -> list[Record]:
    """Return the visas and signatures of a draft, asked and given, in the order they were asked for."""
    return rows(work, "select * from approval where card_id = :card order by id", card=card_key)


def linked(work: Work, card_key: int) -> list[Record]:
    """Return the cards linked to a card, in the order they were linked."""
    return rows(
        work,
        "select o.*, k.kind as link from card_link k join card o on o.id = k.other_id where k.card_id = :card"
        " order by k.id",
        card=card_key,
    )


def mentioned(work: Work, card_key: int) -> list[Record]:
    """Return the documents a card names that are not in the registry: kind of link and words."""
    return rows(work, "select kind, text from card_mention where card_id = :card order by id", card=card_key)

# SPDX-License-Identifier: GPL-3.0-or-later
"""What people see: cards, inboxes, folders, the ladder of a dispatch."""

from gateway.edms_adapter.registry.people.rows import inbox_key, one, rows
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.values import Record


def card(work: Work, key: int) -> Record:
    """Return a card; LookupError when there is none."""
    found = rows(work, "select * from card where id = :key", key=key)
    if not found:
        raise LookupError(f"there is no card {key}")
    return found[0]


def instruction(work: Work, key: int) -> Record:
    """Return an instruction; LookupError when there is none."""
    found = rows(work, "select * from instruction where id = :key", key=key)
    if not found:
        raise LookupError(f"there is no instruction {key}")
    return found[0]


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
    """Return what lies in the inbox of a person or department, oldest first; LookupError when there is no such."""
    inbox_key(work, name)
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


def partner_tasks(work: Work, card_key: int) -> list[Record]:
    """Return the instructions the partners told of for a card, each as it was told last, in the order they came."""
    return rows(
        work,
        "select t.* from partner_task t join dispatch s on s.id = t.dispatch_id where s.card_id = :card order by t.id",
        card=card_key,
    )


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


def cards(work: Work, direction: str = "", limit: int = 100) -> list[Record]:
    """Return the newest cards with their correspondent, of one *direction* (in, out) or of both; oldest first."""
    newest = rows(
        work,
        "select c.*, coalesce(t.short_name, c.sender) as partner from card c"
        " left join correspondent t on t.id = c.correspondent_id"
        " where :direction = '' or c.direction = :direction order by c.id desc limit :limit",
        direction=direction,
        limit=limit,
    )
    return newest[::-1]


def files(work: Work, card_key: int) -> list[Record]:
    """Return the files of a card in their order, each followed by its signatures; without their bytes."""
    return rows(
        work,
        "select f.id, f.name, f.size, f.role, f.signs_id from card_file f where f.card_id = :card"
        " order by coalesce(f.signs_id, f.id), f.id",
        card=card_key,
    )


def inboxes(work: Work, card_key: int) -> list[Record]:
    """Return the inboxes a card lies in and the notices about it, in the order they were put there."""
    return rows(
        work,
        "select r.*, i.name as inbox, p.name as person from inbox_row r join inbox i on i.id = r.inbox_id"
        " left join person p on p.id = r.by_id where r.card_id = :card order by r.id",
        card=card_key,
    )


def instructions(work: Work, card_key: int) -> list[Record]:
    """Return the instructions on a card with their author, in the order they were issued."""
    return rows(
        work,
        "select i.*, coalesce(p.name, i.author_name) as author from instruction i"
        " left join person p on p.id = i.author_id where i.card_id = :card order by i.id",
        card=card_key,
    )


def executors(work: Work, instruction: int) -> list[Record]:
    """Return who carries an instruction out, the responsible one first."""
    return rows(
        work,
        "select e.*, coalesce(p.name, e.name) as who from executor e left join person p on p.id = e.person_id"
        " where e.instruction_id = :key and not e.removed"
        " order by case when e.responsible then 0 else 1 end, e.id",
        key=instruction,
    )


def executions(work: Work, instruction: int) -> list[Record]:
    """Return what executors reported on an instruction, oldest first."""
    return rows(
        work,
        "select x.*, coalesce(p.name, e.name, x.reporter) as who from execution x"
        " left join executor e on e.id = x.executor_id left join person p on p.id = e.person_id"
        " where x.instruction_id = :key order by x.id",
        key=instruction,
    )


def clerk(work: Work) -> str:
    """Return the name of the clerk: whoever was entered last."""
    return str(one(work, "select name from person order by id desc limit 1").name)

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the people of the «ДЕЛО» look-alike do in its tables, by hand; the gateway reaches them through the mapping."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import psycopg
from sqlalchemy import TextClause, text
from sqlalchemy.engine import make_url

from gateway.edms_adapter.ddl import script_for, statements
from gateway.edms_adapter.registry.seed import LINK_KINDS, Correspondent, Staff
from gateway.edms_adapter.registry.seed import Office as RegistryOffice
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.engines import engine
from gateway.edms_adapter.sql.procedures import Procedure, compiled
from gateway.edms_adapter.sql.values import Record
from tests.edms_adapter.desk import BEREG, GOROD, OURS, STAFF, TODAY

NAME = "delo-lookalike"
OPENED = (TODAY.year - 1, TODAY.year, TODAY.year + 1)  # years in which numbers are given
FOLDERS = (1, 2, 3, 4)
INCOMING, OUTGOING = 1, 3
RESERVE = Procedure(
    "reserve_num",
    ("group_due", "nomenc", "of_year"),
    {
        "num": "integer",
        "group_due": "text",
        "nomenc": "integer",
        "of_year": "integer",
        "code": "integer",
        "message": "text",
    },
)


def create(url: str, name: str = NAME) -> None:
    """Make the tables of a mapping in an empty database, as an administrator would from the shipped script."""
    written = script_for(name, url)
    kind = make_url(url).get_backend_name()
    if kind == "postgresql":
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(written)  # type: ignore[call-overload]  # a file of ours
        return
    made = engine(url)
    with closing(made.raw_connection()) as raw:
        connection = cast(Any, raw.driver_connection)  # Any: a driver's own connection
        if kind == "sqlite":
            connection.executescript(written)
        else:
            with closing(connection.cursor()) as cursor:
                for statement in statements(written):
                    cursor.execute(statement)
        connection.commit()
    made.dispose()


@lru_cache(512)
def _prepared(sql: str) -> TextClause:
    return text(sql)


def rows(work: Work, sql: str, **values: object) -> list[Record]:
    return work.rows(_prepared(sql), values)


def one(work: Work, sql: str, **values: object) -> Record:
    found = rows(work, sql, **values)
    if not found:
        raise LookupError(sql)
    return found[0]


def do(work: Work, sql: str, **values: object) -> None:
    assert work.run(_prepared(sql), values).rowcount > 0, sql


def add(work: Work, table: str, key: str = "", **values: object) -> int:
    """Insert a row; return its *key* when it is named."""
    columns = ", ".join(values)
    returning = f" returning {key}" if key else ""
    statement = f"insert into {table} ({columns}) values ({', '.join(f':{name}' for name in values)}){returning}"
    result = work.run(_prepared(statement), values)
    return int(result.scalar_one()) if key else 0


# --- the classifiers --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ours:
    """One organisation of ours in the tree: its tree code, people, and the prefixes of its numbers."""

    due: str
    office: RegistryOffice
    staff: Sequence[Staff] = STAFF
    prefixes: tuple[str, str] = ("ВХ-", "ИСХ-")
    whose: str = ""  # stands behind the names of its groups


FIRST = Ours("0.01.", RegistryOffice(OURS, "Комитет «Светлый»"))
CORRESPONDENTS = (Correspondent(BEREG, "Архив «Берег»"), Correspondent(GOROD, "Управа «Город»"))


def fill(work: Work, first: Ours = FIRST, correspondents: Sequence[Correspondent] = CORRESPONDENTS) -> None:
    """Put an organisation of ours, its people, groups, correspondents and kinds of links into empty tables."""
    add_office(work, first)
    for place, other in enumerate(correspondents, 1):
        add(
            work,
            "organiz",
            due=f"0.{place:02}.",
            isn_node=place,
            classif_name=other.short_name,
            full_name=other.full_name or other.short_name,
            sev_index=other.index,
            inn=other.tax_id or None,
        )
    for word, reverse in LINK_KINDS:
        add(work, "link_cl", classif_name=word, reverse_name=reverse)


def add_office(work: Work, ours: Ours) -> None:
    """Put an organisation of ours with its people, cabinets, groups of documents and opened years."""
    node = 1000 * (1 + rows(work, "select count(*) as n from department where card_flag = 1")[0].n)
    named = {"classif_name": ours.office.short_name, "full_name": ours.office.full_name or ours.office.short_name}
    add(work, "department", due=ours.due, isn_node=node, is_node=1, card_flag=1, sev_index=ours.office.index, **named)
    units: dict[str, str] = {}
    for place, one_of_us in enumerate(ours.staff, 1):
        if one_of_us.department and one_of_us.department not in units:
            due = units[one_of_us.department] = f"{ours.due}{len(units) + 1:02}."
            number = f"{len(units):02}"
            add(
                work,
                "department",
                due=due,
                isn_node=node + 100 + place,
                is_node=1,
                classif_name=one_of_us.department,
                dep_number=number,
            )
            _cabinet(work, due, one_of_us.department, is_default=0)
        due = f"{units.get(one_of_us.department, ours.due)}P{place:02}."
        add(
            work,
            "department",
            due=due,
            isn_node=node + place,
            is_node=0,
            classif_name=one_of_us.name,
            duty=one_of_us.post or None,
            sev_index=one_of_us.index or None,
        )
        _cabinet(work, due, one_of_us.name, is_default=int(place == len(ours.staff)))
    _groups(work, ours, node)


def _cabinet(work: Work, due: str, name: str, is_default: int) -> None:
    key = add(work, "cabinet", "isn_cabinet", due=due, cabinet_name=name, is_default=is_default)
    for kind in FOLDERS:
        add(work, "folder", isn_cabinet=key, folder_kind=kind)


def _groups(work: Work, ours: Ours, node: int) -> None:
    """Incoming letters and appeals are numbered together, by the group above; outgoing ones by their own."""
    above, whose = ours.due, ours.whose
    incoming, outgoing = ours.prefixes
    groups = (
        (f"{above}1.", "Входящие" + whose, INCOMING, incoming, 0),
        (f"{above}1.1.", "Входящие письма" + whose, INCOMING, None, 1),
        (f"{above}1.2.", "Обращения" + whose, INCOMING, None, 0),
        (f"{above}3.", "Исходящие письма" + whose, OUTGOING, outgoing, 1),
    )
    for place, (due, name, rc_type, shablon, is_default) in enumerate(groups, 1):
        add(
            work,
            "docgroup_cl",
            due=due,
            isn_node=node + place,
            classif_name=name,
            rc_type=rc_type,
            shablon=shablon,
            is_default=is_default,
            due_card=ours.due,
        )
        if shablon:
            for year in OPENED:
                open_year(work, due, year)


def open_year(work: Work, group: str, year: int) -> None:
    add(work, "num_free", due_docgroup=group, isn_nomenc=0, year_num=year, order_num=1)


# --- looking ----------------------------------------------------------------------------------------------------------


def doc(work: Work, key: int) -> Record:
    return one(work, "select * from doc_rc where isn_doc = :key", key=key)


def due_of(work: Work, name: str) -> str:
    """Return the tree code of somebody by the beginning of the name."""
    found = rows(
        work, "select due from department where is_node = 0 and classif_name like :name || '%' order by due", name=name
    )
    if not found:
        raise LookupError(f"nobody here is called {name!r}")
    return str(found[0].due)


def user_of(work: Work, name: str) -> int:
    return int(one(work, "select isn_node from department where due = :due", due=due_of(work, name)).isn_node)


def organiz_of(work: Work, index: str) -> str:
    return str(one(work, "select due from organiz where sev_index = :sev", sev=index).due)


def protocol(work: Work, table: str, key: int, what: str, by: str, now: datetime, **rest: object) -> None:
    add(
        work,
        "prot",
        table_id=table,
        operation="U",
        suboperation=what,
        ref_isn=key,
        time_stamp=now,
        user_isn=user_of(work, by),
        **rest,
    )


# --- papers that wait -------------------------------------------------------------------------------------------------


def next_number(work: Work, group: str, year: int) -> int:
    """Take the next number of a group, as its procedure does, or what stands for it."""
    vendor = work.connection.engine.dialect.name
    wanted: dict[str, object] = {"group_due": group, "nomenc": 0, "of_year": year}
    if vendor != "sqlite":
        call = compiled(RESERVE, vendor, "people")
        row = call.run(work, wanted)
        assert row.code == 0, row.message
        return int(row.num)
    row = one(
        work,
        "insert into num_reserved (due_docgroup, isn_nomenc, year_num, order_num) select :group_due, :nomenc, :of_year,"
        " min(order_num) from num_free where due_docgroup = :group_due and isn_nomenc = :nomenc"
        " and year_num = :of_year returning order_num",
        **wanted,
    )
    return int(row.order_num)


def register_waiting(work: Work, key: int, *, by: str, to: Sequence[str], now: datetime, on: date) -> str:
    """Register a paper that waited and put it before people; returns its number."""
    paper = doc(work, key)
    default = one(
        work,
        "select due from docgroup_cl where rc_type = :kind and is_default = 1 and due_card = :card",
        kind=INCOMING,
        card=paper.due_card or FIRST.due,
    )
    group = paper.due_docgroup or default.due
    counter = one(
        work,
        "select c.* from docgroup_cl g join docgroup_cl c on c.shablon is not null"
        " and substr(g.due, 1, length(c.due)) = c.due where g.due = :group order by length(c.due) desc",
        group=group,
    )
    order = next_number(work, counter.due, on.year)
    number = f"{counter.shablon}{order}"
    do(
        work,
        "update doc_rc set state = 'registered', order_num = :place, free_num = :number, doc_date = :day,"
        " due_docgroup = :grp, due_card = coalesce(due_card, :card), decided_at = :now, decided_by = :person"
        " where isn_doc = :key and state = 'waiting'",
        place=order,
        number=number,
        day=on,
        grp=group,
        card=FIRST.due,
        now=now,
        person=due_of(work, by),
        key=key,
    )
    for name in to:
        forward(work, key, name, by=by, now=now)
    return number


def decide(work: Work, key: int, state: str, *, by: str, now: datetime, **rest: object) -> None:
    """Decide about a paper that waits: refused, noted, draft or joined."""
    more = "".join(f", {name} = :{name}" for name in rest)
    do(
        work,
        f"update doc_rc set state = :state, decided_at = :now, decided_by = :person{more}"
        " where isn_doc = :key and state = 'waiting'",
        state=state,
        now=now,
        person=due_of(work, by),
        key=key,
        **rest,
    )


# --- work on documents ------------------------------------------------------------------------------------------------


def forward(work: Work, key: int, to: str, *, by: str, now: datetime) -> None:
    sender = due_of(work, by)
    add(work, "forward", isn_ref_doc=key, due_person=due_of(work, to), due_sender=sender, send_date=now)


def read(work: Work, key: int, who: str, *, now: datetime) -> None:
    """Open a card: the program writes down who read it."""
    add(work, "read_prot", isn_ref_doc=key, user_isn=user_of(work, who), time_stamp=now)


def instruct(
    work: Work,
    key: int,
    words: str,
    *,
    author: str,
    executors: Sequence[str],
    now: datetime,
    deadline: date | None = None,
) -> int:
    """Issue a resolution; the first of *executors* is responsible, with a *deadline* it is under control."""
    resolution = add(
        work,
        "resolution",
        "isn_resolution",
        isn_ref_doc=key,
        sev_uid=str(uuid4()),
        due_author=due_of(work, author),
        resolution_text=words,
        send_date=now,
        plan_date=deadline,
        control_state=int(deadline is not None),
    )
    for place, name in enumerate(executors):
        add(work, "reply", isn_resolution=resolution, due=due_of(work, name), main_flag=int(place == 0))
    return resolution


def report(work: Work, resolution: int, words: str, *, by: str, now: datetime, again: bool = False) -> None:
    """Write an executor's report, or correct it *again*."""
    first = "" if again else "reply_date = :now, status = 'Исполнено', "
    do(
        work,
        f"update reply set {first}reply_text = :words, upd_date = :now where isn_resolution = :key and due = :person",
        words=words,
        now=now,
        key=resolution,
        person=due_of(work, by),
    )


def change_resolution(work: Work, resolution: int, what: str, words: str, *, by: str, now: datetime, **to: Any) -> None:
    """Change a resolution and note it; *what* is a SUBOPERATION, *to* the columns (Any: of any type)."""
    if to:
        changes = ", ".join(f"{name} = :{name}" for name in to)
        do(work, f"update resolution set {changes} where isn_resolution = :key", key=resolution, **to)
    protocol(work, "R", resolution, what, by, now, describtion=words)


def close(work: Work, resolution: int, words: str, *, by: str, now: datetime) -> None:
    changed = {"control_state": 2, "fact_date": now.date(), "summary": words}
    change_resolution(work, resolution, "closed", words, by=by, now=now, **changed)


def sign(work: Work, visa: int, result: str, *, by: str, now: datetime) -> None:
    do(
        work,
        "update visa set visa_result = :result, visa_date = :now, due_signer = :person where isn_visa = :key",
        result=result,
        now=now,
        person=due_of(work, by),
        key=visa,
    )


def renumber(work: Work, key: int, number: str, on: date, *, by: str, now: datetime) -> None:
    do(
        work,
        "update doc_rc set state = 'registered', free_num = :number, doc_date = :day where isn_doc = :key",
        number=number,
        day=on,
        key=key,
    )
    protocol(work, "D", key, "number", by, now, free_num=number, doc_date=on)


def deregister(work: Work, key: int, why: str, *, by: str, now: datetime) -> None:
    was = doc(work, key)
    do(work, "update doc_rc set state = 'deregistered' where isn_doc = :key", key=key)
    protocol(work, "D", key, "deregistered", by, now, describtion=why, free_num=was.free_num, doc_date=was.doc_date)


def delete(work: Work, key: int) -> None:
    """Take a card away with everything on it; its number stays given."""
    mine = "(select isn_resolution from resolution where isn_ref_doc = :key)"
    gone = [("folder_item", "isn_ref_doc = :key"), ("ref_file", "isn_ref_doc = :key and isn_signed is not null")]
    gone += [("ref_file", "isn_ref_doc = :key"), ("reply", f"isn_resolution in {mine}")]
    tables = ("visa", "read_prot", "journal", "forward", "resolution", "ref_corresp", "ref_addressee", "ref_mention")
    gone += [(table, "isn_ref_doc = :key") for table in (*tables, "ref_link", "doc_rc")]
    for table, which in gone:
        key_column = "isn_doc" if table == "doc_rc" else "isn_ref_doc"
        condition = which.replace("isn_ref_doc", key_column) if table == "doc_rc" else which
        work.run(_prepared(f"delete from {table} where {condition}"), {"key": key})


# --- sending ----------------------------------------------------------------------------------------------------------


def write_card(
    work: Work, subject: str, files: Mapping[str, bytes], *, signer: str, drafter: str, now: datetime, store: Path
) -> int:
    """Register an outgoing document with its files; returns its key.  A file over 128 KiB goes into the *store*."""
    group = one(
        work,
        "select * from docgroup_cl where rc_type = :kind and is_default = 1 order by due",
        kind=OUTGOING,
    )
    order = next_number(work, group.due, now.year)
    key = add(
        work,
        "doc_rc",
        "isn_doc",
        due_card=group.due_card,
        due_docgroup=group.due,
        rc_type=OUTGOING,
        state="registered",
        order_num=order,
        free_num=f"{group.shablon}{order}",
        doc_date=now.date(),
        annotat=subject,
        ins_date=now,
        sev_uid=str(uuid4()),
        person_sign=due_of(work, signer),
        person_exe=due_of(work, drafter),
    )
    for place, (name, content) in enumerate(files.items(), 1):
        put_file(work, key, place, name, content, store)
    return key


def put_file(work: Work, key: int, place: int, name: str, content: bytes, store: Path, **of: int) -> None:
    digest = sha256(content).hexdigest()
    path = f"out/{key}-{place}-{digest}" if len(content) > 131_072 else None
    if path:
        (store / "out").mkdir(exist_ok=True)
        (store / path).write_bytes(content)
    add(
        work,
        "ref_file",
        isn_ref_doc=key,
        ordernum=place,
        descript=name,
        filesize=len(content),
        sha256=digest,
        file_role="text" if place == 1 else "annex",
        file_path=path,
        contents=None if path else content,
        **of,
    )


def send(work: Work, key: int, index: str, *, clerk: str, now: datetime, to: str = "") -> int:
    """Mark a card to be sent to an organisation, to somebody there; returns the key of REF_SEND's row."""
    organiz = organiz_of(work, index)
    contact = rows(
        work,
        "select isn_contact, surname, duty from contact where due_organiz = :due and surname like :name || '%'",
        due=organiz,
        name=to or "nobody",
    )
    whom = {"isn_contact": contact[0].isn_contact, "surname": contact[0].surname} if contact else {"surname": to}
    add(work, "ref_addressee", isn_ref_doc=key, due_organiz=organiz, **whom)
    return add(
        work,
        "ref_send",
        "isn_ref_send",
        isn_ref_doc=key,
        due_organiz=organiz,
        due_clerk=due_of(work, clerk),
        asked_at=now,
    )


def link(work: Work, key: int, other: int, kind: str, *, now: datetime) -> None:
    known = one(work, "select * from link_cl where classif_name = :kind", kind=kind)
    add(work, "ref_link", isn_ref_doc=key, isn_linked_doc=other, link_name=known.classif_name, ins_date=now)
    add(work, "ref_link", isn_ref_doc=other, isn_linked_doc=key, link_name=known.reverse_name, ins_date=now)


def notices(work: Work, key: int) -> list[str]:
    found = rows(work, "select words from folder_item where isn_ref_doc = :key and words is not null", key=key)
    return [str(row.words) for row in found]

# SPDX-License-Identifier: GPL-3.0-or-later
"""The people of the office themselves, and those of correspondents: renamed, dismissed, chosen."""

from datetime import date

from gateway.edms_adapter.registry.people.rows import do, person_key, rows
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.values import Record


def rename(work: Work, name: str, new_name: str) -> None:
    """Note somebody's new name; the exchange index, the inbox and everything in it stay theirs."""
    key = person_key(work, name)
    do(work, "update person set name = :name where id = :key", name=new_name, key=key)
    do(work, "update inbox set name = :name where person_id = :key", name=new_name, key=key)


def appoint_head(work: Work, name: str) -> None:
    """Make somebody the head of their department."""
    do(
        work,
        "update department set head_id = :key where id = (select department_id from person where id = :key)",
        key=person_key(work, name),
    )


def dismiss(work: Work, name: str, on: date, *, deputy: str = "") -> None:
    """Note that somebody works here no more from the day *on*, and who takes the papers (empty: as noted before).

    ValueError for whoever has the default inbox: name another one first.
    """
    key = person_key(work, name)
    if rows(work, "select id from inbox where person_id = :key and is_default", key=key):
        raise ValueError(f"{name} has the default inbox: name another one first")
    do(work, "update person set left_on = :day where id = :key", day=on, key=key)
    if deputy:
        heir = person_key(work, deputy)
        do(work, "update person set deputy_id = :deputy where id = :key", deputy=heir, key=key)


def partner_people(work: Work, index: str) -> list[Record]:
    """Return the people of the correspondent with that exchange index, dismissed ones too, in the order of names."""
    return rows(
        work,
        "select o.* from partner_official o join correspondent c on c.id = o.correspondent_id"
        " where lower(c.exchange_index) = lower(:index) order by o.name, o.id",
        index=index,
    )


def chosen(work: Work, index: str, words: str) -> Record | None:
    """Return the official of a correspondent that *words* choose: an exchange index, or a name only one has.

    None when they choose nobody; LookupError when they are the index of somebody who was dismissed.
    """
    here = partner_people(work, index)
    sought = words.strip().casefold()
    for official in here:
        if sought and official.exchange_index.strip().casefold() == sought:
            if official.dismissed:
                raise LookupError(f"{official.name} ({official.exchange_index}) was dismissed there")
            return official
    named = [one for one in here if sought and not one.dismissed and one.name.casefold().startswith(sought)]
    return named[0] if len(named) == 1 else None

# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookups that compare as people do: folded in any alphabet, and by the longest prefix of a tree's codes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.edms_adapter import MappingError
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.ports import Registration, Waiting
from tests.edms_adapter import vendor
from tests.edms_adapter.desk import letter
from tests.edms_adapter.vendor import rows

TREE = """
create table place (code varchar(40), title varchar(100));
insert into place values ('0.', 'Всё');
insert into place values ('0.2ABC.', 'Округ');
insert into place values ('0.2ABC.1Ж.', 'Отдел учёта');
insert into place values ('0.2ABD.', 'Другой округ');
insert into place values ('', 'Пустой');
insert into place values (null, 'Никакой');
insert into place values ('ΟΔΟΣ', 'улица');
insert into place values ('straße', 'улица вторая');
insert into place values ('ДВАЖДЫ', 'раз');
insert into place values ('дважды', 'два')
"""
BY_PREFIX = """
[[lookup]]
name = "place"
sql = "select code, title from place"
column = "code"
value = "document.subject"
prefix = true
missing = "wait"
text = "'no place %s' % document.subject"
"""
BY_FOLD = BY_PREFIX.replace("prefix = true", "fold = true")
BOTH = BY_PREFIX.replace("prefix = true", "prefix = true\nfold = true")
REGISTER = vendor.REGISTER.replace("reason or none", "reason or place.title") + vendor.ATTACHMENTS
Found = Callable[[str, str], str]


@pytest.fixture(params=["sqlite", "postgresql"])
def found(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Found]:
    """Give a function that registers a letter by a lookup, and returns what its card has of what was found."""
    url = f"sqlite:///{tmp_path}/place.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")()
    contexts = []

    def find(lookup: str, wanted: str) -> str:
        context = vendor.opened(
            vendor.mapping_of(register=REGISTER, more=lookup), url, tmp_path, tables=vendor.TABLES + ";" + TREE
        )
        edms: SqlEdms = context.__enter__()
        contexts.append(context)
        made = vendor.register(edms, "ex-1", letter(subject=wanted, addressees=()))
        assert isinstance(made, Registration | Waiting)
        (row,) = rows(edms, "select note from letter")
        return str(row.note)

    yield find
    for context in contexts:
        context.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("lookup", "wanted", "note"),
    [
        (BY_PREFIX, "0.2ABC.1Ж.7", "Отдел учёта"),
        (BY_PREFIX, "0.2ABC.", "Округ"),
        (BY_PREFIX, "0.2ABC", "Всё"),
        (BY_PREFIX, "0.2abd.5", "Всё"),
        (BY_PREFIX, "1.2ABC.", "no place 1.2ABC."),
        (BOTH, " 0.2abd.5", "Другой округ"),
        (BOTH, "0.2abc.1ж.", "Отдел учёта"),
        (BY_FOLD, "ὁδός", "no place ὁδός"),
        (BY_FOLD, " οδος ", "улица"),
        (BY_FOLD, "οδοσ", "улица"),
        (BY_FOLD, "STRASSE", "улица вторая"),
        (BY_FOLD, "0.2ABC", "no place 0.2ABC"),
        (BY_FOLD, "Дважды", "no place Дважды (подходят несколько)"),
        (BY_FOLD, "", "no place "),
        (BY_FOLD, "%", "no place %"),
    ],
)
def test_a_lookup_compares_as_people_do(found: Found, lookup: str, wanted: str, note: str) -> None:
    assert found(lookup, wanted) == note


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('column = "code"\n', "", "lookup[1]: Value error, 'fold' or 'prefix' compares a 'column'"),
        ("prefix = true\n", "", "lookup[1]: Value error, 'fold' or 'prefix' compares a 'column'"),
        ('value = "document.', 'value = "docment.', "lookup[1].value: 'docment.subject': nothing here is called"),
    ],
)
def test_a_wrong_lookup_is_told_with_its_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    mapping = vendor.mapping_of(register=REGISTER, more=BY_PREFIX.replace(old, new))
    with pytest.raises(MappingError) as told, vendor.opened(mapping, "sqlite://", tmp_path, tables=""):
        pass

    assert complaint in str(told.value)


def test_a_column_that_the_rows_do_not_have_is_told_with_its_key(found: Found) -> None:
    with pytest.raises(MappingError, match=r"lookup\[1\]\.sql: 'column': the row has no column kode; it has code"):
        found(BY_PREFIX.replace('"code"', '"kode"'), "0.")

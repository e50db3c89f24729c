# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts are cut where the mapping says so, to so many characters, and nowhere else."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import DataError

from gateway.edms_adapter import MappingError
from gateway.edms_adapter.sql.steps import Insert
from tests.edms_adapter import vendor
from tests.edms_adapter.desk import letter
from tests.edms_adapter.vendor import registered, rows

LONG = "Ё" * 30 + "𝔘" * 30
CUT = vendor.REGISTER.replace("[register.values]", "cut = { about = 40, note = 3 }\n[register.values]")
NOTING = """
[[register]]
sql = "update letter set state = :state where id = :id"
values = { state = "document.subject", id = "card" }
cut = { state = 4, id = 1 }
"""


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_text_is_cut_to_so_many_characters_where_the_mapping_says_so(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    url = f"sqlite:///{tmp_path}/cut.sqlite" if engine == "sqlite" else request.getfixturevalue("postgres")()
    mapping = vendor.mapping_of(register=CUT + NOTING + vendor.ATTACHMENTS)
    with vendor.opened(mapping, url, tmp_path) as edms:
        registered(edms, document=letter(subject=LONG, addressees=()))

        (row,) = rows(edms, "select about, state, note from letter")
        assert (row.about, row.state, row.note) == (LONG[:40], "ЁЁЁЁ", None)


def test_what_the_mapping_does_not_cut_is_an_error_and_no_card(postgres: Callable[[], str], tmp_path: Path) -> None:
    with vendor.opened(vendor.mapping_of(), postgres(), tmp_path) as edms:
        with pytest.raises(DataError):
            registered(edms, document=letter(subject="Ё" * 2001, addressees=()))

        assert rows(edms, "select id from letter") == []
        assert registered(edms, document=letter(subject="Ё" * 2000, addressees=())).number.text == "N-1"


def test_what_is_cut_is_known_to_whoever_checks(tmp_path: Path) -> None:
    with vendor.opened(vendor.mapping_of(register=CUT + vendor.ATTACHMENTS), "sqlite://", tmp_path, tables="") as edms:
        first: Insert = edms.plan.compiler.inserts[0]

    assert (first.table, dict(first.cut)) == ("letter", {"about": 40, "note": 3})


@pytest.mark.parametrize(
    ("cut", "complaint"),
    [
        ("cut = { abuot = 40 }", "register[1]: Value error, 'cut' shortens values, and there is no value 'abuot'"),
        ("cut = { about = 0 }", "register[1].cut.about: Input should be greater than or equal to 1"),
    ],
)
def test_a_wrong_cut_is_told_with_its_key(tmp_path: Path, cut: str, complaint: str) -> None:
    mapping = vendor.mapping_of(register=CUT.replace("cut = { about = 40, note = 3 }", cut))
    with pytest.raises(MappingError) as told, vendor.opened(mapping, "sqlite://", tmp_path, tables=""):
        pass

    assert complaint in str(told.value)

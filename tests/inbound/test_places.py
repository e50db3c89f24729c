# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule of ours misses in a document is named where its sender's own standard says it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.wire import Dialect, Places
from gateway.errors import Refused
from gateway.inbound.rules import Case, has_an_author, has_files, names_its_document
from gateway.model import Document, Message, MessageId, Party, ReturnId
from gateway.office import Partner
from gateway.settings import ReceiveSettings

WRITTEN = [
    pytest.param(dialect, version, id=f"{dialect.name} {version}")
    for dialect in DIALECTS
    for version in dialect.versions
]
ASKED: dict[Callable[[Case], None], Callable[[Places], str]] = {
    names_its_document: lambda places: places.uid,
    has_an_author: lambda places: places.author,
    has_files: lambda places: places.files,
}


@pytest.mark.parametrize(("dialect", "version"), WRITTEN)
@pytest.mark.parametrize("rule", ASKED, ids=lambda rule: rule.__name__)
def test_what_is_missing_is_named_by_its_place_in_the_standard_of_the_letter(
    dialect: Dialect, version: str, rule: Callable[[Case], None]
) -> None:
    at = datetime(2026, 3, 11, tzinfo=UTC)
    message = Message(MessageId("m"), ReturnId("r"), at, Party(), (), Document(), dialect.name, version)
    nobody = cast(Partner, None)  # these rules look at the document alone
    case = Case(message, Document(), nobody, ReceiveSettings(require_author=True, require_files=True))

    with pytest.raises(Refused) as why:
        rule(case)

    assert why.value.place == ASKED[rule](dialect.places(version))

# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of files and how what came is matched to what is listed."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import Held
from gateway.dialects.names import plain, signature_suffix
from gateway.dialects.sev.files import kib
from gateway.dialects.sev.names import shown_name, shown_signature_name, unique_name, without_index
from gateway.dialects.sev.shelf import Listed, Shelf
from gateway.dialects.wire import Resource


@pytest.mark.parametrize(
    ("name", "number", "unique"),
    [
        ("письмо.pdf", 1, "письмо[1].pdf"),
        ("архив.tar.gz", 12, "архив.tar[12].gz"),
        ("README", 3, "README[3]"),
        (".profile", 4, ".profile[4]"),
        ("a[1].pdf", 1, "a[1][1].pdf"),
        ("от 01.02/№ 5?.doc", 2, "от 01.02_№ 5_[2].doc"),
        ("", 7, "file[7]"),
    ],
)
def test_a_unique_name_has_the_number_before_its_extension(name: str, number: int, unique: str) -> None:
    assert unique_name(name, number) == unique


def test_the_first_signature_is_sig_and_the_second_two_sig() -> None:
    assert [signature_suffix(position) for position in (1, 2, 3)] == [".sig", ".2.sig", ".3.sig"]


@pytest.mark.parametrize(
    ("description", "extension", "unique", "name"),
    [
        ("письмо.pdf", ".pdf", "письмо[1].pdf", "письмо.pdf"),
        ("письмо", ".pdf", "письмо[1].pdf", "письмо.pdf"),
        ("письмо", "pdf", "письмо[1].pdf", "письмо.pdf"),
        ("письмо.PDF", ".pdf", "x", "письмо.PDF"),
        ("письмо[1].pdf", ".pdf", "письмо[1].pdf", "письмо.pdf"),
        ("", ".pdf", "письмо[1].pdf", "письмо.pdf"),
        ("", "", "", "file"),
        ("отчёт.pdf.pdf", ".pdf", "отчёт.pdf[1].pdf", "отчёт.pdf.pdf"),
        ("две\n строки.txt", ".txt", "x", "две строки.txt"),
        ("a[2].pdf", ".pdf", "a[2][1].pdf", "a[2].pdf"),
    ],
)
def test_people_see_the_description_with_its_extension(
    description: str, extension: str, unique: str, name: str
) -> None:
    assert shown_name(description, extension, unique, 1) == name


@given(st.text(max_size=300), st.integers(1, 999))
def test_a_name_is_found_again_behind_its_number(name: str, number: int) -> None:
    unique = unique_name(name, number)

    assert without_index(unique, number) == plain(name)
    assert len(unique.encode(errors="replace")) <= 206
    assert not set(unique) & set('<>:"/\\|?*\n\0')
    assert shown_signature_name(unique + ".2.sig", unique, number) == " ".join((plain(name) + ".2.sig").split())


@pytest.mark.parametrize(("size", "announced"), [(0, 0), (1, 1), (1024, 1), (1025, 2), (10**10, 9765625)])
def test_sizes_are_told_in_kib_rounded_up(size: int, announced: int) -> None:
    assert kib(size) == announced


# --- matching -----------------------------------------------------------------------------------------------------


def shelf(listed: Sequence[str], *came: str | tuple[str, ...]) -> Shelf:
    entries = [Listed(number, name, "") for number, name in enumerate(listed, 1)]
    return Shelf(
        entries,
        [
            Resource(names if isinstance(names, tuple) else (names,), Held(f"{position}".encode()))
            for position, names in enumerate(came, 1)
        ],
    )


def taken(shelf: Shelf) -> list[str]:
    """Which file (by its position) each listed number got; a minus for none."""
    return [
        b"".join(resource.content.blocks()).decode() if (resource := shelf.take(number)) else "-"
        for number in shelf.listed
    ]


@pytest.mark.parametrize(
    ("listed", "came", "expected"),
    [
        (["a[1].pdf", "b[2].pdf"], ["b[2].pdf", "a[1].pdf"], ["2", "1"]),
        (["ёлка[1].pdf"], ["е\u0308лка[1].pdf"], ["1"]),
        (["Письмо[1].PDF"], ["письмо[1].pdf"], ["1"]),
        (["letter[1].pdf"], ["letter.pdf"], ["1"]),
        (["letter.pdf"], ["letter[1].pdf"], ["1"]),
        (["letter[1].pdf", "letter[1].pdf.sig"], ["letter.pdf.sig", "letter.pdf"], ["2", "1"]),
        (["a[1].pdf", "A[1].pdf"], ["A[1].pdf", "a[1].pdf"], ["2", "1"]),
        (["a[1].pdf", "a[2].pdf"], ["a.pdf", "a[1].pdf"], ["2", "1"]),
        (["a[1].pdf", "a[2].pdf"], ["a.pdf", "a.pdf"], ["1", "2"]),
        (["a[1].pdf", "a[2].pdf"], ["a.pdf"], ["-", "-"]),
        (["a[1].pdf"], ["A.pdf", "a.pdf"], ["-"]),
        (["письмо[1].pdf"], [("=?broken?=", "письмо[1].pdf")], ["1"]),
        (["a.pdf"], [], ["-"]),
    ],
)
def test_names_meet_from_exact_to_lenient_and_nobody_guesses(
    listed: list[str], came: list[str], expected: list[str]
) -> None:
    assert taken(shelf(listed, *came)) == expected


def test_a_file_is_absent_or_ambiguous_and_the_shelf_knows_which() -> None:
    found = shelf(["a[1].pdf", "b[2].pdf"], "a.pdf", "A.pdf")

    assert [entry.name for entry in found.ambiguous] == ["a[1].pdf"]
    assert [entry.name for entry in found.missing] == ["b[2].pdf"]


def test_the_same_bytes_twice_are_no_question() -> None:
    content = Held(b"same")
    found = Shelf([Listed(1, "a.pdf", "")], [Resource(("a.pdf",), content), Resource(("a.pdf",), content)])

    assert found.take(1) is not None
    assert len(found.unlisted) == 1


def test_ten_thousand_lines_are_matched_quickly() -> None:
    found = Shelf(
        [Listed(number, f"f[{number}].txt", "") for number in range(1, 50_001)],
        [Resource((f"F[{number}].TXT",), Held(b"%d" % number)) for number in range(1, 1001)],
    )

    assert len(found.matches) == 1000
    assert len(found.missing) + len(found.ambiguous) == 49_000

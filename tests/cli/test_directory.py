# SPDX-License-Identifier: GPL-3.0-or-later
"""``directory``: spreadsheets of people go out harmless and come in whole, or not at all."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli import main
from gateway.cli.officials import MAX_BYTES, BadDirectory, read, written
from gateway.edms_adapter import BUILT_IN, registry
from gateway.edms_adapter.registry import people
from gateway.ports import Official
from tests.story.offices import GATEWAY, INDICES, NETWORK, PARTNERS, TITLES

HEAD = "index;name;post;department;deputy;head\n"
BEREZKINA = "W-01;Берёзкина Анна Викторовна;Начальник управления;Управление связи;W-02;1\n"
KLENOV = "W-02;Кленов Пётр Ильич;Главный специалист;Управление связи;;\n"


class Gateway:
    """The configuration of an office in Minsk, and its registry."""

    def __init__(self, home: Path, *, indices: str = '"EX-MOSCOW"', mapping: str = "registry") -> None:
        self.home, self.registry = home, f"sqlite:///{home}/registry.db"
        registry.create(self.registry)
        registry.seed(
            self.registry,
            registry.Office("EX-MINSK", TITLES["minsk"]),
            [registry.Correspondent("EX-MOSCOW", TITLES["moscow"])],
        )
        gateway = GATEWAY.format(
            name="minsk",
            index=INDICES["minsk"],
            title=TITLES["minsk"],
            zone="Europe/Minsk",
            home=home,
            journal=f"sqlite:///{home}/journal.db",
            registry=self.registry,
            top="",
            also="",
            office="",
            relay="",
        )
        partners = PARTNERS.format(
            other="moscow",
            address='address = "edms@moscow.example"',
            other_title=TITLES["moscow"],
            indices=indices,
            channel="",
            proof=NETWORK,
            partner="",
            mode="live",
        )
        (home / "gateway.toml").write_text(gateway.replace('"registry"', json.dumps(mapping)), "utf-8")
        (home / "gateway.toml").chmod(0o600)
        (home / "partners.toml").write_text(partners, "utf-8")

    def call(self, *arguments: str | Path) -> Result:
        words = ["--config", str(self.home / "gateway.toml"), "directory", *map(str, arguments)]
        return CliRunner().invoke(main, words)

    def bring(self, text: str | bytes, *options: str) -> Result:
        file = self.home / "people.csv"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return self.call("import", "--partner", "moscow", *options, file)

    def theirs(self) -> list[tuple[str, str, bool]]:
        with people.at_work(self.registry) as work:
            found = people.partner_people(work, "EX-MOSCOW")
        return [(one.exchange_index, one.name, bool(one.dismissed)) for one in found]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    return Gateway(tmp_path)


# --- export -------------------------------------------------------------------------------------------------------


def test_our_people_are_exported_as_a_spreadsheet_wants_them(gateway: Gateway) -> None:
    with people.at_work(gateway.registry) as work:
        people.appoint_head(work, "Лугов")
        people.rows(work, "update person set deputy_id = 3 where id = 2 returning id")
    done = gateway.call("export", gateway.home / "ours.csv")

    data = (gateway.home / "ours.csv").read_bytes()
    assert (done.exit_code, done.output) == (0, f"written  {gateway.home / 'ours.csv'}: 4 people\n")
    assert data.startswith('\ufeff"index";"name";"post";"department";"deputy";"head"\r\n'.encode())
    assert '"R-02";"Лугов Семён Ильич";"Начальник отдела";"Отдел учёта";"R-03";"1"\r\n'.encode() in data
    assert gateway.call("export").stdout_bytes == data


def test_who_has_left_is_not_exported_and_who_has_no_index_is_named(gateway: Gateway) -> None:
    with people.at_work(gateway.registry) as work:
        people.dismiss(work, "Лугов", people.rows(work, "select date('2026-01-01') as d")[0].d)
        people.rows(work, "update person set exchange_index = null where id = 3 returning id")
    done = gateway.call("export", "--json")

    assert [json.loads(line)["index"] for line in done.stdout.splitlines()] == ["R-04", "R-01"]
    assert "Полева Нина Олеговна" in done.stderr


def test_two_people_with_one_index_are_not_exported(gateway: Gateway) -> None:
    with people.at_work(gateway.registry) as work:
        people.rows(work, "update person set exchange_index = 'r-01 ' where id = 3 returning id")
    done = gateway.call("export", gateway.home / "ours.csv")

    assert done.exit_code == 1
    assert "have the same index" in done.output
    assert not (gateway.home / "ours.csv").exists()


@pytest.mark.parametrize("cell", ["=1+1", "+7 17", "-x", "@SUM(A1)", "'=1", "'x", "''", "＝1", "a;=1", 'a,"=1"'])
def test_no_cell_is_run_by_a_spreadsheet_and_comes_back_as_it_was(cell: str) -> None:
    official = Official("W-01", cell)
    data = written([official]).decode("utf-8-sig")

    cells = data.splitlines()[1].removeprefix('"').removesuffix('"').split('";"')
    assert [begun for begun in cells if begun.startswith(("=", "+", "-", "@", "＝"))] == []
    assert read(data.encode()) == (official,)


TEXT = st.text(min_size=1, max_size=30).map(lambda text: " ".join(text.split())).filter(str.isprintable).filter(bool)


@given(st.lists(st.tuples(TEXT, TEXT, TEXT, st.booleans()), min_size=1, max_size=5))
def test_whatever_is_written_is_read_again(rows: list[tuple[str, str, str, bool]]) -> None:
    officials = tuple(
        Official(f"W-{place}", name, post, department, f"W-{place - 1}" if place else "", head)
        for place, (name, post, department, head) in enumerate(rows)
    )

    assert read(written(officials)) == officials


# --- import -------------------------------------------------------------------------------------------------------


def test_a_partners_people_are_added_changed_and_dismissed_by_index_and_never_deleted(gateway: Gateway) -> None:
    first = gateway.bring(HEAD + BEREZKINA + KLENOV)
    again = gateway.bring(HEAD + BEREZKINA + KLENOV)
    second = gateway.bring(HEAD + "w-02 ;Кленов П. И.;Начальник управления;Управление связи;;1\nW-03;Дубов Олег;;;;\n")
    third = gateway.bring(HEAD + BEREZKINA + KLENOV)

    assert first.output.splitlines()[-1] == "added 2, changed 0, dismissed 0, unchanged 0"
    assert again.output == "added 0, changed 0, dismissed 0, unchanged 2\n"
    assert second.output.splitlines() == [
        "added      W-03  Дубов Олег",
        "changed    W-02  Кленов П. И.: name Кленов Пётр Ильич → Кленов П. И.;"
        " post Главный специалист → Начальник управления; head no → yes",
        "dismissed  W-01  Берёзкина Анна Викторовна",
        "added 1, changed 1, dismissed 1, unchanged 0",
    ]
    assert "W-01  Берёзкина Анна Викторовна: is there again\n" in third.output
    assert gateway.theirs() == [
        ("W-01", "Берёзкина Анна Викторовна", False),
        ("W-03", "Дубов Олег", True),
        ("W-02", "Кленов Пётр Ильич", False),
    ]


def test_a_dry_run_says_everything_and_writes_nothing(gateway: Gateway) -> None:
    gateway.bring(HEAD + KLENOV)
    done = gateway.bring(HEAD + BEREZKINA.replace("W-02", ""), "--dry-run")

    assert done.exit_code == 0
    assert done.output.splitlines()[-1] == "added 1, changed 0, dismissed 1, unchanged 0; nothing was written"
    assert gateway.theirs() == [("W-02", "Кленов Пётр Ильич", False)]


def test_our_own_export_is_what_a_partner_imports(gateway: Gateway) -> None:
    gateway.call("export", gateway.home / "ours.csv")

    assert gateway.bring((gateway.home / "ours.csv").read_bytes()).exit_code == 0
    assert [index for index, _, _ in gateway.theirs()] == ["R-04", "R-02", "R-03", "R-01"]


@pytest.mark.parametrize(
    "text",
    [
        "index,name\nW-01,Кленов\n",
        "\ufeffindex;name\r\nW-01;Кленов\r\n",
        '"Name";" INDEX "\n" Кленов ";"W-01"\n\n ; \n',
        "name,index,head\nКленов,W-01,нет\n",
    ],
)
def test_commas_semicolons_any_order_of_columns_and_blank_lines_are_read(text: str) -> None:
    assert read(text.encode()) == (Official("W-01", "Кленов"),)


def test_every_mistake_is_told_at_once_with_its_line_and_nothing_is_written(gateway: Gateway) -> None:
    wrong = (
        "W-01;Берёзкина;;;W-09;\n"
        "W-02;;;;;\n"
        ";Кленов;;;;\n"
        "\n"
        "w-01 ;Дубов;;;;maybe\n"
        "W-05;Ясенев;;;W-05;\n"
        f"W-06;{'я' * 256};;;;\n"
        "W-07;Тополев\n"
        "W-08;Ель\x07ник;;;;\n"
    )
    done = gateway.bring(HEAD + KLENOV.replace("W-02", "W-00") + wrong)

    file = gateway.home / "people.csv"
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        f"{file}:3: there is nobody with the index W-09, the deputy's",
        f"{file}:4: the name is missing",
        f"{file}:5: the index is missing",
        f"{file}:7: head is 'maybe': write 1, or nothing",
        f"{file}:7: the index w-01 stands in line 3 already",
        f"{file}:8: is their own deputy",
        f"{file}:9: name has 256 characters, more than 255",
        f"{file}:10: has 2 cells instead of 6",
        f"{file}:11: name has characters that cannot be shown",
        "nothing was written",
    ]
    assert gateway.theirs() == []


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (HEAD.encode() + "W-01;Кленов;;;;\n".encode("cp1251"), 2, "is not UTF-8: save the sheet as CSV UTF-8"),
        ((HEAD + KLENOV).encode("utf-16"), 1, "is not UTF-8: save the sheet as CSV UTF-8"),
        (b"index\tname\nW-01\tK\n", 1, "there is no column 'index name'"),
        (b"index;fio;name;name\n", 1, "there is no column 'fio'; there are: index, name,"),
        (b"index;fio;name;name\n", 1, "the column 'name' stands there twice"),
        (b"name\nK\n", 1, "the column 'index' is missing"),
        (b"", 1, "the column 'index' is missing"),
        (HEAD.encode(), 0, "there is nobody in it: that would dismiss everybody"),
        (HEAD.encode() + b'W-01;"K\n', 2, "is no CSV"),
        (b"x" * (MAX_BYTES + 1), 0, "the file has more than 8 MiB"),
    ],
)
def test_a_file_that_is_none_is_told_with_its_remedy(data: bytes, line: int, words: str) -> None:
    with pytest.raises(BadDirectory) as told:
        read(data)

    assert [place for place, said in told.value.problems if words in said] == [line]


def test_a_line_number_counts_lines_inside_quotes() -> None:
    with pytest.raises(BadDirectory) as told:
        read((HEAD + 'W-01;"Кленов\nПётр";;;;\nW-02;;;;;\n').encode())

    assert told.value.problems == ((4, "the name is missing"),)


def test_whose_people_they_are_must_be_plain(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, indices='"EX-MOSCOW", "EX-TVER"')

    assert gateway.bring(HEAD + KLENOV).exit_code == 2
    assert gateway.bring(HEAD + KLENOV, "--organisation", "EX-OMSK").exit_code == 2
    unknown = gateway.bring(HEAD + KLENOV, "--organisation", "ex-tver")
    assert (unknown.exit_code, unknown.output) == (
        1,
        "the EDMS knows no correspondent with the exchange index EX-TVER\n",
    )
    assert gateway.bring(HEAD + KLENOV, "--organisation", "ex-moscow").exit_code == 0
    assert gateway.call("import", "--partner", "nobody", tmp_path / "people.csv").exit_code == 1
    assert gateway.call("export", "--office", "EX-OMSK").exit_code == 2
    assert gateway.call("import", "--partner", "moscow", "--organisation", "EX-TVER", tmp_path / "none").exit_code == 1


def test_a_mapping_without_the_ability_says_so(tmp_path: Path) -> None:
    mapping = (BUILT_IN / "registry.toml").read_text("utf-8")
    head, _, rest = mapping.partition("[people] ")
    (tmp_path / "bare.toml").write_text(head + "[[register]]" + rest.partition("[[register]]")[2], "utf-8")
    gateway = Gateway(tmp_path, mapping=str(tmp_path / "bare.toml"))

    told = (gateway.call("export"), gateway.bring(HEAD + KLENOV))
    assert [one.exit_code for one in told] == [78, 78]
    assert "[people]" in told[0].output
    assert "[partner_people]" in told[1].output


def test_an_edms_that_is_away_is_69(gateway: Gateway) -> None:
    (gateway.home / "registry.db").unlink()

    assert gateway.call("export").exit_code == 69
    assert gateway.bring(HEAD + KLENOV).exit_code == 69


def test_what_a_file_says_does_not_move_the_cursor(gateway: Gateway) -> None:
    done = gateway.bring("index;name\nW\x07;K\nW\x07;L\n")

    assert (done.exit_code, "stands in line 2 already" in done.output) == (1, True)
    assert "\x07" not in done.output

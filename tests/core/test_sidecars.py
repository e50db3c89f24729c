# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies beside packages in directories: read as the wild writes it, written as products read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sidecars import env, ini, listing
from gateway.sidecars.matching import absent

SIGNED = "[ПИСЬМО КП ПС СЗИ]\r\nТЕМА=ЭСД МЭДО (1)\r\n"
WORDS = st.text(st.characters(codec="cp1251", exclude_categories=["C", "Z"]), min_size=1, max_size=30)
NAMES = WORDS.filter(lambda name: not set(name) & set("/\\") and name.strip() == name)


# --- envelopes of MEDO ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "files"),
    [
        ("[ФАЙЛЫ]\r\n0=document.xml\r\n1=letter.pdf", ("document.xml", "letter.pdf")),
        ("[ФАЙЛЫ]\n0=document.xml\n7=letter.pdf\n", ("document.xml", "letter.pdf")),
        ("[файлы]\r\n  0 = document.xml\r\n\r\n", ("document.xml",)),
        ("[ФАЙЛЫ]\r\n0=C:\\PS\\out\\document.xml\r\n1=out/letter.pdf", ("document.xml", "letter.pdf")),
        ("[ТЕКСТ]\r\nФАЙЛ=annotation.txt\r\n[ФАЙЛЫ]\r\n0=document.xml", ("document.xml", "annotation.txt")),
        ("[ФАЙЛЫ]\r\n0=a.xml\r\n1=a.xml\r\n2=", ("a.xml",)),
        ("[АДРЕСАТЫ]\r\n0=", ()),
    ],
)
@pytest.mark.parametrize("encoding", ["cp1251", "utf-8", "utf-8-sig"])
def test_an_envelope_lists_its_files_however_it_was_written(
    written: str, files: tuple[str, ...], encoding: str
) -> None:
    found = ini.read((SIGNED + written).encode(encoding))

    assert found is not None
    assert found.files == files


def test_a_subject_that_spilled_over_lines_is_one() -> None:
    found = ini.read("[ПИСЬМО КП ПС СЗИ]\nТЕМА=О поставке\nоборудования = и\nпрочего\nЭЦП=1\n".encode("cp1251"))

    assert found == ini.Envelope("О поставке оборудования = и прочего", (), ())


@pytest.mark.parametrize("data", [b"", b"[.ShellClassInfo]\r\n", b"\xff" * 100, b"x" * (ini.MAX_BYTES + 1)])
def test_what_is_no_envelope_is_none(data: bytes) -> None:
    assert ini.read(data) is None


@given(st.binary(max_size=400))
def test_no_bytes_upset_the_reading_of_sidecars(data: bytes) -> None:
    ini.read(SIGNED.encode("cp1251") + data)
    env.subject_of(data)
    env.is_envelope(data)
    env.tells_failure(data)
    listing.is_passport(data)
    listing.resources(data)


@given(WORDS, st.lists(WORDS, max_size=3), st.lists(NAMES, max_size=5, unique=True))
def test_an_envelope_of_ours_reads_back(subject: str, addressees: list[str], files: list[str]) -> None:
    written = ini.write(ini.Envelope(subject, tuple(addressees), tuple(files)))

    assert ini.read(written) == ini.Envelope(subject, tuple(addressees), tuple(files))


def test_an_envelope_of_ours_has_whole_lines_in_windows_1251_and_a_subject_that_fits() -> None:
    written = ini.write(ini.Envelope("О" * 300 + "\n文", ("A~B",), ("document.xml",)))

    assert b"\n" not in written.replace(b"\r\n", b"")
    assert "ТЕМА=".encode("cp1251") + "О".encode("cp1251") * 255 + b"\r\n" in written


# --- envelopes of SEV -----------------------------------------------------------------------------------------------


@given(st.text(max_size=60))
def test_whatever_a_subject_holds_the_envelope_is_read_back(subject: str) -> None:
    written = env.write(env.Env("name", subject))

    cleaned = " ".join("".join(letter if letter.isprintable() else " " for letter in subject).split())
    read = env.subject_of(written)
    assert written.startswith(b"\xef\xbb\xbf<?xml")
    assert " ".join("".join(letter if letter.isprintable() else " " for letter in read).split()) == cleaned


SENT = env.write(env.Env("name", "№ 1", "sev@partner.example"))


@pytest.mark.parametrize(
    ("beginning", "is_one"),
    [
        (SENT, True),
        (b"<Envelop/>", True),
        (b'<?xml version="1.0"?>\r\n<Envelop xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">', True),
        (b'<Envelop msg_id="1">', False),
        (b'<Envelop Type = "SDIP-2.1.1">', False),
        (b"<Envelope><Subject/></Envelope>", False),
        (b"%PDF <Envelop/>", False),
        (b"DB_HOST=localhost", False),
        (b"", False),
    ],
)
def test_a_transport_envelope_is_known_by_its_root(beginning: bytes, is_one: bool) -> None:
    assert env.is_envelope(beginning) is is_one


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        ("<FailureFile>error.txt</FailureFile>", True),
        ("<FailureFile>\r\n  ошибка.txt\r\n</FailureFile><ReceiptDate>2026-04-02T10:20:01+03:00</ReceiptDate>", True),
        ("<FailureFile/>", False),
        ("<FailureFile></FailureFile>", False),
        ("<FailureFile> \n </FailureFile>", False),
        ("<Subject>FailureFile</Subject>", False),
    ],
)
def test_an_envelope_tells_a_failure_when_it_names_a_file_about_one(inside: str, told: bool) -> None:
    assert env.tells_failure(f"<Envelop><Body/>{inside}</Envelop>".encode("utf-8-sig")) is told
    assert not env.tells_failure(SENT)


# --- passports ------------------------------------------------------------------------------------------------------

HEAD = '<DocInfo xmlns="http://www.eos.ru/2010/sev"><Header ResourceID="0"><ResourceList>'
TAIL = "</ResourceList></Header></DocInfo>"


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ('<Resource UID="0" UniqueName="DocInfo.xml"/><Resource UID="1" UniqueName="a[1].pdf" />', ("a[1].pdf",)),
        ("<Resource UniqueName='a &amp; b.pdf' UID='1'></Resource>", ("a & b.pdf",)),
        ('<sev:Resource\n UID="1"\n UniqueName = "a.pdf"/>', ("a.pdf",)),
        ('<Resource UID="1" UniqueName="a &gt; b.pdf"/>', ("a > b.pdf",)),
        ("", ()),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_passport_lists_its_files(listed: str, names: tuple[str, ...], encoding: str) -> None:
    assert listing.resources((HEAD + listed + TAIL).encode(encoding)) == names


def test_a_passport_in_windows_1251_lists_its_files() -> None:
    text = '<?xml version="1.0" encoding="windows-1251"?>' + HEAD + '<Resource UID="1" UniqueName="Письмо.pdf"/>' + TAIL

    assert listing.resources(text.encode("cp1251")) == ("Письмо.pdf",)


@pytest.mark.parametrize(
    ("beginning", "is_one"),
    [
        (HEAD.encode(), True),
        (HEAD.encode("utf-16"), True),
        (b'<sev:Report xmlns:sev="http://www.eos.ru/2010/sev">', True),
        (b"<Envelop>", False),
        (b"<DocInfo>", False),
        (b"%PDF http://www.eos.ru/2010/sev", False),
    ],
)
def test_a_passport_is_known_by_its_root(beginning: bytes, is_one: bool) -> None:
    assert listing.is_passport(beginning) is is_one


@pytest.mark.parametrize(
    "unit",
    [
        "<Resource ",
        '<Resource UniqueName="',
        "UniqueName='\"",
        "<Header ",
        "<?xml encoding",
        "<Envelop ",
        "<FailureFile> ",
    ],
)
def test_a_hostile_passport_is_searched_in_linear_time(unit: str) -> None:
    """Three megabytes of beginnings that never end; quadratic, this would take hours."""
    hostile = (unit * (3_000_000 // len(unit))).encode()
    listing.resources(hostile)
    env.is_envelope(hostile)
    env.tells_failure(hostile)


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "there", "lacking"),
    [
        (["a.txt"], ["a.txt"], 0),
        (["A.TXT"], ["a.txt"], 0),
        (["a[1].txt"], ["a.txt"], 0),
        (["a[1].txt", "a[2].txt"], ["a.txt"], 1),
        (["a.txt", "A.txt"], ["A.txt", "a.txt"], 0),
        (["a.txt"], [], 1),
        ([], ["a.txt"], 0),
        (["й.txt"], ["\u0438\u0306.txt"], 0),
        (["../a.txt"], ["a.txt"], 1),
    ],
)
def test_files_are_found_under_the_names_that_a_package_gives_them(
    named: list[str], there: list[str], lacking: int
) -> None:
    assert absent(named, there) == lacking

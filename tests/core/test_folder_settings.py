# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories in the configuration: what is enough, and what would lose or mix up packages."""

import re
import tomllib
from pathlib import Path

import pytest

from gateway.settings import ConfigurationError, FolderProof, Settings, parse

GATEWAY = """
secret = "secret-for-tests-only-0123456789"
[[office]]
index = "OFFICE"
name = "Office"
address = "exchange@office.example"
[journal]
url = "sqlite:///journal.db"
blobs = "blobs"
[edms]
mapping = "registry"
database = "sqlite:///registry.db"
files = "files"
[relay]
host = "127.0.0.1"
tls = "none"
[[folder]]
name = "box"
path = "in"
layout = "sev"
archive = "taken"
[[channel]]
id = "partner"
proof = {kind = "folder", name = "box"}
folder_out = {path = "out", layout = "sev"}
[[partner]]
id = "partner"
name = "Partner"
channel = "partner"
indices = ["PARTNER"]
mode = "live"
"""


def settings(old: str = "", new: str = "", text: str = GATEWAY) -> Settings:
    assert old in text
    return parse({"gateway.toml": text.replace(old, new, 1)}, folder=Path("/srv"))


def test_a_partner_reached_by_directories_alone_needs_no_address() -> None:
    found = settings()

    (channel,) = found.channels
    assert channel.proof == FolderProof(kind="folder", name="box")
    assert (channel.address, channel.goes_to) == ("", "folder /srv/out")
    assert (found.folders[0].path, found.warnings) == (Path("/srv/in"), ())


def test_paths_in_the_partners_file_are_meant_from_its_folder() -> None:
    own, others = GATEWAY.split("[[channel]]")

    found = parse({"g.toml": 'partners = "p.toml"\n' + own, "p.toml": "[[channel]]" + others}, folder=Path("/srv"))

    assert found.channels[0].folder_out is not None
    assert found.channels[0].folder_out.path == Path("/srv/out")


MISTAKES = [
    ('folder_out = {path = "out", layout = "sev"}\n', "", "channel[1].address: is missing"),
    ('name = "box"}', 'name = "bx"}', 'channel[1].proof.name: there is no [[folder]] "bx"; did you mean box?'),
    ('kind = "folder"', 'kind = "mailbox"', 'channel[1].proof.name: there is no listener or mailbox "box"'),
    ('path = "out"', 'path = "in"', 'channel[1].folder_out.path: is the folder that "box" takes packages from'),
    ('archive = "taken"\n', "", "folder[1].after: packages shall be archived, but nowhere"),
    ('archive = "taken"', 'archive = "in/taken"', "folder[1].archive: lies in the folder that packages are taken"),
    ('layout = "sev"}', 'layout = "sev", flat = true}', "channel[1].folder_out.flat: packages of this layout are"),
    ('layout = "sev"\narchive', 'layout = "smdo"\narchive', 'folder[1].layout: expected "sev" or "medo"'),
    (
        "[[channel]]",
        '[[folder]]\nname = "other"\npath = "in"\nlayout = "medo"\nafter = "leave"\n[[channel]]',
        'folder[2].path: is also the folder of "box"',
    ),
    (
        "[[channel]]",
        '[[listener]]\nname = "Box"\nbind = "127.0.0.1:2525"\n[[channel]]',
        'folder[1].name: "box" is used twice',
    ),
]


@pytest.mark.parametrize(("old", "new", "complaint"), MISTAKES)
def test_a_mistake_is_named_where_it_stands(old: str, new: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        settings(old, new)

    assert [str(problem).partition(": ")[2].startswith(complaint) for problem in refused.value.problems] == [True]


def test_one_directory_for_two_channels_is_a_warning() -> None:
    second = (
        '[[channel]]\nid = "second"\nproof = {kind = "folder", name = "box"}\n'
        'folder_out = {path = "out2", layout = "medo", to = "BOX~NODE"}\n[[partner]]'
    )

    found = settings("[[partner]]", second)

    assert [
        '"box" is also the proof of partner: then nothing in it is believed' in str(one) for one in found.warnings
    ] == [True]


TO_NOBODY = (
    "gateway.toml:25: channel[1].folder_out.to: is missing: envelopes have no addressee, and a mail product of MEDO "
    'can send them to nobody; write "BOX~NODE" of the partner, as the mail product knows it'
)


@pytest.mark.parametrize("flat", ["", ", flat = true"])
def test_envelopes_of_medo_that_name_nobody_are_a_warning(flat: str) -> None:
    found = settings('path = "out", layout = "sev"', f'path = "out", layout = "medo"{flat}')

    assert [str(one) for one in found.warnings] == [TO_NOBODY]


@pytest.mark.parametrize(
    "named",
    [
        'folder_out = {path = "out", layout = "medo", to = "BOX~NODE"}',
        'folder_out = {path = "out", layout = "medo"}\naddress = "box@partner.example"',
        'folder_out = {path = "out", layout = "sev"}',
    ],
)
def test_envelopes_that_name_somebody_or_are_no_envelopes_of_medo_are_no_warning(named: str) -> None:
    assert settings('folder_out = {path = "out", layout = "sev"}', named).warnings == ()


def test_an_envelope_that_the_dialect_brings_has_its_addressee() -> None:
    guid = "7b1f0c9a-3d2e-4f58-8a61-2c9e5d4b7f10"
    text = GATEWAY.replace('name = "Office"', f'name = "Office"\ncodes = {{medo = "{guid}"}}')
    text = text.replace('indices = ["PARTNER"]', f'indices = ["PARTNER"]\ncodes = {{PARTNER = "{guid}"}}')
    brings = 'dialect = "medo"\nenvelope = "BOX~NODE"\nfolder_out = {path = "out", layout = "medo"}'

    assert settings('folder_out = {path = "out", layout = "sev"}', brings, text).warnings == ()


def test_the_page_shows_an_addressee_wherever_packages_of_medo_go() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "folders.md").read_text("utf-8")
    tables = [tomllib.loads(block) for block in re.findall(r"^```toml\n(.*?)^```$", page, re.M | re.S)]
    channels = [table["channel"] for table in tables if "channel" in table]
    outs = [(channel[0] if isinstance(channel, list) else channel).get("folder_out") for channel in channels]

    assert [out["to"] != "" for out in outs if out["layout"] == "medo"] == [True]

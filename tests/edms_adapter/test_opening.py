# SPDX-License-Identifier: GPL-3.0-or-later
"""Adapters by name: what is wrong with the name or the options is said before anything is opened."""

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.edms_adapter.opening import Adapter, AdapterError, adapter_called, options_for
from gateway.settings.values import Duration, Shape

PACKAGE = """
from pathlib import Path
from gateway.edms_adapter.opening import Adapter
from gateway.settings.values import Shape

class Options(Shape):
    address: str

def opened(options, around):
    raise LookupError(options.address)

ADAPTER = Adapter(Options, opened)
"""


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a package that brings the adapters ``bureau`` and ``broken``."""
    (tmp_path / "bureau_adapter.py").write_text(PACKAGE)
    about = tmp_path / "bureau_adapter-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: bureau-adapter\nVersion: 1.0\n")
    points = ("bureau = bureau_adapter:ADAPTER", "broken = bureau_adapter:NOTHING", "other = bureau_adapter:PACKAGE")
    (about / "entry_points.txt").write_text("[edms_gateway.adapters]\n" + "\n".join(points) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("bureau_adapter", None)


class Options(Shape):
    url: str
    patience: Duration = timedelta(seconds=30)


def nothing(options: Options, around: object) -> None:
    """Never called: options are read before anything is opened."""


@pytest.mark.usefixtures("brought")
def test_a_package_brings_an_adapter_by_its_entry_point() -> None:
    adapter = adapter_called("bureau")
    with pytest.raises(LookupError, match="https://edms"):
        adapter.open(options_for(adapter, {"address": "https://edms.bureau.example"}), None)  # type: ignore[arg-type]


@pytest.mark.usefixtures("brought")
def test_an_adapter_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(AdapterError, match=r"no adapter 'beaureau'; there are: .*bureau.*sql"):
        adapter_called("beaureau")


@pytest.mark.usefixtures("brought")
def test_a_package_that_is_broken_is_a_complaint_and_no_traceback() -> None:
    with pytest.raises(AdapterError, match="'broken' cannot be loaded: AttributeError"):
        adapter_called("broken")
    (Path(sys.modules["bureau_adapter"].__file__ or "")).write_text("")
    with pytest.raises(AdapterError, match="'other' cannot be loaded"):
        adapter_called("other")


def test_every_option_that_is_wrong_is_named_with_what_would_be_right() -> None:
    adapter = Adapter(Options, nothing)  # type: ignore[arg-type]
    with pytest.raises(AdapterError) as found:
        options_for(adapter, {"patiense": "1 min", "patience": "long"})
    said = str(found.value).splitlines()
    assert [line.split(":")[0].rpartition(".")[2] for line in said] == ["url", "patience", "patiense"]
    assert "write a number and a unit" in said[1]
    assert "did you mean patience" in said[2]


def test_options_are_read_in_the_form_of_the_adapter() -> None:
    adapter = Adapter(Options, nothing)  # type: ignore[arg-type]
    assert options_for(adapter, {"url": "x", "patience": "2 min"}).patience == timedelta(minutes=2)

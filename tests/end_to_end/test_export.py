"""Packages of a real docking: what they show stands as it does in the store, and the rest is withheld."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from end_to_end.conftest import Verify
from end_to_end.evidence import STATUS, VERDICTS, Shift

from evidock.cli.main import run

RECORDINGS = [("one", 1), ("one", 2), ("one", 3), ("one", 4), ("two", 1)]


@pytest.fixture
def store(shift: Shift, tmp_path: Path) -> Path:
    """A copy, since an export is noted in custody."""
    return Path(shutil.copytree(shift.store, tmp_path / "store"))


def exported(capsys: pytest.CaptureFixture[str], store: Path, target: Path, *options: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["export", str(store), "--to", str(target), "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(("name", "recording"), RECORDINGS)
def test_a_recording_stands_as_it_does_in_the_store(
    name: str,
    recording: int,
    shift: Shift,
    store: Path,
    tmp_path: Path,
    verify: Verify,
    capsys: pytest.CaptureFixture[str],
) -> None:
    device = shift.devices[name]
    told = exported(capsys, store, tmp_path / "out", "--recording", str(recording), "--device", device)
    assert told["devices"][0]["withheld"] > 0
    status, packed = verify(tmp_path / "out")
    assert status == STATUS[packed["verdict"]]
    assert packed["verdict"] in ("VERIFIED", "VERIFIED_DECLARED_GAPS")
    assert packed["simulated"]
    interval = packed["interval"]
    _status, whole = verify(store, "--from", interval["from"], "--to", interval["to"], "--device", device)
    assert packed["verdict"] == whole["verdict"]
    assert packed["coverage"]["spans"] == whole["coverage"]["spans"]
    assert packed["coverage"]["withheld_s"] == 0
    assert [one["id"] for one in packed["devices"]] == [device]


def test_a_package_of_everything_in_an_hour(
    shift: Shift, store: Path, tmp_path: Path, verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    _status, whole = verify(store)
    interval = whole["interval"]
    hour = ("--from", interval["from"], "--to-time", interval["to"])
    told = exported(capsys, store, tmp_path / "out", *hour)
    assert {one["id"]: one["recordings"] for one in told["devices"]} == {
        shift.devices["one"]: [1, 2, 3, 4],
        shift.devices["two"]: [1],
    }
    _status, packed = verify(tmp_path / "out")
    _status, asked = verify(store, "--from", interval["from"], "--to", interval["to"])
    assert VERDICTS.index(packed["verdict"]) >= VERDICTS.index(asked["verdict"])
    assert packed["coverage"]["recorded_s"] == asked["coverage"]["recorded_s"]
    assert packed["coverage"]["recovered_s"] == asked["coverage"]["recovered_s"]


def test_the_neighbours_of_a_recording_are_withheld(
    shift: Shift, store: Path, tmp_path: Path, verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    _status, whole = verify(store, "--device", shift.devices["one"])
    interval = whole["interval"]
    hour = ("--from", interval["from"], "--to-time", interval["to"], "--device", shift.devices["one"])
    exported(capsys, store, tmp_path / "out", *hour, "--recording", "2")
    status, packed = verify(tmp_path / "out")
    assert (packed["verdict"], status) == ("INDETERMINATE", 3)
    withheld = {one["recording"] for one in packed["coverage"]["spans"] if one["state"] == "withheld"}
    assert withheld >= {1, 3, 4}
    recorded = {one["recording"] for one in packed["coverage"]["spans"] if one["state"] == "recorded"}
    assert recorded == {2}


def test_any_other_tool_checks_the_sums(
    shift: Shift, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("this system has no sha256sum")
    exported(capsys, store, tmp_path / "out", "--recording", "1", "--device", shift.devices["two"])
    done = subprocess.run(
        ["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path / "out", capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_timeline_and_inspect_of_a_package(
    shift: Shift, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported(capsys, store, tmp_path / "out", "--recording", "1", "--device", shift.devices["one"])
    for name in ("line.svg", "page.html"):
        assert run(["timeline", str(tmp_path / "out"), "--out", str(tmp_path / name), "--trust", shift.pin]) == 0
        assert (tmp_path / name).stat().st_size > 1000
    capsys.readouterr()
    assert run(["inspect", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert "recordings in this package: 1" in shown
    assert "are withheld" in shown


def test_the_store_stays_as_good_as_it_was(
    shift: Shift, store: Path, tmp_path: Path, verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    _status, before = verify(shift.store)
    exported(capsys, store, tmp_path / "out", "--recording", "1", "--device", shift.devices["one"])
    _status, after = verify(store)
    assert after["verdict"] == before["verdict"]
    assert [one["code"] for one in after["findings"]] == [one["code"] for one in before["findings"]]

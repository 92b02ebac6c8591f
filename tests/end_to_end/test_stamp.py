"""A real recorder's head, stamped by an authority of this machine, and what `evidock verify` makes of it elsewhere."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from end_to_end.conftest import Verify
from end_to_end.evidence import Shift
from support.time_authority import Authority, needs_openssl, needs_time, send, serving

from evidock.cli.main import run

pytestmark = [needs_time, needs_openssl]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("time") / "authority")


@pytest.fixture
def store(shift: Shift, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shift.store, tmp_path / "store"))


def stamp(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any], str]:
    """`evidock stamp … --json`: status, what it printed, what it complained."""
    capsys.readouterr()
    status = run(["stamp", *options, "--json"])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out else {}, err


def codes(report: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in report["findings"] if finding["code"].startswith("STAMP")]


def test_stamped_over_the_network_and_verified_offline(
    store: Path, authority: Authority, verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = verify(store)
    with serving(lambda handler, query: send(handler, authority.answer(query))) as url:
        status, told, _err = stamp(capsys, str(store), "--authority", url, "--roots", str(authority.roots))
    assert status == 0
    assert all(one["checked"] and one["fresh"] for one in told["stamps"])
    status, unchecked = verify(store)
    assert (status, unchecked["verdict"]) == (plain[0], plain[1]["verdict"])
    assert codes(unchecked) == ["STAMPED"] * len(told["stamps"])
    status, report = verify(store, "--time-roots", str(authority.roots))
    assert status == plain[0]
    assert codes(report) == ["STAMPED"] * len(told["stamps"])
    for device in report["devices"]:
        (one,) = device["stamps"]
        assert one["checked"]
        assert one["head_size"] == device["head"]["size"]
        assert one["latest"] in {made["latest"] for made in told["stamps"]}


def test_a_package_takes_the_stamp_along(
    store: Path, authority: Authority, verify: Verify, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with serving(lambda handler, query: send(handler, authority.answer(query))) as url:
        assert stamp(capsys, str(store), "--authority", url)[0] == 0
    whole = verify(store, "--time-roots", str(authority.roots))[1]["devices"][0]
    options = ("--device", whole["id"], "--recording", "1")
    assert run(["export", str(store), "--to", str(tmp_path / "package"), *options]) == 0
    report = verify(tmp_path / "package", "--time-roots", str(authority.roots))[1]
    (device,) = report["devices"]
    assert device["stamps"] == whole["stamps"]
    assert (device["enrolled_by"], device["enroller"]) == (whole["enrolled_by"], whole["enroller"])
    assert (whole["registry"], device["registry"]) == ("enrolled", None)  # what came later, a package does not show


def test_stamped_by_files(
    store: Path, authority: Authority, verify: Verify, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    device = verify(store)[1]["devices"][0]["id"]
    query, answer = tmp_path / "head.tsq", tmp_path / "head.tsr"
    status, told, _err = stamp(capsys, str(store), "--query", str(query), "--device", device[:12])
    assert (status, told["device"]) == (0, device)
    answer.write_bytes(authority.answer(query.read_bytes()))
    status, told, _err = stamp(capsys, str(store), "--response", str(answer), "--roots", str(authority.roots))
    assert (status, told["stamps"][0]["device"]) == (0, device)
    report = verify(store, "--time-roots", str(authority.roots), "--device", device)[1]
    assert codes(report) == ["STAMPED"]


def test_an_authority_that_the_verifier_does_not_trust(
    store: Path, authority: Authority, verify: Verify, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other", "Sundial")
    with serving(lambda handler, query: send(handler, authority.answer(query))) as url:
        assert stamp(capsys, str(store), "--authority", url)[0] == 0
    status, report = verify(store, "--time-roots", str(other.roots))
    assert set(codes(report)) == {"STAMP_MISMATCH"}
    assert status == max(3, verify(store)[0])


@pytest.mark.parametrize(
    ("options", "status", "part"),
    [
        ((), 2, "exactly one"),
        (("--authority", "http://x/", "--query", "q"), 2, "exactly one"),
        (("--authority", "ftp://x/"), 2, "http"),
        (("--query", "q", "--device", "zz"), 2, "zz"),
        (("--response", "absent.tsr"), 1, "absent.tsr"),
        (("--response", __file__), 1, "no time stamp"),
        (("--authority", "http://x/", "--roots", __file__), 1, "no certificates"),
        (("--authority", "http://127.0.0.1:1/"), 1, "cannot be asked"),
    ],
)
def test_bad_input_is_one_line(
    store: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], status: int, part: str
) -> None:
    found, told, complaint = stamp(capsys, str(store), *options)
    assert (found, told) == (status, {})
    assert complaint.count("\n") == 1
    assert part in complaint

"""A recorder's card by itself: as a raw image, as a mounted folder, damaged. It vouches for itself alone."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from end_to_end.conftest import Verify
from end_to_end.evidence import Shift
from hypothesis import given, settings
from hypothesis import strategies as st

from evidock.errors import EvidockError
from evidock.verification import verify as verify_quietly
from evidock_protocol import card
from evidock_simulator.attacks.card_image import unpack
from evidock_simulator.attacks.evidence import Evidence

TABLES = 2 * 1024 * 1024  # the first bytes of an image: boot sector, tables, folders, and the beginning of the data


@pytest.fixture(scope="module")
def image(shift: Shift, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the first recorder's card that may be damaged and mended."""
    copy = tmp_path_factory.mktemp("card") / "card.img"
    subprocess.run(["cp", "--sparse=always", str(shift.cards["one"]), str(copy)], check=True)
    return copy


@pytest.fixture(scope="module")
def folder(shift: Shift, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same card's files, as a mount shows them."""
    target = tmp_path_factory.mktemp("card") / "mounted"
    unpack(shift.cards["one"], target)
    return target


def codes(report: dict[str, Any]) -> set[str]:
    return {one["code"] for one in report["findings"]}


def test_a_card_says_at_best_indeterminate(shift: Shift, image: Path, verify: Verify) -> None:
    """Pinned by its id: everything holds, but nothing tells whether entries were cut from its end."""
    status, report = verify(image, trust=shift.devices["one"])
    assert (status, report["verdict"]) == (3, "INDETERMINATE")
    assert codes(report) == {"NO_HEAD", "GAP_DECLARED", "NO_VOICE", "BREAK"}
    (device,) = report["devices"]
    assert device["id"] == shift.devices["one"]
    assert device["protection"] == "simulated"
    assert device["head"]["attested"] is False
    assert report["authenticity"]["answer"] == "intact"
    assert report["coverage"]["recorded_s"] > 200


def test_the_organisation_does_not_vouch_for_a_card(image: Path, verify: Verify) -> None:
    """Enrolment is in a host's custody chain, which no card has."""
    status, report = verify(image)
    assert (status, report["verdict"]) == (5, "UNTRUSTED")
    assert "NOT_ENROLLED" in codes(report)
    status, report = verify(image, trust="00" * 32)
    assert (status, report["verdict"]) == (5, "UNTRUSTED")
    assert "FOREIGN_ORGANISATION" in codes(report)


def test_image_and_folder_give_one_report(shift: Shift, image: Path, folder: Path, verify: Verify) -> None:
    pin = shift.devices["one"]
    status, report = verify(image, trust=pin)
    for path in (folder, folder / card.ROOT):
        other_status, other = verify(path, trust=pin)
        assert other.pop("verified")  # when it was verified, which is all that may differ
        assert (other_status, other | {"verified": report["verified"]}) == (status, report)


def test_a_mount_in_small_letters(shift: Shift, folder: Path, tmp_path: Path, verify: Verify) -> None:
    """Linux shows 8.3 names so by default."""
    small = tmp_path / "mounted"
    for path in sorted(folder.rglob("*")):
        target = small / str(path.relative_to(folder)).lower()
        if path.is_dir():
            target.mkdir(parents=True)
        else:
            shutil.copyfile(path, target)
    pin = shift.devices["one"]
    status, report = verify(small, trust=pin)
    assert (status, report["verdict"]) == (3, "INDETERMINATE")
    assert report["coverage"] == verify(folder, trust=pin)[1]["coverage"]


def test_every_segment_of_the_store_is_on_the_card(shift: Shift, folder: Path) -> None:
    """The same bytes on both sides, and the same leaf hashes beside them."""
    kept = {path.stem: path for path in (shift.store / "recorders" / shift.devices["one"]).rglob("R*/S*.wav")}
    assert kept
    for path in (shift.store / "recorders" / shift.devices["one"] / "media").rglob("*.wav"):
        (twin,) = folder.rglob(f"{path.parent.name}/{path.stem}.WAV")
        assert twin.read_bytes() == path.read_bytes()
        leaves = shift.store / "recorders" / shift.devices["one"] / "leaves" / path.parent.name / f"{path.stem}.lvs"
        assert twin.with_suffix(".LVS").read_bytes() == leaves.read_bytes()


def test_heads_kept_elsewhere_show_a_cut(shift: Shift, folder: Path, tmp_path: Path, verify: Verify) -> None:
    """AT-8: without a head a card's missing end does not show; with a host's heads it does."""
    cut = tmp_path / "card"
    shutil.copytree(folder, cut)
    (journal,) = cut.rglob("JOURNAL.CBS")
    entries = verify(folder, trust=shift.devices["one"])[1]["devices"][0]["head"]["size"]
    recorder = Evidence(cut).recorder
    assert len(recorder.entries) == entries
    last = recorder.segments()[-1]
    last.path.unlink()
    last.leaves.unlink()
    recorder.write(recorder.entries[: last.place])
    assert journal.stat().st_size == sum(map(len, recorder.entries))
    pin = shift.devices["one"]
    heads = shift.store / "recorders" / pin / "heads.cbs"
    status, report = verify(cut, "--heads", str(heads), trust=pin)
    assert (status, report["verdict"]) == (4, "INCOMPLETE")
    assert "TAIL_OPEN" in codes(report)


def test_heads_kept_elsewhere_do_not_accuse_an_honest_card(shift: Shift, folder: Path, verify: Verify) -> None:
    """The card's copy of the journal trails the journal (Specification, "The card"): that alone is no loss."""
    pin = shift.devices["one"]
    heads = shift.store / "recorders" / pin / "heads.cbs"
    status, report = verify(folder, "--heads", str(heads), trust=pin)
    assert report["verdict"] in ("VERIFIED_DECLARED_GAPS", "INDETERMINATE"), report["findings"]
    assert status in (0, 3)


def test_two_recorders_on_one_card(shift: Shift, folder: Path, tmp_path: Path, verify: Verify) -> None:
    both = tmp_path / "card"
    shutil.copytree(folder, both)
    unpack(shift.cards["two"], tmp_path / "second")
    (second,) = (path for path in (tmp_path / "second" / card.ROOT).iterdir() if path.is_dir())
    shutil.copytree(second, both / card.ROOT / second.name)
    _status, report = verify(both, trust=shift.devices["two"])
    assert {one["id"] for one in report["devices"]} == set(shift.devices.values())
    assert report["verdict"] == "UNTRUSTED"  # one of them is not pinned
    status, report = verify(both, "--device", shift.devices["two"][:8], trust=shift.devices["two"])
    assert (status, report["verdict"]) == (3, "INDETERMINATE")


@given(data=st.data())
@settings(max_examples=60)
def test_a_damaged_file_system_never_passes_and_never_crashes(data: st.DataObject, image: Path, shift: Shift) -> None:
    """Bytes of the boot sector, the tables and the folders replaced: a report below VERIFIED, or one clear error."""
    place = data.draw(st.integers(0, TABLES - 1) | st.integers(0, 2048), label="place")
    more = data.draw(st.binary(min_size=1, max_size=64), label="bytes")
    with image.open("r+b") as file:
        file.seek(place)
        before = file.read(len(more))
        file.seek(place)
        file.write(more)
    said, passed = "", False
    try:
        report = verify_quietly(image, trust=[shift.devices["one"]])
        passed = report.verdict.exit_status == 0
    except EvidockError as error:
        said = error.message("en")
    finally:
        with image.open("r+b") as file:
            file.seek(place)
            file.write(before)
    assert not passed
    assert "\n" not in said


@pytest.mark.parametrize("length", [0, 511, 512, 40_000, 1_200_000, 3_000_000])
def test_an_image_that_was_cut(length: int, image: Path, tmp_path: Path, verify: Verify) -> None:
    """As a copy that broke off: what cannot be read is said in one line, or named in findings."""
    cut = tmp_path / "cut.img"
    with image.open("rb") as file:
        cut.write_bytes(file.read(length))
    status, report = verify(cut)
    assert status in (1, 3, 4, 5, 6)
    if status == 1:
        assert len(report["complaint"].splitlines()) == 1
        assert "card" in report["complaint"]


def test_a_card_is_only_read(image: Path, shift: Shift, verify: Verify) -> None:
    before = image.stat().st_mtime_ns, image.read_bytes()[:TABLES]
    os.chmod(image, 0o444)
    verify(image, trust=shift.devices["one"])
    os.chmod(image, 0o644)
    assert (image.stat().st_mtime_ns, image.read_bytes()[:TABLES]) == before

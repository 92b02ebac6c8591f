"""Cards as folders and as images, and paths that are none of these."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fat32 import SECTOR, fat32_image
from support.forge import Host, shift, write_card
from support.verified import report_of

from evidock import EvidockError
from evidock.report import Verdict
from evidock.verification import NotEvidence, open_reader, verify
from evidock_protocol import card


@pytest.fixture
def folder(host: Host, tmp_path: Path) -> Path:
    return write_card(tmp_path / "card", shift(host))


def test_a_card_alone_is_not_enrolled(folder: Path, host: Host) -> None:
    report = report_of(folder, host)
    assert report.verdict is Verdict.UNTRUSTED
    assert "NOT_ENROLLED" in {finding.code for finding in report.findings}


def test_a_card_with_its_pinned_recorder_and_kept_heads_is_verified(folder: Path, host: Host, tmp_path: Path) -> None:
    recorder = shift(Host())
    heads = tmp_path / "heads"
    heads.write_bytes(b"".join(host.heads[recorder.device]))
    for path in (folder, folder / card.ROOT):
        assert verify(path, trust=[recorder.device.hex()], heads=heads).verdict is Verdict.VERIFIED


def test_a_card_whose_copy_trails_the_heads_is_indeterminate(folder: Path, host: Host, tmp_path: Path) -> None:
    recorder = shift(Host())
    journal = next(folder.glob("EVIDOCK/*/JOURNAL.CBS"))
    journal.write_bytes(journal.read_bytes()[: -len(recorder.entries[-1])])
    (tmp_path / "heads").write_bytes(b"".join(host.heads[recorder.device]))
    report = verify(folder, trust=[recorder.device.hex()], heads=tmp_path / "heads")
    assert report.verdict is Verdict.INDETERMINATE
    assert "COPY_TRAILS" in {finding.code for finding in report.findings}


def test_a_card_whose_copy_begins_late_is_not_called_altered(folder: Path, host: Host) -> None:
    recorder = shift(Host())
    journal = next(folder.glob("EVIDOCK/*/JOURNAL.CBS"))
    journal.write_bytes(journal.read_bytes()[len(recorder.entries[0]) :])
    report = verify(folder, trust=[recorder.device.hex()])
    assert "NO_GENESIS" in {finding.code for finding in report.findings}
    assert report.verdict is not Verdict.ALTERED


def test_files_missing_on_a_card(folder: Path, host: Host) -> None:
    shutil.rmtree(next(folder.glob("EVIDOCK/*/R0000001")))
    found = {finding.code for finding in report_of(folder, host).findings}
    assert "RECORDING_MISSING" in found


@pytest.mark.parametrize(("partitioned", "per_cluster"), [(False, 1), (True, 1), (False, 8)])
def test_an_image_gives_what_its_folder_gives(
    folder: Path, host: Host, tmp_path: Path, partitioned: bool, per_cluster: int
) -> None:
    image = tmp_path / "card.img"
    image.write_bytes(fat32_image(folder, partitioned, per_cluster))
    one, two = report_of(folder, host).to_json(), report_of(image, host).to_json()
    assert [row["code"] for row in one["findings"]] == [row["code"] for row in two["findings"]]  # type: ignore[attr-defined]
    assert one["verdict"] == two["verdict"]
    assert one["coverage"] == two["coverage"]


def test_an_edited_image_is_located(folder: Path, host: Host, tmp_path: Path) -> None:
    image = tmp_path / "card.img"
    sample = next(folder.glob("EVIDOCK/*/R0000001/S0000002.WAV")).read_bytes()
    raw = bytearray(fat32_image(folder, False))
    place = raw.index(sample[20_992 : 20_992 + 400])
    raw[place] ^= 1
    image.write_bytes(raw)
    report = report_of(image, host)
    assert report.verdict is Verdict.ALTERED
    assert any(
        finding.code == "CONTENT_MISMATCH" and (finding.recording, finding.segment) == (1, 2)
        for finding in report.findings
    )


@pytest.mark.parametrize("kind", ["missing", "text", "empty folder", "empty card", "empty file"])
def test_what_is_no_evidence_is_said_in_one_line(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "evidence"
    if kind == "text":
        path.write_text("not a card " * 100)
    elif kind == "empty file":
        path.write_bytes(b"")
    elif kind != "missing":
        path.mkdir()
        if kind == "empty card":
            (path / "EVIDOCK").mkdir()
    with pytest.raises(NotEvidence) as error:
        open_reader(path)
    for lang in ("en", "zh"):
        assert "\n" not in error.value.message(lang)


@given(st.data())
def test_damaged_images_raise_only_our_own_errors(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw = bytearray(_image(tmp_path_factory))
    for _ in range(data.draw(st.integers(1, 6))):
        offset = data.draw(
            st.one_of(st.integers(0, 95), st.integers(32 * SECTOR, 32 * SECTOR + 2000), st.integers(0, len(raw) - 1))
        )
        raw[offset] = data.draw(st.integers(0, 255))
    image = tmp_path_factory.mktemp("images") / "card.img"
    image.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    try:
        verify(image, trust=[])
    except EvidockError:
        return


_kept: list[bytes] = []


def _image(factory: pytest.TempPathFactory) -> bytes:
    if not _kept:
        host = Host()
        recorder = host.recorder()
        recorder.booted()
        recorder.start()
        recorder.segment(0.5)
        recorder.stop()
        _kept.append(fat32_image(write_card(factory.mktemp("card"), recorder), False))
    return _kept[0]

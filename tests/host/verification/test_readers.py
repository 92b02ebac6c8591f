"""Cards as folders and as images, and paths that are none of these."""

import shutil
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.forge import Host, shift, write_card
from support.verified import report_of

from evidock import EvidockError
from evidock.report import Verdict
from evidock.verification import NotEvidence, open_reader, verify
from evidock_protocol import card

SECTOR = 512


def fat32_image(folder: Path, partitioned: bool, per_cluster: int = 1) -> bytes:
    """A FAT32 volume with the files below `folder`; clusters of files are interleaved, so that chains have many
    runs.
    """
    cluster = per_cluster * SECTOR
    reserved, fat_sectors, clusters = 32, 600, 70_000
    fat = [0x0FFFFFF8, 0x0FFFFFFF, 0] + [0] * clusters
    data: dict[int, bytes] = {}
    free = iter(range(3, clusters))

    def store(content: bytes, first: int | None = None) -> int:
        pieces = [content[at : at + cluster] for at in range(0, len(content), cluster)] or [b""]
        numbers = [next(free) if first is None else first]
        for _ in pieces[1:]:
            if len(numbers) % 40 == 39:
                next(free)  # leaves a cluster out
            numbers.append(next(free))
        for place, number in enumerate(numbers):
            fat[number] = numbers[place + 1] if place + 1 < len(numbers) else 0x0FFFFFFF
            data[number] = pieces[place].ljust(cluster, b"\x00")
        return numbers[0]

    def entry(name: str, attributes: int, first: int, length: int) -> bytes:
        base, _dot, extension = name.partition(".")
        raw = base.encode().ljust(8) + extension.encode().ljust(3) + bytes((attributes,))
        return raw.ljust(20, b"\x00") + struct.pack("<HIHI", first >> 16, 0, first & 0xFFFF, length)

    def write(place: Path, first: int | None = None) -> int:
        rows = [b"\xe5" + bytes(31), entry("LABEL", 0x08, 0, 0)]
        for one in sorted(place.iterdir()):
            if one.is_dir():
                rows.append(entry(one.name, 0x10, write(one), 0))
            else:
                rows.append(entry(one.name, 0x20, store(one.read_bytes()), one.stat().st_size))
        return store(b"".join(rows), first)

    write(folder, 2)
    total = reserved + fat_sectors + clusters * per_cluster
    boot = bytearray(SECTOR)
    boot[:3] = b"\xeb\x58\x90"
    struct.pack_into("<HBHB", boot, 11, SECTOR, per_cluster, reserved, 1)
    struct.pack_into("<II", boot, 32, total, fat_sectors)
    struct.pack_into("<I", boot, 44, 2)
    boot[510:] = b"\x55\xaa"
    used = max(data) + 1
    volume = bytes(boot).ljust(reserved * SECTOR, b"\x00")
    volume += struct.pack(f"<{len(fat)}I", *fat)[: fat_sectors * SECTOR].ljust(fat_sectors * SECTOR, b"\x00")
    volume += b"".join(data.get(number, bytes(cluster)) for number in range(2, used))
    if not partitioned:
        return volume
    mbr = bytearray(SECTOR)
    struct.pack_into("<BxxxBxxxII", mbr, 446, 0, 0x0C, 64, total)
    mbr[510:] = b"\x55\xaa"
    return bytes(mbr).ljust(64 * SECTOR, b"\x00") + volume


@pytest.fixture
def host() -> Host:
    return Host()


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

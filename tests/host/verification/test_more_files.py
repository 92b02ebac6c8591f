"""One more directory entry, or one of another type: whatever lies beside the evidence is named, and nothing that is no
plain file is read.

AT-3, AT-29, AT-30 and AT-31.
"""

import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.fat32 import fat32_image
from support.forge import Host, Recorder, shift, write_card
from support.verified import expect, report_of

from evidock import layout
from evidock.report import Report, Verdict
from evidock.verification import verify
from evidock.verification.sequence import MAXIMUM_FOREIGN
from evidock_protocol import card

GOOD = (Verdict.VERIFIED, Verdict.VERIFIED_DECLARED_GAPS)
FIRST = "media/2025/03/14/R0000001"
TYPES = ("file", "folder", "link", "folder link", "dangling link", "pipe")


@pytest.fixture
def own(store: Path) -> Path:
    """The recorder's folder."""
    return next((store / layout.RECORDERS).iterdir())


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings}


def put(path: Path, kind: str) -> None:
    """Makes a directory entry of a type at `path`."""
    if kind == "file":
        path.write_bytes(os.urandom(900))
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to({"link": "/etc/hostname", "folder link": "/usr", "dangling link": "nowhere"}[kind])


@cache
def _evidence(on_card: bool) -> tuple[Host, Path, list[Path], dict[str, object]]:
    """(host, evidence, every folder in it, options of its verification)."""
    host = Host()
    recorder = shift(host)
    place = Path(mkdtemp()) / "evidence"
    if on_card:
        write_card(place, recorder)
        heads = place.parent / "heads"
        heads.write_bytes(b"".join(host.heads[recorder.device]))
        options: dict[str, object] = {"trust": [recorder.device.hex()], "heads": heads}
        inside = place / card.ROOT
    else:
        host.write(place, recorder)
        options, inside = {}, place
    assert report_of(place, host, **options).verdict is Verdict.VERIFIED
    return host, place, [inside, *sorted(path for path in inside.rglob("*") if path.is_dir())], options


NAMES = st.one_of(
    st.sampled_from(
        [
            "s0000001.wav", "S0000001.WAV", "ſ0000001.wav", "S0000001.avi", "S0000050.wav", "S0000001.wav ", "S0000001",
            "r0000001", "S0000001.lvs", "S0000009.lvs", "s0000001.LVS", "Journal.cbs", "journal.cbs.1", "JOURNAL.CBS",
            "CARD.ID", "card.id", "00000000", "store.json~", ".hidden", "EXTRA.WAV", "R0000009.part", "2025 ", "a\nb",
        ]
    ),
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20),
)  # fmt: skip


@given(st.data(), NAMES, st.sampled_from(TYPES), st.booleans())
@settings(max_examples=250, deadline=None)
def test_no_directory_entry_more_passes(data: st.DataObject, name: str, kind: str, on_card: bool) -> None:
    """AT-3, AT-30, AT-31: of any name and type, anywhere."""
    host, evidence, folders, options = _evidence(on_card)
    folder = data.draw(st.sampled_from(folders))
    path = folder / name
    honest = name in (layout.LOCK, layout.HOST_KEY, layout.PARTIAL, layout.QUARANTINE, "JOURNAL.OLD", "R0000009")
    is_date = len(name) in (2, 4) and name.isascii() and name.isdigit()
    assume(name not in (".", "..") and not honest and not is_date and not os.path.lexists(path))
    try:
        put(path, kind)
    except OSError:
        assume(False)
    try:
        report = report_of(evidence, host, **options)
    finally:
        path.rmdir() if kind == "folder" else path.unlink()
    assert report.verdict not in GOOD, (folder.relative_to(evidence), name, kind)


@pytest.mark.parametrize("kind", ["folder", "link", "folder link", "pipe", "device"])
@pytest.mark.parametrize("name", [f"{FIRST}/S0000001.wav", layout.JOURNAL, layout.HEADS, layout.RECEIPTS])
def test_what_is_no_plain_file_is_not_read(own: Path, host: Host, tmp_path: Path, name: str, kind: str) -> None:
    """A link to the very same bytes is outside the evidence, a pipe would hold the reader up, a device never ends."""
    path = own / name
    shutil.move(path, tmp_path / "same")
    if kind == "link":
        path.symlink_to(tmp_path / "same")
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        put(path, kind)
    report = report_of(own.parent.parent, host)
    assert report.verdict is Verdict.ALTERED
    assert any(finding.code == "INSERTED" and (finding.path or "").endswith(name) for finding in report.findings)


@pytest.mark.parametrize("name", ["media", FIRST, "."])
def test_a_linked_folder_is_named(own: Path, host: Host, tmp_path: Path, name: str) -> None:
    place = own / name if name != "." else own
    shutil.move(place, tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    report = report_of(own.parent.parent, host)
    assert report.verdict is Verdict.ALTERED
    assert "INSERTED" in codes(report)


def test_another_track_beside_the_sealed_one_is_named(own: Path, host: Host) -> None:
    """A folder that has both kinds of media holds each segment under one name only."""
    (own / FIRST / "S0000001.avi").write_bytes(bytes(600))
    assert report_of(own.parent.parent, host).verdict is Verdict.ALTERED


@pytest.mark.parametrize(
    "name",
    [
        "partial/R0000003-S0000001.part",
        "quarantine/head-9.bin",
        "leaves/R0000001",
        "heads.cbs.torn-812",
        "../../custody.cbs.torn-9",
    ],
)
def test_what_sync_leaves_is_no_insertion(own: Path, host: Host, name: str) -> None:
    path = own / name
    path.parent.mkdir(exist_ok=True)
    if path.suffix:
        path.write_bytes(b"half")
    assert report_of(own.parent.parent, host).verdict is Verdict.VERIFIED


@pytest.mark.parametrize("folder", ["00000000", "FFFFFFFF"])
def test_a_second_folder_of_a_recorder_on_a_card(recorder: Recorder, host: Host, tmp_path: Path, folder: str) -> None:
    """It must neither hide the first one nor be passed over (AT-31)."""
    place = write_card(tmp_path / "card", recorder)
    second = place / card.ROOT / folder / "R0000001"
    second.mkdir(parents=True)
    (second.parent / card.JOURNAL).write_bytes(recorder.entries[0])
    (second / "S0000001.WAV").write_bytes(bytes(900))
    (tmp_path / "heads").write_bytes(b"".join(host.heads[recorder.device]))
    (tmp_path / "card.img").write_bytes(fat32_image(place, False))
    for path in (place, tmp_path / "card.img"):
        report = verify(path, trust=[recorder.device.hex()], heads=tmp_path / "heads")
        assert report.verdict is Verdict.ALTERED
        assert codes(report) == {"INSERTED"}


def test_a_huge_sparse_file_is_not_read_to_its_end(own: Path, host: Host) -> None:
    os.truncate(own / FIRST / "S0000001.wav", 60 << 30)
    report = report_of(own.parent.parent, host)
    assert {"UNCOVERED_TAIL"} == codes(report)
    assert report.findings[0].bytes == (64_512, 60 << 30)


@pytest.mark.parametrize("name", [layout.JOURNAL, layout.HEADS, layout.RECEIPTS, layout.PRIVATE])
def test_a_huge_sparse_sequence_is_not_read_to_its_end(own: Path, host: Host, name: str) -> None:
    os.truncate(own / name, 300 << 30)
    report = report_of(own.parent.parent, host)
    assert report.verdict is Verdict.ALTERED


def test_foreign_bytes_end_somewhere(own: Path, host: Host) -> None:
    """Whole entries between them do not help."""
    whole = (own / layout.JOURNAL).read_bytes()
    with open(own / layout.JOURNAL, "r+b") as file:
        for at in range(1, 40):
            file.seek(at * (MAXIMUM_FOREIGN // 2))
            file.write(whole)
        file.truncate(300 << 30)
    assert report_of(own.parent.parent, host).verdict is Verdict.ALTERED


def test_repeated_heads_are_read_once(own: Path, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evidock.verification.signed_head._LIMIT", 2)
    path = own / layout.HEADS
    path.write_bytes(path.read_bytes() * 50)
    assert report_of(own.parent.parent, host).verdict is Verdict.VERIFIED


def test_more_heads_than_are_read_are_said(own: Path, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evidock.verification.signed_head._LIMIT", 1)
    report = report_of(own.parent.parent, host)
    assert report.verdict not in GOOD
    assert "NO_HEAD" in codes(report)


def test_a_missing_or_empty_custody_chain_is_a_break(own: Path, host: Host, recorder: Recorder) -> None:
    """AT-29, also for someone who pinned the recorder itself and needs no enrolment."""
    store = own.parent.parent
    remove: list[Callable[[], object]] = [
        lambda: (store / layout.CUSTODY).write_bytes(b""),
        lambda: (store / layout.CUSTODY).unlink(),
        lambda: (store / layout.CERTIFICATE).unlink(),
    ]
    for step in remove:
        step()
        report = report_of(store, host, trust=[recorder.device.hex()])
        assert report.verdict is Verdict.ALTERED
        assert "CUSTODY_BREAK" in codes(report)


def test_a_custody_chain_cut_by_heads(own: Path, host: Host) -> None:
    """AT-29. Sync keeps a head before it names it, so one head more may be a crash; two are a cut."""
    store = own.parent.parent
    (store / layout.CUSTODY).write_bytes(b"".join(host.custody[:-1]))
    report = report_of(store, host)
    assert report.verdict is Verdict.INDETERMINATE
    assert {(finding.code, finding.attack) for finding in report.findings} == {("CUSTODY_BREAK", 29)}
    first = next(at for at, raw in enumerate(host.custody) if raw == host.custody[-1]) - 2
    (store / layout.CUSTODY).write_bytes(b"".join(host.custody[:first]))
    assert report_of(store, host).verdict is Verdict.ALTERED


def test_receipts_cannot_be_missing(own: Path, host: Host) -> None:
    """AT-30: those that the recorder sealed were kept before they were given."""
    for step in (lambda: (own / layout.RECEIPTS).write_bytes(b""), (own / layout.RECEIPTS).unlink):
        step()
        report = report_of(own.parent.parent, host)
        assert report.verdict is Verdict.ALTERED
        assert codes(report) == {"STORE_MISMATCH"}


def test_an_interval_after_one_recorder_ended_asks_it_too(tmp_path: Path, host: Host) -> None:
    """One interval for all: a recorder that is silent in it is not passed over."""
    short, long = host.recorder("short"), host.recorder("long")
    for recorder, seconds in ((short, 10), (long, 600)):
        recorder.booted()
        recorder.start()
        recorder.segment(2.0)
        recorder.stop()
        recorder.wait(seconds)
        host.dock(recorder)
    store = host.write(tmp_path / "store", short, long)
    assert report_of(store, host).verdict is Verdict.VERIFIED
    report = report_of(store, host, start=short.started / 1000 + 60)
    assert report.verdict is Verdict.INDETERMINATE
    assert short.device.hex() in {span.device for span in report.coverage.spans}
    alone = report_of(store, host, start=short.started / 1000 + 60, device=short.device.hex())
    assert alone.verdict is Verdict.INDETERMINATE


@pytest.mark.parametrize("kept", ["none", "other"])
def test_kept_heads_that_know_no_recorder_here_are_said(own: Path, host: Host, tmp_path: Path, kept: str) -> None:
    other = shift(Host(name="elsewhere"), "other")
    heads = Path(os.devnull) if kept == "none" else tmp_path / "heads"
    if kept == "other":
        heads.write_bytes(other.head())
    report = report_of(own.parent.parent, host, heads=heads)
    assert report.verdict is Verdict.INDETERMINATE
    assert codes(report) == {"NO_HEAD"}


LITTER = (".DS_Store", "Thumbs.db", "desktop.ini", "THUMBS.DB")


@pytest.mark.parametrize("name", LITTER)
def test_what_operating_systems_leave_is_a_remark(host: Host, store: Path, name: str) -> None:
    """It is no media and can be taken for none; where it stands for a file of ours it is noticed all the same."""
    own = next(store.glob("recorders/*"))
    for folder in (store, store / layout.RECORDERS, own, own / layout.MEDIA, own / layout.LEAVES, own / FIRST):
        (folder / name).write_bytes(b"whatever")
    report = report_of(store, host)
    assert codes(report) == {"LITTER"}
    assert report.verdict is Verdict.VERIFIED
    assert len(report.findings) == 6


@pytest.mark.parametrize("name", [".DS_Store.wav", "S0000001.DS_Store", "._S0000001.wav", ".DS_Store "])
def test_at_31_what_only_looks_like_it_is_inserted(host: Host, store: Path, name: str) -> None:
    (next(store.glob("recorders/*")) / FIRST / name).write_bytes(b"whatever")
    expect(report_of(store, host), Verdict.ALTERED, "INSERTED", 31)


def test_at_31_a_folder_or_a_link_of_that_name_is_inserted(host: Host, store: Path) -> None:
    own = next(store.glob("recorders/*")) / FIRST
    (own / LITTER[0]).mkdir()
    (own / LITTER[1]).symlink_to(store)
    report = report_of(store, host)
    assert codes(report) == {"INSERTED"}
    assert len(report.findings) == 2


def test_litter_on_a_card(host: Host, recorder: Recorder, tmp_path: Path) -> None:
    folder = write_card(tmp_path / "card", recorder)
    for place in (folder / "EVIDOCK", folder / card.device_folder(recorder.device)):
        (place / ".DS_Store").write_bytes(b"whatever")
        (place / "Thumbs.db").write_bytes(b"whatever")
    found = report_of(folder, host).findings
    assert [one.code for one in found if one.code in ("LITTER", "INSERTED")] == ["LITTER"] * 4

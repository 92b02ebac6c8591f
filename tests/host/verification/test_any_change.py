"""Any change of any byte of any file: never a verified verdict, never an error that is not the package's own.

Outside what is claimed, and listed here: `store.json` (whose zone is sealed in the custody chain), leaf hashes (a help
to locate damage, vouched for by the signed root), and the host's key, lock and partial files, which verification does
not read.
"""

import json
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.forge import Host, shift, write_card
from support.verified import expect, report_of

from evidock import EvidockError, layout
from evidock.report import Report, Verdict
from evidock_protocol import cbor

GOOD = (Verdict.VERIFIED, Verdict.VERIFIED_DECLARED_GAPS)
OUTSIDE = (layout.STORE_FILE, layout.LEAVES + "/")


@cache
def evidence() -> tuple[Host, Path, list[Path]]:
    """A store that is written once; each test mends what it changed."""
    host = Host()
    store = host.write(Path(mkdtemp()) / "store", shift(host, leaf_size=4096))
    assert report_of(store, host).verdict is Verdict.VERIFIED
    files = sorted(path for path in store.rglob("*") if path.is_file())
    return host, store, [path for path in files if not any(name in str(path) for name in OUTSIDE)]


def report_after(path: Path, data: bytes) -> Report | None:
    """The report while `path` holds `data`, or None when it cannot be verified at all."""
    host, store, _files = evidence()
    before = path.read_bytes()
    try:
        path.write_bytes(data)
        return report_of(store, host)
    except EvidockError:
        return None
    finally:
        path.write_bytes(before)


@given(st.data(), st.integers(1, 255))
@settings(max_examples=250)
def test_no_changed_byte_passes(data: st.DataObject, change: int) -> None:
    _host, store, files = evidence()
    path = data.draw(st.sampled_from(files))
    changed = bytearray(path.read_bytes())
    offset = data.draw(st.integers(0, len(changed) - 1))
    changed[offset] ^= change
    report = report_after(path, bytes(changed))
    assert report is None or report.verdict not in GOOD, (path.relative_to(store), offset)


@given(st.data())
@settings(max_examples=150)
def test_no_cut_insertion_or_removal_passes(data: st.DataObject) -> None:
    _host, store, files = evidence()
    path = data.draw(st.sampled_from(files))
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    filling = data.draw(st.binary(max_size=80))
    changed = whole[:start] + filling + whole[end:]
    if changed == whole:
        return
    report = report_after(path, changed)
    assert report is None or report.verdict not in GOOD, (path.relative_to(store), start, end)


@given(st.binary(max_size=400))
@settings(max_examples=30)
def test_hostile_files_raise_only_our_own_errors(data: bytes) -> None:
    _host, _store, files = evidence()
    for path in files:
        if path.suffix in (".cbs", ".cert"):
            report = report_after(path, data)
            assert report is None or report.verdict not in GOOD, path.name


def test_what_is_outside_the_claim_changes_nothing_or_is_noticed() -> None:
    host, store, _files = evidence()
    leaves = next(store.glob("recorders/*/leaves/*/*.lvs"))
    report = report_after(leaves, bytes(7))
    assert report is not None
    assert report.verdict is Verdict.VERIFIED
    assert report_after(store / layout.STORE_FILE, b"\xff") is None
    assert report_of(store, host).verdict is Verdict.VERIFIED


@pytest.mark.parametrize("kept", [0, 1])
def test_private_records_may_not_be_withheld_in_a_store(kept: int) -> None:
    _host, store, _files = evidence()
    path = next(store.rglob(layout.PRIVATE))
    records = path.read_bytes()
    _first, end = cbor.decode_at(records, 0)
    report = report_after(path, records[: end * kept])
    assert report is not None
    finding = expect(report, Verdict.INDETERMINATE, "PRIVATE_WITHHELD", 2)
    assert str(2 - kept) in finding.text


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "+00:00:20", "Etc/UTC"])
def test_at_30_another_zone_than_the_host_sealed(zone: str) -> None:
    """A zone moves what an interval without one means, so the interval could be led past what was changed."""
    _host, store, _files = evidence()
    settings = json.dumps({"kind": "evidock store", "format": 1, "zone": zone}).encode()
    report = report_after(store / layout.STORE_FILE, settings)
    assert report is not None
    expect(report, Verdict.ALTERED, "STORE_MISMATCH", 30)


@pytest.mark.parametrize("name", ["journal.cbs", "private.cbs", "heads.cbs", "custody.cbs", "host.cert"])
def test_no_file_may_be_missing(name: str) -> None:
    host, store, _files = evidence()
    path = next(store.rglob(name))
    kept = Path(mkdtemp()) / "kept"
    shutil.move(path, kept)
    try:
        verdict = report_of(store, host).verdict
    finally:
        shutil.move(kept, path)
    # The certificate stands in the custody chain's GENESIS too.
    assert (verdict is Verdict.VERIFIED) == (name == "host.cert")


@given(st.data(), st.integers(1, 255))
@settings(max_examples=100)
def test_a_card_is_no_softer(data: st.DataObject, change: int) -> None:
    host = Host()
    recorder = shift(host, leaf_size=4096)
    folder = _card()
    path = data.draw(st.sampled_from(sorted(one for one in folder.rglob("*") if one.suffix in (".WAV", ".CBS"))))
    before = path.read_bytes()
    changed = bytearray(before)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= change
    try:
        path.write_bytes(changed)
        report = report_of(folder, host, trust=[recorder.device.hex()], heads=folder / "heads")
        assert report.verdict not in GOOD
    except EvidockError:
        pass
    finally:
        path.write_bytes(before)


@cache
def _card() -> Path:
    host = Host()
    recorder = shift(host, leaf_size=4096)
    folder = write_card(Path(mkdtemp()), recorder)
    (folder / "heads").write_bytes(b"".join(host.heads[recorder.device]))
    trusted = [recorder.device.hex()]
    assert report_of(folder, host, trust=trusted, heads=folder / "heads").verdict is Verdict.VERIFIED
    return folder

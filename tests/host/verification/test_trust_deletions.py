"""OB-89, AT-23, AT-35: what was deleted on a recorder needs receipts, and what was receipted must be at that host."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
from support.forge import Host, Recorder
from support.forged_trust import certify, delete, receipt
from support.verified import expect, only, report_of

from evidock import layout
from evidock.report import Report, State, Verdict
from evidock_protocol import codes, kinds
from evidock_protocol import settings as setting

OTHER = Host("other")
THIRD = Host("third")


def recorded(host: Host) -> Recorder:
    recorder = host.recorder()
    recorder.booted()
    recorder.start()
    for _ in range(3):
        recorder.segment(2.0)
    recorder.stop()
    return recorder


def told(report: Report) -> set[str]:
    return {one.code for one in report.findings if one.verdict is not None}


def verified(host: Host, recorder: Recorder, folder: Path, receipted: bool = True) -> Report:
    host.dock(recorder, receipt=receipted)
    return report_of(host.write(folder / "store", recorder), host)


def test_a_lawful_deletion_is_as_it_should_be(host: Host, tmp_path: Path) -> None:
    recorder = recorded(host)
    digest, place = receipt(OTHER, recorder, (1, 1), (1, 2))
    delete(recorder, (1, 1), digest, place)
    delete(recorder, (1, 2), digest, place)
    report = verified(host, recorder, tmp_path)
    assert told(report) == set()
    assert report.verdict is Verdict.VERIFIED
    text = only(report, "COMMANDED").text
    assert OTHER.id.hex()[:16] in text
    assert "deletions by its receipts 2" in text
    assert "receipts 1" in text


BAD: list[Callable[[Recorder, bytes, int], None]] = [
    lambda r, d, p: delete(r, (1, 3), d, p),  # it does not list that one
    lambda r, d, p: delete(r, (1, 1), bytes(32), p),
    lambda r, d, p: delete(r, (1, 1), d, p - 1),
    lambda r, d, p: delete(r, (1, 1), d, p + 1),  # TOMBSTONE itself
    lambda r, d, p: delete(r, (1, 1), d, p + 500),
    lambda r, d, p: delete(r, (1, 1), d, p, root=bytes(32)),
    lambda r, d, p: delete(r, (1, 1), d, p, recording=2),
]


@pytest.mark.parametrize("forge", BAD)
def test_at_23_a_deletion_that_no_receipt_allows(
    host: Host, tmp_path: Path, forge: Callable[[Recorder, bytes, int], None]
) -> None:
    recorder = recorded(host)
    digest, place = receipt(OTHER, recorder, (1, 1), (1, 2))
    forge(recorder, digest, place)
    report = verified(host, recorder, tmp_path)
    assert expect(report, Verdict.INCOMPLETE, "UNACKED_DELETE", 23).time is not None


def test_at_23_a_receipt_of_another_recorder_allows_nothing(host: Host, tmp_path: Path) -> None:
    recorder = recorded(host)
    digest, place = receipt(OTHER, recorder, (1, 1), device=bytes(32))
    delete(recorder, (1, 1), digest, place)
    assert "UNACKED_DELETE" in told(verified(host, recorder, tmp_path))


def test_at_23_a_receipt_that_comes_afterwards_allows_nothing(host: Host, tmp_path: Path) -> None:
    recorder = recorded(host)
    place = len(recorder.entries)
    digest, _ = receipt(OTHER, copy.deepcopy(recorder), (1, 1))
    delete(recorder, (1, 1), digest, place + 1)
    receipt(OTHER, recorder, (1, 1))
    assert "UNACKED_DELETE" in told(verified(host, recorder, tmp_path))


@pytest.mark.parametrize(("hosts", "expected"), [((OTHER,), True), ((OTHER, OTHER), True), ((OTHER, THIRD), False)])
def test_at_23_as_many_hosts_as_the_settings_ask(
    host: Host, tmp_path: Path, hosts: tuple[Host, ...], expected: bool
) -> None:
    recorder = recorded(host)
    recorder.add(kinds.CONFIG, {"order": None, "setting": setting.RECEIPTS, "value": 2})
    given = [receipt(one, recorder, (1, 1)) for one in hosts]
    digest, place = given[-1]
    delete(recorder, (1, 1), digest, place)
    report = verified(host, recorder, tmp_path)
    assert ("UNACKED_DELETE" in told(report)) is expected
    if expected:
        assert "as many hosts" in only(report, "UNACKED_DELETE").text


def test_a_boot_brings_the_default_back(host: Host, tmp_path: Path) -> None:
    recorder = recorded(host)
    recorder.add(kinds.CONFIG, {"order": None, "setting": setting.RECEIPTS, "value": 2})
    digest, place = receipt(OTHER, recorder, (1, 1))
    recorder.off()
    recorder.restart(60)
    delete(recorder, (1, 1), digest, place)
    assert "UNACKED_DELETE" not in told(verified(host, recorder, tmp_path))


@pytest.mark.parametrize(("gone", "expected"), [("receipt", False), ("other", True)])
def test_what_is_missing_may_have_been_the_receipt(host: Host, tmp_path: Path, gone: str, expected: bool) -> None:
    recorder = recorded(host)
    digest, place = receipt(OTHER, recorder, (1, 1))
    recorder.check()
    delete(recorder, (1, 1), digest, place if not expected else place - 1)
    recorder.check()
    host.dock(recorder, receipt=False)
    del recorder.entries[place if gone == "receipt" else place + 1]
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert ("UNACKED_DELETE" in told(report)) is expected


@pytest.mark.parametrize("forge", ["signature", "role", "host"])
def test_at_32_a_receipt_that_its_host_could_not_have_given(host: Host, tmp_path: Path, forge: str) -> None:
    recorder = recorded(host)
    certify(recorder, OTHER, roles=codes.ALL_ROLES & ~codes.ROLE_RECEIPT if forge == "role" else codes.ALL_ROLES)
    signer, named = (THIRD if forge == "signature" else OTHER), (THIRD if forge == "host" else OTHER)
    digest, place = receipt(signer, recorder, (1, 1), named=named.id, host=OTHER.id)
    delete(recorder, (1, 1), digest, place)
    assert told(verified(host, recorder, tmp_path)) == {"ORDER_MISMATCH", "UNACKED_DELETE"}


def file_of(store: Path, recorder: Recorder, number: int) -> Path:
    return next((store / layout.recorder(recorder.device)).rglob(f"S000000{number}.wav"))


def test_at_35_a_host_signed_for_what_its_archive_has_not(host: Host, tmp_path: Path) -> None:
    recorder = recorded(host)
    host.dock(recorder)
    store = host.write(tmp_path / "store", recorder)
    for number in (1, 3):
        file_of(store, recorder, number).unlink()
    report = report_of(store, host)
    finding = expect(report, Verdict.INCOMPLETE, "RECEIPT_UNBACKED", 35)
    assert host.id.hex()[:16] in finding.text
    assert "2 segments" in finding.text
    assert (finding.recording, finding.segment) == (1, 1)


def test_at_35_another_host_signed_for_it(host: Host, tmp_path: Path) -> None:
    """It was deleted on the recorder since, and is at the other host, or nowhere."""
    recorder = recorded(host)
    certify(recorder, OTHER)
    digest, place = receipt(OTHER, recorder, (1, 1))
    delete(recorder, (1, 1), digest, place)
    host.dock(recorder, receipt=False)
    store = host.write(tmp_path / "store", recorder)
    file_of(store, recorder, 1).unlink()
    report = report_of(store, host)
    finding = expect(report, Verdict.INCOMPLETE, "RECEIPT_UNBACKED", 35)
    assert OTHER.id.hex()[:16] in finding.text
    assert "own archive" in finding.text


def test_at_35_what_nobody_signed_for_is_still_on_the_recorder(host: Host, tmp_path: Path) -> None:
    recorder = recorded(host)
    host.dock(recorder, receipt=False)
    store = host.write(tmp_path / "store", recorder)
    file_of(store, recorder, 1).unlink()
    report = report_of(store, host)
    assert "RECEIPT_UNBACKED" not in told(report)
    assert report.coverage.seconds(State.PENDING) > 0


def test_at_35_concerns_the_time_of_what_is_missing_alone(host: Host, tmp_path: Path) -> None:
    recorder = recorded(host)
    recorder.wait(700)
    recorder.start()
    recorder.segment(2.0)
    recorder.stop()
    host.dock(recorder)
    store = host.write(tmp_path / "store", recorder)
    file_of(store, recorder, 3).unlink()
    now = recorder.started / 1000
    assert report_of(store, host, start=now + 100, end=now + 600).verdict is Verdict.VERIFIED

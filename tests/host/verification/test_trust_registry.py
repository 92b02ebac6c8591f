"""AT-19, AT-25: up to where the registry trusts a recorder, and what it ran."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
from support.forge import Host, Recorder, shift
from support.forged_orders import command
from support.forged_trust import NEW_FIRMWARE, boot_with, entry_hash, firmware_command, order, register, renew
from support.packages import files, journal, open_store, sign_again
from support.packages import put as put_all
from support.verified import expect, only, report_of

from evidock import layout, package
from evidock.export import export
from evidock.package import Run
from evidock.report import Finding, Report, Verdict
from evidock.verification import verify
from evidock_protocol import codes, entry, kinds, merkle, sign1, withheld

ENROLLED, ISSUED, LOST, RETIRED, REVOKED = 1, 2, 4, 5, 6


def told(report: Report) -> set[str]:
    return {one.code for one in report.findings if one.verdict is not None}


def revoked(host: Host, recorder: Recorder, state: int = REVOKED, size: int | None = None) -> int:
    """The registry trusts what is there now, or `size` entries of it; how many those are."""
    size = recorder.tree.size if size is None else size
    register(host, recorder, state, size, entry_hash(recorder, size - 1) if size else None)
    return size


def withhold(host: Host, recorder: Recorder, contents: dict[str, bytes], hidden: Callable[[entry.Entry], bool]) -> None:
    """A package in which its host withholds more entries, and which it signs again."""
    top = str(layout.recorder(recorder.device))
    shown = [one.sequence for one in journal(contents[f"{top}/{layout.JOURNAL}"]) if not hidden(one)]
    leaves = [merkle.leaf_hash(sign1.statement_hash(raw)) for raw in recorder.entries]
    runs: list[Run] = []
    following = 0
    for place in shown:
        if place > following:
            runs.append(Run(following, place - following, withheld.nodes(leaves, following, place - following)))
        following = place + 1
    recordings, _runs = package.read_excerpt(contents[f"{top}/{package.EXCERPT}"], True)
    contents[f"{top}/{package.EXCERPT}"] = package.write_excerpt(recordings, runs)
    contents[f"{top}/{layout.JOURNAL}"] = b"".join(recorder.entries[place] for place in shown)
    sign_again(host, contents)


def of(report: Report) -> list[Finding]:
    return [one for one in report.findings if one.code == "REVOKED"]


@pytest.mark.parametrize("state", [RETIRED, REVOKED])
def test_at_19_entries_behind_the_last_trusted_head(host: Host, tmp_path: Path, state: int) -> None:
    recorder = shift(host)
    size = revoked(host, recorder, state)
    end = (recorder.started + recorder.ticks) / 1000
    recorder.wait(100)
    recorder.check()
    host.dock(recorder)
    store = host.write(tmp_path / "store", recorder)
    finding = expect(report_of(store, host), Verdict.UNTRUSTED, "REVOKED", 19)
    assert str(size) in finding.text
    assert finding.time is not None
    assert finding.time[0] > end
    before = report_of(store, host, end=end)
    assert before.verdict is Verdict.VERIFIED  # what lies below stays trusted
    assert of(before) == []


def test_nothing_behind_it_is_a_remark(host: Host, tmp_path: Path) -> None:
    recorder = shift(host)
    revoked(host, recorder, RETIRED)
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert [one.verdict for one in of(report)] == [None]
    assert report.verdict is Verdict.VERIFIED


def test_a_lost_recorder_is_a_remark_until_it_is_found(host: Host, tmp_path: Path) -> None:
    recorder = shift(host)
    register(host, recorder, LOST)
    report = report_of(host.write(tmp_path / "lost", recorder), host)
    assert ["lost" in one.text for one in of(report)] == [True]
    assert report.verdict is Verdict.VERIFIED
    register(host, recorder, ISSUED)
    assert of(report_of(host.write(tmp_path / "found", recorder), host)) == []


def test_a_revocation_is_final_and_the_smallest_head_counts(host: Host, tmp_path: Path) -> None:
    recorder = shift(host)
    size = revoked(host, recorder, size=recorder.tree.size - 2)
    revoked(host, recorder, RETIRED)
    register(host, recorder, ENROLLED)
    finding = expect(report_of(host.write(tmp_path / "store", recorder), host), Verdict.UNTRUSTED, "REVOKED", 19)
    assert str(size) in finding.text


@pytest.mark.parametrize("size", [None, 0])
def test_a_revocation_without_a_head_leaves_nothing(host: Host, tmp_path: Path, size: int | None) -> None:
    recorder = shift(host)
    register(host, recorder, REVOKED, size)
    store = host.write(tmp_path / "store", recorder)
    start = recorder.started / 1000
    assert report_of(store, host, start=start + 1, end=start + 2).verdict is Verdict.UNTRUSTED


def test_another_journal_than_the_one_that_is_trusted(host: Host, tmp_path: Path) -> None:
    recorder = shift(host)
    register(host, recorder, REVOKED, recorder.tree.size, bytes(32))
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert "not the ones here" in expect(report, Verdict.UNTRUSTED, "REVOKED", 19).text


def test_a_package_shows_the_last_entry_that_is_trusted(host: Host, tmp_path: Path) -> None:
    """Whoever withholds it does not turn another journal into the trusted one."""
    recorder = shift(host)
    place = next(at for at, raw in enumerate(recorder.entries) if entry.parse(raw).kind == kinds.CHECK)
    for name, newest, expected in (("same", entry_hash(recorder, place), False), ("another", bytes(32), True)):
        work = copy.deepcopy(host)
        register(work, recorder, REVOKED, place + 1, newest)
        store = open_store(work, tmp_path / f"{name} store", recorder)
        export(store, tmp_path / name, recordings=[1])
        store.close()
        told_of = [one.text for one in of(verify(tmp_path / name, trust=[host.pin]))]
        assert any("not the ones here" in text for text in told_of) is expected
        contents = files(tmp_path / name)
        withhold(work, recorder, contents, lambda one: one.sequence == place)
        report = verify(put_all(tmp_path / f"{name} again", contents), trust=[host.pin])
        assert "not the ones here" in expect(report, Verdict.UNTRUSTED, "REVOKED", 19).text


def test_at_25_a_package_does_not_hide_another_firmware(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(10)
    for firmware in (NEW_FIRMWARE, bytes(32)):
        boot_with(recorder, firmware)
        recorder.wait(3)
        recorder.start()
        recorder.segment(2.0)
        recorder.stop()
        recorder.wait(620)
    host.dock(recorder)
    store = open_store(host, tmp_path / "store", recorder)
    export(store, tmp_path / "out", recordings=[1])
    store.close()
    assert "FIRMWARE_CHANGE" in told(verify(tmp_path / "out", trust=[host.pin]))
    contents = files(tmp_path / "out")
    withhold(host, recorder, contents, lambda one: one.kind == kinds.BOOT and one.boot > 1)
    report = verify(put_all(tmp_path / "again", contents), trust=[host.pin])
    assert "withholds the BOOT" in expect(report, Verdict.UNTRUSTED, "FIRMWARE_CHANGE", 25).text


def test_a_journal_that_is_shorter_than_what_is_trusted(host: Host, tmp_path: Path) -> None:
    recorder = shift(host)
    register(host, recorder, REVOKED, recorder.tree.size + 5, bytes(32))
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert {"REVOKED", "TAIL_OPEN"} <= told(report)


def test_the_registry_of_another_recorder_says_nothing(host: Host, tmp_path: Path) -> None:
    recorder = shift(host)
    register(host, shift(host, "second"), REVOKED, 0)
    found = of(report_of(host.write(tmp_path / "store", recorder), host))
    assert recorder.device.hex() not in {one.device for one in found}


def worked(host: Host) -> Recorder:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(3)
    return recorder


def test_at_25_firmware_that_nobody_ordered(host: Host, tmp_path: Path) -> None:
    """OB-32, OB-70."""
    recorder = worked(host)
    boot_with(recorder, NEW_FIRMWARE)
    recorder.off()
    recorder.restart(60)  # the same again is no second change
    host.dock(recorder)
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert only(report, "FIRMWARE_CHANGE").attack == 25
    assert report.verdict is Verdict.UNTRUSTED


def test_at_25_other_firmware_at_the_first_boot(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.firmware = NEW_FIRMWARE
    recorder.booted()
    host.dock(recorder)
    assert "FIRMWARE_CHANGE" in told(report_of(host.write(tmp_path / "store", recorder), host))


@pytest.mark.parametrize("by", ["command", "order", "later", "stranger", "other", "twice"])
def test_at_25_firmware_by_an_order(host: Host, tmp_path: Path, by: str) -> None:
    recorder = worked(host)
    signer = Host("stranger", "strangers").organisation_key if by == "stranger" else host.organisation_key
    if by == "order" or by == "stranger":
        raw = order(signer, codes.OPERATION_FIRMWARE, [NEW_FIRMWARE])
    else:
        raw = firmware_command(host, recorder)
    before = dict(recorder.trusted)
    renew(recorder, raw)
    if by == "stranger":
        recorder.trusted = before
    if by == "later":  # power went before it was done
        recorder.off()
        recorder.restart(60)
    boot_with(recorder, bytes([8]) * 32 if by == "other" else NEW_FIRMWARE)
    if by == "twice":  # back again, and once more: the order was for one change
        boot_with(recorder, bytes(32))
        boot_with(recorder, NEW_FIRMWARE)
    host.dock(recorder)
    report = report_of(host.write(tmp_path / "store", recorder), host)
    found = [one for one in report.findings if one.code == "FIRMWARE_CHANGE"]
    assert len(found) == {"command": 0, "order": 0, "later": 0, "stranger": 1, "other": 1, "twice": 2}[by]


def test_at_25_is_not_judged_across_what_is_missing(host: Host, tmp_path: Path) -> None:
    recorder = worked(host)
    recorder.check()
    gone = len(recorder.entries) - 1
    boot_with(recorder, NEW_FIRMWARE)
    host.dock(recorder)
    del recorder.entries[gone]
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert "FIRMWARE_CHANGE" not in told(report)
    assert "CHAIN_BREAK" in told(report)


def test_commands_to_update_need_a_role(tmp_path: Path) -> None:
    host = Host(roles=codes.ALL_ROLES & ~codes.ROLE_FIRMWARE)
    recorder = worked(host)
    renew(recorder, command(host, recorder, codes.OPERATION_FIRMWARE, [NEW_FIRMWARE]))
    boot_with(recorder, NEW_FIRMWARE)
    host.dock(recorder)
    assert {"ORDER_MISMATCH", "FIRMWARE_CHANGE"} <= told(report_of(host.write(tmp_path / "store", recorder), host))

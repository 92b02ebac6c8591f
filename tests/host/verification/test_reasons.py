"""OB-19; AT-9, 22: the cause of a gap, weighed against the recorder's own figures."""

from pathlib import Path

import pytest
from support.broken_off import at, docked, gone_on, running, the_gap
from support.forge import Host
from support.verified import expect, only, report_of

from evidock.report import GapVerdict, State, Verdict
from evidock_protocol import codes, kinds
from evidock_protocol import settings as setting

CARD = bytes(16)
Faults = tuple[int, ...]

EXPLAINED, CONTRADICTED = GapVerdict.TECHNICAL_EXPLAINED, GapVerdict.CONTRADICTED
FIGURES = [
    (codes.CAUSE_BATTERY_LOW, {"battery": 4}, (), EXPLAINED, "confirmed"),
    (codes.CAUSE_BATTERY_LOW, {"battery": 29}, (), EXPLAINED, "uncontradicted"),
    (codes.CAUSE_BATTERY_LOW, {"battery": None}, (), EXPLAINED, "uncontradicted"),
    (codes.CAUSE_BATTERY_LOW, {"battery": 30}, (), CONTRADICTED, "contradicted"),
    (codes.CAUSE_BATTERY_LOW, {"battery": 78}, (), CONTRADICTED, "contradicted"),
    (codes.CAUSE_STORAGE_FULL, {"storage_free": 1900}, (), EXPLAINED, "confirmed"),
    (codes.CAUSE_STORAGE_FULL, {"storage_free": 65_535}, (), EXPLAINED, "uncontradicted"),
    (codes.CAUSE_STORAGE_FULL, {"storage_free": None}, (), EXPLAINED, "uncontradicted"),
    (codes.CAUSE_STORAGE_FULL, {"storage_free": 65_536}, (), CONTRADICTED, "contradicted"),
    (codes.CAUSE_STORAGE_FULL, {"storage_free": 1 << 20}, (codes.FAULT_JOURNAL_FULL,), EXPLAINED, "confirmed"),
    (codes.CAUSE_THERMAL, {"temperature": 760}, (), EXPLAINED, "confirmed"),
    (codes.CAUSE_THERMAL, {"temperature": 500}, (), EXPLAINED, "uncontradicted"),
    (codes.CAUSE_THERMAL, {"temperature": None}, (), EXPLAINED, "uncontradicted"),
    (codes.CAUSE_THERMAL, {"temperature": 499}, (), CONTRADICTED, "contradicted"),
    (codes.CAUSE_EQUIPMENT_FAULT, {}, (codes.FAULT_STORAGE,), EXPLAINED, "confirmed"),
    (codes.CAUSE_EQUIPMENT_FAULT, {}, (codes.FAULT_IMPACT,), CONTRADICTED, "contradicted"),
    (codes.CAUSE_EQUIPMENT_FAULT, {}, (), CONTRADICTED, "contradicted"),
    (2, {}, (codes.FAULT_IMPACT,), EXPLAINED, "confirmed"),
    (2, {}, (), EXPLAINED, "uncontradicted"),
    (3, {}, (), EXPLAINED, "uncontradicted"),
    (codes.CAUSE_POWER_LOST, {}, (), CONTRADICTED, "contradicted"),  # the same boot goes on
    (1234, {}, (), EXPLAINED, "uncontradicted"),
]


@pytest.mark.parametrize(("cause", "told", "faults", "verdict", "says"), FIGURES)
def test_at_22_each_cause_is_weighed_against_its_figure(
    host: Host, tmp_path: Path, cause: int, told: dict[str, int | None], faults: Faults, verdict: GapVerdict, says: str
) -> None:
    recorder = running(host)
    for what in faults:
        recorder.fault([0], what, 1)
    recorder.interrupt(cause, **told)
    at_stop: dict[str, object] = {name: value for name, value in told.items() if name != "temperature"}
    recorder.stop(codes.STOP_FAULT, **{"battery": None, "storage_free": None, **at_stop})
    gone_on(recorder, 12)
    report = docked(host, recorder, tmp_path)
    gap = the_gap(report)
    assert (gap.verdict, gap.telemetry["says"]) == (verdict, says), gap.text
    assert (gap.start, gap.end) == (at(9), at(21))
    assert gap.seconds == (12, 12)
    assert (gap.recording, gap.resumed) == (1, 2)
    spans = [span for span in report.coverage.spans if (span.start, span.end) == (gap.start, gap.end)]
    if verdict is CONTRADICTED:
        finding = expect(report, Verdict.INCOMPLETE, "REASON_CONFLICT", 22)
        assert finding.time == (gap.start, gap.end)
        assert spans[0].state is State.UNEXPLAINED
        assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(12)
    else:
        assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
        assert spans[0].state is State.DECLARED
        assert gap.voice == (at(22), at(23.5))


REBOOTS = [
    (codes.CAUSE_POWER_LOST, codes.RESET_POWER_ON, EXPLAINED, "confirmed"),
    (codes.CAUSE_POWER_LOST, 0, EXPLAINED, "uncontradicted"),
    (codes.CAUSE_POWER_LOST, codes.RESET_WATCHDOG, CONTRADICTED, "contradicted"),
    (codes.CAUSE_WATCHDOG, codes.RESET_WATCHDOG, EXPLAINED, "confirmed"),
    (codes.CAUSE_WATCHDOG, codes.RESET_SOFTWARE, CONTRADICTED, "contradicted"),
    (codes.CAUSE_BROWN_OUT, codes.RESET_BROWN_OUT, EXPLAINED, "confirmed"),
    (codes.CAUSE_BROWN_OUT, codes.RESET_POWER_ON, CONTRADICTED, "contradicted"),
    (codes.CAUSE_UNKNOWN, 5, EXPLAINED, "uncontradicted"),
]


@pytest.mark.parametrize(("cause", "reset", "verdict", "says"), REBOOTS)
def test_at_9_and_22_a_reset_is_weighed_against_the_boot(
    host: Host, tmp_path: Path, cause: int, reset: int, verdict: GapVerdict, says: str
) -> None:
    recorder = running(host)
    start = len(recorder.entries) - 2
    recorder.restart(30, reset, anchor=[start, 1, 60_000, recorder.last_tick - 100])
    interrupt = recorder.interrupt(cause, boot=1, reset=reset)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    gone_on(recorder, 9.9, interrupt=interrupt)
    report = docked(host, recorder, tmp_path)
    gap = the_gap(report)
    assert (gap.verdict, gap.telemetry["says"]) == (verdict, says), gap.text
    assert (gap.start, gap.end) == pytest.approx((at(9), at(49)))
    assert gap.seconds[0] <= 40 <= (gap.seconds[1] or 0)
    state = State.UNEXPLAINED if verdict is CONTRADICTED else State.DECLARED
    assert sum(span.seconds for span in report.coverage.spans if span.recording == 1 and span.state is state) == 40
    assert report.verdict is (Verdict.INCOMPLETE if verdict is CONTRADICTED else Verdict.VERIFIED_DECLARED_GAPS)


def test_at_22_an_interruption_that_tells_another_reset_than_its_boot(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.restart(30, codes.RESET_POWER_ON, anchor=[4, 1, 60_000, recorder.last_tick])
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1, reset=codes.RESET_WATCHDOG)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    assert the_gap(docked(host, recorder, tmp_path)).verdict is CONTRADICTED


@pytest.mark.parametrize("seen", ["goes", "none at start", "restart", "end", "nothing"])
def test_at_22_a_swapped_card_leaves_a_trace(host: Host, tmp_path: Path, seen: str) -> None:
    recorder = running(host)
    recorder.interrupt(codes.CAUSE_MEDIUM_SWAPPED)
    recorder.stop(codes.STOP_FAULT)
    if seen == "goes":
        recorder.card()
    if seen == "restart":  # power went before anything could be said
        recorder.restart(20)
    elif seen == "end":  # all that is known
        recorder.wait(2)
    else:
        recorder.wait(60)
        recorder.start(card=None if seen == "none at start" else CARD)
        recorder.segment(2)
        recorder.stop()
    host.keep_head(recorder, recorder.head())
    report = report_of(host.write(tmp_path / "store", recorder), host)
    says = {"goes": "confirmed", "none at start": "confirmed", "nothing": "contradicted"}.get(seen, "uncontradicted")
    assert the_gap(report).telemetry["says"] == says
    assert report.verdict is (Verdict.INCOMPLETE if seen == "nothing" else Verdict.VERIFIED_DECLARED_GAPS)


def test_at_22_a_stop_without_interruption_is_judged_alike(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=78)
    recorder.wait(30)
    report = docked(host, recorder, tmp_path)
    expect(report, Verdict.INCOMPLETE, "REASON_CONFLICT", 22)
    gap = the_gap(report)
    assert (gap.verdict, gap.cause, gap.telemetry["battery"]) == (CONTRADICTED, "battery_low", 78)
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(gap.seconds[0]) == 31


def test_at_22_what_stop_says_counts_beside_what_interruption_says(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=4)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=78)
    expect(docked(host, recorder, tmp_path), Verdict.INCOMPLETE, "REASON_CONFLICT", 22)


@pytest.mark.parametrize(("battery", "verdict"), [(2, Verdict.VERIFIED), (60, Verdict.INCOMPLETE)])
def test_at_22_switching_itself_off(host: Host, tmp_path: Path, battery: int, verdict: Verdict) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.off(codes.OFF_BATTERY_LOW, battery)
    recorder.restart(3600)
    recorder.wait(5)
    report = docked(host, recorder, tmp_path)
    assert report.verdict is verdict
    if verdict is Verdict.INCOMPLETE:
        assert the_gap(report).seconds[0] == pytest.approx(3600, abs=121)
        assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(3600, abs=1)
    else:
        assert report.gaps == ()


def test_at_22_a_setting_does_not_make_a_full_battery_low(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.add(kinds.CONFIG, {"order": None, "setting": setting.BATTERY_STOP, "value": 100})
    recorder.start()
    recorder.segment(2)
    recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=95)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=95)
    report = docked(host, recorder, tmp_path)
    expect(report, Verdict.INCOMPLETE, "REASON_CONFLICT", 22)
    assert "battery_stop" in only(report, "SETTINGS").text
    assert report.devices[0].settings == (("battery_stop", 100),)

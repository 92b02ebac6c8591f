"""OB-21, 22; AT-9, 20: what a report says, and what is owed, where the recorder cannot be sure; any time in a store."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.broken_off import at, docked, gone_on, running, the_gap
from support.forge import Host
from support.verified import report_of

from evidock.picture import draw_html, draw_svg
from evidock.report import Duty, GapVerdict, Report, State
from evidock_protocol import codes, custody_kinds, entry, sign1, statements


def reports(report: Report) -> list[str]:
    return [one.text for one in report.owed if one.what is Duty.REPORT]


def test_ob_22_a_gap_that_may_have_lasted_ten_minutes_is_reported(host: Host, tmp_path: Path) -> None:
    """Without a clock nobody knows how long the power was gone."""
    recorder = running(host)
    anchor = [len(recorder.entries) - 2, 1, recorder.boot, recorder.last_tick]
    recorder.wall_state = codes.WALL_UNSET
    recorder.restart(30, anchor=anchor)
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    gone_on(recorder, 20)
    recorder.off()
    recorder.restart(2000)
    report = docked(host, recorder, tmp_path)
    least, most = the_gap(report).seconds
    assert least < 600
    assert most is None or most > 600
    (told,) = reports(report)
    assert "may have been for more than ten minutes" in told


@pytest.mark.parametrize(("pause", "told"), [(599, 0), (601, 1)])
def test_ob_22_where_the_length_is_known_nothing_may_be(host: Host, tmp_path: Path, pause: int, told: int) -> None:
    recorder = running(host)
    recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=3)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=3)
    gone_on(recorder, pause)
    found = reports(docked(host, recorder, tmp_path))
    assert len(found) == told
    assert not any("may have" in one for one in found)


def test_ob_21_so_far_nobody_was_heard_while_it_still_runs(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=3)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=3)
    recorder.wait(60)
    recorder.start()
    start = len(recorder.entries) - 1
    recorder.segment(2)
    host.keep_head(recorder, recorder.head(open_recording=start))
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert "still runs; no voice was heard so far" in the_gap(report).text


def test_ob_12_an_exemption_is_no_excuse_for_the_time_before_it_took_effect(host: Host, tmp_path: Path) -> None:
    """EXEMPT, then an hour of nothing, then STOP: the hour is unexplained, once, and the rest is exempt."""
    recorder = running(host)
    recorder.exempt(1, runs=True, approver=5)
    recorder.wait(3600)
    recorder.stop(codes.STOP_EXEMPT)
    recorder.wait(10)
    recorder.exempt(1, begins=False)
    recorder.wait(1)
    report = docked(host, recorder, tmp_path)
    assert [(gap.start, gap.end, gap.verdict) for gap in report.gaps] == [
        (at(9), at(3609), GapVerdict.UNDECLARED),
        (at(3609), at(3619), GapVerdict.EXEMPT),
    ]
    assert report.coverage.seconds(State.UNEXPLAINED) == 3600


@given(st.integers(0, 2**63 - 1) | st.sampled_from([0, 253402300800000, 2**63 - 1]))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_time_in_a_store_breaks_the_report(tmp_path_factory: pytest.TempPathFactory, now_ms: int) -> None:
    """Who writes a store with a key of his own may date a head in any year."""
    host = Host()
    recorder = running(host)
    recorder.stop()
    raw = recorder.head()
    host.heads.setdefault(recorder.device, []).append(raw)
    values = entry.parse_statement(raw, statements.TYP_HEAD)[1]
    body = {name: values[name] for name in ("device", "size", "newest", "root")}
    host.note(custody_kinds.HEAD, {**body, "head": sign1.statement_hash(raw)}, now_ms)
    report = report_of(host.write(tmp_path_factory.mktemp("store") / "store", recorder), host)
    report.to_json()
    for lang in ("en", "zh"):
        draw_svg(report, lang)
        draw_html(report, lang)

"""Clocks that are right, wrong, set, stepped, lost and dead, in whole journals (AT-20), and special days."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.forge import START_MS, Host, Recorder, key_of, statement
from support.forged_time import attach, lose_clock, order_time, set_clock
from support.verified import expect, only, report_of

from evidock.report import Report, State, Unplaced, Verdict
from evidock_protocol import codes, entry, statements

HOUR = 3_600_000
DAY = 24 * HOUR
RTC_START = 1_609_459_200_000  # 2021-01-01, what a clock shows whose battery was dead


def record(recorder: Recorder, seconds: float = 4) -> None:
    """A short recording, and a moment before and after."""
    recorder.wait(1)
    recorder.start()
    recorder.segment(seconds)
    recorder.stop()
    recorder.wait(1)


def up(host: Host, **options: object) -> Recorder:
    recorder = host.recorder(**options)  # type: ignore[arg-type]
    recorder.booted()
    return recorder


def reported(host: Host, recorder: Recorder, folder: Path, **options: object) -> Report:
    host.dock(recorder)
    return report_of(host.write(folder / "store", recorder), host, **options)


def codes_of(report: Report) -> set[str]:
    return {finding.code for finding in report.findings}


def recorded(report: Report) -> list[tuple[int, float]]:
    """(Unix ms at which it begins, seconds) of what was recorded."""
    return [(round(span.start * 1000), span.seconds) for span in report.coverage.spans if span.state is State.RECORDED]


def only_unplaced(report: Report) -> Unplaced:
    (found,) = report.coverage.unplaced
    return found


def test_a_docking_places_a_boot_whose_clock_is_dead(host: Host, tmp_path: Path) -> None:
    recorder = up(host, wall_state=codes.WALL_UNSET)
    record(recorder)
    attach(host, recorder, START_MS + recorder.ticks)
    report = reported(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED, codes_of(report)
    ((begins, seconds),) = recorded(report)
    # The host dated its head in the same second, so the bounds are close.
    assert seconds == 4
    assert abs(begins - (START_MS + 1000)) <= 1000
    assert not report.coverage.unplaced


@pytest.mark.parametrize("changed", [{"time": START_MS + 1}, {"party": codes.PARTY_RECORDER}, {"device": bytes(32)}])
def test_a_challenge_that_says_something_else_ties_nothing(
    host: Host, tmp_path: Path, changed: dict[str, object]
) -> None:
    recorder = up(host, wall_state=codes.WALL_UNSET)
    record(recorder)
    attach(host, recorder, START_MS + recorder.ticks, **changed)
    expect(reported(host, recorder, tmp_path), Verdict.INDETERMINATE, "CLOCK_UNSET", 20)


def test_a_forged_challenge_of_this_host_ties_nothing(host: Host, tmp_path: Path) -> None:
    recorder = up(host, wall_state=codes.WALL_UNSET)
    record(recorder)
    honest, host.key = host.key, key_of("thief")
    attach(host, recorder, START_MS + recorder.ticks)
    host.key = honest
    expect(reported(host, recorder, tmp_path), Verdict.INDETERMINATE, "CLOCK_UNSET", 20)


def test_a_simulated_recorder_is_tied_to_no_host(host: Host, tmp_path: Path) -> None:
    """Its time runs at another speed (architecture, "The simulator")."""
    recorder = up(host, wall_state=codes.WALL_UNSET, protection=codes.PROTECTION_SIMULATED)
    record(recorder)
    attach(host, recorder, START_MS + recorder.ticks)
    report = reported(host, recorder, tmp_path)
    expect(report, Verdict.INDETERMINATE, "CLOCK_UNSET", 20)
    assert report.coverage.unplaced


def test_at_20_a_clock_that_was_wrong_all_the_time_is_corrected(host: Host, tmp_path: Path) -> None:
    """A year wrong, and never stepped: the docking says when everything was, also in the boot before."""
    recorder = up(host, wall_state=codes.WALL_SET, started=START_MS - 365 * DAY)
    record(recorder)
    recorder.off()
    recorder.restart(100)
    record(recorder)
    attach(host, recorder, recorder.started + recorder.ticks + 365 * DAY)
    set_clock(host, recorder, recorder.started + recorder.ticks + 365 * DAY)
    report = reported(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED, codes_of(report)
    assert "CLOCK_STEP" not in codes_of(report)
    first, second = recorded(report)
    assert abs(first[0] - (START_MS + 1000)) < 3_000
    assert abs(second[0] - (START_MS + 106_100 + 1000 + 1000)) < 3_000


def test_at_20_a_clock_put_back_while_the_recorder_was_off(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    record(recorder)
    recorder.off()
    recorder.restart(-HOUR / 1000)
    record(recorder)
    expect(reported(host, recorder, tmp_path), Verdict.INCOMPLETE, "CLOCK_STEP", 20)


def test_at_20_a_clock_put_on_between_two_dockings(host: Host, tmp_path: Path) -> None:
    """Nothing but the hosts' times shows it: it agrees with the ticks of its own boot."""
    recorder = up(host)
    attach(host, recorder, recorder.started + recorder.ticks)
    recorder.off()
    recorder.restart(2 * HOUR / 1000)
    record(recorder)
    attach(host, recorder, recorder.started + recorder.ticks - HOUR)
    recorder.started -= HOUR  # its head is dated by the host
    recorder.wall = lambda: (codes.WALL_SYNCHRONISED, recorder.started + HOUR + recorder.ticks)  # type: ignore[method-assign]
    report = reported(host, recorder, tmp_path)
    finding = expect(report, Verdict.INCOMPLETE, "CLOCK_STEP", 20)
    assert "hosts" in finding.text
    assert [round((begins - START_MS) / 60_000) for begins, _ in recorded(report)] == [60]


def test_at_20_a_step_that_a_host_ordered(host: Host, tmp_path: Path) -> None:
    recorder = up(host, started=START_MS + DAY)
    record(recorder)
    set_clock(host, recorder, START_MS + recorder.ticks)
    record(recorder)
    report = reported(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED, codes_of(report)
    only(report, "CLOCK_SET")
    assert [round((begins - START_MS) / 1000) for begins, _ in recorded(report)] == [1, 7]


@pytest.mark.parametrize("change", ["nothing", "other time", "other recorder", "check", "thief"])
def test_at_20_an_order_that_orders_no_such_time(host: Host, tmp_path: Path, change: str) -> None:
    recorder = up(host)
    recorder.wait(DAY / 1000)
    past = START_MS
    order = order_time(host, recorder, past)
    if change == "nothing":
        order = b"signed command"
    elif change == "other time":
        order = order_time(host, recorder, past + HOUR)
    elif change == "other recorder":
        order = order_time(host, host.recorder("other"), past)
    elif change == "thief":
        honest, host.key = host.key, key_of("thief")
        order = order_time(host, recorder, past)
        host.key = honest
    else:
        typ = statements.TYP_COMMAND
        values = entry.parse_statement(order, typ)[1] | {"operation": codes.OPERATION_CHECK, "arguments": []}
        order = statement(host.key, typ, entry.encode_statement(typ, values))
    set_clock(host, recorder, past, order)
    expect(reported(host, recorder, tmp_path), Verdict.INCOMPLETE, "CLOCK_STEP", 20)


def test_at_20_a_clock_that_starts_in_2021(host: Host, tmp_path: Path) -> None:
    """Its battery was dead: the boot shows 2021 until CLOCK says that it is lost, and nothing stepped."""
    recorder = up(host)
    record(recorder)
    recorder.off()
    true = recorder.started + recorder.ticks
    recorder.boot, recorder.ticks, recorder.started = 2, 100, RTC_START
    recorder.booted(checked=False)
    lose_clock(recorder, recorder.wall())
    record(recorder, 5)
    attach(host, recorder, true + 100_000 + recorder.ticks)
    recorder.started = true + 100_000
    report = reported(host, recorder, tmp_path)
    expect(report, Verdict.VERIFIED_DECLARED_GAPS, "CLOCK_LOST", 20)
    assert not {"CLOCK_STEP", "CLOCK_UNSET"} & codes_of(report)
    first, second = recorded(report)
    assert (first[1], second[1]) == (4, 5)
    assert abs(second[0] - (true + 100_000 + 1100)) < 5_000


def test_at_20_a_clock_lost_while_recording(host: Host, tmp_path: Path) -> None:
    """The ticks go on: nothing of the recording is in doubt, and that the clock was lost is said."""
    recorder = up(host)
    recorder.start()
    recorder.segment(5)
    lose_clock(recorder)
    recorder.segment(5)
    recorder.stop()
    report = reported(host, recorder, tmp_path)
    expect(report, Verdict.VERIFIED_DECLARED_GAPS, "CLOCK_LOST", 20)
    assert recorded(report) == [(START_MS, 10)]
    assert not report.coverage.unplaced


def test_at_20_what_a_lost_clock_shows_counts_for_nothing(host: Host, tmp_path: Path) -> None:
    """Until a host sets it. Whatever it shows is no step."""
    recorder = up(host)
    recorder.wait(10)
    lose_clock(recorder)
    recorder.wall_state, recorder.started = codes.WALL_SET, recorder.started + HOUR
    record(recorder)
    true = START_MS + recorder.ticks
    attach(host, recorder, true)
    set_clock(host, recorder, true)
    record(recorder)
    report = reported(host, recorder, tmp_path)
    expect(report, Verdict.VERIFIED_DECLARED_GAPS, "CLOCK_LOST", 20)
    assert "CLOCK_STEP" not in codes_of(report)
    assert [round((begins - START_MS) / 1000) for begins, _ in recorded(report)] == [11, 17]


def lost_in_between(host: Host, seconds: float = 4) -> Recorder:
    """Three boots, of which the second has no clock."""
    recorder = up(host)
    record(recorder)
    recorder.off()
    recorder.wall_state = codes.WALL_UNSET
    recorder.restart(600)
    record(recorder, seconds)
    recorder.off()
    recorder.wall_state = codes.WALL_SET
    recorder.restart(600)
    record(recorder)
    return recorder


def test_at_20_a_boot_without_a_clock_lies_between_its_neighbours(host: Host, tmp_path: Path) -> None:
    report = reported(host, lost_in_between(host), tmp_path)
    expect(report, Verdict.VERIFIED_DECLARED_GAPS, "CLOCK_UNSET", 20)
    adrift = only_unplaced(report)
    assert (adrift.boot, adrift.certain) == (2, True)
    assert adrift.seconds[State.RECORDED] == 4
    earliest, latest = adrift.between
    assert earliest is not None
    assert latest is not None
    # The clocks on both sides are taken at their word to a minute, and the second boot takes 6.1 s.
    assert START_MS / 1000 + 6 - 61 <= earliest <= START_MS / 1000 + 6
    assert START_MS / 1000 + 1212 <= latest <= START_MS / 1000 + 1213 + 61
    totals = report.coverage.totals
    assert totals[State.RECORDED] == pytest.approx(12)
    assert sum(totals.values()) == pytest.approx(report.interval[1] - report.interval[0])
    shown = report.to_json()["coverage"]
    assert isinstance(shown, dict)
    assert shown["recorded_s"] == pytest.approx(12)
    assert shown["unplaced"][0]["seconds"]["recorded_s"] == 4
    assert shown["unplaced"][0]["between"]["from"] < shown["unplaced"][0]["between"]["to"]


def test_at_20_an_interval_in_which_a_boot_without_a_clock_may_lie(host: Host, tmp_path: Path) -> None:
    start = START_MS / 1000
    recorder = lost_in_between(host)
    host.dock(recorder)
    store = host.write(tmp_path / "store", recorder)
    report = report_of(store, host, start=start + 300, end=start + 400)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    assert only_unplaced(report).certain is False
    assert report.coverage.seconds(State.RECORDED) == 0
    assert report.coverage.seconds(State.DECLARED) == 100
    report = report_of(store, host, start=start + 1300, end=start + 1400)
    assert not report.coverage.unplaced
    assert "CLOCK_UNSET" not in codes_of(report)


def test_at_20_a_boot_without_a_clock_before_any_other_is_unbounded(host: Host, tmp_path: Path) -> None:
    recorder = up(host, wall_state=codes.WALL_UNSET)
    record(recorder)
    recorder.off()
    recorder.wall_state = codes.WALL_SET
    recorder.restart(60)
    record(recorder)
    report = reported(host, recorder, tmp_path)
    expect(report, Verdict.INDETERMINATE, "CLOCK_UNSET", 20)
    adrift = only_unplaced(report)
    assert adrift.between[0] is None
    assert adrift.between[1] is not None
    assert report.coverage.seconds(State.RECORDED) == 8


def test_what_a_boot_without_a_clock_lacks_still_counts(host: Host, tmp_path: Path) -> None:
    """AT-21 in a boot of unknown time: no span shows it, and the verdict knows it."""
    recorder = up(host)
    recorder.off()
    recorder.wall_state = codes.WALL_UNSET
    recorder.restart(600)
    recorder.start()
    recorder.segment(4)
    recorder.wait(30)
    recorder.last_tick = recorder.ticks
    recorder.segment(4)
    recorder.stop()
    recorder.off()
    recorder.wall_state = codes.WALL_SET
    recorder.restart(600)
    report = reported(host, recorder, tmp_path)
    finding = expect(report, Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)
    assert finding.time is None
    assert only_unplaced(report).seconds[State.UNEXPLAINED] == 30


def test_a_boot_of_more_than_12_days(host: Host, tmp_path: Path) -> None:
    """Ticks of real boards wrap after 2^30 ms; those of entries do not."""
    recorder = up(host)
    recorder.wait((1 << 30) / 1000 - 5)
    record(recorder, 8)
    recorder.wait(DAY / 1000)
    report = reported(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED, codes_of(report)
    assert recorded(report) == [(START_MS + (1 << 30) - 4000, 8)]


@pytest.mark.parametrize("ticks", [1 << 62, 10**15, (1 << 40) + 1])
@pytest.mark.parametrize("state", [codes.WALL_SET, codes.WALL_UNSET])
def test_at_28_ticks_that_no_boot_can_have(host: Host, tmp_path: Path, ticks: int, state: int) -> None:
    """Whoever holds the key can sign any number: the report is made all the same, and its times can be written."""
    recorder = up(host, wall_state=state)
    recorder.ticks = ticks
    record(recorder)
    recorder.off()
    recorder.boot, recorder.ticks, recorder.started, recorder.wall_state = 2, 100, START_MS, codes.WALL_SET
    recorder.booted()
    record(recorder)
    report = reported(host, recorder, tmp_path)
    assert report.verdict is not Verdict.VERIFIED
    assert report.to_json()["schema"] == 1
    assert report.coverage.seconds(State.RECORDED) == 4


def at(text: str, zone: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("moment", "zone"),
    [
        ("2025-03-14 23:59:50", "UTC"),
        ("2025-02-28 23:59:50", "Asia/Shanghai"),
        ("2024-02-29 23:59:50", "Europe/Berlin"),
        ("2024-12-31 23:59:50", "Asia/Kathmandu"),
        ("2025-03-30 01:59:50", "Europe/Berlin"),  # the next second but ten is 03:00
        ("2025-10-26 02:59:50", "Europe/Berlin"),  # the hour comes a second time
        ("2025-11-02 01:59:50", "America/New_York"),
        ("2021-01-01 00:00:00", "UTC"),
    ],
)
def test_special_moments_are_like_any_other(moment: str, zone: str, tmp_path: Path) -> None:
    began = at(moment, zone)
    host = Host(zone=zone)
    recorder = up(host, started=began)
    recorder.wait(1)
    recorder.start()
    for _ in range(4):
        recorder.segment(5)
    recorder.stop()
    recorder.off()
    recorder.restart(10)
    record(recorder)
    report = reported(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED, codes_of(report)
    assert recorded(report) == [(began + 1000, 20), (began + 1000 + 20_000 + 10_000 + 1100, 4)]
    assert report.zone == zone

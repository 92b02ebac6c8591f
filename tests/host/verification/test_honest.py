"""AT-9, 20, 21, 33, 34: what honest recorders live through, and that none of it comes out as alteration."""

from pathlib import Path

import pytest
from support.forge import START_MS, Host, Recorder, key_of, shift, sound
from support.verified import expect, only, report_of

from evidock.report import Provenance, Report, State, Verdict
from evidock_protocol import codes, kinds, wav


def report_on(host: Host, recorder: Recorder, folder: Path, **options: object) -> Report:
    return report_of(host.write(folder / "store", recorder), host, **options)


def crashed(host: Host, anchor: bool = True, pause: float = 30) -> Recorder:
    """Power is lost in the second segment of a recording; what checkpoints vouch for is sealed at the next start."""
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.start()
    start = len(recorder.entries) - 1
    recorder.segment(3)
    first = recorder.last_tick
    recorder.wait(2)
    recorder.restart(pause, anchor=[start, 2, wav.WAV_HEADER + 60_000, first + 1900] if anchor else None)
    recorder.seal(sound(2), first, first + 2000, attested=codes.ATTESTED_RECOVERED, boot=1)
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    recorder.wait(10)
    host.dock(recorder)
    return recorder


def test_at_9_an_honest_power_cut_is_a_declared_gap(host: Host, tmp_path: Path) -> None:
    report = report_on(host, crashed(host), tmp_path)
    finding = expect(report, Verdict.VERIFIED_DECLARED_GAPS, "GAP_DECLARED", 9)
    assert finding.time == pytest.approx((report.interval[0] + 10, report.interval[0] + 10))
    totals = report.coverage.totals
    assert totals[State.RECORDED] == pytest.approx(3)
    assert totals[State.RECOVERED] == pytest.approx(2)
    gap = next(span for span in report.coverage.spans if span.cause == "power_lost")
    assert gap.state is State.DECLARED
    assert gap.seconds == pytest.approx(30 + 0.1 + 10 + 1)  # until the end of what is known: nothing went on
    assert gap.recording == 1


def test_at_9_without_an_anchor_it_is_indeterminate(host: Host, tmp_path: Path) -> None:
    expect(report_on(host, crashed(host, anchor=False), tmp_path), Verdict.INDETERMINATE, "GAP_DECLARED", 9)


def test_power_lost_while_idle_is_a_declared_gap(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.restart(60)
    recorder.wait(5)
    host.dock(recorder)
    report = report_on(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS


def test_switched_off_in_between_is_verified(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.off()
    recorder.restart(3600)
    recorder.wait(5)
    host.dock(recorder)
    report = report_on(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED
    off = next(span for span in report.coverage.spans if span.cause == "off")
    assert off.seconds == pytest.approx(3600)


def test_at_8_a_recording_that_runs_on_at_the_head_is_open_not_trimmed(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.start()
    recorder.segment(3)
    host.keep_head(recorder, recorder.head(open_recording=3))
    report = report_on(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED
    recorder.wait(2)
    host.keep_head(recorder, recorder.head(open_recording=3))
    report = report_on(host, recorder, tmp_path / "later")
    assert report.verdict is Verdict.INDETERMINATE  # the last two seconds are still on the recorder
    assert report.coverage.seconds(State.PENDING) == pytest.approx(2)


def test_at_8_a_recording_without_stop_is_trimmed_unless_the_head_shows_it_open(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.start()
    recorder.segment(3)
    host.keep_head(recorder, recorder.head(open_recording=None))
    finding = expect(report_on(host, recorder, tmp_path), Verdict.INCOMPLETE, "TAIL_OPEN", 8)
    assert finding.recording == 1


def test_without_any_head_nothing_says_that_the_end_is_the_end(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    report = report_on(host, recorder, tmp_path)
    assert report.verdict is Verdict.INDETERMINATE
    only(report, "NO_HEAD")


def test_beyond_the_head_is_indeterminate(host: Host, tmp_path: Path) -> None:
    report = report_on(host, shift(host), tmp_path, end=START_MS / 1000 + 3600)
    assert report.verdict is Verdict.INDETERMINATE
    last = report.coverage.spans[-1]
    assert (last.state, last.cause) == (State.PENDING, "after_head")


def test_before_the_recorder_existed_is_indeterminate(host: Host, tmp_path: Path) -> None:
    report = report_on(host, shift(host), tmp_path, start=START_MS / 1000 - 600)
    assert report.verdict is Verdict.INDETERMINATE
    assert report.coverage.spans[0].cause == "before_genesis"


def test_at_20_a_clock_that_was_never_set(host: Host, tmp_path: Path) -> None:
    recorder = shift(host, wall_state=codes.WALL_UNSET)
    report = report_on(host, recorder, tmp_path)
    expect(report, Verdict.INDETERMINATE, "CLOCK_UNSET", 20)


def test_at_20_a_clock_lost_in_between(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.off()
    recorder.wall_state = codes.WALL_UNSET
    recorder.restart(60)
    recorder.wait(5)
    recorder.off()
    recorder.wall_state = codes.WALL_SET
    recorder.restart(60)
    recorder.wait(5)
    host.dock(recorder)
    report = report_on(host, recorder, tmp_path)
    expect(report, Verdict.VERIFIED_DECLARED_GAPS, "CLOCK_UNSET", 20)
    lost = next(span for span in report.coverage.spans if span.cause == "clock_lost")
    assert lost.seconds == pytest.approx(60 + 5.1 + 60 + 0.1, abs=0.2)


def test_at_20_a_clock_set_later_in_the_same_start_places_all_of_it(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder(wall_state=codes.WALL_UNSET)
    recorder.booted()
    recorder.start()
    recorder.segment(2)
    recorder.stop()
    recorder.wall_state = codes.WALL_SYNCHRONISED
    recorder.add(
        kinds.CLOCK, {"old": [0, 0], "new": list(recorder.wall()), "source": codes.CLOCK_FROM_HOST, "order": None}
    )
    host.dock(recorder)
    report = report_on(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED
    assert report.coverage.seconds(State.RECORDED) == pytest.approx(2)


def test_at_20_an_undeclared_step(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.started -= 3_600_000
    recorder.add(kinds.MARK, {"recording": None, "type": 1, "count": 1})
    host.dock(recorder)
    expect(report_on(host, recorder, tmp_path), Verdict.INCOMPLETE, "CLOCK_STEP", 20)


def test_at_20_a_declared_step_changes_nothing(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    old = list(recorder.wall())
    recorder.started += 60_000
    recorder.add(
        kinds.CLOCK, {"old": old, "new": list(recorder.wall()), "source": codes.CLOCK_FROM_HOST, "order": None}
    )
    host.dock(recorder)
    report = report_on(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED
    only(report, "CLOCK_SET")


def test_at_21_a_pause_between_segments(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.start()
    recorder.segment(2)
    recorder.wait(600)
    recorder.last_tick = recorder.ticks
    recorder.segment(2)
    recorder.stop()
    host.dock(recorder)
    report = report_on(host, recorder, tmp_path)
    finding = expect(report, Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)
    assert finding.time is not None
    assert finding.time[1] - finding.time[0] == pytest.approx(600)
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(600)


def test_at_21_samples_lacking_in_a_segment(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.start()
    recorder.wait(4)
    recorder.seal(sound(2), recorder.last_tick, recorder.ticks)
    recorder.stop()
    host.dock(recorder)
    expect(report_on(host, recorder, tmp_path), Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)


def test_declared_lost_samples_are_a_declared_gap(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.start()
    recorder.wait(4)
    recorder.seal(sound(3), recorder.last_tick, recorder.ticks, lost=16_000)
    recorder.stop()
    host.dock(recorder)
    report = report_on(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    only(report, "SAMPLES_LOST")


@pytest.mark.parametrize(
    ("what", "code", "attack", "verdict"),
    [
        (codes.FAULT_MEDIA_LOST, "MEDIA_LOST", 33, Verdict.INCOMPLETE),
        (codes.FAULT_RECOVERED_EXCESS, "RECOVERED_EXCESS", 34, Verdict.INDETERMINATE),
    ],
)
def test_what_the_recorder_declares_missing(
    host: Host, tmp_path: Path, what: int, code: str, attack: int, verdict: Verdict
) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.add(kinds.FAULT, {"what": what, "recording": 1, "segment": 2, "values": [1, 2]})
    host.dock(recorder)
    expect(report_on(host, recorder, tmp_path), verdict, code, attack)


def test_an_interruption_with_its_cause_and_a_resumption(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.start()
    recorder.segment(2)
    interrupt = recorder.interrupt(codes.CAUSE_MEDIUM_SWAPPED)
    recorder.stop(codes.STOP_FAULT)
    recorder.card()
    recorder.wait(10)
    recorder.card(None, bytes(16))
    recorder.start(codes.START_POLICY)
    recorder.segment(2)
    recorder.resume(interrupt)
    recorder.stop()
    host.dock(recorder)
    report = report_on(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    gap = next(span for span in report.coverage.spans if span.cause == "medium_swapped")
    assert gap.seconds == pytest.approx(10)


def test_exempt_time_is_no_gap(host: Host, tmp_path: Path) -> None:
    """OB-12."""
    recorder = host.recorder()
    recorder.booted()
    recorder.add(kinds.EXEMPT, {"class": 2, "begins": True, "recording": None, "order": None})
    recorder.wait(20)
    recorder.add(kinds.EXEMPT, {"class": 2, "begins": False, "recording": None, "order": None})
    host.dock(recorder)
    report = report_on(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    assert report.coverage.seconds(State.EXEMPT) == pytest.approx(20)


def test_two_recorders_are_told_apart(host: Host, tmp_path: Path) -> None:
    one, two = shift(host, "one"), shift(host, "two")
    store = host.write(tmp_path / "store", one, two)
    report = report_of(store, host)
    assert report.verdict is Verdict.VERIFIED
    assert {device.id for device in report.devices} == {one.device.hex(), two.device.hex()}
    only_one = report_of(store, host, device=one.device.hex()[:8])
    assert [device.id for device in only_one.devices] == [one.device.hex()]


def test_a_mark_reaches_the_report(host: Host, tmp_path: Path) -> None:
    """OB-11."""
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(7)
    recorder.add(kinds.MARK, {"recording": None, "type": codes.MARK_EVIDENCE, "count": 1})
    host.dock(recorder)
    report = report_on(host, recorder, tmp_path)
    assert [(mark.time, mark.type) for mark in report.marks] == [(START_MS / 1000 + 7, "evidence")]


def test_a_simulated_recorder_says_so(host: Host, tmp_path: Path) -> None:
    report = report_on(host, shift(host, protection=codes.PROTECTION_SIMULATED), tmp_path)
    assert report.simulated
    assert any("SIMULATED" in sentence for sentence in report.unproven)


def test_no_pin_no_trust(host: Host, tmp_path: Path) -> None:
    """AT-39: what pins itself proves nothing."""
    report = report_on(host, shift(host), tmp_path, trust=[])
    expect(report, Verdict.UNTRUSTED, "NO_PIN", 39)
    assert report.provenance.answer is Provenance.UNPINNED


def test_another_organisation_is_not_trusted(host: Host, tmp_path: Path) -> None:
    report = report_on(host, shift(host), tmp_path, trust=["00" * 32])
    expect(report, Verdict.UNTRUSTED, "FOREIGN_ORGANISATION", 39)


def test_a_recorder_that_nobody_enrolled(host: Host, tmp_path: Path) -> None:
    stranger = Recorder("stranger", host.recorder("known").organisation)
    stranger.provision()
    stranger.booted()
    stranger.wait(1)
    host.keep_head(stranger, stranger.head())
    report = report_on(host, stranger, tmp_path, device=stranger.device.hex())
    assert report.verdict is Verdict.UNTRUSTED
    only(report, "NOT_ENROLLED")


def test_a_host_that_the_organisation_did_not_certify_cannot_enrol(tmp_path: Path) -> None:
    real, rogue = Host(), Host(name="rogue", organisation_name="rogue")
    recorder = Recorder("recorder", bytes(key_of("organisation").verify_key))
    recorder.provision()
    body = {"device": recorder.device, "genesis": recorder.genesis_hash, "model": "f", "serial": "s", "asset": "a"}
    from evidock_protocol import custody_kinds

    rogue.note(custody_kinds.ENROL, {**body, "protection": 2})
    recorder.booted()
    recorder.wait(1)
    rogue.keep_head(recorder, recorder.head())
    report = report_of(rogue.write(tmp_path / "store", recorder), real)
    assert report.verdict is Verdict.UNTRUSTED
    only(report, "NOT_ENROLLED")


def test_at_5_a_loss_that_the_recorder_declares_is_no_break(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.add(kinds.MARK, {"recording": None, "type": 1, "count": 1})
    recorder.wait(1)
    recorder.add(kinds.JOURNAL, {"first": 2, "last": 2, "place": 1})
    host.keep_head(recorder, recorder.head())
    store = host.write(tmp_path / "store", recorder)
    del recorder.entries[2]
    host.write(store, recorder)
    expect(report_of(store, host), Verdict.INCOMPLETE, "JOURNAL", 5)


def test_at_33_an_anchor_that_knows_of_more_than_was_recovered(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.start()
    start = len(recorder.entries) - 1
    recorder.segment(3)
    last = recorder.last_tick
    recorder.wait(60)
    recorder.restart(30, anchor=[start, 2, 1_000_000, last + 55_000])
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    host.dock(recorder)
    expect(report_on(host, recorder, tmp_path), Verdict.INCOMPLETE, "MEDIA_LOST", 33)


def test_an_anchor_of_another_recording_supports_nothing(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.start()
    recorder.segment(3)
    recorder.restart(30, anchor=[0, 1, 1000, recorder.last_tick])
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    host.dock(recorder)
    expect(report_on(host, recorder, tmp_path), Verdict.INDETERMINATE, "GAP_DECLARED", 9)


def test_a_recorder_that_was_enrolled_and_never_docked_does_not_stretch_the_interval(
    host: Host, tmp_path: Path
) -> None:
    docked, waiting = host.recorder(), host.recorder("another")
    docked.booted()
    docked.wait(5)
    host.dock(docked)
    alone = report_of(host.write(tmp_path / "alone", docked), host)
    both = report_of(host.write(tmp_path / "both", docked, waiting), host)
    assert both.interval == alone.interval
    finding = only(both, "NO_HEAD")
    assert finding.device == waiting.device.hex()
    assert "not docked yet" in finding.text
    assert both.verdict is Verdict.INDETERMINATE


@pytest.mark.parametrize(("vouched", "excess"), [(10, False), (6, False), (1, True)])
def test_at_34_more_was_recovered_than_checkpoints_vouch_for(
    host: Host, tmp_path: Path, vouched: float, excess: bool
) -> None:
    """A recorder seals at most one interval of checkpoints and one leaf past the last of them."""
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.start()
    length = wav.WAV_HEADER + len(sound(vouched, ("x",)))
    recorder.segment(10, attested=codes.ATTESTED_RECOVERED, attested_length=length)
    recorder.stop()
    host.dock(recorder)
    report = report_on(host, recorder, tmp_path)
    assert [one.code for one in report.findings if one.attack == 34] == ["RECOVERED_EXCESS"] * excess
    assert (report.verdict is Verdict.INDETERMINATE) == excess

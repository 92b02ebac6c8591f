"""OB-1: whatever honest recordings with two tracks go through is verified, and no damage to any track ever is."""

import shutil
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import given, settings
from hypothesis import strategies as st
from support.forge import Host, Recorder
from support.forged_media import avi_file, encoder_file, sound
from support.verified import report_of

from evidock.report import Report, State, Verdict
from evidock_protocol import codes

BOTH = codes.TRACK_SOUND | codes.TRACK_PICTURE
GOOD = (Verdict.VERIFIED, Verdict.VERIFIED_DECLARED_GAPS)
TIMES = st.sampled_from([0.4, 1.0, 1.6, 2.0, 3.2])

PLANS = st.lists(st.tuples(st.sampled_from(["both", "lost", "encoder", "fault"]), TIMES), min_size=1, max_size=5)
ENDS = st.sampled_from(["stop", "cut", "interrupt"])


def recorded(host: Host, name: str, plan: list[tuple[str, float]], end: str) -> Recorder:
    """A recorder that lives through `plan`: each step is a generation of segments."""
    recorder = host.recorder(name, tracks=BOTH, leaf_size=4096)
    recorder.booted()
    recorder.wait(3)
    recorder.start()
    start = len(recorder.entries) - 1
    for what, seconds in plan:
        if what == "encoder":
            first = recorder.last_tick
            recorder.wait(seconds)
            recorder.seal_file(encoder_file(9_000, recorder.number), first, recorder.ticks)
        else:
            if what == "fault":
                recorder.fault([codes.CAPTURE_CUT_PICTURE, 1], segment=recorder.number + 2)
            recorder.both(seconds, lost=1 if what == "lost" and seconds > 1 else 0)
    if end == "cut":
        first = recorder.last_tick
        recorder.wait(3)
        recorder.restart(20, anchor=[start, 9, 600, first + 2_500])
        recovered = {"attested": codes.ATTESTED_RECOVERED, "boot": 1}
        recorder.seal(sound(2.2), first, first + 2_200, **recovered)
        recorder.seal_file(avi_file(2), first, first + 2_000, **recovered)
        recorder.last_tick = first + 2_200
        recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1)
        recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    elif end == "interrupt":
        recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=4)
        recorder.stop(codes.STOP_BATTERY_LOW, battery=4)
    else:
        recorder.wait(0.3)
        recorder.stop()
    recorder.wait(2)
    host.dock(recorder)
    return recorder


def covered(report: Report) -> float:
    return sum(report.coverage.seconds(state) for state in State)


@given(PLANS, ENDS)
@settings(max_examples=40, deadline=None)
def test_honest_recordings_with_two_tracks(plan: list[tuple[str, float]], end: str) -> None:
    host = Host()
    folder = Path(mkdtemp())
    report = report_of(host.write(folder / "store", recorded(host, "one", plan, end)), host)
    shutil.rmtree(folder)
    assert report.verdict in GOOD, [(one.code, one.text) for one in report.findings]
    assert abs(covered(report) - (report.interval[1] - report.interval[0])) < 0.001
    for track in ("sound", "picture"):
        spans = [span for span in report.coverage.tracks if span.track == track]
        assert all(left.end <= right.start for left, right in pairwise(spans))


@given(PLANS, st.data())
@settings(max_examples=40, deadline=None)
def test_no_generation_of_one_track_can_be_left_out(plan: list[tuple[str, float]], data: st.DataObject) -> None:
    """A recorder that leaves out one segment of one track, numbers and all, with or without a word about it."""
    host = Host()
    recorder = host.recorder("one", tracks=BOTH, leaf_size=4096)
    recorder.booted()
    recorder.wait(3)
    recorder.start()
    left_out = data.draw(st.integers(0, len(plan) - 1))
    is_sound = data.draw(st.booleans())
    says_so = data.draw(st.booleans())
    for place, (_what, seconds) in enumerate(plan):
        seconds += 0.6  # what is left out is longer than what a START may take
        if place != left_out:
            recorder.both(seconds)
            continue
        first = recorder.last_tick
        recorder.wait(seconds)
        for track in ("sound", "picture"):
            if is_sound == (track == "sound"):
                if says_so:
                    recorder.give_up(codes.CAPTURE_NO_START)
            elif track == "sound":
                recorder.seal(sound(seconds, place), first, recorder.ticks)
            else:
                recorder.seal_file(avi_file(seconds, place), first, recorder.ticks)
    recorder.wait(0.3)
    recorder.stop()
    host.dock(recorder)
    folder = Path(mkdtemp())
    report = report_of(host.write(folder / "store", recorder), host)
    shutil.rmtree(folder)
    assert report.verdict is Verdict.INCOMPLETE, [(one.code, one.text) for one in report.findings]
    missing = next(one for one in report.findings if one.code == ("AUDIO_MISSING" if is_sound else "PICTURE_MISSING"))
    begin = report.interval[0] + 3 + sum(seconds + 0.6 for _what, seconds in plan[:left_out])
    assert missing.time is not None
    assert abs(missing.time[0] - begin) < 0.01
    assert ("own reason" in missing.text) == says_so


@cache
def evidence() -> tuple[Host, Path, list[Path]]:
    """A store that is written once, with every kind of segment; each test mends what it changed."""
    host = Host()
    plan = [("both", 2.0), ("lost", 2.0), ("encoder", 2.0), ("both", 1.6)]
    store = host.write(Path(mkdtemp()) / "store", recorded(host, "one", plan, "cut"))
    assert report_of(store, host).verdict is Verdict.VERIFIED_DECLARED_GAPS
    return host, store, sorted(path for path in store.glob("recorders/*/media/**/*") if path.is_file())


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_damage_to_any_track_passes(data: st.DataObject) -> None:
    host, store, files = evidence()
    path = data.draw(st.sampled_from(files))
    whole = path.read_bytes()
    other = data.draw(st.sampled_from([one for one in files if one != path]))
    way = data.draw(st.sampled_from(["byte", "cut", "append", "delete", "rename", "replace", "swap"]))
    theirs = other.read_bytes()
    moved = path.with_suffix(
        data.draw(st.sampled_from([one for one in (".avi", ".mp4", ".bin") if one != path.suffix]))
    )
    try:
        if way == "byte":
            changed = bytearray(whole)
            changed[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
            path.write_bytes(changed)
        elif way == "cut":
            path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
        elif way == "append":
            path.write_bytes(whole + data.draw(st.binary(min_size=1, max_size=20)))
        elif way == "delete":
            path.unlink()
        elif way == "rename":
            path.rename(moved)
        else:
            path.write_bytes(theirs)
            if way == "swap":
                other.write_bytes(whole)
        report = report_of(store, host)
        assert report.verdict not in GOOD, (path.name, way)
        number = int(path.stem[1:])
        told = [one for one in report.findings if one.segment == number or one.code.endswith("_MISSING")]
        assert told, (path.name, way)
    finally:
        moved.unlink(missing_ok=True)
        path.write_bytes(whole)
        other.write_bytes(theirs)

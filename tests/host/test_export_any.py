"""Whatever a recorder lived through: a package never says more than the store does, and what it shows stands alike."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.forge import Host, Recorder
from support.packages import open_store

from evidock.export import export
from evidock.report import Report, State
from evidock.verification import verify
from evidock_protocol import codes, names

CAUSES = [number for number, *_rest in names.CAUSES]
STEPS = ["record", "record", "break", "cut", "exempt", "off", "dock", "wait", "card", "lost", "mark", "check"]


def live(data: st.DataObject, host: Host, recorder: Recorder) -> None:
    """Some of what can happen, honest or not quite."""
    recorder.booted()
    for step in data.draw(st.lists(st.sampled_from(STEPS), min_size=2, max_size=8)):
        recorder.wait(data.draw(st.sampled_from([1, 20, 700])))
        if step == "record":
            recorder.start()
            for _ in range(data.draw(st.integers(1, 2))):
                recorder.segment(1.0)
            recorder.stop()
        elif step == "break":
            recorder.start()
            recorder.segment(1.0)
            recorder.interrupt(data.draw(st.sampled_from(CAUSES)), battery=data.draw(st.sampled_from([2, 90])))
            recorder.stop(data.draw(st.sampled_from([codes.STOP_BATTERY_LOW, codes.STOP_FAULT, codes.STOP_BUTTON])))
        elif step == "cut":
            recorder.start()
            start = len(recorder.entries) - 1
            recorder.segment(1.0)
            boot, reached = recorder.boot, recorder.ticks
            anchor = data.draw(st.sampled_from([None, [start, 1, 100, reached]]))
            recorder.restart(30, anchor=anchor)
            recorder.interrupt(codes.CAUSE_POWER_LOST, boot=boot, reset=codes.RESET_POWER_ON)
            recorder.stop(codes.STOP_INTERRUPTED, boot=boot)
        elif step == "exempt":
            recorder.exempt()
            recorder.wait(30)
            if data.draw(st.booleans()):
                recorder.exempt(begins=False)
        elif step == "off":
            recorder.off()
            recorder.restart(data.draw(st.sampled_from([10, 4000])))
        elif step == "dock":
            host.dock(recorder)
        elif step == "card":
            recorder.card()
        elif step == "lost":
            recorder.start()
            recorder.segment(1.0, lost=data.draw(st.sampled_from([0, 1, 4000])))
            recorder.wait(data.draw(st.sampled_from([0, 9])))
            recorder.stop()
        elif step == "check":
            recorder.check(failed=(codes.CHECK_FUNCTION,))
    recorder.wait(5)
    host.dock(recorder)


def states(report: Report) -> list[tuple[float, float, State, str | None, int | None]]:
    return [(one.start, one.end, one.state, one.cause, one.recording) for one in report.coverage.spans]


@settings(max_examples=40, phases=(Phase.generate,))  # to shrink one takes minutes
@given(st.data())
def test_a_package_says_no_more_than_the_store(data: st.DataObject) -> None:
    host = Host()
    recorder = host.recorder()
    live(data, host, recorder)
    if recorder.recording == 0:
        return
    numbers = data.draw(st.sets(st.integers(1, recorder.recording), min_size=1))
    folder = Path(tempfile.mkdtemp())
    try:
        store = open_store(host, folder / "store", recorder)
        whole_life = verify(store, trust=[host.pin])
        interval: tuple[int | None, int | None] = (None, None)
        if data.draw(st.booleans()):
            first, last = (round(one * 1000) for one in whole_life.interval)
            begin = data.draw(st.integers(first, last - 2))
            interval = (begin, data.draw(st.integers(begin + 1, last)))
            numbers = set()
        export(store, folder / "out", interval, recordings=numbers)
        packed = verify(folder / "out", trust=[host.pin])
        asked = verify(store, packed.interval[0], packed.interval[1] + 0.0, trust=[host.pin])
        store.close()
    finally:
        shutil.rmtree(folder)
    shown = [one for one in states(packed) if one[2] is not State.WITHHELD]
    if len(shown) == len(states(packed)):  # all of it is shown: then nothing differs
        assert packed.verdict.rank >= asked.verdict.rank, (packed.findings, asked.findings)
        assert states(packed) == states(asked)
    for start, end, state, cause, recording in shown:
        inside = [one for one in states(asked) if one[0] < end - 0.001 and one[1] > start + 0.001]
        assert {one[2:] for one in inside} <= {(state, cause, recording)}, (start, end, state, inside)
    assert packed.verdict.exit_status >= min(asked.verdict.exit_status, 3)

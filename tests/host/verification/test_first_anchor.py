"""A power cut before the first anchor was due is as honest as any other, and nothing more (AT-9, AT-33)."""

from pathlib import Path

import pytest
from support.forge import Host, Recorder, sound
from support.verified import expect, report_of

from evidock.report import Verdict
from evidock_protocol import codes


def cut(host: Host, seconds: float, full: bool = False) -> Recorder:
    """A recorder that lost power so long after START, and whose next boot says that there was no anchor yet."""
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.start()
    start, first = len(recorder.entries) - 1, recorder.last_tick
    recorder.wait(seconds)
    if full:
        recorder.fault([], codes.FAULT_ANCHORS_FULL)
    recorder.restart(30, anchor=[start, 0, 0, first])
    if seconds:
        recorder.seal(sound(seconds), first, first + round(seconds * 1000), attested=codes.ATTESTED_RECOVERED, boot=1)
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    recorder.wait(10)
    host.dock(recorder)
    return recorder


@pytest.mark.parametrize("seconds", [0, 3, 9])
def test_before_the_first_anchor_a_cut_is_declared(host: Host, tmp_path: Path, seconds: float) -> None:
    report = report_of(host.write(tmp_path / "store", cut(host, seconds)), host)
    expect(report, Verdict.VERIFIED_DECLARED_GAPS, "GAP_DECLARED", 9)


@pytest.mark.parametrize(("seconds", "full"), [(12, False), (40, False), (3, True)])
def test_where_an_anchor_was_due_its_absence_is_a_doubt(host: Host, tmp_path: Path, seconds: float, full: bool) -> None:
    """Whoever recorded so long had one, or had no room for any: how far it got, nothing outside the card knows."""
    report = report_of(host.write(tmp_path / "store", cut(host, seconds, full)), host)
    expect(report, Verdict.INDETERMINATE, "GAP_DECLARED", 9)

"""A recorder whose recording breaks off and goes on, for tests of gaps; times are seconds since it came up."""

from pathlib import Path

from support.forge import START_MS, Host, Recorder
from support.verified import report_of

from evidock.report import Duty, Gap, Report


def running(host: Host, name: str = "recorder") -> Recorder:
    """A recorder that has recorded for four seconds, from second 5 on."""
    recorder = host.recorder(name)
    recorder.booted()
    recorder.wait(5)
    recorder.start()
    recorder.segment(4)
    return recorder


def docked(host: Host, recorder: Recorder, folder: Path, **options: object) -> Report:
    host.dock(recorder)
    return report_of(host.write(folder / "store", recorder), host, **options)


def gone_on(recorder: Recorder, pause: float, speaks: bool = True, interrupt: int | None = None) -> None:
    """The next recording, after a `pause`; somebody speaks in its second second."""
    interrupt = len(recorder.entries) - 3 if interrupt is None else interrupt  # before STOP and EPOCH
    recorder.wait(pause)
    recorder.start()
    first = recorder.ticks
    recorder.segment(4)
    recorder.resume(interrupt, (first + 1000, first + 2500) if speaks else None)
    recorder.stop()


def the_gap(report: Report) -> Gap:
    assert len(report.gaps) == 1, [gap.text for gap in report.gaps]
    return report.gaps[0]


def duties(report: Report) -> list[Duty]:
    return [one.what for one in report.owed]


def at(seconds: float) -> float:
    return START_MS / 1000 + seconds

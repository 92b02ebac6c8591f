"""Forged recordings with several tracks, from their start to the report on the docked recorder."""

from pathlib import Path

from support.forge import Host, Recorder
from support.verified import report_of

from evidock.report import Report, Verdict
from evidock_protocol import codes

BOTH = codes.TRACK_SOUND | codes.TRACK_PICTURE
GOOD = (Verdict.VERIFIED, Verdict.VERIFIED_DECLARED_GAPS)


def running(host: Host, tracks: int = BOTH) -> Recorder:
    """A recorder with these tracks, five seconds after its boot, that has just started a recording."""
    recorder = host.recorder(tracks=tracks, leaf_size=4096)
    recorder.booted()
    recorder.wait(5)
    recorder.start()
    return recorder


def ended(host: Host, recorder: Recorder, folder: Path) -> Report:
    """The report on `recorder` once it has stopped, waited and docked."""
    recorder.wait(0.2)
    recorder.stop()
    return docked(host, recorder, folder)


def docked(host: Host, recorder: Recorder, folder: Path) -> Report:
    """The report on `recorder` once it has waited and docked."""
    recorder.wait(10)
    host.dock(recorder)
    return report_of(host.write(folder / "store", recorder), host)

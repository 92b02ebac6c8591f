"""OB-11: no mark is dropped, also where nothing places the recorder in time."""

from io import StringIO
from pathlib import Path

from rich.console import Console
from support.broken_off import at
from support.forge import Host
from support.forged_time import attach
from support.verified import report_of

from evidock.cli.report_text import print_report
from evidock_protocol import codes, kinds


def test_ob_11_a_mark_of_a_boot_without_a_place_has_bounds(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    attach(host, recorder, recorder.started + recorder.ticks)
    recorder.add(kinds.MARK, {"recording": None, "type": 1, "count": 1})
    recorder.off()
    recorder.wall_state = codes.WALL_UNSET
    recorder.restart(60)
    recorder.wait(30)
    recorder.add(kinds.MARK, {"recording": None, "type": 2, "count": 1})
    recorder.wait(30)
    recorder.off()
    recorder.wall_state = codes.WALL_SYNCHRONISED
    recorder.restart(60)
    attach(host, recorder, recorder.started + recorder.ticks)
    host.dock(recorder)
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert len(report.marks) == 1
    (adrift,) = report.coverage.unplaced
    (mark,) = adrift.marks
    earliest, latest = mark.between
    assert earliest is not None
    assert latest is not None
    assert at(5) + 29 <= earliest <= at(5 + 60.1 + 30) <= latest <= at(5 + 60 + 60 + 60 + 30)
    told = report.coverage.to_json()["unplaced"][0]["marks"]  # type: ignore[index]
    assert told[0]["type"] == mark.type
    text = StringIO()
    print_report(report, "en", Console(file=text, width=200))
    assert "mark:" in text.getvalue()

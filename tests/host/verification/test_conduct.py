"""OB-15, OB-30, OB-86: how a recorder was used. None of it changes a verdict."""

from pathlib import Path

import pytest
from support.forge import Host, Recorder
from support.forged_orders import command, issue
from support.verified import only, report_of

from evidock.report import Report, Severity, Verdict
from evidock.verification.codes import CODES
from evidock_protocol import codes, kinds
from evidock_protocol import settings as setting


def docked(host: Host, recorder: Recorder, folder: Path, **options: object) -> Report:
    host.dock(recorder)
    report = report_of(host.write(folder / "store", recorder), host, **options)
    assert report.verdict is Verdict.VERIFIED, [one.text for one in report.findings]
    return report


def recorded(recorder: Recorder, reason: int = codes.START_BUTTON) -> None:
    recorder.start(reason)
    recorder.segment(2)
    recorder.stop()
    recorder.wait(700)


def codes_of(report: Report) -> list[str]:
    return [one.code for one in report.findings]


def test_ob_15_a_passed_check_says_nothing(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorded(recorder)
    assert codes_of(docked(host, recorder, tmp_path)) == []


@pytest.mark.parametrize(
    ("item", "word"), list(enumerate(("function", "battery", "storage", "picture", "sound", "clock"), 1))
)
def test_ob_15_each_item_that_failed_is_named(host: Host, tmp_path: Path, item: int, word: str) -> None:
    recorder = host.recorder()
    recorder.booted(checked=False)
    recorder.check(failed=(item,))
    recorded(recorder)
    finding = only(docked(host, recorder, tmp_path), "UNCHECKED")
    assert word in finding.text
    assert finding.recording == 1
    assert (finding.severity, finding.verdict) == (Severity.WARNING, None)


def test_ob_15_an_item_that_the_recorder_does_not_have_is_no_failure(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted(checked=False)
    recorder.add(kinds.CHECK, {"items": [[codes.CHECK_PICTURE, codes.CHECK_ABSENT, -1]], "trigger": 1})
    recorded(recorder)
    assert codes_of(docked(host, recorder, tmp_path)) == []


@pytest.mark.parametrize(
    ("reason", "check", "said"),
    [
        (codes.START_BUTTON, None, True),
        (codes.START_BUTTON, (), True),  # the check came after
        (codes.START_POLICY, (), False),  # evidence first: the check follows
        (codes.START_POLICY, (codes.CHECK_SOUND,), True),
        (codes.START_POLICY, None, False),  # power went before it could be made
    ],
)
def test_ob_15_a_start_before_the_check(
    host: Host, tmp_path: Path, reason: int, check: tuple[int, ...] | None, said: bool
) -> None:
    recorder = host.recorder()
    recorder.booted(checked=False)
    recorder.start(reason)
    recorder.segment(2)
    if check is not None:
        recorder.check(failed=check)
    recorder.stop()
    assert ("UNCHECKED" in codes_of(docked(host, recorder, tmp_path))) == said


def test_ob_15_a_check_holds_for_its_boot_and_the_last_one_counts(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.off()
    recorder.restart(60)
    recorder.check(failed=(codes.CHECK_BATTERY,))
    recorder.check()
    recorded(recorder)
    assert codes_of(docked(host, recorder, tmp_path)) == []


@pytest.mark.parametrize("issued", [False, True])
def test_ob_30_outside_an_issue(host: Host, tmp_path: Path, issued: bool) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorded(recorder)
    if issued:
        issue(host, recorder)
        recorded(recorder)
        issue(host, recorder, out=False)
    recorded(recorder)
    report = docked(host, recorder, tmp_path)
    found = [one.recording for one in report.findings if one.code == "OUTSIDE_ISSUE"]
    assert found == ([1, 3] if issued else [])


def test_settings_without_an_order_are_said_once(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    for value in (20, 20, 40, None):
        recorder.booted() if recorder.ticks == 0 else recorder.restart(60)
        if value is not None:
            recorder.add(kinds.CONFIG, {"order": None, "setting": setting.VOICE_WAIT, "value": value})
            order = command(host, recorder, codes.OPERATION_CONFIGURE, [setting.IMPACT, 9000])
            recorder.add(kinds.CONFIG, {"order": order, "setting": setting.IMPACT, "value": 9000})
        recorder.wait(5)
        if value is not None:
            recorder.off()
    report = docked(host, recorder, tmp_path)
    said = [one.text for one in report.findings if one.code == "SETTINGS"]
    assert len(said) == 2
    assert "20" in said[0]
    assert "40" in said[1]
    assert report.devices[0].settings == ()  # the last boot has the defaults


FAULTS = [
    (3, [1], "tampering"),
    (codes.FAULT_IMPACT, [9300], "9.3 g"),
    (codes.FAULT_CHARGE, [4400, 461], "4400 mV, 46.1 °C"),
    (codes.FAULT_CHARGE, [-1, -1], "overcharged"),
    (codes.FAULT_SETTINGS, [setting.BATTERY_STOP], "battery_stop"),
    (codes.FAULT_SETTINGS, [0], "settings file"),
    (codes.FAULT_FLASH, [3, 17], "journal, 17"),
    (codes.FAULT_MEDIUM, [2], "refuses"),
    (codes.FAULT_ANCHORS_FULL, [], "anchors"),
    (codes.FAULT_JOURNAL_FULL, [], "journal is full"),
]


@pytest.mark.parametrize(("what", "values", "told"), FAULTS)
def test_ob_86_events_of_the_device_are_remarks(
    host: Host, tmp_path: Path, what: int, values: list[int], told: str
) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.add(kinds.FAULT, {"what": what, "recording": None, "segment": None, "values": values})
    recorder.add(kinds.FAULT, {"what": what, "recording": None, "segment": None, "values": []})  # figures may lack
    report = docked(host, recorder, tmp_path)
    first, _second = (one for one in report.findings if one.code == "DEVICE_FAULT")
    assert told in first.text
    assert report_of(tmp_path / "store", host, lang="zh").findings[0].text != first.text


def test_what_is_about_use_changes_no_verdict() -> None:
    for code in ("UNCHECKED", "OUTSIDE_ISSUE", "SETTINGS", "DEVICE_FAULT", "NO_VOICE", "BREAK", "RESUME_MISMATCH"):
        assert CODES[code].verdict is None

"""OB-12, OB-30: an entry that a command brought about holds that command, and verification looks at it again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.broken_off import docked
from support.forge import Host, Recorder
from support.forged_orders import checked, excuse, issue
from support.forged_time import attach
from support.verified import only

from evidock.report import Report, State, Verdict
from evidock_protocol import codes

OTHER = Host("other")
STRANGER = Host("stranger", "strangers")


def up(host: Host) -> Recorder:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(3)
    attach(host, recorder, recorder.started + recorder.ticks)
    return recorder


def told(report: Report) -> set[str]:
    return {one.code for one in report.findings if one.code.startswith("ORDER")}


def test_orders_that_fit(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    issue(host, recorder)
    checked(host, recorder)
    checked(host, recorder, 200)  # a later version's
    excuse(host, recorder)
    recorder.wait(10)
    excuse(host, recorder, begins=False)
    issue(host, recorder, out=False)
    report = docked(host, recorder, tmp_path)
    assert told(report) == set()
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS


@pytest.mark.parametrize(
    ("forge", "what"),
    [
        (lambda h, r: issue(h, r, operation=codes.OPERATION_RETURN), "something else"),
        (lambda h, r: issue(h, r, officer=418), "something else"),
        (lambda h, r: issue(h, r, device=bytes(32)), "something else"),
        (lambda h, r: issue(h, r, out=False, operation=codes.OPERATION_ISSUE), "something else"),
        (lambda h, r: excuse(h, r, class_=1), "something else"),
        (lambda h, r: excuse(h, r, begins=False, class_=2, officer=1), "something else"),
        (lambda h, r: checked(h, r, host=bytes(32)), "something else"),
        (lambda h, r: checked(h, r, codes.OPERATION_SET_TIME), "something else"),
        (lambda h, r: issue(h, r, signer=OTHER), "did not sign"),
        (lambda h, r: issue(h, r, time=r.started + r.ticks - 60_000), "another time"),
        (lambda h, r: excuse(h, r, time=r.started + r.ticks + 60_000), "another time"),
    ],
)
def test_an_order_that_does_not_fit(
    host: Host, tmp_path: Path, forge: Callable[[Host, Recorder], None], what: str
) -> None:
    recorder = up(host)
    forge(host, recorder)
    report = docked(host, recorder, tmp_path)
    finding = only(report, "ORDER_MISMATCH")
    assert what in finding.text
    assert finding.verdict is report.verdict is Verdict.INCOMPLETE


def test_an_exemption_stays_exempt(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    excuse(host, recorder, class_=3)
    recorder.wait(20)
    excuse(host, recorder, begins=False)
    report = docked(host, recorder, tmp_path)
    assert report.coverage.seconds(State.EXEMPT) == 20


def test_orders_of_a_host_that_is_not_known_are_a_remark(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    issue(STRANGER, recorder)
    issue(STRANGER, recorder, out=False)
    report = docked(host, recorder, tmp_path)
    assert only(report, "ORDER_UNKNOWN").verdict is None
    assert told(report) == {"ORDER_UNKNOWN"}
    assert report.verdict is Verdict.VERIFIED


def test_an_unknown_host_does_not_excuse_what_does_not_fit(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    issue(STRANGER, recorder, officer=418)
    assert told(docked(host, recorder, tmp_path)) == {"ORDER_MISMATCH"}


def test_a_host_that_the_organisation_never_allowed_to_order(tmp_path: Path) -> None:
    host = Host(roles=codes.ROLE_PULL | codes.ROLE_TIME | codes.ROLE_RECEIPT)
    recorder = up(host)
    checked(host, recorder)
    issue(host, recorder)
    report = docked(host, recorder, tmp_path)
    assert "never allowed" in only(report, "ORDER_MISMATCH").text


def test_the_time_of_a_simulated_recorder_runs_at_any_speed(tmp_path: Path, host: Host) -> None:
    recorder = host.recorder(protection=codes.PROTECTION_SIMULATED)
    recorder.booted()
    issue(host, recorder, time=recorder.started + 86_400_000)
    assert told(docked(host, recorder, tmp_path)) == set()

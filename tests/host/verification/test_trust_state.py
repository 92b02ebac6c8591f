"""OB-26, AT-32, AT-37, AT-39: whose orders a recorder took is followed from entry to entry, and looked at again."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.broken_off import docked
from support.forge import Host, Recorder, public
from support.forged_orders import command, issue
from support.forged_time import set_clock
from support.forged_trust import (
    LATER,
    STRANGER,
    certificate,
    certify,
    firmware_command,
    follow,
    host_entry,
    obey,
    order,
    renew,
)
from support.verified import only, report_of

from evidock.report import Provenance, Report, Verdict
from evidock_protocol import codes, custody_kinds, kinds, sign1
from evidock_protocol import settings as setting

OTHER = Host("other")  # certified by the same organisation
CONFIGURE = [setting.VOICE_WAIT, 20]


def up(host: Host, name: str = "first", **options: object) -> Recorder:
    recorder = host.recorder(name, **options)
    recorder.booted()
    recorder.wait(3)
    return recorder


def told(report: Report) -> set[str]:
    return {one.code for one in report.findings if one.verdict is not None}


def configure(recorder: Recorder, raw: bytes, value: int = 20) -> None:
    obey(recorder, kinds.CONFIG, {"setting": setting.VOICE_WAIT, "value": value}, raw)


def configured(recorder: Recorder, raw: bytes) -> None:
    recorder.add(kinds.CONFIG, {"order": raw, "setting": setting.VOICE_WAIT, "value": 20})


def ordered(host: Host, operation: int, arguments: list[object], **changed: object) -> bytes:
    return order(host.organisation_key, operation, arguments, **changed)  # type: ignore[arg-type]


def everything(host: Host, recorder: Recorder) -> None:
    """Each kind of order once, each as the recorder would take it."""
    certify(recorder, host)
    configure(recorder, ordered(host, codes.OPERATION_CONFIGURE, [*CONFIGURE]))
    recorder.change_epoch(codes.EPOCH_STOP)
    renew(recorder, ordered(host, codes.OPERATION_FIRMWARE, [bytes([7]) * 32], time=2001, device=recorder.device))
    raw = ordered(host, codes.OPERATION_RESET, [], time=2002, generation=3, device=recorder.device)
    obey(recorder, kinds.RESET, {}, raw)
    certify(recorder, OTHER, generation=3, not_before=2500)
    follow(recorder, host.organisation_key, LATER, time=2600, generation=3)
    recorder.change_epoch(codes.EPOCH_STOP)
    certify(recorder, host, LATER, generation=3)
    configure(recorder, order(LATER, codes.OPERATION_CONFIGURE, [setting.VOICE_WAIT, 30], 2700, generation=4), 30)


def test_what_orders_bring_about_is_what_epochs_say(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    everything(host, recorder)
    report = docked(host, recorder, tmp_path)
    assert told(report) == set()
    assert report.verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    "lie",
    [
        {"generation": 2},
        {"generation": 9},
        {"time": 2999},
        {"time": 0},
        {"organisation": public(STRANGER)},
        {"organisation": None},
        {"successor": bytes([1]) * 32},
    ],
)
def test_an_epoch_that_says_something_else_is_altered(host: Host, tmp_path: Path, lie: dict[str, object]) -> None:
    recorder = up(host)
    everything(host, recorder)
    recorder.change_epoch(codes.EPOCH_STOP, **lie)
    recorder.trusted.update(lie)  # said on: that is one finding
    report = docked(host, recorder, tmp_path)
    assert only(report, "TRUST_STATE").verdict is report.verdict is Verdict.ALTERED


def test_null_is_genesis_own_organisation(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    recorder.change_epoch(codes.EPOCH_STOP, organisation=public(host.organisation_key), successor=bytes(32))
    assert told(docked(host, recorder, tmp_path)) == set()


@pytest.mark.parametrize(
    ("forge", "what"),
    [
        (lambda h, r: configure(r, order(STRANGER, 4, [*CONFIGURE])), "not signed by the organisation"),
        (lambda h, r: configure(r, ordered(h, 4, [*CONFIGURE], device=bytes(32))), "something else"),
        (lambda h, r: configure(r, ordered(h, 4, [setting.VOICE_WAIT, 21])), "something else"),
        (lambda h, r: configure(r, ordered(h, 4, [setting.IMPACT, 20])), "something else"),
        (lambda h, r: configure(r, ordered(h, 5, [bytes(32)])), "something else"),
        (lambda h, r: configure(r, ordered(h, 4, [*CONFIGURE], time=1000)), "older than"),
        (lambda h, r: configure(r, ordered(h, 4, [*CONFIGURE], generation=0)), "older than"),
        (lambda h, r: configured(r, b"order"), "no such order"),
        (lambda h, r: configure(r, certificate(h.organisation_key, h)), "no such order"),
        (lambda h, r: configure(r, command(h, r, 4, [*CONFIGURE], signer=OTHER)), "did not sign"),
        (lambda h, r: obey(r, kinds.RESET, {}, order(STRANGER, 7, [], device=r.device)), "not signed by the org"),
        (lambda h, r: obey(r, kinds.RESET, {}, command(h, r, 7, [])), "no such order"),
        (lambda h, r: obey(r, kinds.RESET, {}, ordered(h, 7, [])), "something else"),  # of every recorder at once
        (lambda h, r: obey(r, kinds.RESET, {}, ordered(h, 8, [bytes(32), bytes(32)])), "something else"),
        (lambda h, r: renew(r, ordered(h, 5, [bytes(32)])), "something else"),
        (lambda h, r: renew(r, firmware_command(h, r), old=bytes([3]) * 32), "something else"),
        (lambda h, r: follow(r, STRANGER), "not signed by the organisation"),
        (lambda h, r: follow(r, LATER, LATER), "not signed by the organisation"),
        (lambda h, r: certify(r, h, STRANGER), "host certificate"),
        (lambda h, r: certify(r, h, generation=0), "host certificate"),
        (lambda h, r: certify(r, h, not_after=999), "host certificate"),
        (lambda h, r: certify(r, h, host_key=public(OTHER.key)), "host certificate"),
        (lambda h, r: host_entry(r, codes.HOST_CERTIFIED, h.id, None), "host certificate"),
    ],
)
def test_an_order_that_the_recorder_should_have_refused(
    host: Host, tmp_path: Path, forge: Callable[[Host, Recorder], object], what: str
) -> None:
    """It has no part in the trust state either, so that the next EPOCH may not count it."""
    recorder = up(host)
    certify(recorder, host)
    before = dict(recorder.trusted)
    forge(host, recorder)
    recorder.trusted = before
    report = docked(host, recorder, tmp_path)
    assert what in only(report, "ORDER_MISMATCH").text
    assert told(report) == {"ORDER_MISMATCH"}
    assert report.verdict is Verdict.INCOMPLETE


def test_an_order_given_twice_is_a_replay(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    raw = ordered(host, codes.OPERATION_CONFIGURE, [*CONFIGURE])
    configure(recorder, raw)
    configure(recorder, raw)
    assert "older than" in only(docked(host, recorder, tmp_path), "ORDER_MISMATCH").text


def test_what_a_refused_order_would_have_raised_is_no_state(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    certify(recorder, host, STRANGER, generation=5)
    assert told(docked(host, recorder, tmp_path)) == {"ORDER_MISMATCH", "TRUST_STATE"}


@pytest.mark.parametrize(("operation", "kind"), [("configure", kinds.CONFIG), ("firmware", kinds.FIRMWARE)])
def test_a_command_needs_its_role(tmp_path: Path, operation: str, kind: int) -> None:
    host = Host(roles=codes.ALL_ROLES & ~(codes.ROLE_CONFIGURE | codes.ROLE_FIRMWARE))
    recorder = up(host)
    if kind == kinds.CONFIG:
        configure(recorder, command(host, recorder, codes.OPERATION_CONFIGURE, [*CONFIGURE]))
    else:
        renew(recorder, firmware_command(host, recorder))
    assert "never allowed" in only(docked(host, recorder, tmp_path), "ORDER_MISMATCH").text, operation


def test_a_certificate_in_the_journal_makes_a_host_known(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    certify(recorder, OTHER, roles=codes.ROLE_PULL | codes.ROLE_ISSUE)
    issue(OTHER, recorder)
    assert told(docked(host, recorder, tmp_path / "may")) == set()
    recorder = up(host, name="second")
    certify(recorder, OTHER, roles=codes.ROLE_PULL)
    issue(OTHER, recorder)
    assert "never allowed" in only(docked(host, recorder, tmp_path / "not"), "ORDER_MISMATCH").text


def test_a_host_of_the_old_organisation_may_order_nothing_any_more(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    issue(host, recorder)
    follow(recorder, host.organisation_key)
    recorder.wait(1)
    issue(host, recorder, out=False)
    assert "never allowed" in only(docked(host, recorder, tmp_path), "ORDER_MISMATCH").text


def test_only_the_organisation_may_set_the_clock_back(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    before = recorder.started + recorder.ticks - 3_600_000
    raw = ordered(host, codes.OPERATION_SET_TIME, [before], device=recorder.device)
    recorder.started -= 3_600_000
    body = {"old": [2, before + 3_600_000], "new": [2, before], "source": codes.CLOCK_FROM_ORGANISATION}
    obey(recorder, kinds.CLOCK, body, raw)
    report = docked(host, recorder, tmp_path / "lawful")
    assert "CLOCK_STEP" not in told(report)
    recorder = up(host, name="second")
    set_clock(host, recorder, before, order(STRANGER, codes.OPERATION_SET_TIME, [before], device=recorder.device))
    assert {"CLOCK_STEP", "ORDER_MISMATCH"} <= told(docked(host, recorder, tmp_path / "stranger"))


def test_nothing_is_judged_across_a_hole_but_what_may_never_fall(host: Host, tmp_path: Path) -> None:
    for name, generation, expected in (("more", 9, False), ("less", 0, True)):
        recorder = up(host, name=name)
        certify(recorder, host)
        recorder.change_epoch(codes.EPOCH_STOP)
        recorder.check()
        gone = len(recorder.entries) - 1
        recorder.trusted["generation"] = generation
        configure(recorder, order(STRANGER, codes.OPERATION_CONFIGURE, [*CONFIGURE]))
        recorder.trusted["generation"] = generation
        host.dock(recorder)
        kept = recorder.entries.pop(gone)
        report = report_of(host.write(tmp_path / name, recorder), host)
        recorder.entries.insert(gone, kept)
        assert ("TRUST_STATE" in told(report)) is expected
        assert "ORDER_MISMATCH" not in told(report)


def rotated(host: Host, recorder: Recorder, now: int = 5000) -> None:
    """The store's host gets a certificate of the organisation that follows."""
    host.note(custody_kinds.CERTIFICATE, {"certificate": certificate(LATER, host, not_before=now)})


@pytest.mark.parametrize("by_successor", [False, True])
@pytest.mark.parametrize("certified", [False, True])
def test_who_pins_the_organisation_that_followed(
    host: Host, tmp_path: Path, by_successor: bool, certified: bool
) -> None:
    recorder = up(host, successor=sha256(public(LATER)).digest()) if by_successor else up(host)
    follow(recorder, LATER if by_successor else host.organisation_key)
    recorder.change_epoch(codes.EPOCH_STOP)
    if certified:
        rotated(host, recorder)
    host.dock(recorder)
    store = host.write(tmp_path / "store", recorder)
    assert report_of(store, host).provenance.answer is Provenance.TRUSTED  # who pins the old one
    report = report_of(store, host, trust=[sign1.thumbprint(public(LATER)).hex()])
    assert (report.provenance.answer is Provenance.TRUSTED) is certified
    assert ("NOT_ENROLLED" in told(report)) is not certified


def test_the_successor_is_bound_by_nothing_that_a_thief_raised(host: Host, tmp_path: Path) -> None:
    """Its generation and time are the state from there on, also where they are lower."""
    recorder = up(host, successor=sha256(public(LATER)).digest())
    configure(recorder, ordered(host, codes.OPERATION_CONFIGURE, [*CONFIGURE], time=1 << 50, generation=1 << 31))
    follow(recorder, LATER, time=3000, generation=2)
    recorder.trusted.update(generation=2, time=3000)
    recorder.change_epoch(codes.EPOCH_STOP)
    configure(recorder, order(LATER, codes.OPERATION_CONFIGURE, [*CONFIGURE], time=3001, generation=2))
    assert told(docked(host, recorder, tmp_path)) == set()


def test_the_organisation_itself_is_bound_also_when_it_hands_over(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    configure(recorder, ordered(host, codes.OPERATION_CONFIGURE, [*CONFIGURE], time=5000, generation=3))
    before = dict(recorder.trusted)
    follow(recorder, host.organisation_key, time=3000, generation=3)
    recorder.trusted = before
    assert "older than" in only(docked(host, recorder, tmp_path), "ORDER_MISMATCH").text


def test_an_order_behind_a_loss_counts_only_if_a_known_organisation_signed_it(host: Host, tmp_path: Path) -> None:
    """What is lost may have changed the organisation, so it accuses nobody; but it allows nothing either."""
    for name, signer in (("own", host.organisation_key), ("stranger", STRANGER)):
        recorder = up(host, name=name)
        recorder.check()
        gone = len(recorder.entries) - 1
        before = recorder.started + recorder.ticks - 3_600_000
        raw = order(signer, codes.OPERATION_SET_TIME, [before], device=recorder.device)
        recorder.started -= 3_600_000
        body = {"old": [2, before + 3_600_000], "new": [2, before], "source": codes.CLOCK_FROM_ORGANISATION}
        recorder.add(kinds.CLOCK, {"order": raw, **body})
        renew(recorder, order(signer, codes.OPERATION_FIRMWARE, [bytes([7]) * 32], time=2001))
        host.dock(recorder)
        kept = recorder.entries.pop(gone)
        report = report_of(host.write(tmp_path / name, recorder), host)
        recorder.entries.insert(gone, kept)
        codes_told = {one.code for one in report.findings}
        assert ("CLOCK_STEP" in codes_told) is (signer is STRANGER)
        assert ("ORDER_UNKNOWN" in codes_told) is (signer is STRANGER)
        assert ("COMMANDED" in codes_told) is (signer is not STRANGER)
        assert "ORDER_MISMATCH" not in codes_told


def test_what_a_host_did_not_sign_is_not_told_of_it(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    configured(recorder, command(host, recorder, codes.OPERATION_CONFIGURE, [*CONFIGURE], signer=OTHER))
    configured(recorder, order(STRANGER, codes.OPERATION_CONFIGURE, [*CONFIGURE]))
    report = docked(host, recorder, tmp_path)
    assert "ORDER_MISMATCH" in told(report)
    assert "COMMANDED" not in {one.code for one in report.findings}


def test_an_org_that_nobody_allowed_leads_nowhere(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    follow(recorder, STRANGER)
    rotated(host, recorder)
    host.dock(recorder)
    store = host.write(tmp_path / "store", recorder)
    report = report_of(store, host, trust=[sign1.thumbprint(public(LATER)).hex()])
    assert {"FOREIGN_ORGANISATION", "ORDER_MISMATCH", "TRUST_STATE"} <= told(report)


def test_at_37_every_host_key_is_told_with_what_it_commanded(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    issue(host, recorder)
    configure(recorder, command(host, recorder, codes.OPERATION_CONFIGURE, [*CONFIGURE]))
    certify(recorder, OTHER)
    issue(OTHER, recorder, out=False)
    configure(recorder, ordered(host, codes.OPERATION_CONFIGURE, [setting.VOICE_WAIT, 30]), 30)
    found = [one.text for one in docked(host, recorder, tmp_path).findings if one.code == "COMMANDED"]
    assert found[0] == f"Host key {host.id.hex()[:16]} stands behind: issued or returned 1, settings 1."
    assert found[1] == f"Host key {OTHER.id.hex()[:16]} stands behind: issued or returned 1."
    assert found[2] == "The organisation ordered: settings 1."


def test_at_32_refusals_are_told_with_their_hosts(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    host_entry(recorder, codes.HOST_REFUSED, bytes([9]) * 32, None, count=7, refusal=3, last_host=OTHER.id)
    report = docked(host, recorder, tmp_path)
    found = [one.text for one in report.findings if one.code == "REFUSED"]
    assert "7" in found[0]
    assert [OTHER.id.hex()[:16] in one or "0909" in one for one in found[1:]] == [True, True]
    assert report.verdict is Verdict.VERIFIED


STEPS = ("certify", "configure", "organisation", "epoch", "issue")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 3), st.integers(1, 50)), max_size=8),
    lie=st.none() | st.tuples(st.sampled_from(["generation", "time"]), st.integers(1, 9)),
)
def test_any_lawful_sequence_holds_and_any_lie_about_it_does_not(
    steps: list[tuple[str, int, int]], lie: tuple[str, int] | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    host = Host()
    recorder = up(host)
    organisations = [host.organisation_key, LATER]
    for step, more, time in steps:
        generation = int(str(recorder.trusted["generation"])) + more
        now = int(str(recorder.trusted["time"])) + time
        live = organisations[0]
        if step == "certify":
            certify(recorder, OTHER, live, generation=generation, not_before=now)
        elif step == "configure":
            raw = order(live, codes.OPERATION_CONFIGURE, [*CONFIGURE], now, generation=generation)
            configure(recorder, raw)
        elif step == "organisation":
            organisations.reverse()
            follow(recorder, live, organisations[0], time=now, generation=generation)
        elif step == "epoch":
            recorder.change_epoch(codes.EPOCH_STOP)
    if lie is not None:
        recorder.trusted[lie[0]] = int(str(recorder.trusted[lie[0]])) + lie[1]
    report = docked(host, recorder, tmp_path_factory.mktemp("state"))
    assert told(report) == (set() if lie is None else {"TRUST_STATE"})

"""Reports name who vouches for a recorder: organisation, enrolling host, registry; and the stamps over its heads."""

from pathlib import Path

import pytest
from support.forge import Host, Recorder, put, shift
from support.time_authority import Authority, needs_openssl, needs_time
from support.verified import only, report_of

from evidock import layout
from evidock.cli.main import run
from evidock.report import DeviceReport, Verdict
from evidock.verification import verify
from evidock_protocol import custody_kinds, sign1


def told(folder: Path, host: Host, **options: object) -> DeviceReport:
    (device,) = report_of(folder, host, **options).devices
    return device


def registry(host: Host, recorder: Recorder, state: int, size: int | None = None) -> None:
    newest = None if size is None else sign1.statement_hash(recorder.entries[size - 1])
    body = {"device": recorder.device, "state": state, "head_size": size, "head_hash": newest, "unit": None}
    host.note(custody_kinds.REGISTRY, body)


def test_an_enrolled_recorder(host: Host, store: Path) -> None:
    device = told(store, host)
    assert device.organisation == host.pin
    assert (device.enrolled_by, device.enroller, device.registry) == (host.id.hex(), host.name, "enrolled")
    written = device.to_json()
    assert (written["enrolled_by"], written["registry"], written["stamps"]) == (host.id.hex(), "enrolled", [])


def test_who_pins_another_organisation_is_told_of_no_enrolment(host: Host, store: Path) -> None:
    (device,) = verify(store, trust=["00" * 32]).devices
    assert device.organisation == host.pin  # what the recorder claims
    assert (device.enrolled_by, device.enroller) == (None, "")


@pytest.mark.parametrize(("state", "name"), [(2, "issued"), (3, "in_repair"), (4, "lost"), (6, "revoked")])
def test_the_newest_state_of_the_registry(host: Host, tmp_path: Path, state: int, name: str) -> None:
    recorder = shift(host)
    registry(host, recorder, 2)
    registry(host, recorder, state, len(recorder.entries) if state == 6 else None)
    assert told(host.write(tmp_path / "s", recorder), host).registry == name


def test_what_is_revoked_stays_so_whatever_is_written_later(host: Host, tmp_path: Path) -> None:
    recorder = shift(host)
    registry(host, recorder, 6, len(recorder.entries))
    registry(host, recorder, 1)
    assert told(host.write(tmp_path / "s", recorder), host).registry == "revoked"


def test_the_terminal_says_it(host: Host, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(store), "--trust", host.pin]) == 0
    out = capsys.readouterr().out
    for part in ("trusted here", f"enrolled by {host.name} (host", "registry: enrolled"):
        assert part in " ".join(out.split())


@needs_time
@needs_openssl
def test_a_stamp_reaches_the_report(
    host: Host, recorder: Recorder, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    authority = Authority(tmp_path / "authority")
    raw = host.heads[recorder.device][-1]
    place = store / layout.recorder(recorder.device) / layout.stamp(sign1.statement_hash(raw))
    put(place, authority.stamp(raw))
    report = report_of(store, host, time_roots=authority.roots)
    assert report.verdict is Verdict.VERIFIED
    assert only(report, "STAMPED").verdict is None
    (stamp,) = report.devices[0].stamps
    assert (stamp.head_size, stamp.checked) == (len(recorder.entries), True)
    assert run(["verify", str(store), "--trust", host.pin, "--time-roots", str(authority.roots)]) == 0
    assert "at the latest, says O=City,CN=Clocktower" in " ".join(capsys.readouterr().out.split())
    place.write_bytes(place.read_bytes()[:-1])
    report = report_of(store, host, time_roots=authority.roots)
    assert report.verdict is Verdict.INDETERMINATE
    assert only(report, "STAMP_MISMATCH").path == f"stamps/{place.name}"
    assert run(["verify", str(store), "--time-roots", str(store / "store.json")]) == 1
    assert "no certificates" in capsys.readouterr().err


@needs_time
@needs_openssl
def test_a_stamp_over_a_head_beyond_the_journal_proves_nothing(host: Host, recorder: Recorder, tmp_path: Path) -> None:
    """Nobody can tell who signed such a head, so no stamp may make it look old."""
    authority = Authority(tmp_path / "authority")
    raw = recorder.head(size=10_000)
    host.heads[recorder.device].append(raw)
    store = host.write(tmp_path / "s", recorder)
    place = store / layout.recorder(recorder.device) / layout.stamp(sign1.statement_hash(raw))
    put(place, authority.stamp(raw))
    report = report_of(store, host, time_roots=authority.roots)
    assert report.devices[0].stamps == ()
    assert "not here" in only(report, "STAMP_MISMATCH").text

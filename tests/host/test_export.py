"""Packages: one case, one hour or some recordings, which verify alone and show nothing that was not asked for."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from support.forge import START_MS, Host, Recorder, shift
from support.packages import files, journal, open_store, with_private

from evidock import layout, package
from evidock.cli.main import run
from evidock.errors import EvidockError, StoreError, WrongUsage
from evidock.export import export
from evidock.report import Finding, Provenance, Report, State, Verdict
from evidock.store import Store
from evidock.verification import verify
from evidock_protocol import codes, custody_kinds, entry, kinds, sign1, statements

MINUTE = 60_000
CASE = 3


def found(report: Report, code: str) -> list[Finding]:
    return [one for one in report.findings if one.code == code]


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def recorder(host: Host) -> Recorder:
    return shift(host)


@pytest.fixture
def store(host: Host, recorder: Recorder, tmp_path: Path) -> Store:
    return open_store(host, tmp_path / "store", recorder)


def test_one_recording_verifies_alone(host: Host, recorder: Recorder, store: Store, tmp_path: Path) -> None:
    done = export(store, tmp_path / "out", recordings=[1])
    report = verify(tmp_path / "out", trust=[host.pin])
    assert report.verdict is Verdict.VERIFIED, report.findings
    assert report.provenance.answer is Provenance.TRUSTED
    assert report.coverage.seconds(State.RECORDED) == pytest.approx(6.0)
    assert report.interval[1] - report.interval[0] == pytest.approx(6.0)
    assert [one.verdict for one in found(report, "WITHHELD")] == [None]
    (told,) = done.recorders
    assert told.entries + told.withheld == len(recorder.entries)
    assert told.withheld > 0
    assert not told.missing
    assert not told.damaged


def test_what_is_withheld_is_not_verified(host: Host, store: Store, tmp_path: Path) -> None:
    export(store, tmp_path / "out", recordings=[2])
    whole = verify(tmp_path / "out", START_MS / 1000, START_MS / 1000 + 1200, trust=[host.pin])
    assert whole.verdict is Verdict.INDETERMINATE
    assert whole.coverage.seconds(State.WITHHELD) > 500
    told = whole.coverage.to_json()
    assert told["withheld_s"] == pytest.approx(whole.coverage.seconds(State.WITHHELD), abs=0.001)
    assert {span.cause for span in whole.coverage.spans if span.state is State.WITHHELD} == {"not_exported"}
    own = verify(tmp_path / "out", trust=[host.pin])
    assert own.verdict is Verdict.VERIFIED


def test_nothing_of_what_stays_behind_is_in_it(store: Store, recorder: Recorder, tmp_path: Path) -> None:
    export(store, tmp_path / "out", recordings=[1])
    held = files(tmp_path / "out")
    top = str(layout.recorder(recorder.device))
    assert not [path for path in held if "R0000002" in path]
    assert held[f"{top}/{layout.PRIVATE}"] == recorder.openings[0]
    shown = journal(held[f"{top}/{layout.JOURNAL}"])
    assert {one.body["recording"] for one in shown if one.kind in (kinds.START, kinds.SEGMENT, kinds.STOP)} == {1}


def test_the_files_are_those_of_the_sums(store: Store, tmp_path: Path) -> None:
    export(store, tmp_path / "out", recordings=[1])
    held = files(tmp_path / "out")
    sums = package.read_sums(held.pop(package.SUMS))
    raw = held.pop(package.STATEMENT)
    assert sums == {path: hashlib.sha256(data).digest() for path, data in held.items()}
    assert package.parse_statement(raw).files == hashlib.sha256(files(tmp_path / "out")[package.SUMS]).digest()


def test_an_hour_shows_its_neighbours_and_withholds_them(host: Host, store: Store, tmp_path: Path) -> None:
    interval = (START_MS, START_MS + 15 * MINUTE)
    export(store, tmp_path / "out", interval, recordings=[1])
    report = verify(tmp_path / "out", trust=[host.pin])
    assert report.interval == (interval[0] / 1000, interval[1] / 1000)
    assert report.verdict is Verdict.INDETERMINATE
    withheld = [span for span in report.coverage.spans if span.state is State.WITHHELD]
    assert [span.recording for span in withheld] == [2]
    assert report.coverage.seconds(State.RECORDED) == pytest.approx(6.0)
    part = verify(tmp_path / "out", START_MS / 1000, START_MS / 1000 + 60, trust=[host.pin])
    assert part.verdict is Verdict.VERIFIED, part.findings


def test_an_hour_with_all_that_is_in_it_is_verified(host: Host, store: Store, tmp_path: Path) -> None:
    export(store, tmp_path / "out", (START_MS + 5_000, START_MS + 12 * MINUTE))
    report = verify(tmp_path / "out", trust=[host.pin])
    assert report.verdict is Verdict.VERIFIED, report.findings
    assert report.coverage.seconds(State.RECORDED) == pytest.approx(10.0)


def cases(host: Host) -> Recorder:
    """Three recordings, the first and the last of case 77; between them the recorder was off."""
    recorder = host.recorder()
    recorder.wait(2)
    recorder.booted()
    for officer, case in ((11, 77), (12, "78-ä"), (11, 77)):
        with_private(recorder, {codes.LABEL_OFFICER: officer, CASE: case})
        recorder.wait(5)
        recorder.start()
        recorder.segment(2.0)
        recorder.wait(0.2)
        recorder.stop()
        recorder.off()
        recorder.restart(900)
    host.dock(recorder)
    return recorder


def test_one_case(host: Host, tmp_path: Path) -> None:
    recorder = cases(host)
    store = open_store(host, tmp_path / "store", recorder)
    done = export(store, tmp_path / "out", case="77")
    assert [one.recordings for one in done.recorders] == [(1, 3)]
    held = files(tmp_path / "out")
    assert held[f"{layout.recorder(recorder.device)}/{layout.PRIVATE}"] == recorder.openings[0] + recorder.openings[2]
    for at in (1, 3):
        start = next(
            one
            for one in journal(b"".join(recorder.entries))
            if one.kind == kinds.START and one.body["recording"] == at
        )
        begin = start.wall_ms / 1000
        report = verify(tmp_path / "out", begin, begin + 2, trust=[host.pin])
        assert report.verdict is Verdict.VERIFIED, report.findings
    both = verify(tmp_path / "out", trust=[host.pin])
    assert both.verdict is Verdict.INDETERMINATE  # what lies between is withheld
    assert not found(both, "GAP_DECLARED")
    other = export(store, tmp_path / "other", case="78-ä")
    assert [one.recordings for one in other.recorders] == [(2,)]
    assert verify(tmp_path / "other", trust=[host.pin]).verdict is Verdict.VERIFIED


def test_custody_says_what_was_handed_out(host: Host, store: Store, tmp_path: Path) -> None:
    done = export(store, tmp_path / "out", recordings=[1])
    statement = (tmp_path / "out" / package.STATEMENT).read_bytes()
    assert done.package == sign1.statement_hash(statement)
    raw = (store.folder / layout.CUSTODY).read_bytes()
    newest = raw[raw.rindex(b"\xd2\x84\x58\x2a") :]
    copied = entry.parse(newest, statements.TYP_CUSTODY)
    assert copied.kind == custody_kinds.COPY
    assert copied.body["package"] == done.package
    rows: Any = copied.body["segments"]
    assert [(one[0], one[1]) for one in rows] == [(1, 1), (1, 2), (1, 3)]
    assert verify(store, trust=[host.pin]).verdict is Verdict.VERIFIED
    # And a package that is made afterwards withholds it.
    export(store, tmp_path / "again", recordings=[2])
    assert verify(tmp_path / "again", trust=[host.pin]).verdict is Verdict.VERIFIED


def test_who_is_trusted_is_the_verifiers_own(host: Host, store: Store, tmp_path: Path) -> None:
    export(store, tmp_path / "out", recordings=[1])
    assert verify(tmp_path / "out", trust=[]).verdict is Verdict.UNTRUSTED
    assert verify(tmp_path / "out", trust=["00" * 32]).verdict is Verdict.UNTRUSTED


def test_places_that_are_refused(store: Store, tmp_path: Path) -> None:
    used = tmp_path / "used"
    used.mkdir()
    (used / "letter.txt").write_text("mine")
    with pytest.raises(StoreError):
        export(store, used, recordings=[1])
    with pytest.raises(StoreError):
        export(store, store.folder / "out", recordings=[1])
    with pytest.raises(StoreError):
        export(store, used / "letter.txt", recordings=[1])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store", "used"]
    empty = tmp_path / "empty"
    empty.mkdir()
    export(store, empty, recordings=[1])
    assert (empty / package.STATEMENT).is_file()


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"recordings": [9]},
        {"case": "77"},
        {"interval": (START_MS, None)},
        {"interval": (START_MS, START_MS)},
        {"interval": (-1, START_MS)},
        {"interval": (1, 2), "recordings": [1]},
        {"recordings": [1], "device": "ffff"},
    ],
)
def test_what_is_not_there_leaves_nothing(store: Store, tmp_path: Path, asked: dict[str, Any]) -> None:
    size = store.custody.size
    with pytest.raises(WrongUsage):
        export(store, tmp_path / "out", **asked)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    assert store.custody.size == size


def test_an_interrupted_export_goes_on(host: Host, store: Store, tmp_path: Path) -> None:
    class Pulled(Exception):
        pass

    def pull(done: int, _total: int) -> None:
        if done > 100_000:
            raise Pulled

    size = store.custody.size
    with pytest.raises(Pulled):
        export(store, tmp_path / "out", recordings=[1, 2], progress=pull)
    assert not (tmp_path / "out").exists()
    assert store.custody.size == size
    left = files(tmp_path / ".out.part")
    assert any(path.endswith(".wav") for path in left)
    told: list[tuple[int, int]] = []
    export(store, tmp_path / "out", recordings=[2], progress=lambda done, total: told.append((done, total)))
    assert not (tmp_path / ".out.part").exists()
    assert verify(tmp_path / "out", trust=[host.pin]).verdict is Verdict.VERIFIED
    export(store, tmp_path / "fresh", recordings=[2])
    assert files(tmp_path / "out").keys() == files(tmp_path / "fresh").keys()
    assert told[-1][0] == told[-1][1] > 0


def test_two_recorders(host: Host, recorder: Recorder, tmp_path: Path) -> None:
    second = shift(host, "second")
    store = open_store(host, tmp_path / "store", recorder, second)
    with pytest.raises(WrongUsage):
        export(store, tmp_path / "out", recordings=[1])
    done = export(store, tmp_path / "out", recordings=[1], device=second.device.hex()[:10])
    assert [one.device for one in done.recorders] == [second.device]
    report = verify(tmp_path / "out", trust=[host.pin])
    assert report.verdict is Verdict.VERIFIED
    assert [one.id for one in report.devices] == [second.device.hex()]
    held = files(tmp_path / "out")
    assert not any(recorder.device.hex() in path for path in held)
    assert not any(recorder.device in data for path, data in held.items() if path != "host.cert")
    export(store, tmp_path / "both", (START_MS + 5_000, START_MS + 12 * MINUTE))
    both = verify(tmp_path / "both", trust=[host.pin])
    assert both.verdict is Verdict.VERIFIED, both.findings
    assert len(both.devices) == 2


def test_media_that_are_not_as_signed(host: Host, store: Store, recorder: Recorder, tmp_path: Path) -> None:
    top = store.folder / layout.recorder(recorder.device) / layout.MEDIA
    place = next(iter(sorted(top.rglob("R0000001/*.wav"))))
    data = bytearray(place.read_bytes())
    data[5000] ^= 1
    place.write_bytes(data)
    done = export(store, tmp_path / "damaged", recordings=[1])
    assert done.recorders[0].damaged == ((1, 1),)
    report = verify(tmp_path / "damaged", trust=[host.pin])
    assert report.verdict is Verdict.ALTERED
    assert not found(report, "PACKAGE_MISMATCH")  # it was so when it was exported
    place.unlink()
    done = export(store, tmp_path / "missing", recordings=[1])
    assert done.recorders[0].missing == ((1, 1),)
    assert verify(tmp_path / "missing", trust=[host.pin]).verdict is Verdict.INCOMPLETE


def test_a_revoked_recorder_stays_revoked(host: Host, tmp_path: Path) -> None:
    recorder = shift(host)
    revoked = {"device": recorder.device, "state": 6, "head_size": 7, "head_hash": None, "unit": None}
    revoked["head_hash"] = sign1.statement_hash(recorder.entries[6])
    host.note(custody_kinds.REGISTRY, revoked)
    host.note(custody_kinds.HOLD, {"segments": [], "device": recorder.device, "begins": True})
    store = open_store(host, tmp_path / "store", recorder)
    for recording, expected in ((1, Verdict.VERIFIED), (2, Verdict.UNTRUSTED)):
        export(store, tmp_path / str(recording), recordings=[recording])
        packed = verify(tmp_path / str(recording), trust=[host.pin])
        whole = verify(store, packed.interval[0], packed.interval[1], trust=[host.pin])
        assert packed.verdict is whole.verdict is expected
        assert bool(found(packed, "REVOKED")) is (recording == 2)


def test_firmware_that_changed_without_an_order_in_what_is_withheld(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.start()
    recorder.segment(2.0)
    recorder.stop()
    recorder.off()
    other = recorder.add

    def add(kind: int, body: dict[str, object], *rest: Any, **more: Any) -> bytes:
        return other(kind, {**body, "firmware": bytes([1] * 32)} if kind == kinds.BOOT else body, *rest, **more)

    recorder.add = add  # type: ignore[method-assign, assignment]
    recorder.restart(300)
    recorder.off()
    recorder.add = other  # type: ignore[method-assign]
    recorder.restart(300)
    recorder.wait(5)
    recorder.start()
    recorder.segment(2.0)
    recorder.stop()
    host.dock(recorder)
    store = open_store(host, tmp_path / "store", recorder)
    for recording in (1, 2):
        export(store, tmp_path / str(recording), recordings=[recording])
        packed = verify(tmp_path / str(recording), trust=[host.pin])
        assert packed.verdict is Verdict.UNTRUSTED, recording
        assert found(packed, "FIRMWARE_CHANGE")


def test_a_journal_that_no_head_proves(host: Host, recorder: Recorder, tmp_path: Path) -> None:
    host.heads.clear()
    store = open_store(host, tmp_path / "store", recorder)
    with pytest.raises(EvidockError, match="signed head"):
        export(store, tmp_path / "out", recordings=[1])


def test_a_recorder_that_never_docked_is_left_out(host: Host, recorder: Recorder, tmp_path: Path) -> None:
    fresh = host.recorder("fresh")
    store = open_store(host, tmp_path / "store", recorder, fresh)
    done = export(store, tmp_path / "out", (START_MS + 5_000, START_MS + 12 * MINUTE))
    assert done.left_out == (fresh.device,)
    assert [one.device for one in done.recorders] == [recorder.device]
    report = verify(tmp_path / "out", trust=[host.pin])
    assert report.verdict is Verdict.VERIFIED, report.findings


def test_somebody_elses_folder_is_left_alone(store: Store, tmp_path: Path) -> None:
    theirs = tmp_path / ".out.part" / "letter.txt"
    theirs.parent.mkdir()
    theirs.write_text("mine")
    with pytest.raises(StoreError):
        export(store, tmp_path / "out", recordings=[1])
    assert theirs.read_text() == "mine"


def test_a_recording_that_still_runs(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.start()
    started = len(recorder.entries) - 1
    recorder.segment(4.0)
    host.keep_head(recorder, recorder.head(started, phase=1))
    store = open_store(host, tmp_path / "store", recorder)
    export(store, tmp_path / "out", recordings=[1])
    report = verify(tmp_path / "out", trust=[host.pin])
    assert report.verdict is Verdict.VERIFIED, report.findings


def test_an_exemption_and_a_break_beside_what_is_withheld(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.start()
    recorder.segment(2.0)
    recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=3)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=3)
    recorder.wait(30)
    recorder.exempt()
    recorder.wait(300)
    recorder.exempt(begins=False)
    recorder.wait(30)
    recorder.start()
    recorder.segment(2.0)
    recorder.stop()
    host.dock(recorder)
    store = open_store(host, tmp_path / "store", recorder)
    for recording in (1, 2):
        export(store, tmp_path / str(recording), recordings=[recording])
        packed = verify(tmp_path / str(recording), trust=[host.pin])
        whole = verify(store, packed.interval[0], packed.interval[1], trust=[host.pin])
        assert packed.verdict.rank >= whole.verdict.rank
        assert packed.verdict.exit_status == 0
    life = verify(tmp_path / "2", START_MS / 1000, START_MS / 1000 + 400, trust=[host.pin])
    assert life.coverage.seconds(State.EXEMPT) == 0
    assert life.verdict is Verdict.INDETERMINATE


def test_on_the_command_line(
    host: Host,
    store: Store,
    recorder: Recorder,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    folder = str(store.folder)
    store.close()
    out = str(tmp_path / "out")
    hour = ["--from", "2025-03-14T08:00:05", "--to-time", "2025-03-14T08:12"]
    assert run(["export", folder, "--to", out, *hour, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["devices"][0]["recordings"] == [1, 2]
    assert run(["verify", out, "--trust", host.pin, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "VERIFIED"
    assert "withheld_s" in report["coverage"]
    assert run(["verify", out, "--trust", host.pin, "--from", "2025-03-14T00:00", "--to", "2025-03-14T09:00"]) == 3
    assert run(["timeline", out, "--out", str(tmp_path / "line.svg"), "--trust", host.pin]) == 0
    assert (tmp_path / "line.svg").stat().st_size > 1000
    capsys.readouterr()
    for lang in ("en", "zh"):
        assert run(["--lang", lang, "export", folder, "--to", str(tmp_path / lang), "--recording", "1"]) == 0
        assert told["devices"][0]["id"][:16] in capsys.readouterr().out
    assert run(["inspect", out]) == 0
    shown = capsys.readouterr().out
    assert "package" in shown
    for path in files(Path(out)):
        assert run(["inspect", str(Path(out) / path)]) == 0, path
    assert run(["export", folder, "--to", out, "--recording", "1"]) == 1
    assert run(["export", folder, "--to", out + "2", "--from", "2025-03-14"]) == 2
    assert run(["export", folder, "--to", out + "2", "--from", "yesterday", "--to-time", "2025-03-14"]) == 2
    assert "Traceback" not in capsys.readouterr().err

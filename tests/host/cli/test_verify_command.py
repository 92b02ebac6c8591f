"""`evidock verify`, `timeline` and `inspect` as typed: what they print, and the exit status that each verdict has."""

import json
from pathlib import Path

import pytest
from support.forge import Host, Recorder, shift
from support.forged_media import encoder_file

from evidock import language
from evidock.cli.main import run
from evidock_protocol import codes


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def recorder(host: Host) -> Recorder:
    return shift(host)


@pytest.fixture
def store(host: Host, recorder: Recorder, tmp_path: Path) -> str:
    return str(host.write(tmp_path / "store", recorder))


def encoded(host: Host) -> Recorder:
    """A recording of which an external encoder wrote all."""
    recorder = host.recorder(tracks=codes.TRACK_SOUND | codes.TRACK_PICTURE)
    recorder.booted()
    recorder.wait(5)
    recorder.start()
    recorder.wait(10)
    recorder.seal_file(encoder_file(20_000), recorder.last_tick, recorder.ticks)
    recorder.stop()
    recorder.wait(5)
    return recorder


def segment(store: str, recording: int, number: int) -> Path:
    return next(Path(store).glob(f"recorders/*/media/**/R{recording:07d}/S{number:07d}.wav"))


def test_a_verified_store(store: str, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", store, "--trust", host.pin]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("VERIFIED  Verified (key in readable flash)")
    for part in ("Authenticity: intact", "Provenance: trusted", "Completeness: complete", "10.000 s", "█"):
        assert part in said.out
    assert said.err == ""


@pytest.mark.parametrize(
    ("lang", "said", "unsaid"),
    [
        (
            "en",
            ["Verified, sealed after closing", "encoder had closed the file", "Completeness: complete"],
            ["gap", "broke off"],
        ),
        ("zh", ["验证通过，关闭后封存", "外部编码器", "完整性: 完整"], ["间断", "中断"]),
    ],
)
def test_files_of_an_encoder_are_no_gap(
    lang: str, said: list[str], unsaid: list[str], host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The headline tells of what it rests on: nothing broke off, but nothing vouches for a file that was open."""
    recorder = encoded(host)
    host.dock(recorder)
    store = str(host.write(tmp_path / "store", recorder))
    assert run(["verify", store, "--trust", host.pin, "--lang", lang]) == 0
    head, _unproven = capsys.readouterr().out.split(language.text("cli.verify.unproven", lang))
    assert head.startswith("VERIFIED_DECLARED_GAPS  ")
    assert [part for part in said if part not in head] == [], head
    assert not any(part in head for part in unsaid)
    drawing = tmp_path / "drawn.svg"
    assert run(["timeline", store, "--trust", host.pin, "--out", str(drawing), "--lang", lang]) == 0
    assert said[0] in drawing.read_text(encoding="utf-8")


def test_an_interruption_beside_an_encoder_is_a_gap(
    host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder = encoded(host)
    recorder.start()
    recorder.interrupt(codes.CAUSE_STORAGE_FULL)
    recorder.wait(3)
    recorder.stop(codes.STOP_STORAGE_FULL)
    host.dock(recorder)
    assert run(["verify", str(host.write(tmp_path / "store", recorder)), "--trust", host.pin]) == 0
    assert "Verified, with declared gaps" in capsys.readouterr().out


@pytest.mark.parametrize("case", ["altered", "untrusted", "incomplete", "indeterminate"])
def test_each_verdict_has_its_exit_status(
    store: str, host: Host, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    arguments = ["verify", store, "--trust", host.pin]
    if case == "altered":
        path = segment(store, 1, 2)
        path.write_bytes(path.read_bytes() + b"x")
    elif case == "untrusted":
        arguments[3] = "00" * 32
    elif case == "incomplete":
        segment(store, 1, 2).unlink()
    else:
        arguments += ["--to", "2025-03-14T09:00"]
    assert run(arguments) == {"altered": 6, "untrusted": 5, "incomplete": 4, "indeterminate": 3}[case]
    assert capsys.readouterr().out.startswith(case.upper())


def test_json_is_as_promised(store: str, host: Host, recorder: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    path = segment(store, 1, 2)
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    assert run(["verify", store, "--trust", host.pin, "--json"]) == 6
    told = json.loads(capsys.readouterr().out)
    answers = {"schema", "verdict", "authenticity", "provenance", "completeness"}
    promised = answers | {"interval", "devices", "coverage", "findings", "unproven", "gaps", "owed"}
    assert promised <= set(told)
    assert told["schema"] == 1
    assert told["verdict"] == "ALTERED"
    finding = told["findings"][0]
    assert {"code", "attack", "severity", "device", "recording", "segment", "bytes", "time", "text"} <= set(finding)
    assert finding["bytes"] == [512, 16_896]
    assert finding["time"] == {"from": "2025-03-14T08:00:14.000Z", "to": "2025-03-14T08:00:14.512Z"}
    assert told["devices"][0]["id"] == recorder.device.hex()
    names = {"recorded_s", "recovered_s", "declared_s", "exempt_s", "pending_s", "unexplained_s", "spans"}
    assert names <= set(told["coverage"])
    seconds = sum(value for name, value in told["coverage"].items() if name.endswith("_s"))
    assert seconds == pytest.approx(1263.4)


def test_findings_are_shown_with_their_place(store: str, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    path = segment(store, 1, 2)
    path.write_bytes(path.read_bytes()[:-100])
    run(["verify", store, "--trust", host.pin])
    said = capsys.readouterr().out
    for part in ("CONTENT_MISMATCH", "S0000002.wav", "X"):
        assert part in said


def test_chinese(store: str, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", store, "--trust", host.pin, "--lang", "zh"]) == 0
    assert "验证通过" in capsys.readouterr().out


def test_the_interval_may_be_chosen(store: str, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    segment(store, 2, 1).write_bytes(b"nonsense")
    first = ["--from", "2025-03-14T08:00:12", "--to", "2025-03-14T08:00:18+00:00"]
    assert run(["verify", store, "--trust", host.pin, "--json", *first]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["interval"]["from"] == "2025-03-14T08:00:12.000Z"
    assert told["coverage"]["recorded_s"] == 6


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["verify", "nowhere"], 1),
        (["verify", "STORE", "--trust", "abc"], 2),
        (["verify", "STORE", "--from", "yesterday"], 2),
        (["verify", "STORE", "--from", "2025-03-14", "--to", "2025-03-13"], 2),
        (["verify", "STORE", "--device", "ffff"], 2),
        (["verify", "STORE", "--heads", "nowhere"], 1),
        (["timeline", "STORE", "--out", "picture.png"], 2),
        (["inspect", "STORE"], 2),
        (["inspect", "nowhere"], 1),
    ],
)
def test_bad_input_is_one_line(
    store: str, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int
) -> None:
    assert run([store if argument == "STORE" else argument for argument in arguments]) == status
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("evidock: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("name", ["timeline.svg", "timeline.html"])
def test_the_picture(store: str, host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert run(["timeline", store, "--trust", host.pin, "--out", str(tmp_path / name)]) == 0
    assert "<svg" in (tmp_path / name).read_text(encoding="utf-8")
    assert "VERIFIED" in capsys.readouterr().out


def test_inspect(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(next(Path(store).glob("recorders/*/journal.cbs")))]) == 0
    assert "entry 0 GENESIS" in capsys.readouterr().out


def test_a_name_on_a_hostile_card_is_no_markup(store: str, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    segment(store, 1, 2).with_name("[red]\x1b.wav").write_bytes(b"x")
    assert run(["verify", store, "--trust", host.pin]) == 6
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "[red]" in said


@pytest.mark.parametrize("raw", [b"", b"\xd2\x84\x58\x2a" * 9, b"root:x:0:0\n", bytes(5000)])
def test_a_file_without_heads_accuses_nobody(
    store: str, host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str], raw: bytes
) -> None:
    (tmp_path / "other").write_bytes(raw)
    assert run(["verify", store, "--trust", host.pin, "--heads", str(tmp_path / "other")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "holds no signed heads" in said.err

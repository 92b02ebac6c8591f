"""`evidock provision`: the fingerprint on both ends, the label, and a second provisioning that says what to do."""

import struct
import zlib
from collections.abc import Generator
from pathlib import Path

import pytest
import segno
from support.command_line import CommandLine, contents
from support.ports import on_pty
from support.recorder import ScriptedRecorder, Wire

from evidock import label, letters
from evidock.registry import Registered
from evidock_protocol import sign1


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


@pytest.fixture
def port(recorder: ScriptedRecorder) -> Generator[str]:
    with on_pty(Wire(recorder).feed) as name:
        yield name


@pytest.fixture
def evidock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    made = CommandLine(tmp_path, monkeypatch, capsys)
    made.does("init", "store")
    return made


def registered(**changes: str) -> Registered:
    device = bytes(range(100, 132))
    given = Registered(
        device.hex(), sign1.short_fingerprint(device), "evidock-sim", "00417", "BC-2024-11", "none", "enrolled", None,
        0, None, None,
    )  # fmt: skip
    return given._replace(**changes)  # type: ignore[arg-type]


def test_the_fingerprint_is_the_one_that_the_recorder_shows(
    evidock: CommandLine, recorder: ScriptedRecorder, port: str
) -> None:
    told = evidock("provision", "--port", port, "store", "--serial", "417")
    assert told.status == 0
    assert recorder.device is not None
    shown = sign1.short_fingerprint(recorder.device)
    assert shown in told.out
    assert evidock("provision", "--port", port, "store", "--json").json["fingerprint"] == shown


def test_a_second_provisioning_says_what_to_do(
    evidock: CommandLine, recorder: ScriptedRecorder, port: str, tmp_path: Path
) -> None:
    evidock("provision", "--port", port, "store", "--serial", "417")
    before, entries = contents(tmp_path), len(recorder.entries)
    told = evidock("provision", "--port", port, "store", "--serial", "418")
    assert told.status == 1
    assert "evidock org order reset --device" in told.complaint
    assert (contents(tmp_path), len(recorder.entries)) == (before, entries)
    assert "before" in evidock.does("provision", "--port", port, "store")  # the same again is no second one


@pytest.mark.parametrize("name", ["label.svg", "label.png", "LABEL.PNG"])
def test_the_label_is_written(evidock: CommandLine, port: str, tmp_path: Path, name: str) -> None:
    told = evidock("provision", "--port", port, "store", "--serial", "417", "--label", name)
    assert told.status == 0
    assert name in told.out
    assert (tmp_path / name).stat().st_size > 500
    assert evidock("provision", "--port", port, "store", "--label", name).complaint.count("already") == 1


def test_a_label_in_no_known_form_stops_before_the_recorder(
    evidock: CommandLine, recorder: ScriptedRecorder, port: str
) -> None:
    assert ".svg or .png" in evidock("provision", "--port", port, "store", "--label", "label.pdf").complaint
    assert recorder.requests == []


def pixels(data: bytes) -> list[list[bool]]:
    """The rows of a one-bit PNG, dark ones true, read by its chunks with their sums."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, {}
    while at < len(data):
        length = struct.unpack_from(">I", data, at)[0]
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(name + body)
        chunks[name] = body
        at += 12 + length
    width, height, depth, colour = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    assert (depth, colour) == (1, 0)
    raw, stride = zlib.decompress(chunks[b"IDAT"]), 1 + (width + 7) // 8
    assert len(raw) == stride * height
    rows = [raw[row * stride + 1 : (row + 1) * stride] for row in range(height)]
    return [[not row[x // 8] >> (7 - x % 8) & 1 for x in range(width)] for row in rows]


def test_the_code_in_a_png_is_that_of_the_payload(tmp_path: Path) -> None:
    one = registered()
    label.write(tmp_path / "x.png", one)
    rows = pixels((tmp_path / "x.png").read_bytes())
    expected = segno.make(f"evidock:1:{one.device}:00417", error="m", micro=False, boost_error=False)
    side = len(rows[0]) // int(expected.symbol_size(border=4)[0])
    drawn = [row[side // 2 :: side] for row in rows[side // 2 :: side]]
    modules = [[bool(module) for module in row] for row in expected.matrix_iter(border=4)]
    count = len(modules)
    assert [row[:count] for row in drawn[:count]] == modules
    assert any(any(row) for row in rows[count * side :])  # and text beneath


def test_every_line_fits_and_nothing_writes_markup(tmp_path: Path) -> None:
    one = registered(serial="序列<&>" * 8, asset="a\x1b\n" * 30, model="w" * 64)
    for name in ("x.png", "x.svg"):
        label.write(tmp_path / name, one)
    rows = pixels((tmp_path / "x.png").read_bytes())
    assert not any(row[0] or row[-1] for row in rows)
    drawn = (tmp_path / "x.svg").read_text()
    assert "<&>" not in drawn
    assert "\x1b" not in drawn
    assert all(len(line) <= 26 for line in label.lines(one))


def test_letters_are_five_by_seven() -> None:
    for text in ("0123456789ABCDEF", "abc -./:_#+()…", "序"):
        rows = letters.line(text, 400, 1)
        assert len(rows) == letters.HIGH
        assert {len(row) for row in rows} == {400}
    assert letters.line("B", 5, 1) != letters.line("8", 5, 1)
    assert letters.line("0", 5, 1) != letters.line("O", 5, 1)

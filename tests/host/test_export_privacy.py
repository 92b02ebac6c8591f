"""What is withheld shows nowhere: not in names, lengths, bytes or messages of an export, nor how long it is."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from support import forge
from support.forge import START_MS, Host, Recorder
from support.packages import files, open_store, with_private

from evidock import layout, package
from evidock.cli.main import run
from evidock_protocol import cbor, private, sign1

OFFICER, UNIT, CASE, INCIDENT, PLACE, NOTE = 1, 2, 3, 4, 5, 6
CHOSEN: dict[int, object] = {OFFICER: 4711, CASE: "A-1"}
# Private fields of the recording that stays behind: short, long, of either type.
KEPT: list[dict[int, object]] = [
    {OFFICER: 1, UNIT: 2, CASE: 3, PLACE: ""},
    {OFFICER: 1 << 62, UNIT: 70_000, CASE: "case 2025/03/14-000981", PLACE: "x" * 250},
    {OFFICER: 300, UNIT: 25, CASE: "", PLACE: "火车站南广场二号岗亭东侧"},
    {OFFICER: 24, UNIT: 1 << 40, CASE: "y" * 290, PLACE: 17},
]
_used: list[int] = []  # labels of the openings that were made for a store
ASKED = {
    "recording": ("--recording", "1"),
    "case": ("--case", "A-1"),
    "hour": ("--from", "2025-03-14T08:00", "--to-time", "2025-03-14T08:15", "--recording", "1"),
}


class Done(NamedTuple):
    """What one export left and said, and the openings that it left behind."""

    files: dict[str, bytes]
    said: str
    openings: list[bytes]


@pytest.fixture
def salted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every opening of a store has a salt of its own."""
    _used.clear()

    def opening(_salt: bytes, label: int, value: object) -> bytes:
        _used.append(label)
        return made(b"salt%012d" % len(_used), label, value)  # type: ignore[arg-type]

    made = private.opening
    monkeypatch.setattr(forge.private, "opening", opening)


def shift(host: Host, kept: dict[int, object]) -> Recorder:
    """Two recordings: the first is chosen, the second has the private fields `kept`; and an exemption after it."""
    recorder = host.recorder()
    recorder.wait(2)
    recorder.booted()
    for opened in (CHOSEN, kept):
        recorder.wait(10)
        with_private(recorder, opened)
        recorder.start()
        recorder.segment(2.0)
        recorder.wait(0.2)
        recorder.stop()
        recorder.wait(60)
    with_private(recorder, {7: kept[OFFICER], NOTE: str(kept[PLACE])})
    recorder.exempt(approver=1)
    recorder.wait(60)
    recorder.exempt(begins=False)
    recorder.wait(900)
    host.dock(recorder)
    return recorder


def exported(
    folder: Path, kept: dict[int, object], asked: tuple[str, ...], capsys: pytest.CaptureFixture[str], as_json: bool
) -> Done:
    _used.clear()
    host = Host()
    recorder = shift(host, kept)
    open_store(host, folder / "store", recorder).close()
    capsys.readouterr()
    options = ["--json"] if as_json else []
    assert run(["export", str(folder / "store"), "--to", str(folder / "out"), *asked, *options]) == 0
    said = "".join(capsys.readouterr()).replace(str(folder), "FOLDER")
    return Done(files(folder / "out"), said, recorder.openings[1:])


def masked(value: object) -> object:
    """A decoded value with hashes, keys, signatures and statements as their lengths."""
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, list | tuple):
        return [masked(one) for one in value]  # type: ignore[misc]
    if isinstance(value, dict):
        return {key: masked(one) for key, one in value.items()}  # type: ignore[misc]
    return value


def shape(path: str, data: bytes) -> object:
    """What a file of a package holds, without the hashes that follow from every byte of a journal."""
    if path == package.SUMS:
        return re.sub(rb"[0-9a-f]{64}  ", b"", data)
    if path.endswith((".wav", ".lvs")) or path == layout.CERTIFICATE:
        return data
    found: list[object] = []
    at = 0
    while at < len(data):
        if data[at] == 0xD2:
            end = sign1.end_of(data, at)
            statement = cbor.decode(sign1.parse(data[at:end]).payload)
            found.append((end - at, masked(statement)))
        else:
            item, end = cbor.decode_at(data, at)
            found.append(item if path.endswith(layout.PRIVATE) else masked(item))
        at = end
    return found


@pytest.mark.usefixtures("salted")
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("as_json", [False, True])
def test_two_stores_that_differ_in_what_is_withheld(
    asked: str,
    as_json: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("evidock.store.time.time_ns", lambda: (START_MS + 86_400_000) * 1_000_000)
    made: list[Done] = []
    for number, kept in enumerate(KEPT):
        done = exported(tmp_path / str(number), kept, ASKED[asked], capsys, as_json)
        made.append(done)
        everything = b"".join([path.encode() + data for path, data in done.files.items()]) + done.said.encode()
        for record in done.openings:
            for raw in cbor.decode(record)[1]:  # type: ignore[index, union-attr]
                salt, _label, value = cbor.decode(raw)  # type: ignore[misc, arg-type]
                assert salt not in everything  # type: ignore[operator]
                assert raw not in everything  # type: ignore[operator]
                if len(str(value)) > 5:
                    assert str(value).encode() not in everything
        assert b"A-1" in everything  # what is chosen is there
    first = made[0]
    for done in made[1:]:
        assert {path: len(data) for path, data in done.files.items()} == {
            path: len(data) for path, data in first.files.items()
        }
        assert {path: shape(path, data) for path, data in done.files.items()} == {
            path: shape(path, data) for path, data in first.files.items()
        }
        assert re.sub("[0-9a-f]{64}", "H", done.said) == re.sub("[0-9a-f]{64}", "H", first.said)
        assert done.openings != first.openings  # they do differ


@pytest.mark.usefixtures("salted")
def test_a_refusal_tells_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host = Host()
    open_store(host, tmp_path / "store", shift(host, KEPT[1])).close()
    assert run(["export", str(tmp_path / "store"), "--to", str(tmp_path / "out"), "--case", "case 2025"]) == 2
    said = "".join(capsys.readouterr())
    assert "000981" not in said
    assert "4711" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store"]

"""`evidock heads`, `order`, `configure`, `firmware` and `sync --delete` as a user types them."""

import copy
import json
from pathlib import Path

import pytest
from support.command_line import PASSPHRASE, CommandLine
from support.ports import on_pty, speaks
from support.recorder import LEAF, ScriptedRecorder, Wire

from evidock import organisation
from evidock.authority import Organisation
from evidock.store import Store
from evidock_protocol import codes, entry, kinds, settings


@pytest.fixture
def evidock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


@pytest.fixture
def store(tmp_path: Path, evidock: CommandLine, recorder: ScriptedRecorder) -> str:
    """A store in which the recorder is enrolled."""
    folder = str(tmp_path / "store")
    evidock.does("init", folder)
    with on_pty(speaks(Wire(recorder))) as port:
        evidock.does("provision", "--port", port, folder)
    return folder


def of_this_user(evidock: CommandLine) -> Organisation:
    return organisation.unlock(evidock.key, PASSPHRASE)


def test_settings(
    evidock: CommandLine, store: str, recorder: ScriptedRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with on_pty(speaks(Wire(recorder))) as port:
        said = evidock.does("configure", "--port", port, store, "receipts=2", "battery_warning=20")
        assert "receipts is 2" in said
        assert "battery_warning is 20" in said
        monkeypatch.setenv("EVIDOCK_STORE", store)
        told = evidock("configure", "--port", port, "voice_wait=0", "--json").json
    (number,) = told["entries"].values()
    body = entry.parse(recorder.entries[number]).body
    assert (body["setting"], body["value"]) == (settings.VOICE_WAIT, 0)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (["receipts"], "NAME=VALUE"),
        (["receipts=two"], "NAME=VALUE"),
        (["receipts=3"], "from 1 to 2"),
        (["nothing=3"], "battery_warning"),
        ([], "NAME=VALUE"),
    ],
)
def test_settings_that_there_are_not(evidock: CommandLine, store: str, given: list[str], word: str) -> None:
    told = evidock("configure", "--port", "/dev/no-such-port", store, *given)
    assert told.status == 2
    assert word in told.complaint


def test_firmware(evidock: CommandLine, store: str, recorder: ScriptedRecorder) -> None:
    with on_pty(speaks(Wire(recorder))) as port:
        assert "announced" in evidock.does("firmware", "--port", port, store, "--expect", "ab" * 32)
    assert any(item.kind == kinds.FIRMWARE for item in map(entry.parse, recorder.entries))
    for wrong in ("ab" * 31, "xyz", ""):
        told = evidock("firmware", "--port", "/dev/no-such-port", store, "--expect", wrong)
        assert told.status == 2
        assert "64" in told.complaint


def test_an_order(evidock: CommandLine, store: str, recorder: ScriptedRecorder, tmp_path: Path) -> None:
    with Store(Path(store)) as opened:
        now = opened.now_ms()
    file = tmp_path / "reset.order"
    file.write_bytes(of_this_user(evidock).order(codes.OPERATION_RESET, [], now + 1000))
    with on_pty(speaks(Wire(recorder))) as port:
        assert "reset" in evidock.does("order", "--port", port, store, str(file))
        told = evidock("order", "--port", port, store, str(file))
        assert told.status == 1
        assert "before" in told.complaint
        file.write_bytes(b"no order at all")
        told = evidock("order", "--port", port, store, str(file))
        assert told.status == 2
        assert "evidock org order" in told.complaint
    told = evidock("order", "--port", "/dev/no-such-port", store, str(tmp_path / "absent"))
    assert told.status == 1
    assert "absent" in told.complaint


def test_heads_of_two_hosts(
    evidock: CommandLine, store: str, recorder: ScriptedRecorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AT-14: agreement is exit status 0; a second history is named at once, with exit status 1."""
    other, file = str(tmp_path / "other"), str(tmp_path / "heads.cbs")
    evidock.does("init", other)
    with on_pty(speaks(Wire(recorder))) as port:
        evidock.does("sync", "--port", port, store)
        evidock.does("provision", "--port", port, other)
        evidock.does("sync", "--port", port, other)
    assert f"{file}: 2; recorders: 1" in evidock.does("heads", "export", other, "--out", file)
    assert evidock("heads", "import", store, file).status == 0
    clone = copy.deepcopy(recorder)
    recorder.shift(1, 1, LEAF)
    clone.random.seed(99)
    clone.append(kinds.MARK, {"recording": None, "type": 1, "count": 1})
    with on_pty(speaks(Wire(recorder))) as port:
        evidock.does("sync", "--port", port, store)
    with on_pty(speaks(Wire(clone))) as port:
        evidock.does("issue", "--port", port, other, "--officer", "7")
    evidock.does("heads", "export", other, "--out", file)
    told = evidock("heads", "import", store, file)
    assert told.status == 1
    assert "two histories" in told.out
    assert evidock("heads", "import", store, file).status == 0  # it is known now
    listed = evidock("heads", "list", store)
    assert listed.status == 1
    assert "CONTRADICTS" in listed.out
    monkeypatch.setenv("EVIDOCK_STORE", store)
    rows = json.loads(evidock("heads", "list", "--json", "--device", (recorder.device or b"").hex()[:8]).out)["heads"]
    assert {row["stands"] for row in rows} == {"agrees", "contradiction"}
    assert evidock("heads", "import", file).status == 0
    with on_pty(speaks(Wire(clone))) as port:
        told = evidock("sync", "--port", port, store)
    assert told.status == 1
    assert len(told.err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["heads", "list", "STORE", "--device", "00"],
        ["heads", "export", "STORE", "--out", "x.cbs", "--device", "zz"],
        ["heads", "export", "STORE", "--out", "x.cbs"],
        ["heads", "import", "STORE", "STORE/store.json"],
        ["heads", "import", "STORE", "absent.cbs"],
        ["heads", "import", "STORE", "a", "b"],
        ["heads", "import", "nowhere", "a"],
    ],
)
def test_heads_that_there_are_not(evidock: CommandLine, store: str, arguments: list[str]) -> None:
    told = evidock(*[argument.replace("STORE", store) for argument in arguments])
    assert told.status in (1, 2)
    assert told.complaint
    assert not Path("x.cbs").exists()


def test_deletion_is_said(evidock: CommandLine, store: str, recorder: ScriptedRecorder) -> None:
    recorder.shift(1, 2, LEAF)
    with on_pty(speaks(Wire(recorder))) as port:
        recorder.receipts_wanted = 2
        said = evidock.does("sync", "--port", port, store, "--delete")
        assert "Not deleted" in said
        recorder.receipts_wanted = 1
        said = evidock.does("sync", "--port", port, store, "--delete")
        assert "Deleted on the recorder" in said
        told = evidock("sync", "--port", port, store, "--delete", "--json").json
    assert (told["deleted"], told["kept"], told["contradicted"], told["unknown_custody"]) == ([], [], [], None)
    assert recorder.media == {}


@pytest.mark.parametrize(
    "command", ["heads list", "heads export", "heads import", "order", "configure", "firmware", "sync"]
)
def test_help_has_an_example(evidock: CommandLine, command: str) -> None:
    assert f"Example: evidock {command} " in " ".join(evidock.does(*command.split(), "--help").split())


def test_all_of_it_in_chinese(evidock: CommandLine, store: str, recorder: ScriptedRecorder, tmp_path: Path) -> None:
    recorder.shift(1, 1, LEAF)
    file = str(tmp_path / "heads.cbs")
    with on_pty(speaks(Wire(recorder))) as port:
        lines = [
            evidock.does("--lang", "zh", "configure", "--port", port, store, "receipts=2"),
            evidock.does("--lang", "zh", "firmware", "--port", port, store, "--expect", "00" * 32),
            evidock.does("--lang", "zh", "sync", "--port", port, store, "--delete"),
            evidock.does("--lang", "zh", "heads", "export", store, "--out", file),
            evidock.does("--lang", "zh", "heads", "import", store, file),
            evidock.does("--lang", "zh", "heads", "list", store),
        ]
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in line) for line in lines), lines

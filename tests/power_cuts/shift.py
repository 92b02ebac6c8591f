"""The shifts whose every operation is cut, as data, and the run that records them.

Architecture: "The simulator". A step is [command of the player, its values], or [what the host does]. Sound of 2,000
samples a second and small pictures: each operation costs a boot and a docking.
"""

from __future__ import annotations

import json
import shutil
import wave
from pathlib import Path
from typing import Any, NamedTuple

from support.docks import AtOnce, make_store

from evidock import layout
from evidock.client import Recorder
from evidock.client.transport import Line, SerialLine
from evidock.docking import sync
from evidock.durable import SequenceFile
from evidock.provisioning import provision
from evidock.store import Store
from evidock_agent import signals
from evidock_protocol import codes
from evidock_protocol.flash import SECTOR
from evidock_simulator import fat32
from evidock_simulator.replay.operations import Operation, read_log
from evidock_simulator.replay.process import Process
from evidock_simulator.virtual import keeping, nor

CARD_BYTES = 34 * 1024 * 1024  # about the smallest FAT32: its tables are read at each mounting
START = 1_772_458_800_000
RATE = 2000

Step = tuple[Any, ...]

_PROVISION: list[Step] = [("settle",), ("host", "provision"), ("settle",)]


def _record(milliseconds: int, mark: bool = False) -> list[Step]:
    press: Step = ("press", {"button": signals.BUTTON_RECORD})
    marks: list[Step] = [("press", {"button": signals.BUTTON_MARK}), ("run", {"milliseconds": 400})]
    return [press, ("run", {"milliseconds": milliseconds}), *(marks if mark else [])]


_STOP: list[Step] = [("press", {"button": signals.BUTTON_RECORD}), ("settle",)]
_DOCK: list[Step] = [("dock", {"docked": True}), ("settle",), ("host", "sync"), ("dock", {"docked": False})]
_OFF: list[Step] = [("press", {"button": signals.BUTTON_OFF}), ("settle",)]

# A recording of sound and pictures with a mark; docked; power lost in the next one; the recovery; one more; off.
SHIFT: list[Step] = [
    *_PROVISION,
    *_record(6_500, mark=True),
    *_STOP,
    *_DOCK,
    *_record(5_600),
    ("reset", {"cause": codes.RESET_POWER_ON, "milliseconds": 20_000}),
    ("settle",),
    *_record(1_500),
    *_STOP,
    *_OFF,
]
# The watchdog bites in a recording, and the recorder goes on by itself (policy `resume` 1); then it is docked.
RESUMED: list[Step] = [
    *_PROVISION,
    *_record(5_600),
    ("reset", {"cause": codes.RESET_WATCHDOG}),
    ("run", {"milliseconds": 4_000}),
    *_DOCK,
    ("settle",),
]
# A chip that held something else before: every sector is erased, then the recorder is provisioned.
USED: list[Step] = [*_PROVISION]
# Name: steps, whether there are pictures, whether flash was used before, the reset cause of a boot after a cut.
RUNS: dict[str, tuple[list[Step], bool, bool, int]] = {
    "shift": (SHIFT, True, False, codes.RESET_POWER_ON),
    "resumed": (RESUMED, False, False, codes.RESET_WATCHDOG),
    "used": (USED, False, True, codes.RESET_POWER_ON),
}


class Run(NamedTuple):
    """A recorded run: its folder, operations, steps, and the entries that its journal had at the end."""

    folder: Path
    operations: list[Operation]
    steps: list[Step]
    entries: list[bytes]
    pin: str
    began: dict[str, Any]
    """The world of the recorder before it was powered."""
    used: bool
    """Whether its flash held something else before."""
    cause: int
    """Of the reset after a cut."""

    def store(self, operation: Operation) -> Path:
        """The host's store as it was at an operation, at the latest when the host sent what the recorder heard last."""
        places = [tuple(map(int, path.name.split("-")[1:])) for path in self.folder.glob("store-*")]
        step, heard = max(place for place in places if place <= (operation.step, operation.heard))
        return self.folder / f"store-{step}-{heard}"


class Witness:
    """A line to the recorder that keeps the host's store as it was before each change that the host tells of."""

    def __init__(self, line: SerialLine, store: Path, run: Path):
        self.read = line.read
        self.close = line.close
        self.step = 0
        self.sent = 0
        self._line = line
        self._store = store
        self._run = run
        self._kept: list[tuple[Path, int]] = []

    def write(self, data: bytes | memoryview) -> None:
        self.keep((self.step, self.sent + 1))
        self.sent += len(data)
        self._line.write(data)

    def keep(self, place: tuple[int, int]) -> None:
        """Keeps the store if it differs from the one kept last."""
        now = sorted((path, path.stat().st_size) for path in self._store.rglob("*") if path.is_file())
        if now != self._kept:
            self._kept = now
            shutil.copytree(self._store, self._run / f"store-{place[0]}-{place[1]}")


def state(scenario_name: str = "power-cuts", pictures: bool = True) -> dict[str, Any]:
    """The world of a recorder that was never powered, without events of its own."""
    scenario = {
        "name": scenario_name, "tracks": ["sound", "picture"] if pictures else ["sound"], "clock_kept": True,
        "battery": [[0, 90]], "temperature": [[0, 200]], "events": [],
    }  # fmt: skip
    made = keeping.new(7, scenario, {}, START)
    made.update(over=True, began=0)
    return made


def make_images(folder: Path, used: bool = False) -> tuple[Path, Path]:
    """Flash (blank, or `used` by something else before) and an empty card."""
    folder.mkdir(parents=True, exist_ok=True)
    flash, card = folder / "flash", folder / "card"
    flash.write_bytes((b"\x5a" if used else b"\xff") * (nor.TOTAL * SECTOR))
    fat32.make_image(card, CARD_BYTES, serial=7)
    return flash, card


def make_sound(path: Path) -> None:
    """Thirty seconds with no two alike."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"".join(bytes((at * 7 % 251, (at * at // 251) % 16)) for at in range(30 * RATE)))


def host_does(what: str, line: Line, folder: Path) -> None:
    """Enrols the recorder on a line in a store, or docks it there; both can be done again."""
    with Store(folder) as store:
        recorder = Recorder(line, "recorder", store)
        if what == "provision":
            provision(recorder, store, "417", "BC-1")
        else:
            sync(recorder, store, executor=AtOnce())  # the store is copied between two steps, never within one


def record(folder: Path, steps: list[Step], pictures: bool, used: bool, cause: int) -> None:
    """Plays `steps` on a new recorder and keeps, in `folder`, the log, the store before each change, and the facts."""
    flash, card = make_images(folder, used)
    make_sound(folder / "sound.wav")
    store = folder / "store"
    with make_store(store) as made:
        pin = made.organisation
    began = {**state(pictures=pictures), "media": str(folder / "sound.wav")}
    process = Process(flash, card)
    line = Witness(SerialLine(process.port), store, folder)
    line.keep((0, 0))
    try:
        process.ask("log", path=str(folder / "log"))
        process.ask("boot", state=began, cause=codes.RESET_POWER_ON)
        for number, (name, *values) in enumerate(steps):
            if name == "host":
                line.step = number
                process.ask("serve", step=number)
                host_does(values[0], line, store)
                line.keep((number + 1, 0))
                found = process.ask("settle", step=number)
            else:
                found = process.ask(name, step=number, **(values[0] if values else {}))
            assert found["failed"] is None, (name, found)
        process.ask("end_log")
        # What the journal holds in the end: another boot, docked, after the log was closed.
        process.ask("dock", docked=True)
        process.ask("reset", cause=codes.RESET_POWER_ON)
        process.ask("settle")
        process.ask("serve")
        host_does("sync", line, store)
        entries = [raw.hex() for raw in journal(store)]
    finally:
        line.close()
        process.close()
    facts = {"steps": steps, "began": began, "entries": entries, "pin": pin.hex(), "used": used, "cause": cause}
    (folder / "facts.json").write_text(json.dumps(facts))


def load(folder: Path) -> Run:
    """A run that `record` kept."""
    facts = json.loads((folder / "facts.json").read_text())
    entries = [bytes.fromhex(raw) for raw in facts["entries"]]
    log = read_log(folder / "log")
    return Run(folder, log, facts["steps"], entries, facts["pin"], facts["began"], facts["used"], facts["cause"])


def journal(folder: Path) -> list[bytes]:
    """The entries of the one recorder of a store."""
    (archive,) = (folder / layout.RECORDERS).iterdir()
    return SequenceFile(archive / layout.JOURNAL).items

"""One real docking, made once for all tests: two virtual recorders work a shift, and a host with a store pulls it."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from support.virtual import command, environment, virtual

from evidock_protocol import entry, kinds, sign1

SECONDS = 120
RATE = 8000  # frames per second of what the microphone hears: small files
VERDICTS = ("VERIFIED", "VERIFIED_DECLARED_GAPS", "INDETERMINATE", "INCOMPLETE", "UNTRUSTED", "ALTERED")
STATUS = {"VERIFIED": 0, "VERIFIED_DECLARED_GAPS": 0, "INDETERMINATE": 3, "INCOMPLETE": 4, "UNTRUSTED": 5, "ALTERED": 6}

_CLOCK = {"start": "2026-03-02T21:40:00+08:00", "clock": {"set": True, "kept_without_power": True}}
_SUPPLY = {"battery": [[0, 94], [400, 83]], "temperature": [[0, 182], [400, 231]]}
SCENARIOS = {
    # A recording of three segments, one of two, one that loses power, one short one; marks in the first.
    "one": [
        [5, "press", "record"], [20, "press", "mark"], [25, "press", "mark"], [160, "press", "stop"],
        [170, "press", "record"], [245, "press", "stop"],
        [255, "press", "record"], [290, "cut"], [300, "boot"],
        [310, "press", "record"], [318, "press", "stop"], [322, "press", "off"], [330, "dock"],
    ],
    "two": [[2, "press", "record"], [5, "press", "mark"], [12, "press", "stop"], [16, "dock"]],
}  # fmt: skip


class Shift(NamedTuple):
    """What was made: `store` with both recorders, their `cards` as images, and the fingerprint to `pin`."""

    folder: Path
    store: Path
    cards: Mapping[str, Path]
    devices: Mapping[str, str]
    pin: str


def make(folder: Path) -> Shift:
    """Plays it: `evidock init`, `evidock-sim run`, `evidock provision` and `evidock sync`, as a user would."""
    make_wav(folder / "heard.wav", 30, RATE)
    store = folder / "store"
    _does(folder, "init", str(store), "--zone", "Asia/Shanghai")
    cards: dict[str, Path] = {}
    devices: dict[str, str] = {}
    for seed, (name, events) in enumerate(SCENARIOS.items(), 11):
        work = folder / name
        work.mkdir()
        scenario = write_scenario(work, name, events)
        cards[name] = work / "recorder.flash.card"
        options = ("--speed", "max", "--media", str(folder / "heard.wav"), "--seed", str(seed))
        with virtual(work, str(scenario), *options) as recorder:
            recorder.wait_for("waiting")
            told = _does(folder, "provision", "--port", str(recorder.port), str(store), "--serial", name, "--json")
            devices[name] = json.loads(told)["device"]
            recorder.wait_for("docked")
            _does(folder, "sync", "--port", str(recorder.port), str(store))
    pin = str(json.loads((store / "store.json").read_text())["organisation"])
    return Shift(folder, store, cards, devices, pin)


def shared(folder: Path) -> Shift:
    """As `make`, but what an earlier call in another process made is used again."""
    told = folder / "made.json"
    if not told.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        made = make(folder)
        cards = {name: str(path) for name, path in made.cards.items()}
        told.write_text(json.dumps({"cards": cards, "devices": made.devices, "pin": made.pin}))
    found: dict[str, Any] = json.loads(told.read_text())
    cards = {name: Path(path) for name, path in found["cards"].items()}
    return Shift(folder, folder / "store", cards, found["devices"], found["pin"])


def write_scenario(folder: Path, name: str, events: list[list[Any]]) -> Path:
    """A scenario file of these events."""
    path = folder / f"{name}.json"
    title = {"en": "a test's shift", "zh": "测试班次"}
    path.write_text(json.dumps({"name": name, "title": title, **_CLOCK, **_SUPPLY, "events": events}))
    return path


def make_wav(path: Path, seconds: float, rate: int, channels: int = 1) -> Path:
    """Noise, so that no two seconds are alike."""
    with wave.open(str(path), "wb") as out:
        out.setparams((channels, 2, rate, 0, "NONE", "not compressed"))
        out.writeframes(random.Random(7).randbytes(int(seconds * rate) * 2 * channels))
    return path


def run(folder: Path, *arguments: str, package: str = "evidock") -> subprocess.CompletedProcess[str]:
    """A command line in a process of its own, for a user whose home lies in `folder`."""
    home = environment(folder / "home")
    return subprocess.run(
        command(package, *arguments), env=home, capture_output=True, text=True, check=False, timeout=SECONDS
    )


def _does(folder: Path, *arguments: str) -> str:
    done = run(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def journal(folder: Path) -> list[entry.Entry]:
    """The entries of a recorder's folder in a store."""
    raw, at = (folder / "journal.cbs").read_bytes(), 0
    found: list[entry.Entry] = []
    while at < len(raw):
        end = sign1.end_of(raw, at)
        found.append(entry.parse(raw[at:end]))
        at = end
    return found


def begins(folder: Path, recording: int, number: int) -> float:
    """Unix seconds at which a segment begins, by the clock of the boot that recorded it."""
    entries = journal(folder)
    segment = next(
        one.body
        for one in entries
        if one.kind == kinds.SEGMENT and (one.body["recording"], one.body["number"]) == (recording, number)
    )
    boot = next(one for one in entries if one.boot == segment["boot"] and one.kind == kinds.START)
    return (boot.wall_ms - boot.ticks + int(segment["first_tick"])) / 1000  # type: ignore[call-overload]


def one_line(error: str, program: str = "evidock") -> str:
    """The one line of complaint; fails on a traceback or more."""
    lines = error.splitlines()
    assert len(lines) == 1, error
    assert lines[0].startswith(program + ": ")
    return lines[0]

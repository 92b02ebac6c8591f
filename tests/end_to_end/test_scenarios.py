"""Every scenario gives exactly the timeline, gaps, findings and duties that its own file says (SCENARIOS.md).

OB-7, 12–16, 19–23, 29, 34, 35; AT-9, 20, 21, 22, 23, 25, 33, 34, 38. All on the in-process lane; some on real
MicroPython, too.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from end_to_end.evidence import journal
from end_to_end.shifts import began, compare, play
from support.virtual import command, environment, virtual

from evidock_protocol import card, kinds
from evidock_simulator import launch, scenario
from evidock_simulator.attacks.evidence import Evidence
from evidock_simulator.attacks.stolen_keys import recorder_seeds

EXPECTED = {name: wanted for name in scenario.names() if (wanted := scenario.expected(name)) is not None}
ON_MICROPYTHON = ("power-lost", "card-removed", "exempt")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_scenario_gives_its_timeline(name: str, tmp_path: Path) -> None:
    compare(name, *play(name, tmp_path))


@pytest.mark.skipif(not launch.has_micropython(), reason="MicroPython's unix build has no wheel for this platform")
@pytest.mark.parametrize("name", ON_MICROPYTHON)
def test_the_same_on_micropython_and_the_command_line(name: str, tmp_path: Path) -> None:
    """Both lanes are the same recorder: what `evidock-sim run` and `evidock` give is what the file says."""
    store = tmp_path / "store"
    evidock(tmp_path, "init", str(store), "--zone", "Asia/Shanghai")
    with virtual(tmp_path, name, "--speed", "max") as recorder:
        recorder.wait_for("waiting")
        evidock(tmp_path, "provision", "--port", str(recorder.port), str(store), "--serial", "417")
        recorder.wait_for("docked")
        evidock(tmp_path, "sync", "--port", str(recorder.port), str(store))
    world = json.loads((tmp_path / "recorder.flash.world").read_text())
    report = json.loads(evidock(tmp_path, "verify", str(store), "--json"))
    # How far a recording got that power ended depends on the moment at which the shift began, which is real time here.
    compare(name, report, began(name, world), slack=1)


def evidock(folder: Path, *arguments: str) -> str:
    """What a command of `evidock` prints; a verdict is no failure."""
    done = subprocess.run(
        command("evidock", *arguments),
        env=environment(folder / "home"),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in (0, 3, 4, 5, 6), done.stderr
    return done.stdout


def test_each_interruption_has_its_scenario() -> None:
    """Whoever adds a cause adds a scenario: each technical one that this recorder can tell is a gap of one."""
    causes = {gap[2] for wanted in EXPECTED.values() for gap in wanted["gaps"]}
    assert causes >= {
        "battery_low", "storage_full", "medium_swapped", "power_lost", "watchdog", "brown_out", "thermal", "docked",
        "operator", "secret_investigation",
    }  # fmt: skip
    assert {scenario.attack(name) for name in EXPECTED} >= {9, 20, 21, 22, 25, 33, 34, 38}


@pytest.mark.parametrize("name", ["deleted-after-receipt", "storage-pressure"])
def test_nothing_goes_that_no_receipt_lists(name: str, tmp_path: Path) -> None:
    """AT-23: the first recording was receipted and goes, with TOMBSTONEs; the second stays on the card."""
    play(name, tmp_path)
    (folder,) = (tmp_path / "store" / "recorders").iterdir()
    items = journal(folder)
    sealed = {recording: [one for one in items if _is(one, kinds.SEGMENT, recording)] for recording in (1, 2)}
    graves = [one for one in items if one.kind == kinds.TOMBSTONE]
    assert [(one.body["recording"], one.body["number"]) for one in graves] == [
        (1, number) for number in range(1, len(sealed[1]) + 1)
    ]
    assert all(items[int(one.body["host_entry"])].sequence < one.sequence for one in graves)  # type: ignore[call-overload]
    own = tmp_path / "recorder" / "card" / card.device_folder(items[0].device)
    left = [sorted(path.suffix for path in (own / card.recording_folder(number)).glob("S*")) for number in (1, 2)]
    assert left == [[], sorted([".LVS", ".WAV"] * len(sealed[2]))]
    assert len(list(folder.rglob("*.wav"))) == len(sealed[1]) + len(sealed[2])


def _is(one: Any, kind: int, recording: int) -> bool:
    return one.kind == kind and one.body["recording"] == recording


def test_a_recorder_provisioned_again_is_another(tmp_path: Path) -> None:
    """The order is an entry of the old journal, whose key is gone; the new one begins with a key of its own."""
    play("provisioned-again", tmp_path)
    old, new = sorted((tmp_path / "store" / "recorders").iterdir(), key=lambda one: journal(one)[0].body["serial"])  # type: ignore[arg-type, return-value]
    assert [one.kind for one in journal(old)].count(kinds.RESET) == 1
    assert [journal(one)[0].body["serial"] for one in (old, new)] == ["417", "418"]
    flash = (tmp_path / "recorder" / "flash").read_bytes()
    former = next(one for one in Evidence(tmp_path / "store").recorders if one.folder.name == old.name)
    assert not [seed for seed in recorder_seeds(former) if seed in flash]


def test_a_change_of_keys_survives_a_brown_out(tmp_path: Path) -> None:
    """One cut before the new EPOCH is durable, one after: the chain goes on, and one key is left in flash."""
    play("epoch-brown-out", tmp_path)
    (recorder,) = Evidence(tmp_path / "store").recorders
    flash = (tmp_path / "recorder" / "flash").read_bytes()
    seeds = recorder_seeds(recorder)
    assert len(seeds) == 1 + len([one for one in recorder.parsed() if one.kind == kinds.EPOCH])
    assert [seed in flash for seed in seeds] == [False] * (len(seeds) - 1) + [True]

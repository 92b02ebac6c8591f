"""Every scenario gives exactly the timeline, gaps, findings and duties that its own file says (SCENARIOS.md).

OB-7, 12–16, 19–23, 34, 35; AT-9, 20, 21, 22, 33, 34, 38. All on the in-process lane; some on real MicroPython, too.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from end_to_end.shifts import began, compare, play
from support.virtual import command, environment, virtual

from evidock_simulator import launch, scenario

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
    compare(name, report, began(name, world))


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
    assert {scenario.attack(name) for name in EXPECTED} >= {9, 20, 21, 22, 33, 34, 38}

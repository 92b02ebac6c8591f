"""What internal flash holds beside the rings outlives boots and runs: settings file and firmware, and the display."""

import json
from pathlib import Path

import pytest
from simulator.test_lane import BOOT_MS, bodies, provisioned, with_events

from evidock_protocol import kinds
from evidock_simulator import compiling, images
from evidock_simulator.lane import Recorder
from evidock_simulator.virtual import files
from evidock_simulator.virtual.supply import Supply

RAW = b'{"resume": 2}'


def test_saved_settings_outlive_the_run(tmp_path: Path) -> None:
    scenario = with_events(tmp_path)
    recorder = provisioned(scenario, tmp_path)
    assert recorder.board is not None
    recorder.board.save_settings(RAW)
    recorder.close()
    recorder = Recorder(scenario, None, tmp_path)
    recorder.run_while(lambda: recorder.board is None)
    assert recorder.board is not None
    assert recorder.board.settings() == RAW
    recorder.close()


def test_a_scenario_with_a_file_of_its_own_replaces_it(tmp_path: Path) -> None:
    first = with_events(tmp_path, settings={"resume": 1})
    state = images.prepare(tmp_path / "flash", tmp_path / "card", first, 1, folder=True)
    kept = files.Files(state, lambda: None)
    assert json.loads(kept.settings()) == {"resume": 1}
    kept.save_settings(RAW, Supply())
    assert kept.settings() == RAW
    state["over"] = True
    world = images.world_path(tmp_path / "flash")
    world.write_text(json.dumps(state))
    with_events(tmp_path, name="next")
    assert (
        files.Files(images.prepare(tmp_path / "flash", tmp_path / "card", first, folder=True), lambda: None).settings()
        == RAW
    )
    state = json.loads(world.read_text())
    world.write_text(json.dumps({**state, "over": True}))
    with_events(tmp_path, name="third", settings="")
    state = images.prepare(tmp_path / "flash", tmp_path / "card", first, folder=True)
    assert files.Files(state, lambda: None).settings() == b""


def test_power_that_goes_leaves_the_old_file() -> None:
    state, saved = {"scenario": {}}, []
    kept, supply = files.Files(state, lambda: saved.append(1)), Supply()
    supply.cut_at = 1
    with pytest.raises(OSError, match="5"):
        kept.save_settings(RAW, supply)
    assert (kept.settings(), saved) == (b"", [])


def test_a_flashed_firmware_is_what_the_next_boots_measure(tmp_path: Path) -> None:
    """AT-25. What runs meanwhile measures nothing anew; the way back leads to the measurement before."""
    own = compiling.firmware_measurement()
    scenario = with_events(
        tmp_path, [2, "firmware", "other"], [4, "press", "off"], [6, "boot"], [12, "firmware", "own"],
        [14, "reset", "software"], [24, "dock"],
    )  # fmt: skip
    recorder = provisioned(scenario, tmp_path)
    recorder.run_until("docked")
    recorder.advance(BOOT_MS)
    measured = [body["firmware"] for body in bodies(recorder, kinds.BOOT)]
    assert measured == [own, files.measurement(own, "other"), own]
    assert files.measurement(own, "other") not in (own, bytes(32))
    recorder.close()


def test_the_display_shows_the_new_recorder(tmp_path: Path) -> None:
    recorder = provisioned(with_events(tmp_path), tmp_path)
    shown = recorder.parts.shown.replace(" ", "").lower()
    assert shown
    assert recorder.agent.journal.device.hex().startswith(shown)
    recorder.close()

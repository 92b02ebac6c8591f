"""Scenarios: those that ship are sound, and a broken one says what is wrong."""

import json
from pathlib import Path

import pytest

from evidock_simulator import scenario

GOOD = {
    "name": "x",
    "title": {"en": "a", "zh": "b"},
    "start": "2026-03-02T21:40:00+08:00",
    "clock": {"set": True, "kept_without_power": False},
    "battery": [[0, 90]],
    "temperature": [[0, 200]],
    "events": [[0, "press", "record"], [5, "dock"]],
}


def load(tmp_path: Path, raw: object) -> tuple[dict, int | None]:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    return scenario.load(str(path))


def test_the_promised_ones_ship() -> None:
    assert {"quiet-shift", "patrol", "external-encoder", "faulty-camera", "faulty-encoder"} <= set(scenario.names())


@pytest.mark.parametrize("name", scenario.names())
def test_a_shipped_scenario_is_sound(name: str) -> None:
    shift, start = scenario.load(name)
    assert shift["name"] == name
    assert start is None or start > 1_700_000_000_000
    assert shift["events"][-1][1:] == ["dock"]
    for language in ("en", "zh"):
        assert "\n" not in scenario.title(name, language)
    sound = 0
    since = None
    for seconds, action, *arguments in shift["events"]:
        if arguments == ["record"]:
            since = seconds
        elif (arguments in (["stop"], ["off"]) or action == "cut") and since is not None:
            sound += seconds - since
            since = None
    assert since is None, "a recording runs into the dock"
    assert 0 < sound <= 600, "a demo stays fast"


def test_the_clock_at_power_on(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD)[1] == 1_772_458_800_000
    assert load(tmp_path, {**GOOD, "clock": {"set": False, "kept_without_power": True}})[1] is None


@pytest.mark.parametrize(
    "change",
    [
        {"events": []},
        {"events": [[5, "dock"], [1, "boot"]]},
        {"events": [[-1, "dock"]]},
        {"events": [[1.5, "dock"]]},
        {"events": [[1, "explode"]]},
        {"events": [[1, "press"]]},
        {"events": [[1, "press", "any"]]},
        {"events": [[1, "dock", 1]]},
        {"events": [[1, "stall"]]},
        {"events": [[1, "cut", "now"]]},
        {"events": "dock"},
        {"battery": []},
        {"battery": [[0]]},
        {"battery": [[0, "full"]]},
        {"temperature": None},
        {"start": "2026-03-02T21:40:00"},
        {"start": "yesterday"},
        {"clock": {}},
        {"tracks": []},
        {"tracks": "sound"},
        {"tracks": ["smell"]},
        {"tracks": ["sound", "sound"]},
        {"tracks": [["sound"]]},
        {"events": [[1, "camera"]]},
        {"events": [[1, "camera", "rename"]]},
        {"events": [[1, "encoder", "half"]]},
    ],
)
def test_a_broken_one_is_refused(change: dict, tmp_path: Path) -> None:
    with pytest.raises(scenario.BadScenario):
        load(tmp_path, {**GOOD, **change})


def test_what_is_no_scenario_is_refused(tmp_path: Path) -> None:
    with pytest.raises(scenario.BadScenario, match="quiet-shift"):
        scenario.load("no-such")
    with pytest.raises(scenario.BadScenario):
        scenario.load(str(tmp_path / "absent.json"))
    with pytest.raises(scenario.BadScenario):
        load(tmp_path, [])

"""Scenarios: those that ship are sound, and a broken one says what is wrong."""

import json
from pathlib import Path

import pytest

from evidock_simulator import actions, scenario
from evidock_simulator.virtual import events, rare

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
    assert shift["events"][-1][0] <= 900
    for language in ("en", "zh"):
        assert "\n" not in scenario.title(name, language)


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
        {"events": [[1, "speak"]]},
        {"events": [[1, "speak", "loudly"]]},
        {"events": [[1, "charge"]]},
        {"events": [[1, "charge", True]]},
        {"events": [[1, "card", "stolen"]]},
        {"events": [[1, "card", "other"]]},
        {"events": [[1, "rot", "identity"]]},
        {"events": [[1, "reset", None]]},
        {"events": [[1, "firmware"]]},
        {"events": [[1, "firmware", "mine"]]},
        {"events": [[1, "boot", "twice"]]},
        {"settings": 5},
        {"settings": ["resume"]},
        {"sound": "loud"},
        {"clock": {"set": True, "kept_without_power": False, "restarts": "2021-01-01T00:00:00"}},
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


def test_settings_and_clock_reach_the_recorder(tmp_path: Path) -> None:
    clock = {"set": True, "kept_without_power": False, "restarts": "2021-01-01T00:00:00+00:00"}
    shift, _start = load(tmp_path, {**GOOD, "settings": {"resume": 2}, "clock": clock, "sound": "quiet"})
    assert (shift["settings"], shift["clock_restarts"], shift["sound"]) == (
        '{"resume": 2}',
        1_609_459_200_000,
        "quiet",
    )
    assert load(tmp_path, {**GOOD, "settings": "{resume"})[0]["settings"] == "{resume"
    assert "settings" not in load(tmp_path, GOOD)[0]


@pytest.mark.parametrize(
    "rows",
    [[[5, "sleep"]], [[5, "firmware"]], [[5, "sync", "twice"]], [["now", "sync"]], [[9, "sync"], [5, "reset"]], 5],
)
def test_what_no_host_does_is_refused(rows: object, tmp_path: Path) -> None:
    load(tmp_path, {**GOOD, "host": rows})
    with pytest.raises(scenario.BadScenario):
        scenario.host(str(tmp_path / "x.json"))


def test_what_a_host_does_is_told_and_never_reaches_the_recorder(tmp_path: Path) -> None:
    rows = [[3, "firmware", "other"], [3, "sync"], [4, "delete"], [5, "reset"], [6, "provision"]]
    assert load(tmp_path, {**GOOD, "host": rows}) == load(tmp_path, GOOD)
    assert scenario.host(str(tmp_path / "x.json")) == []
    load(tmp_path, {**GOOD, "host": rows})
    assert scenario.host(str(tmp_path / "x.json")) == rows


def test_every_action_is_one_that_the_world_does() -> None:
    assert set(actions.ACTIONS) == set(events.COMMON) | set(rare.RARE)
    assert not set(events.COMMON) & set(rare.RARE)


def test_what_a_scenario_must_give_never_reaches_the_recorder(tmp_path: Path) -> None:
    wanted = {"timeline": [[0, 5, "declared", None]], "verdict": "VERIFIED", "gaps": [], "findings": [], "owed": []}
    assert load(tmp_path, {**GOOD, **wanted}) == load(tmp_path, GOOD)
    assert scenario.expected(str(tmp_path / "x.json")) is None
    load(tmp_path, {**GOOD, **wanted})
    assert scenario.expected(str(tmp_path / "x.json")) == {**wanted, "unplaced": []}
    load(tmp_path, {**GOOD, **wanted, "gaps": [[1, 2]]})
    with pytest.raises(scenario.BadScenario):
        scenario.expected(str(tmp_path / "x.json"))


@pytest.mark.parametrize("name", scenario.names())
def test_the_document_knows_every_key_and_action(name: str) -> None:
    """SCENARIOS.md is what a tester reads who copies one."""
    document = (Path(scenario.__file__).parents[1] / "SCENARIOS.md").read_text(encoding="utf-8")
    raw = json.loads((Path(scenario.__file__).parent / "scenarios" / f"{name}.json").read_text(encoding="utf-8"))
    used = (*raw, *(row[1] for row in raw["events"] + raw.get("host", [])))
    assert {word for word in used if f"`{word}`" not in document} == set()

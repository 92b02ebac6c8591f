"""Whole shifts in-process: what the journal says, that a seed gives one result, and power cuts anywhere (AT-9)."""

import contextlib
import hashlib
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulator.simulated_host import Host

from evidock_protocol import codes, entry, kinds
from evidock_simulator.lane import Recorder

BOOT_MS = 5000  # in which a boot has written all that it has to say

SHORT = {
    "name": "short",
    "title": {"en": "short", "zh": "short"},
    "start": "2026-03-02T21:40:00+08:00",
    "clock": {"set": True, "kept_without_power": True},
    "battery": [[0, 90]],
    "temperature": [[0, 200]],
    "events": [
        [2, "press", "record"],
        [12, "press", "mark"],
        [20, "press", "stop"],
        [22, "press", "off"],
        [30, "boot"],
        [32, "press", "record"],
        [45, "press", "stop"],
        [50, "dock"],
    ],
}


def with_events(folder: Path, *events: list, **changes: object) -> str:
    """A scenario file that differs from SHORT."""
    path = folder / "scenario.json"
    path.write_text(json.dumps({**SHORT, **({"events": events} if events else {}), **changes}), encoding="utf-8")
    return str(path)


def provisioned(scenario: str, folder: Path, seed: int = 1) -> Recorder:
    recorder = Recorder(scenario, seed, folder)
    recorder.run_until("waiting")
    Host(recorder.link).provision()
    return recorder


def entries(recorder: Recorder) -> list[entry.Entry]:
    journal = recorder.agent.journal
    return [entry.parse(journal.raw(sequence)) for sequence in range(journal.first, journal.size)]


def bodies(recorder: Recorder, kind: int) -> list[dict]:
    return [found.body for found in entries(recorder) if found.kind == kind]


def digest(folder: Path) -> str:
    """Over the names and bytes of flash image and card."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in (".world", ".json"):
            total.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def test_the_quiet_shift(tmp_path: Path) -> None:
    recorder = provisioned("quiet-shift", tmp_path)
    recorder.run_until("docked")
    starts, stops = bodies(recorder, kinds.START), bodies(recorder, kinds.STOP)
    assert len(starts) == len(stops) == 1
    assert stops[0]["reason"] == codes.STOP_BUTTON
    segments = bodies(recorder, kinds.SEGMENT)
    assert [segment["number"] for segment in segments] == [1, 2, 3, 4]
    assert sum(segment["written"] for segment in segments) == 180 * 16_000
    assert all(segment["lost"] == 0 and segment["expected"] == segment["written"] for segment in segments)
    assert not bodies(recorder, kinds.INTERRUPT)
    assert len(bodies(recorder, kinds.OFF)) == 1
    assert bodies(recorder, kinds.BOOT)[-1]["reset"] == codes.RESET_POWER_ON
    assert recorder.agent.failed is None


def test_the_patrol_has_one_honest_power_cut(tmp_path: Path) -> None:
    recorder = provisioned("patrol", tmp_path)
    recorder.run_until("docked")
    recorder.advance(BOOT_MS)
    assert [stop["reason"] for stop in bodies(recorder, kinds.STOP)] == [
        codes.STOP_BUTTON,
        codes.STOP_BUTTON,
        codes.STOP_BUTTON,
        codes.STOP_INTERRUPTED,
    ]
    (interrupt,) = bodies(recorder, kinds.INTERRUPT)
    assert interrupt["cause"] == codes.CAUSE_POWER_LOST
    assert len(bodies(recorder, kinds.MARK)) == 4
    assert [boot["reset"] for boot in bodies(recorder, kinds.BOOT)] == [codes.RESET_POWER_ON] * 4


def test_a_seed_gives_one_result(tmp_path: Path) -> None:
    digests = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        folder = tmp_path / name
        folder.mkdir()
        recorder = provisioned(with_events(tmp_path), folder, seed)
        recorder.run_until("docked")
        recorder.close()
        digests.append(digest(folder))
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_an_existing_recorder_goes_on_after_sixty_seconds(tmp_path: Path) -> None:
    recorder = provisioned(with_events(tmp_path), tmp_path)
    recorder.run_until("shift")
    recorder.advance(10_000)
    before = recorder.now
    device = recorder.agent.journal.device
    recorder.close()
    recorder = Recorder(with_events(tmp_path), None, tmp_path)
    assert recorder.now == before + 60_000
    assert recorder.phase == "docked", "a shift that ended meanwhile is docked at once"
    recorder.advance(BOOT_MS)
    assert recorder.agent.journal.device == device
    recorder.close()
    recorder = Recorder(with_events(tmp_path), None, tmp_path)
    recorder.run_until("docked")
    recorder.advance(BOOT_MS)
    assert recorder.board is not None
    assert recorder.board.docked()
    # The press that waited for the second boot began another recording, which the second power loss broke off.
    assert [boot["anchor"] is not None for boot in bodies(recorder, kinds.BOOT)] == [False, True, True]


def test_a_lost_clock_is_lost_with_power_and_only_then(tmp_path: Path) -> None:
    scenario = with_events(
        tmp_path, [2, "press", "off"], [4, "boot"], [6, "cut"], [9, "boot"], [15, "dock"],
        clock={"set": True, "kept_without_power": False},
    )  # fmt: skip
    recorder = provisioned(scenario, tmp_path)
    recorder.run_until("docked")
    states = [found.wall_state for found in entries(recorder) if found.kind == kinds.BOOT]
    assert states == [codes.WALL_SET, codes.WALL_SET, codes.WALL_UNSET]


def test_a_watchdog_that_is_not_fed_resets(tmp_path: Path) -> None:
    recorder = provisioned(with_events(tmp_path), tmp_path)
    recorder.run_until("provisioned")
    boots = recorder.state["boots"]
    recorder.world.pass_time(9_000)
    assert recorder.state["boots"] == boots + 1
    recorder.run_until("shift")
    assert bodies(recorder, kinds.BOOT)[-1]["reset"] == codes.RESET_WATCHDOG


def test_a_stall_of_the_card_is_counted(tmp_path: Path) -> None:
    """AT-21: what the card held up is named as lost, never closed over."""
    scenario = with_events(tmp_path, [2, "press", "record"], [5, "stall", 2000], [20, "press", "stop"], [30, "dock"])
    recorder = provisioned(scenario, tmp_path)
    recorder.run_until("docked")
    (segment,) = bodies(recorder, kinds.SEGMENT)
    assert segment["lost"] > 16_000
    assert segment["written"] + segment["lost"] == segment["expected"]


def test_a_pulled_card_interrupts(tmp_path: Path) -> None:
    scenario = with_events(
        tmp_path, [2, "press", "record"], [9, "card", "remove"], [20, "card", "insert"], [30, "dock"]
    )
    recorder = provisioned(scenario, tmp_path)
    recorder.run_until("docked")
    (interrupt,) = bodies(recorder, kinds.INTERRUPT)
    assert interrupt["cause"] == codes.CAUSE_MEDIUM_SWAPPED


def faults(recorder: Recorder, recording: int) -> dict[int, int]:
    """Reasons of FAULT capture in one recording, with what they count."""
    found = [body for body in bodies(recorder, kinds.FAULT) if body["recording"] == recording]
    assert all(body["what"] == codes.FAULT_CAPTURE for body in found)
    return {body["values"][0]: body["values"][1] for body in found}


def test_sound_and_pictures_are_recorded_side_by_side(tmp_path: Path) -> None:
    """OB-1: both tracks of a recording, over the same time."""
    scenario = with_events(
        tmp_path, [2, "press", "record"], [72, "press", "stop"], [80, "dock"], tracks=["sound", "picture"]
    )
    recorder = provisioned(scenario, tmp_path)
    recorder.run_until("docked")
    (start,) = bodies(recorder, kinds.START)
    assert start["tracks"] == codes.TRACK_SOUND | codes.TRACK_PICTURE
    found = bodies(recorder, kinds.SEGMENT)
    assert [(body["number"], body["track"]) for body in found] == [(1, 1), (2, 2), (3, 1), (4, 2)]
    for sound, picture in (found[:2], found[2:]):
        assert (sound["first_tick"], sound["last_tick"]) == (picture["first_tick"], picture["last_tick"])
        assert sound["lost"] == picture["lost"] == 0
        assert abs(sound["written"] / sound["rate"] - picture["written"] / picture["rate"]) <= 1 / picture["rate"]


def test_a_faulty_camera_leaves_no_silent_hole(tmp_path: Path) -> None:
    """Half a picture, a stall, a freeze, another size, a camera that does not start: all are told, sound goes on."""
    recorder = provisioned("faulty-camera", tmp_path)
    recorder.run_until("docked")
    assert recorder.agent.failed is None
    told = faults(recorder, 1)
    assert set(told) == {
        codes.CAPTURE_CUT_PICTURE,
        codes.CAPTURE_STALLED,
        codes.CAPTURE_SIZE_CHANGED,
        codes.CAPTURE_OVERRUN,  # the stalled camera's own buffer runs over
    }
    assert faults(recorder, 2) == {codes.CAPTURE_NO_START: 0}
    assert not faults(recorder, 3)
    found = bodies(recorder, kinds.SEGMENT)
    sound = [body for body in found if body["track"] == codes.TRACK_SOUND]
    assert sum(body["written"] for body in sound) == 16_000 * (125 + 15 + 20)
    pictures = [body for body in found if body["track"] == codes.TRACK_PICTURE and body["recording"] == 1]
    assert sum(body["lost"] for body in pictures) >= 4 * (6 + 10)
    # A second of pictures that a stalled camera hands out late may be counted twice, none is passed over.
    assert all(-3 <= body["expected"] - body["written"] - body["lost"] <= 2 for body in pictures)


def test_an_encoder_writes_its_own_files(tmp_path: Path) -> None:
    recorder = provisioned("external-encoder", tmp_path)
    recorder.run_until("docked")
    found = bodies(recorder, kinds.SEGMENT)
    assert [(body["recording"], body["number"]) for body in found] == [(1, 1), (1, 2), (1, 3), (2, 1)]
    assert {(body["media"], body["attested"]) for body in found} == {(codes.MEDIA_MP4, codes.ATTESTED_POST_CLOSE)}
    assert all(body["written"] == body["expected"] > 0 for body in found)
    assert not bodies(recorder, kinds.FAULT)


def test_a_faulty_encoder_leaves_no_silent_hole(tmp_path: Path) -> None:
    recorder = provisioned("faulty-encoder", tmp_path)
    recorder.run_until("docked")
    assert recorder.agent.failed is None
    told = [faults(recorder, number) for number in range(1, 9)]
    assert [set(reasons) for reasons in told] == [
        {codes.CAPTURE_LEFT_OPEN},
        {codes.CAPTURE_FILE_GONE},
        {codes.CAPTURE_EMPTY_FILE},
        {codes.CAPTURE_CHANGED_WHILE_HASHED},
        set(),
        {codes.CAPTURE_NO_START},
        {codes.CAPTURE_LEFT_OPEN},  # what fills the card never gets done
        set(),
    ]
    assert [body["recording"] for body in bodies(recorder, kinds.SEGMENT)] == [5, 8]
    reasons = [body["reason"] for body in bodies(recorder, kinds.STOP)]
    assert reasons[6] == codes.STOP_STORAGE_FULL
    assert reasons[4] == reasons[7] == codes.STOP_BUTTON


@settings(max_examples=5)  # each is a whole shift and more; tests/device/test_power_cuts.py cuts at every operation
@given(
    operation=st.integers(1, 1800),
    second=st.integers(1, 120),
    tracks=st.sampled_from([["sound"], ["sound", "picture"], ["encoder"], ["sound", "picture", "encoder"]]),
)
def test_a_cut_in_any_operation_leaves_a_recorder(
    operation: int, second: int, tracks: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A cut in the shift, and another while the recorder comes up again."""
    folder = tmp_path_factory.mktemp("cut")
    recorder = provisioned(with_events(folder, tracks=tracks), folder)
    recorder.run_until("shift")
    device = recorder.agent.journal.device
    recorder.cut_at(operation)
    recorder.run_while(lambda: recorder.agent is not None and recorder.phase != "docked")
    recorder.boot()
    recorder.cut_at(second)
    recorder.run_while(lambda: recorder.agent is not None and recorder.phase != "docked")
    recorder.boot()
    recorder.run_until("docked")
    journal = recorder.agent.journal
    assert recorder.agent.failed is None
    assert journal.device == device
    chain = entries(recorder)
    assert [found.sequence for found in chain] == list(range(journal.size))
    assert all(found.previous == before.hash for before, found in pairwise(chain))
    opened = [found.body["recording"] for found in chain if found.kind == kinds.START]
    assert opened == [found.body["recording"] for found in chain if found.kind == kinds.STOP]


@pytest.mark.hunt  # tests/device/test_provisioning.py cuts at every operation by default
@settings(max_examples=12)
@given(operation=st.integers(1, 12))
def test_a_cut_while_it_is_provisioned(operation: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("cut")
    recorder = Recorder(with_events(folder), 1, folder)
    recorder.run_until("waiting")
    recorder.cut_at(operation)
    with contextlib.suppress(OSError):  # no answer comes
        Host(recorder.link).provision()
    recorder.power_cut()
    recorder.boot()
    recorder.advance(3000)
    if recorder.phase == "waiting":
        recorder.link.close()
        Host(recorder.link).provision()
    recorder.run_until("docked")
    assert recorder.agent.failed is None
    assert len(bodies(recorder, kinds.GENESIS)) == 1

"""Tracks side by side: numbers, joint ends, sources that fail, and what the journal says of each (OB-1, AT-21)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from support.board import Clip, World, verify
from support.dock import Host
from support.tracks import faults, of_track, provisioned

from evidock_agent import recorder as module
from evidock_agent import signals
from evidock_protocol import codes, kinds, messages, versions
from evidock_simulator.virtual import condition

RECORD = signals.BUTTON_RECORD
SOUND, PICTURE = codes.TRACK_SOUND, codes.TRACK_PICTURE


def start_of(world: World) -> int:
    return world.bodies(kinds.START)[-1]["tracks"]


def test_sound_and_picture_end_together_and_are_sealed_in_order() -> None:
    """OB-1."""
    world = provisioned()
    world.record(150_000)
    bodies = world.bodies(kinds.SEGMENT)
    assert start_of(world) == SOUND | PICTURE
    assert [body["number"] for body in bodies] == [1, 2, 3, 4, 5, 6]
    assert [body["track"] for body in bodies] == [SOUND, PICTURE] * 3
    for sound, picture in zip(of_track(world, SOUND), of_track(world, PICTURE), strict=True):
        assert (sound["first_tick"], sound["last_tick"]) == (picture["first_tick"], picture["last_tick"])
        assert sound["last_tick"] - sound["first_tick"] <= versions.MAXIMUM_SEGMENT_MS
        assert abs(picture["written"] + picture["lost"] - picture["expected"]) <= 3
        assert picture["lost"] == 0
    for track in (SOUND, PICTURE):
        assert all(after["first_tick"] == before["last_tick"] for before, after in pairwise(of_track(world, track)))
    assert world.bodies(kinds.STOP)[0]["segments"] == 6
    assert faults(world) == []
    verify(world)


@pytest.mark.parametrize(("rate", "pictures", "tracks"), [(8000, False, PICTURE), (0, False, 3), (0, True, SOUND)])
def test_an_encoder_beside_or_instead(rate: int, pictures: bool, tracks: int) -> None:
    world = provisioned(rate, pictures, Clip(tracks))
    world.record(70_000)
    files = [body for body in world.bodies(kinds.SEGMENT) if body["media"] == codes.MEDIA_MP4]
    assert [body["attested"] for body in files] == [codes.ATTESTED_POST_CLOSE] * 2
    assert start_of(world) == SOUND | PICTURE
    assert faults(world) == []
    verify(world)


def test_three_tracks_count_together() -> None:
    world = provisioned(clip=Clip(SOUND | PICTURE))
    world.record(65_000)
    assert [body["number"] for body in world.bodies(kinds.SEGMENT)] == [1, 2, 3, 4, 5, 6]
    assert [body["media"] for body in world.bodies(kinds.SEGMENT)] == [1, 2, 3] * 2
    verify(world)


def test_a_camera_that_does_not_start_gives_its_number_up() -> None:
    """AT-21: declared, not recorded, and said."""
    world = provisioned()
    world.camera_condition.fault = condition.DEAD
    world.record(65_000)
    assert start_of(world) == SOUND | PICTURE, "what the board has, not what works"
    assert faults(world) == [(codes.FAULT_CAPTURE, 2, [codes.CAPTURE_NO_START, 0])]
    assert [body["number"] for body in world.bodies(kinds.SEGMENT)] == [1, 3]
    assert world.bodies(kinds.STOP)[0]["segments"] == 2
    verify(world)


def test_a_microphone_that_does_not_start_leaves_the_picture() -> None:
    world = provisioned()
    assert world.board is not None

    def start() -> None:
        raise OSError(5)

    world.board.capture.start = start
    world.record(3000)
    assert faults(world) == [(codes.FAULT_CAPTURE, 1, [codes.CAPTURE_NO_START, 0])]
    assert [(body["number"], body["track"]) for body in world.bodies(kinds.SEGMENT)] == [(2, PICTURE)]
    verify(world)


@pytest.mark.parametrize("clip", [None, Clip()])
def test_when_no_source_starts_the_recording_ends(clip: Clip | None) -> None:
    world = provisioned(rate=0, clip=clip)
    world.camera_condition.fault = world.encoder_condition.fault = condition.DEAD
    world.press(RECORD)
    assert world.agent is not None
    assert world.agent.recording is None
    count = 1 + (clip is not None)
    assert world.kinds()[-4 - count :] == ["START", *["FAULT"] * count, "INTERRUPT", "STOP", "EPOCH"]
    assert world.bodies(kinds.INTERRUPT)[-1]["cause"] == codes.CAUSE_EQUIPMENT_FAULT
    assert world.bodies(kinds.STOP)[0]["reason"] == codes.STOP_FAULT


def test_a_board_without_sources_ends_at_once() -> None:
    world = provisioned(rate=0, pictures=False)
    world.press(RECORD)
    assert world.kinds()[-4:] == ["START", "INTERRUPT", "STOP", "EPOCH"]
    assert start_of(world) == 0


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (condition.ENCODER_LEAVE_OPEN, codes.CAPTURE_LEFT_OPEN),
        (condition.ENCODER_RENAME, codes.CAPTURE_FILE_GONE),
        (condition.ENCODER_EMPTY, codes.CAPTURE_EMPTY_FILE),
        (condition.ENCODER_WRITE_ON, codes.CAPTURE_CHANGED_WHILE_HASHED),
    ],
)
def test_what_an_encoder_does_wrong_is_said_and_holds_nothing_up(fault: str, reason: int) -> None:
    world = provisioned(pictures=False, clip=Clip())
    world.encoder_condition.fault = fault
    world.record(65_000)
    assert [(what, number, values[0]) for what, number, values in faults(world)] == [
        (codes.FAULT_CAPTURE, 2, reason), (codes.FAULT_CAPTURE, 4, reason)
    ]  # fmt: skip
    assert [body["number"] for body in world.bodies(kinds.SEGMENT)] == [1, 3]
    verify(world)


def test_a_slow_encoder_does_not_delay_checkpoints() -> None:
    """Ten seconds until its file is given up: the sound that is recorded meanwhile is vouched for all the same."""
    world = provisioned(pictures=False, clip=Clip())
    world.encoder_condition.fault = condition.ENCODER_LEAVE_OPEN
    world.press(RECORD)
    world.run(59_500)
    sizes = []
    for _ in range(9):
        world.run(1000)
        sizes.append(len(world.file(1, 3, "CKP") or b""))
    assert world.bodies(kinds.SEGMENT)[-1]["number"] == 1, "the encoder's file is waited for"
    assert sizes[-1] > 300


def waiting_for_its_encoder() -> World:
    """A world whose recorder was asked to stop while the encoder does not close its file."""
    world = provisioned(pictures=False, clip=Clip())
    world.encoder_condition.fault = condition.ENCODER_LEAVE_OPEN
    world.press(RECORD)
    world.run(5000)
    assert world.board is not None
    world.board.presses.append(RECORD)
    world.run(3000)
    assert "STOP" not in world.kinds()
    return world


def test_the_recorder_rests_while_it_waits_for_an_encoder() -> None:
    world = waiting_for_its_encoder()
    assert world.agent is not None
    waits = []
    for _ in range(100):
        waits.append(world.agent.step())
        world.clock.now += max(waits[-1], 1)
    assert waits.count(0) <= 2
    world.settle()
    assert len(world.bodies(kinds.STOP)) == 1


def test_marks_and_a_host_do_not_wait_for_an_encoder() -> None:
    world = waiting_for_its_encoder()
    assert world.board is not None
    world.board.presses += [signals.BUTTON_MARK] * 3
    world.run(1500)
    assert sum(body["count"] for body in world.bodies(kinds.MARK)) == 3
    assert "size" in Host(world).ask(messages.STATUS)
    assert "STOP" not in world.kinds()
    world.settle()
    verify(world)


def test_presses_while_an_encoder_is_waited_for_keep_their_order() -> None:
    world = waiting_for_its_encoder()
    assert world.board is not None
    world.board.presses += [RECORD, signals.BUTTON_MARK]
    world.run(12_000)
    assert [name for name in world.kinds() if name in ("START", "STOP", "MARK")] == ["START", "STOP", "START", "MARK"]
    assert world.bodies(kinds.MARK)[0]["recording"] == 2
    verify(world, media=False)


def test_a_full_card_ends_once_while_an_encoder_is_waited_for() -> None:
    """Two stops wait at once."""
    world = provisioned(pictures=False, clip=Clip())
    world.encoder_condition.fault = condition.ENCODER_LEAVE_OPEN
    world.press(RECORD)
    assert world.medium is not None
    assert world.board is not None
    world.medium.free = module.STORAGE_FLOOR_KIB - 1
    while "stop" not in str(world.agent and world.agent._jobs):
        world.step()
    world.board.presses.append(RECORD)
    world.run(3000)
    world.settle()
    assert len(world.bodies(kinds.STOP)) == 1
    verify(world)


def test_half_a_picture_is_said_once() -> None:
    world = provisioned()
    world.press(RECORD)
    world.run(1500)
    world.camera_condition.fault = condition.CAMERA_HALF
    world.run(3000)
    world.press(RECORD)
    assert faults(world) == [(codes.FAULT_CAPTURE, 2, [codes.CAPTURE_CUT_PICTURE, 1])]
    (picture,) = of_track(world, PICTURE)
    assert picture["lost"] == 1
    verify(world)


@pytest.mark.parametrize("fault", [condition.CAMERA_STALL, condition.CAMERA_FREEZE])
def test_a_camera_that_stalls_keeps_step_and_stops_nothing(fault: str) -> None:
    """OB-1: what lacks is counted, sound goes on, and segments still end together."""
    world = provisioned()
    world.press(RECORD)
    world.run(5000)
    world.camera_condition.fault = fault
    world.run(60_000)
    world.camera_condition.fault = ""
    world.run(3000)
    world.press(RECORD)
    assert {what for what, _number, _values in faults(world)} == {codes.FAULT_CAPTURE}
    pictures = of_track(world, PICTURE)
    assert len(pictures) == 2
    assert sum(body["lost"] for body in pictures) >= 58 * 5
    assert all(abs(body["written"] + body["lost"] - body["expected"]) <= 5 for body in pictures)
    assert [body["lost"] for body in of_track(world, SOUND)] == [0, 0]
    verify(world)


def test_pictures_of_another_size_end_all_segments() -> None:
    world = provisioned()
    world.press(RECORD)
    world.run(3000)
    world.camera_condition.fault = condition.CAMERA_RESIZE
    world.run(5000)
    world.press(RECORD)
    bodies = world.bodies(kinds.SEGMENT)
    assert [body["number"] for body in bodies] == [1, 2, 3, 4]
    assert bodies[0]["last_tick"] == bodies[1]["last_tick"] == bodies[2]["first_tick"]
    assert any(values[0] == codes.CAPTURE_SIZE_CHANGED for _what, _number, values in faults(world))
    verify(world, genuine=False)


def test_a_card_that_fails_names_every_open_segment() -> None:
    world = provisioned()
    world.press(RECORD)
    world.run(2000)
    assert world.medium is not None
    world.medium.failing = True
    world.run(1000)
    world.settle()
    assert [(what, number) for what, number, _values in faults(world)] == [
        (codes.FAULT_STORAGE, 1), (codes.FAULT_STORAGE, 2), (codes.FAULT_MEDIUM, None)
    ]  # fmt: skip
    assert world.kinds()[-7:] == ["FAULT", "FAULT", "INTERRUPT", "STOP", "EPOCH", "MEDIUM", "FAULT"]


@pytest.mark.parametrize("operation", range(1, 60, 2))
def test_a_card_that_fails_anywhere_around_a_joint_end(operation: int) -> None:
    world = provisioned(rate=2000)
    world.press(RECORD)
    world.run(58_500)
    count = [0]

    def before(_number: int, _tear) -> None:
        count[0] += 1
        if count[0] == operation and world.medium is not None:
            world.medium.failing = True

    world.power.before = before
    world.run(3000)
    world.power.before = None
    world.settle()
    assert world.agent is not None
    assert world.agent.failed is None
    assert world.agent.recording is None
    assert world.bodies(kinds.STOP)[0]["reason"] == codes.STOP_FAULT
    assert world.medium is not None
    world.medium.failing = False
    verify(world, media=False)


def test_both_tracks_have_checkpoints_and_anchors() -> None:
    """AT-33."""
    world = provisioned()
    world.press(RECORD)
    world.run(30_000)
    assert world.agent is not None
    anchors = world.agent.anchors
    assert sorted(anchors.known) == [1, 2]
    assert all(length > 5000 for length in anchors.known.values())
    assert len(world.file(1, 1, "CKP") or b"") > 300
    assert len(world.file(1, 2, "CKP") or b"") > 300
    assert module.CHECKPOINT_MS == 5000


def test_the_anchors_of_two_tracks_take_turns() -> None:
    """AT-33. A full shift fits into the ring, and no track is without an anchor for more than ten seconds."""
    world = provisioned()
    world.press(RECORD)
    assert world.agent is not None
    anchors = world.agent.anchors
    noted: list[tuple[int, int, int, int]] = []
    note = anchors.note

    def noting(start: int, number: int, length: int, tick: int) -> None:
        noted.append((start, number, length, tick))
        note(start, number, length, tick)

    anchors.note = noting  # type: ignore[method-assign]
    world.run(55_000)
    ticks = [tick for _start, _number, _length, tick in noted]
    assert all(3900 <= later - before <= 5100 for before, later in pairwise(ticks))
    for number in (1, 2):
        own = [tick for _start, found, _length, tick in noted if found == number]
        assert len(own) >= 5
        assert all(later - before <= 10_000 for before, later in pairwise(own))


def test_a_full_anchor_ring_stops_nothing() -> None:
    world = provisioned()
    assert world.agent is not None
    anchors = world.agent.anchors
    anchors._ring.blank.clear()
    anchors._at = anchors._end
    newest = anchors.newest
    world.record(70_000)
    assert anchors.newest == newest, "nothing could be noted"
    assert len(world.bodies(kinds.SEGMENT)) == 4
    assert faults(world) == [(codes.FAULT_ANCHORS_FULL, None, [])]
    verify(world)


@pytest.mark.parametrize("pictures", [False, True])
def test_a_segment_is_handed_out_once_its_entry_is_durable(pictures: bool) -> None:
    world = provisioned(pictures=pictures)
    world.press(RECORD)
    world.run(58_000)
    assert world.agent is not None
    recorder = world.agent.recorder
    for _ in range(5000):
        world.step()
        named = {body["number"] for body in world.bodies(kinds.SEGMENT)}
        for number in range(1, 5):
            assert recorder.is_sealed(1, number) == (number in named)
        if recorder.is_sealed(1, 1 + pictures):
            return
    raise AssertionError("nothing was sealed")


def test_a_stop_in_the_middle_of_a_picture_keeps_it() -> None:
    world = provisioned()
    for milliseconds in range(1000, 1400, 37):
        world.record(milliseconds)
    assert all(body["lost"] <= 1 for body in of_track(world, PICTURE))
    verify(world)


def test_a_camera_is_checked_before_use() -> None:
    """OB-15."""
    for world, result in ((provisioned(), codes.CHECK_PASSED), (provisioned(pictures=False), codes.CHECK_ABSENT)):
        world.boot()
        world.settle()
        items = {item: (found, value) for item, found, value in world.bodies(kinds.CHECK)[-1]["items"]}
        assert items[codes.CHECK_PICTURE][0] == result
        assert items[codes.CHECK_SOUND][0] == codes.CHECK_PASSED

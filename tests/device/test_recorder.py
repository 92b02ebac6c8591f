"""Recording: segments, checkpoints, anchors, floors, and cards that fail in every place (AT-21, AT-33)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from support.board import Medium, MemoryCard, MemoryFile, NorFlash, World, verify
from support.breaking import made, pull
from support.dock import Host, provisioned

from evidock_agent import journal, signals
from evidock_agent import recorder as module
from evidock_protocol import card, codes, kinds, messages, versions, wav

RECORD = signals.BUTTON_RECORD


def the_agent(world: World):
    assert world.agent is not None
    return world.agent


def test_segments_end_before_sixty_seconds_and_leave_no_hole() -> None:
    world = provisioned()
    world.record(150_000)
    bodies = world.bodies(kinds.SEGMENT)
    assert len(bodies) == 3
    assert all(body["last_tick"] - body["first_tick"] <= versions.MAXIMUM_SEGMENT_MS for body in bodies)
    assert [body["first_tick"] for body in bodies[1:]] == [body["last_tick"] for body in bodies[:-1]]
    assert all(abs(body["expected"] - body["written"]) <= 8 and body["lost"] == 0 for body in bodies)
    assert world.bodies(kinds.STOP)[0]["last_tick"] == bodies[-1]["last_tick"]
    verify(world)


def test_segments_end_below_sixteen_mebibytes() -> None:
    world = provisioned(rate=400_000)
    world.record(45_000)
    bodies = world.bodies(kinds.SEGMENT)
    assert len(bodies) >= 3
    assert all(body["length"] <= versions.MAXIMUM_SEGMENT for body in bodies)
    verify(world)


def test_checkpoints_and_anchors_come_at_most_five_seconds_apart() -> None:
    world = provisioned()
    world.press(RECORD)
    seen: list[tuple[int, int, int, int]] = []
    for _ in range(200):
        world.run(100)
        newest = the_agent(world).anchors.newest
        if newest is not None and newest not in seen:
            seen.append(newest)
    assert len(seen) >= 4
    assert all(later[3] - before[3] <= 5000 for before, later in pairwise(seen))
    assert len(world.file(1, 1, "CKP") or b"") > 300 * (len(seen) - 1)
    world.press(RECORD)
    assert world.file(1, 1, "CKP") is None, "SEGMENT replaces them"


def test_recording_stops_before_the_card_is_full() -> None:
    world = provisioned()
    world.press(RECORD)
    assert world.medium is not None
    world.medium.free = module.STORAGE_FLOOR_KIB - 1
    world.run(6000)
    world.settle()
    assert world.bodies(kinds.STOP)[0]["reason"] == codes.STOP_STORAGE_FULL
    assert len(world.bodies(kinds.STOP)) == 1
    verify(world)


def test_recording_stops_while_its_end_can_still_be_written() -> None:
    world = provisioned()
    agent = the_agent(world)
    world.medium = None  # nothing makes room without a card …
    world.run(300)
    world.medium = Medium()
    world.run(300)
    world.press(RECORD)
    agent.journal.ring.ring.blank.clear()  # … and nothing is left but the sector in use
    world.run(6000)
    world.settle()
    assert world.bodies(kinds.STOP)[0]["reason"] == codes.STOP_STORAGE_FULL
    assert len(world.bodies(kinds.STOP)) == 1
    verify(world)


def test_a_full_journal_is_emptied_onto_the_card() -> None:
    world = provisioned()
    agent = the_agent(world)
    world.drop_entries()
    assert not agent.journal_full
    host = Host(world)
    head = host.attach()
    raws = host.pull(head["size"])
    assert len(raws) == head["size"]
    world.boot()
    world.settle()
    again = Host(world)
    assert again.attach()["size"] > len(raws)
    assert again.pull(len(raws))[: len(raws)] == raws
    world.record(2000)
    assert world.bodies(kinds.STOP)[-1]["recording"] == 1


def test_the_number_goes_on_when_the_last_start_has_left_the_ring() -> None:
    world = provisioned()
    world.record(2000)
    world.drop_entries(8)
    world.boot()
    world.settle()
    before = world.file(1, 1)
    world.record(2000)
    assert world.bodies(kinds.START)[-1]["recording"] == 2
    assert world.file(1, 1) == before


def test_the_number_goes_on_with_another_card_too() -> None:
    """Neither the ring nor the card tells of the newest recording: the anchor ring does."""
    world = provisioned()
    world.record(2000)
    world.drop_entries(8)
    world.cut()
    world.medium = Medium()
    world.boot()
    world.settle()
    world.record(2000)
    assert world.bodies(kinds.START)[-1]["recording"] == 2


def test_an_end_that_found_no_room_is_told_when_there_is_some() -> None:
    world = provisioned()
    agent = the_agent(world)
    world.press(RECORD)
    world.run(3000)
    ring = agent.journal.ring
    blank, ring.ring.blank = ring.ring.blank, []
    end, ring._at = ring._at, ring._end
    world.press(RECORD)
    assert agent.journal_full
    assert agent.recording == 1
    ring.ring.blank, ring._at = blank, end
    world.run(1000)
    world.settle()
    assert agent.recording is None
    assert not agent.journal_full
    assert world.kinds()[-4:] == ["START", "SEGMENT", "STOP", "EPOCH"]
    verify(world)


@pytest.mark.parametrize("operation", range(1, 60))
def test_a_card_that_fails_anywhere_ends_the_recording_with_its_cause(operation: int) -> None:
    """Pulled in the n-th operation, and put back later."""
    world = provisioned()
    world.press(RECORD)
    agent, medium = the_agent(world), world.medium
    count = [0]

    def before(_number: int, _tear) -> None:
        count[0] += 1
        if count[0] == operation * 2 and world.medium is not None:
            world.medium.lose()
            world.medium = None

    world.power.before = before
    world.run(7000)
    world.press(RECORD)
    world.power.before = None
    world.run(500)
    world.settle()
    if agent.recording is not None:
        world.press(RECORD)
    assert agent.recording is None
    assert agent.failed is None
    if world.medium is None:
        assert world.bodies(kinds.MEDIUM)[-1]["new"] is None
    world.medium = medium
    world.run(500)
    world.settle()
    verify(world, media=False)
    size = len(world.raws())
    world.record(1500)
    assert "SEGMENT" in world.kinds()[size:], "the card is used again"
    verify(world, media=False)


def test_a_card_that_gives_errors_is_mounted_anew() -> None:
    """The card is in the slot all the time, so its contact says nothing."""
    world = provisioned()
    world.press(RECORD)
    world.run(2000)
    assert world.medium is not None
    world.medium.failing = True
    world.run(1000)
    world.settle()
    (interrupt,) = world.bodies(kinds.INTERRUPT)
    assert interrupt["cause"] == codes.CAUSE_EQUIPMENT_FAULT
    assert world.bodies(kinds.STOP)[-1]["reason"] == codes.STOP_FAULT
    world.medium.failing = False
    world.press(RECORD)  # fails once more at the latest, then the card is looked at again
    world.run(1000)
    world.settle()
    if the_agent(world).recording is None:
        world.press(RECORD)
    world.run(1000)
    world.press(RECORD)
    assert world.bodies(kinds.SEGMENT)
    verify(world, media=False)


def test_a_card_without_room_is_named() -> None:
    world = provisioned()
    world.press(RECORD)
    world.run(1000)
    assert world.medium is not None
    world.medium.free = 0
    world.run(module.FLUSH_MS)
    world.settle()
    assert [body["cause"] for body in world.bodies(kinds.INTERRUPT)] == [codes.CAUSE_STORAGE_FULL]


def test_stop_while_the_card_fails_tells_of_it_before_off() -> None:
    world = provisioned()
    world.press(RECORD)
    world.run(2000)
    assert world.medium is not None
    assert world.board is not None
    world.medium.failing = True
    world.board.presses.append(signals.BUTTON_OFF)
    journal_of = the_agent(world)
    world.run(3000)
    assert world.agent is None, "it is off"
    world.agent = journal_of
    world.power.on = True
    assert world.kinds()[-5:] == ["FAULT", "INTERRUPT", "STOP", "EPOCH", "OFF"]


def test_a_stop_asked_for_before_a_rotation_seals_in_order() -> None:
    """Capture is pumped while jobs wait, so a segment may end after a stop was queued."""
    world = provisioned()
    world.press(RECORD)
    world.run(58_900)
    agent = the_agent(world)

    def slow():
        for _ in range(2000):
            yield

    agent.add_job(slow())
    agent.add_job(agent.recorder.stop(codes.STOP_BUTTON))
    world.settle()
    assert [body["number"] for body in world.bodies(kinds.SEGMENT)] == [1, 2]
    verify(world)


def test_a_stalled_source_is_counted_as_lost() -> None:
    world = provisioned()
    world.press(RECORD)
    world.run(2000)
    world.clock.now += 3000
    world.run(2000)
    world.press(RECORD)
    bodies = world.bodies(kinds.SEGMENT)
    assert sum(body["lost"] for body in bodies) >= 2 * 8000
    assert all(abs(body["written"] + body["lost"] - body["expected"]) <= 8 for body in bodies)


def test_a_press_does_not_wait_for_a_host() -> None:
    """A line that is never silent must not keep an officer from recording."""
    world = provisioned()
    host = Host(world)
    assert world.board is not None
    world.board.presses.append(RECORD)
    for _ in range(200):
        host.send(messages.STATUS, {})
        for _ in range(3):
            world.step()
        world.link.to_host = bytearray()
    assert the_agent(world).recording == 1


def test_without_a_card_a_start_says_why_it_ended() -> None:
    world = provisioned()
    world.medium = None
    world.run(300)
    world.press(RECORD)
    assert world.kinds()[-6:] == ["MEDIUM", "START", "FAULT", "INTERRUPT", "STOP", "EPOCH"]
    assert [body["cause"] for body in world.bodies(kinds.INTERRUPT)] == [codes.CAUSE_MEDIUM_SWAPPED]
    verify(world)


def test_planted_recordings_do_not_hold_up_a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """AT-28, AT-38: ten thousand folders on a slow card are a minute, in which the watchdog must be fed."""
    world = provisioned()
    assert world.board is not None
    assert world.medium is not None
    for number in range(1, 400):
        world.medium.files[f"{the_agent(world).folder}/{card.recording_folder(number)}/X"] = b""
    looks = [0]
    names = MemoryCard.names

    def counted(self: MemoryCard, path: str) -> list[str]:
        looks[0] += 1
        return names(self, path)

    monkeypatch.setattr(MemoryCard, "names", counted)
    world.board.presses.append(RECORD)
    while world.kinds()[-1] != "START":
        before, fed = looks[0], world.board.fed
        world.step()
        assert looks[0] - before <= 1
        assert world.board.fed > fed
    assert (looks[0], the_agent(world).recorder.number) == (400, 400)


def test_a_card_that_is_pulled_while_a_number_is_looked_for() -> None:
    world = provisioned()
    assert world.board is not None
    assert world.medium is not None
    for number in range(1, 50):
        world.medium.files[f"{the_agent(world).folder}/{card.recording_folder(number)}/X"] = b""
    world.board.presses.append(RECORD)
    for _ in range(20):
        world.step()
    world.medium = None
    world.run(2000)
    assert [kind for kind in world.kinds() if kind in ("START", "STOP")] == ["START", "STOP"]
    assert the_agent(world).failed is None


def test_long_recordings_change_the_key() -> None:
    world = provisioned(rate=500)
    world.press(RECORD)
    world.run(1_330_000)
    assert [body["reason"] for body in world.bodies(kinds.EPOCH)] == [codes.EPOCH_TIME] * 2
    verify(world)


def test_the_reserve_is_what_the_journal_says() -> None:
    assert journal.RESERVE >= 8 * 700
    assert wav.WAV_HEADER % 512 == 0


def test_nothing_in_internal_flash_is_erased_while_something_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """An erase keeps interrupts off for up to 400 ms, and sound runs over after 3."""
    world = made(pictures=True)
    agent = the_agent(world)
    erased: list[int] = []
    erase = NorFlash.erase

    def noted(self: NorFlash, sector: int) -> None:
        if agent.recorder.capturing:
            erased.append(sector)
        erase(self, sector)

    monkeypatch.setattr(NorFlash, "erase", noted)
    world.press(RECORD)
    world.run(61_000)
    world.board.presses += [signals.BUTTON_MARK] * 20  # type: ignore[union-attr]
    world.shock = 9000
    medium = pull(world)
    world.run(3000)
    world.medium = medium
    world.run(12_000)
    world.temperature = 900
    world.run(5000)
    world.temperature = 300
    world.run(5000)
    world.press(RECORD)
    world.run(2000)
    assert erased == []
    assert len(world.bodies(kinds.INTERRUPT)) == 2
    verify(world, media=False)


@pytest.mark.parametrize("start", [4000, 58_900])
@pytest.mark.parametrize("stall", [1000, 4000])
def test_a_card_that_stalls_loses_frames_and_counts_them(
    stall: int, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call comes back after up to 4 s, below the watchdog's 8; nothing breaks off."""
    world = made()
    world.press(RECORD)
    world.run(start)
    write = MemoryFile.write
    left = [1]

    def slow(self: MemoryFile, data: bytes) -> int:
        if left[0]:
            left[0] = 0
            world.clock.now += stall
        return write(self, data)

    monkeypatch.setattr(MemoryFile, "write", slow)
    world.run(8000)
    world.press(RECORD)
    assert world.bodies(kinds.INTERRUPT) == []
    bodies = world.bodies(kinds.SEGMENT)
    lost = sum(body["lost"] for body in bodies)
    assert (stall - 1000) * 8 <= lost <= stall * 8
    assert all(abs(body["written"] + body["lost"] - body["expected"]) <= 16 for body in bodies)
    verify(world, genuine=False)


def test_a_fast_source_stops_before_the_card_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """1.6 MB a second: what is written between two looks is reckoned with."""
    world = made(rate=800_000)
    medium = world.medium
    assert medium is not None
    full = 12_000  # KiB

    def space(_self: MemoryCard) -> tuple[int, int]:
        held = 0
        for files in (medium.files, medium.written):
            for data in files.values():
                held += len(data)
        medium.free = full - held // 1024
        return medium.free, full

    monkeypatch.setattr(MemoryCard, "space", space)
    world.press(RECORD)
    world.run(15_000)
    world.settle()
    assert [body["cause"] for body in world.bodies(kinds.INTERRUPT)] == [codes.CAUSE_STORAGE_FULL]
    assert world.bodies(kinds.STOP)[-1]["reason"] == codes.STOP_STORAGE_FULL
    assert all(body["what"] != codes.FAULT_STORAGE for body in world.bodies(kinds.FAULT))
    assert 500 < medium.free < 6500
    verify(world, genuine=False)


def test_a_journal_that_is_full_is_named_once() -> None:
    world = made()
    agent = the_agent(world)
    world.press(RECORD)
    world.run(2000)
    agent.journal.ring.ring.blank.clear()
    world.run(3000)
    world.settle()
    named = [body for body in world.bodies(kinds.FAULT) if body["what"] == codes.FAULT_JOURNAL_FULL]
    assert [(body["recording"], body["values"]) for body in named] == [(1, [])]
    assert world.bodies(kinds.STOP)[-1]["reason"] == codes.STOP_STORAGE_FULL
    assert [body["cause"] for body in world.bodies(kinds.INTERRUPT)] == [codes.CAUSE_STORAGE_FULL]
    verify(world, genuine=False)

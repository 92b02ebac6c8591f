"""Samples against ticks: what a source does not give is counted as lost and named, whatever the source says
(AT-21, OB-6). Never a hole that the files hide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.board import World, verify
from support.track_rig import Rig
from support.tracks import faults, of_track, provisioned

from evidock_agent import signals
from evidock_agent.sound import DRIFT, HOLE_MS, SLACK_MS, SoundTrack, frames
from evidock_protocol import codes, kinds

RATE = 8000
SLACK = SLACK_MS * RATE // 1000  # frames
RECORD = signals.BUTTON_RECORD


class Source:
    """A Capture that makes `rate * share / 1000` frames a second, keeps 500 ms of them, and pauses when told."""

    channels = 1
    bits = 16
    rate = RATE

    def __init__(self, clock: Any, share: int = 1000, buffer_ms: int = 500, honest: bool = True):
        self.clock = clock
        self.share = share
        self.room = RATE * buffer_ms // 1000
        self.honest = honest  # whether it counts what it loses
        self.pauses: list[tuple[int, int]] = []  # ticks between which it makes nothing, and says nothing
        self.taken = 0  # frames handed out or lost
        self.gone = 0
        self.began = 0
        self.ended: int | None = None

    def made(self) -> int:
        """Frames made since it started."""
        now = self.clock.now if self.ended is None else self.ended
        paused = sum(max(min(now, last) - max(first, self.began), 0) for first, last in self.pauses)
        return (now - self.began - paused) * self.rate * self.share // 1_000_000

    def start(self) -> None:
        self.began = self.clock.now
        self.ended = None

    def stop(self) -> None:
        self.ended = self.clock.now

    def spill(self) -> int:
        waiting = self.made() - self.taken
        if waiting > self.room:
            self.taken += waiting - self.room
            self.gone += waiting - self.room
        return min(waiting, self.room)

    def readinto(self, buffer: memoryview) -> int:
        count = min(self.spill(), len(buffer) // 2)
        buffer[: 2 * count] = b"\1\2" * count
        self.taken += count
        return 2 * count

    def lost(self) -> int:
        self.spill()
        return self.gone if self.honest else 0


def started(share: int = 1000, buffer_ms: int = 500, honest: bool = True) -> tuple[Rig, Source, SoundTrack]:
    rig = Rig()
    source = Source(rig.clock, share, buffer_ms, honest)
    board: Any = rig.board
    board.capture = source
    agent: Any = rig
    track = SoundTrack(agent)
    track.start()
    track.open(1, rig.moments.now())
    return rig, source, track


def ended(rig: Rig, track: SoundTrack, stop: bool = True) -> tuple[dict[str, Any], dict[int, int]]:
    """The SEGMENT of the open segment, and its faults."""
    segment = rig.end(track, stop)
    body = rig.seal(segment)
    assert body is not None
    return body, segment.faults


def named(told: dict[int, int]) -> int:
    """Frames that the faults name."""
    return told.get(codes.CAPTURE_OVERRUN, 0) + told.get(codes.CAPTURE_STALLED, 0) // 2


def missing(body: dict[str, Any]) -> int:
    return body["expected"] - body["written"]


def test_a_source_that_keeps_time_loses_nothing() -> None:
    rig, _source, track = started()
    rig.run(track, 20_000)
    body, told = ended(rig, track)
    assert (missing(body), body["lost"], told) == (0, 0, {})


@pytest.mark.parametrize("share", [995, 999, 1001, 1005])
def test_clocks_that_differ_a_little(share: int) -> None:
    """Half a percent is 300 ms a minute: within the tolerance."""
    rig, _source, track = started(share)
    rig.run(track, 59_000)
    body, told = ended(rig, track)
    assert abs(missing(body)) <= SLACK
    assert (body["lost"], told) == (0, {})


@pytest.mark.parametrize("first", [0, 3000, 7000])
def test_a_pause_without_a_word(first: int) -> None:
    """The file looks seamless; the figures do not."""
    rig, source, track = started()
    start = rig.clock.now + first
    source.pauses.append((start, start + 1700))
    rig.run(track, 10_000)
    body, told = ended(rig, track)
    assert body["written"] + body["lost"] == body["expected"]
    assert 1700 * RATE // 1000 <= body["lost"] <= 1750 * RATE // 1000
    assert told == {codes.CAPTURE_STALLED: 2 * body["lost"]}


@pytest.mark.parametrize(("pause", "counts"), [(400, False), (499, False), (560, True)])
def test_the_tolerance(pause: int, counts: bool) -> None:
    rig, source, track = started()
    source.pauses.append((rig.clock.now + 2000, rig.clock.now + 2000 + pause))
    rig.run(track, 5000)
    body, told = ended(rig, track)
    assert bool(body["lost"]) is counts
    assert bool(told) is counts
    assert missing(body) - body["lost"] <= SLACK


def test_a_source_that_gives_nothing_for_ever() -> None:
    """It never says that anything is wrong."""
    rig, source, track = started()
    source.pauses.append((rig.clock.now, 1 << 40))
    rig.run(track, 30_000)
    body, told = ended(rig, track)
    assert (body["written"], body["lost"]) == (0, 30 * RATE)
    assert told == {codes.CAPTURE_STALLED: 60 * RATE}


@pytest.mark.parametrize("share", [0, 500, 900, 980])
def test_a_source_that_gives_fewer_samples_than_time_calls_for(share: int) -> None:
    rig, _source, track = started(share)
    rig.run(track, 50_000)
    body, told = ended(rig, track)
    assert body["written"] + body["lost"] == body["expected"]
    assert abs(body["written"] - 50 * RATE * share // 1000) <= SLACK
    assert told == {codes.CAPTURE_STALLED: 2 * body["lost"]}


@pytest.mark.parametrize("share", [1020, 1500, 3000])
@pytest.mark.parametrize("honest", [True, False])
def test_a_source_that_is_too_fast(share: int, honest: bool) -> None:
    """What does not fit into its own time is lost in the source's buffer, which counts it or not."""
    rig, source, track = started(share, honest=honest)
    rig.run(track, 50_000)
    body, told = ended(rig, track)
    assert missing(body) <= SLACK
    assert body["lost"] == (source.gone if honest else 0)
    assert named(told) == body["lost"]
    assert codes.CAPTURE_STALLED not in told


def test_a_fast_source_that_pauses() -> None:
    """Frames that it gave too many do not stand for those that it does not give later."""
    rig, source, track = started(1200)
    source.pauses.append((rig.clock.now + 5000, rig.clock.now + 9000))
    rig.run(track, 10_000)
    body, told = ended(rig, track)
    assert missing(body) >= 2 * RATE
    assert body["lost"] >= missing(body)
    assert named(told) == body["lost"]


@pytest.mark.parametrize("stall", [600, 1000, 2500, 4000])
@pytest.mark.parametrize("honest", [True, False])
def test_a_card_that_stalls(stall: int, honest: bool) -> None:
    """Nothing is taken from the source meanwhile; what its buffer does not hold is lost, whether it says so or not."""
    rig, source, track = started(honest=honest)
    rig.run(track, 3000)
    rig.clock.now += stall
    rig.run(track, 3000)
    body, told = ended(rig, track)
    assert missing(body) == source.gone
    assert body["lost"] == (source.gone if honest or source.gone > SLACK else 0)
    assert named(told) == body["lost"]
    reason = codes.CAPTURE_OVERRUN if honest else codes.CAPTURE_STALLED
    assert set(told) <= {reason}


def test_a_source_that_catches_up_has_lost_nothing() -> None:
    """Everything comes late: what was counted meanwhile is taken back."""
    rig, source, track = started(buffer_ms=60_000)
    real = source.readinto
    source.readinto = lambda buffer: 0  # type: ignore[method-assign]
    rig.run(track, 5000)
    assert track.segment is not None
    assert track.segment.lost >= 4 * RATE
    source.readinto = real
    rig.run(track, 2000)
    assert track.segment.lost == 0
    body, told = ended(rig, track)
    assert (missing(body), body["lost"], told) == (0, 0, {})


def test_what_is_lost_while_a_segment_ends_is_the_next_ones() -> None:
    """The card stalls between two segments."""
    rig, _source, track = started()
    rig.run(track, 3000)
    body, told = ended(rig, track, stop=False)
    assert (body["lost"], told) == (0, {})
    tick = body["last_tick"]
    rig.clock.now += 3000
    track.open(2, tick)
    rig.run(track, 1000)
    body, told = ended(rig, track)
    assert missing(body) == body["lost"] == 2500 * RATE // 1000
    assert told == {codes.CAPTURE_OVERRUN: body["lost"]}


def test_a_count_that_begins_anew_takes_nothing_back() -> None:
    rig, source, track = started()
    counts = [0]
    source.lost = lambda: counts[0]
    for count in (0, 70, 100, 0, 40, -3, 2):
        counts[0] = count
        rig.run(track, 500)
    body, told = ended(rig, track)
    assert body["lost"] == 100 + 40 + 5
    assert told == {codes.CAPTURE_OVERRUN: 145}


@pytest.mark.parametrize("count", [1 << 31, 1 << 62, 1 << 70])
def test_a_count_beyond_reason(count: int) -> None:
    """No entry holds any number whatever."""
    rig, source, track = started()
    source.lost = lambda: count if rig.clock.now > 1000 else 0
    rig.run(track, 2000)
    body, _told = ended(rig, track)
    assert body["written"] == body["expected"]
    assert 0 < body["lost"] < 1 << 50


def test_a_checkpoint_says_what_is_lost_while_it_is_lost() -> None:
    """So a power cut during a pause of the source does not hide it."""
    rig, source, track = started()
    source.pauses.append((rig.clock.now + 1000, 1 << 40))
    rig.run(track, 9000)
    assert track.segment is not None
    values = track.segment.checkpoint_values(bytes(32), bytes(32), 1, rig.moments.now())
    assert values["lost"] >= 7 * RATE


def test_the_listener_hears_what_is_written_at_its_ticks() -> None:
    rig, source, track = started()
    heard: list[tuple[int, int, int]] = []

    class Listener:
        def hear(self, block: memoryview, tick: int, milliseconds: int) -> None:
            heard.append((tick, milliseconds, len(block)))

    listener: Any = Listener()
    first = rig.moments.now()
    rig.run(track, 3000)
    assert track.segment is not None
    before = track.segment.written
    track.listener = listener
    source.pauses.append((rig.clock.now, rig.clock.now + 2000))
    rig.run(track, 5000)
    body, _told = ended(rig, track)
    ticks = [tick - first for tick, _milliseconds, _length in heard]
    assert ticks[0] > 2500  # its block lies on both sides of the pause
    assert ticks == sorted(ticks)
    assert [tick for tick in ticks[1:] if tick < 5000 - 256] == []
    assert sum(length for _tick, _milliseconds, length in heard) == (body["written"] - before) * 2
    assert all(milliseconds == length // 16 for _tick, milliseconds, length in heard)
    assert abs(ticks[-1] + heard[-1][1] - 8000) <= 1


@given(
    st.lists(st.tuples(st.integers(50, 6000), st.integers(1, 4000)), max_size=4),
    st.sampled_from([700, 985, 1000, 1010, 1400]),
    st.booleans(),
)
def test_no_hole_is_silent(parts: list[tuple[int, int]], share: int, honest: bool) -> None:
    """Whatever the source does: what time calls for and is neither there nor lost stays below the tolerance, and all
    that is lost is named."""
    rig, source, track = started(share, honest=honest)
    for runs, pauses in parts:
        rig.run(track, runs, step=20)
        source.pauses.append((rig.clock.now, rig.clock.now + pauses))
        rig.run(track, pauses, step=20)
    rig.run(track, 300, step=20)
    body, told = ended(rig, track)
    assert missing(body) - body["lost"] <= SLACK + body["expected"] // DRIFT + 1
    assert named(told) == body["lost"]


# What each segment lacks below the tolerance adds up: the host sums it (SPECIFICATION, "Verification of a chain", 8).


def shift(
    rig: Rig, track: SoundTrack, minutes: int, step: int = 200
) -> Iterator[tuple[dict[str, Any], dict[int, int]]]:
    """What each of so many segments of a minute says."""
    for number in range(2, minutes + 2):
        rig.run(track, 60_000, step)
        is_last = number == minutes + 1
        body, told = ended(rig, track, stop=is_last)
        yield body, told
        if not is_last:
            track.open(number, body["last_tick"])


def test_a_source_that_is_a_little_slow_is_no_fault() -> None:
    """0.05 %, as quartzes differ: three seconds in 100 minutes."""
    rig, source, track = started()
    made = source.made
    source.made = lambda: made() * 9995 // 10_000
    bodies = []
    for body, told in shift(rig, track, 100):
        assert (body["lost"], told) == (0, {})
        bodies.append(body)
    assert sum(missing(body) for body in bodies) == pytest.approx(3 * RATE, abs=2 * len(bodies))


@pytest.mark.parametrize("share", [990, 997])
def test_a_source_that_is_slow_says_so(share: int) -> None:
    """In no segment more than the tolerance is missing, and yet none of it is silent."""
    rig, _source, track = started(share)
    total = owed = lost = 0
    for number, (body, told) in enumerate(shift(rig, track, 12), 1):
        assert missing(body) <= SLACK + RATE // 5
        assert named(told) == body["lost"]
        total += body["expected"]
        owed += missing(body) - body["lost"]
        lost += body["lost"]
        assert owed <= SLACK + total // DRIFT + number
    assert lost >= total * (1000 - share) // 1000 - SLACK - total // DRIFT - 12


def test_short_pauses_in_each_segment_are_not_forgotten() -> None:
    rig, source, track = started()
    for minute in range(10):
        source.pauses.append((rig.clock.now + minute * 60_000 + 20_000, rig.clock.now + minute * 60_000 + 20_300))
    found = list(shift(rig, track, 10))
    owed = sum(missing(body) - body["lost"] for body, _told in found)
    assert sum(missing(body) for body, _told in found) == pytest.approx(3 * RATE, abs=20)
    assert owed <= SLACK + 600 * RATE // DRIFT + 10
    assert {reason for _body, told in found for reason in told} == {codes.CAPTURE_STALLED}


def test_what_waited_at_a_border_is_owed_no_more_once_it_came() -> None:
    """A source that gives in bursts: segments end without what waits, and the next ones have it."""
    rig, source, track = started(buffer_ms=2000)
    real = source.readinto
    first = rig.clock.now
    source.readinto = lambda buffer: real(buffer) if (rig.clock.now - first) % 7000 >= 200 else 0
    assert all((body["lost"], told) == (0, {}) for body, told in shift(rig, track, 8, 20))


def test_what_one_recording_owed_the_next_does_not() -> None:
    rig, source, track = started()
    for _recording in range(5):
        source.pauses.append((rig.clock.now + 1000, rig.clock.now + 1300))
        rig.run(track, 5000)
        body, told = ended(rig, track)
        assert (body["lost"], told) == (0, {})
        source.taken = 0
        track.start()
        track.open(1, rig.moments.now())
    ended(rig, track)


@given(st.integers(0, 1 << 26), st.integers(1, 200_000))
def test_frames_of_a_time(milliseconds: int, rate: int) -> None:
    assert frames(milliseconds, rate) == milliseconds * rate // 1000


# Where the hole lies: the whole recorder.


def recording(milliseconds: int, pictures: bool = False) -> tuple[World, Any]:
    world = provisioned(RATE, pictures=pictures)
    world.press(RECORD)
    world.run(milliseconds)
    assert world.board is not None
    return world, world.board.capture


def paused(world: World, source: Any, milliseconds: int) -> None:
    """The source gives nothing for so long, and loses it."""
    real: Callable[[memoryview], int] = source.readinto

    def swallow(buffer: memoryview) -> int:
        real(buffer)
        return 0

    source.readinto = swallow
    world.run(milliseconds)
    source.readinto = real


@pytest.mark.parametrize("pictures", [False, True])
def test_a_long_hole_ends_its_segment(pictures: bool) -> None:
    """So it lies at the end of a segment, which bounds it; all tracks go on together."""
    world, source = recording(5000, pictures)
    paused(world, source, 9000)
    world.run(5000)
    world.press(RECORD)
    verify(world, genuine=False)
    first, second = of_track(world, codes.TRACK_SOUND)
    assert 8 * RATE <= first["lost"] <= 10 * RATE
    assert first["last_tick"] - first["first_tick"] <= 5000 + 9000 + 1000
    assert second["lost"] == 0
    assert len(of_track(world, codes.TRACK_PICTURE)) == 2 * pictures


def test_a_short_hole_ends_nothing() -> None:
    world, source = recording(5000)
    paused(world, source, HOLE_MS - 300)
    world.run(5000)
    world.press(RECORD)
    verify(world, genuine=False)
    (body,) = world.bodies(kinds.SEGMENT)
    assert body["lost"] >= RATE


def test_a_source_that_fails_again_and_again_does_not_fill_the_journal() -> None:
    world, source = recording(1000)
    for _ in range(100):
        paused(world, source, 2600)
        world.run(400)
    world.press(RECORD)
    verify(world, genuine=False)
    bodies = world.bodies(kinds.SEGMENT)
    assert len(bodies) <= 301 // 60 + 8
    assert len(faults(world)) <= 2 * len(bodies)

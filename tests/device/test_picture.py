"""The picture track with a camera that works: each picture is in one segment, at its time, until all ends."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.picture_rig import RATE, begun, check
from support.track_rig import Rig, Shot, jpeg

from evidock_agent.picture import MAXIMUM_PICTURE, PictureTrack
from evidock_protocol import avi, codes, versions


def test_every_picture_is_there() -> None:
    rig, track = begun()
    taken = rig.camera.film(0, 8000, 7000)
    rig.run(track, 8000)
    segment = rig.end(track)
    body, pictures = check(rig, segment, boot=7)
    assert pictures == taken
    assert (body["written"], body["lost"], segment.faults) == (120, 0, {})
    assert (body["recording"], body["number"], body["first_tick"], body["last_tick"]) == (3, 1, 0, 8000)
    assert avi.read_header(rig.file(segment, "AVI")[:512])[:3] == (64, 48, RATE)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(40, 9000) | st.integers(4070, 4110) | st.just(66_000), min_size=1, max_size=25),
    st.sampled_from([7, 1000, 4096, 4095, 1 << 20]),
    st.lists(st.integers(0, 2000), max_size=6),
)
def test_any_lengths_in_any_parts(lengths: list[int], piece: int, flushes: list[int]) -> None:
    """Blocks, leaves and flushes in the middle of a picture leave no trace in the file."""
    if piece < 1000:
        lengths = [length % 3000 + 40 for length in lengths]
    rig, track = begun(piece=piece)
    taken = [jpeg(length, fill=number) for number, length in enumerate(lengths)]
    rig.camera.shots = [Shot(number * 67 + 67, data) for number, data in enumerate(taken)]
    moves = 0
    while rig.clock.now < len(taken) * 67 + 67:
        moves += 1
        if not track.pump(False):
            rig.clock.now += 5
        if moves in flushes:
            assert track.segment is not None
            track.segment.flush()
    body, pictures = check(rig, rig.end(track))
    assert pictures == taken
    assert body["lost"] == 0


def test_what_is_flushed_is_durable() -> None:
    """All that the camera gave until then, also what does not fill a block."""
    rig, track = begun()
    rig.camera.shots = [Shot(67, jpeg(5000))]
    rig.run(track, 100)
    assert track.segment is not None
    track.segment.flush()
    assert len(rig.file(track.segment, "AVI")) == track.segment.length == 512 + 8 + 5000


def test_pictures_lost_by_overrun_leave_their_places() -> None:
    """Where the source says that it lost pictures, empty chunks stand at once, before the pictures that it kept."""
    rig, track = begun()
    before = rig.camera.film(0, 1000)
    rig.run(track, 1000)
    after = rig.camera.film(1600, 3000)  # nobody looked for a second; nine pictures were lost
    rig.clock.now = 2000
    rig.camera.gone = 9
    rig.run(track, 1000)
    segment = rig.end(track)
    body, pictures = check(rig, segment)
    assert pictures == before + [b""] * 9 + after
    assert (body["lost"], segment.faults) == (9, {codes.CAPTURE_OVERRUN: 9})


@pytest.mark.parametrize("said", [1, 5, 10**9, -7])
def test_what_a_camera_says_of_losses_is_bounded_by_time(said: int) -> None:
    rig, track = begun()
    rig.camera.film(0, 3000)
    rig.run(track, 1500)
    rig.camera.gone = said
    rig.run(track, 1500)
    body, _pictures = check(rig, rig.end(track))
    assert body["lost"] <= 1


def test_a_card_that_was_slow_costs_no_picture() -> None:
    """Pictures wait in the camera's buffer; being late they are no stall."""
    rig, track = begun()
    taken = rig.camera.film(0, 4000)
    rig.run(track, 1000)
    rig.clock.now += 1500
    rig.run(track, 1500)
    body, pictures = check(rig, rig.end(track))
    assert pictures == taken
    assert body["lost"] == 0


class Sink:
    """A file that is only counted."""

    def __init__(self) -> None:
        self.length = 0

    def write(self, data: memoryview) -> int:
        self.length += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is kept."""


def test_a_segment_ends_before_16_mib() -> None:
    """With its index, and with the last picture whole."""
    rig = Rig(RATE)
    sinks: dict[str, Sink] = {}
    rig.board.card = SimpleNamespace(
        make_folder=lambda path: None, open=lambda path, mode: sinks.setdefault(path[-3:], Sink())
    )
    track = PictureTrack(rig)  # pyright: ignore[reportArgumentType]
    track.start()
    track.open(1, 0)
    picture = jpeg(MAXIMUM_PICTURE)
    rig.camera.shots = [Shot(67 * number, picture) for number in range(1, 40)]
    while not track.is_full():
        if not track.pump(False):
            rig.clock.now += 5
    segment = rig.end(track, stop=False)
    assert segment.lost == 0
    assert segment.length == sinks["AVI"].length
    whole = segment.length + avi.index_length(segment.chunks)
    assert 15 * MAXIMUM_PICTURE - 65536 < whole <= versions.MAXIMUM_SEGMENT


@pytest.mark.parametrize("rate", [1, 2, 3, 5, 15, 30, 60])
def test_segments_share_the_time(rate: int) -> None:
    """One picture is never in two segments, and none is between them."""
    rig, track = begun(rate)
    taken = rig.camera.film(0, 10_000, 3000)
    segments = []
    for number in range(2, 6):
        rig.run(track, 2500)
        segments.append(rig.end(track, stop=number == 5))
        if number < 5:
            track.open(number, segments[-1].last_tick)
    pictures = [picture for segment in segments for picture in check(rig, segment)[1]]
    assert pictures == taken
    assert all(not segment.lost and not segment.faults for segment in segments)


@pytest.mark.parametrize("real", [10, 14.9, 7])
def test_a_camera_slower_than_its_rate(real: float) -> None:
    """Over ten segments each has its time's number of chunks, so the picture does not run away from the sound."""
    rig, track = begun()
    ticks = range(round(1000 / real), 30_001, round(1000 / real))
    rig.camera.shots = [Shot(tick, jpeg(400)) for tick in ticks]
    total = 0
    for number in range(2, 12):
        rig.run(track, 3000)
        segment = rig.end(track, stop=False)
        track.open(number, segment.last_tick)
        body, pictures = check(rig, segment)
        total += len(pictures)
        assert abs(len(pictures) - body["expected"]) <= RATE // 2
    assert abs(total - 450) <= RATE // 2


def test_a_fast_camera_cannot_save_up_for_a_stall() -> None:
    rig, track = begun()
    rig.camera.film(0, 60_000, 60, rate=17)
    rig.run(track, 63_000)
    segment = rig.end(track)
    body, _pictures = check(rig, segment)
    assert body["written"] == 1020
    assert body["lost"] >= 3 * RATE - 8
    assert segment.faults[codes.CAPTURE_STALLED] >= 2 * RATE


def test_what_was_collected_before_the_stop_is_kept() -> None:
    rig, track = begun()
    taken = rig.camera.film(0, 2000)
    rig.run(track, 1500)
    rig.clock.now = 2000
    assert check(rig, rig.end(track))[1] == taken


def test_a_stop_in_the_middle_of_a_picture() -> None:
    """Nothing more will come: no half second is waited for it."""
    rig, track = begun()
    rig.camera.shots = [Shot(67, jpeg(9000), stalls=5000)]
    rig.run(track, 100)
    segment = rig.end(track)
    assert rig.clock.now < 110
    assert check(rig, segment)[1] == [jpeg(9000)[:5000] + bytes(4000)]
    assert segment.faults == {codes.CAPTURE_CUT_PICTURE: 1}


def test_a_rotation_in_the_middle_of_a_picture() -> None:
    """It is waited for; but not for ever."""
    rig, track = begun()
    rig.camera.shots = [Shot(67, jpeg(9000), stalls=5000, resumes=300)]
    rig.run(track, 100)
    segment = rig.end(track, stop=False)
    assert check(rig, segment)[1] == [jpeg(9000)]
    track.open(2, segment.last_tick)
    rig.camera.shots = [Shot(rig.clock.now, jpeg(9000), stalls=5000)]
    rig.run(track, 100)
    assert track.pump(True) == -1
    segment = track.end(rig.moments.now())
    assert check(rig, segment)[1][-1] == jpeg(9000)[:5000] + bytes(4000)
    assert segment.faults == {codes.CAPTURE_STALLED: 1}


def test_a_recording_shorter_than_a_picture() -> None:
    rig, track = begun()
    rig.run(track, 20)
    body, pictures = check(rig, rig.end(track))
    assert (pictures, body["length"], body["written"]) == ([], 512, 0)


def test_a_second_recording_starts_afresh() -> None:
    rig, track = begun()
    rig.camera.shots = [Shot(67, jpeg(90_000), stalls=50_000)]
    rig.run(track, 100)
    track.stop()
    assert track.segment is not None
    track.segment.abandon()  # as the recorder does when the card fails
    track.segment = None
    rig.clock.now = 60_000
    taken = rig.camera.film(60_000, 62_000)
    track.start()
    track.open(1, rig.moments.now())
    rig.run(track, 2000)
    assert check(rig, rig.end(track))[1] == taken

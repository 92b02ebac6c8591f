"""The picture track against a camera that does not answer, or whose figures are wrong: never taken for an error of the
card, never a hole that nobody names (OB-1)."""

from __future__ import annotations

import pytest
from support.picture_rig import RATE, begun, check
from support.track_rig import Rig, Shot, jpeg

from evidock_agent.picture import CHANGE_MS, MAXIMUM_PICTURE, PictureTrack
from evidock_protocol import codes


@pytest.mark.parametrize("method", ["next", "readinto", "lost"])
def test_a_camera_that_stops_answering(method: str) -> None:
    """It is as if nothing came: the sound goes on, and the journal says stalled."""
    rig, track = begun()
    rig.camera.film(0, 2000)
    rig.run(track, 1000)
    rig.camera.silent = {method}
    rig.run(track, 2000)
    segment = rig.end(track)
    body, pictures = check(rig, segment)
    if method == "lost":  # only what it lost is not known
        assert (body["written"], set(segment.faults)) == (30, {codes.CAPTURE_STALLED})
    else:
        assert body["written"] <= 15
        assert segment.faults[codes.CAPTURE_STALLED] >= RATE
    assert len(pictures) == body["written"] + body["lost"] >= 37


def test_a_camera_that_answers_again() -> None:
    rig, track = begun()
    taken = rig.camera.film(0, 2000)
    rig.run(track, 1000)
    rig.camera.silent = {"next", "readinto", "lost"}
    rig.clock.now += 100
    rig.run(track, 100)
    rig.camera.silent = set()
    rig.run(track, 1000)
    assert [picture for picture in check(rig, rig.end(track))[1] if picture] == taken


def test_a_camera_that_cannot_be_stopped() -> None:
    """The recorder stops its tracks also where it just lost its card: nothing may come of it."""
    rig, track = begun()
    taken = rig.camera.film(0, 1000)
    rig.run(track, 1000)
    rig.camera.silent = {"stop", "next", "readinto", "lost"}
    assert check(rig, rig.end(track))[1] == taken


@pytest.mark.parametrize(
    ("width", "height", "rate"), [(0, 48, 15), (64, 40_000, 15), (64, 48, 0), (64, 48, 1001), (-1, 48, 15)]
)
def test_a_camera_whose_figures_no_file_holds(width: int, height: int, rate: int) -> None:
    """It counts as one that does not start; it is stopped again."""
    rig = Rig()
    track = PictureTrack(rig)  # pyright: ignore[reportArgumentType]
    rig.camera.width, rig.camera.height, rig.camera.rate = width, height, rate
    with pytest.raises(OSError, match="22"):
        track.start()
    assert not rig.camera.running


def test_a_rate_that_changes_under_way() -> None:
    """A recording keeps the one that it began with."""
    rig, track = begun()
    rig.camera.film(0, 2000)
    rig.run(track, 1000)
    rig.camera.rate = 0
    first = rig.end(track, stop=False)
    track.open(2, first.last_tick)
    rig.run(track, 1000)
    second = rig.end(track)
    assert [(segment.rate, segment.written) for segment in (first, second)] == [(RATE, 15), (RATE, 15)]


@pytest.mark.parametrize("excess", [1, 5000, 1 << 31, -1, -5000])
def test_a_count_beside_the_truth(excess: int) -> None:
    """More than there was room for, or less than nothing: the file's structure holds."""
    rig, track = begun()
    rig.camera.film(0, 2000, 9000)
    rig.camera.overstates = excess
    rig.run(track, 4000)
    body, _pictures = check(rig, rig.end(track))
    assert body["lost"] >= 25


def test_a_count_of_lost_pictures_that_starts_again() -> None:
    rig, track = begun()
    rig.camera.gone = 100
    rig.run(track, 1)
    rig.camera.gone = 0
    taken = rig.camera.film(0, 1000)
    rig.run(track, 1000)
    rig.run(track, 255)
    rig.camera.gone = 3
    rig.camera.shots = [Shot(1267, jpeg(500))]
    rig.run(track, 45)
    _body, pictures = check(rig, rig.end(track))
    assert pictures == [*taken, b"", b"", b"", jpeg(500)]


def test_impossible_pictures_without_end() -> None:
    """They do not flood the card, and leave no credit for a hole that comes later."""
    rig, track = begun()
    rig.camera.shots = [Shot(0, b"", 1 << 30) for _ in range(5000)]
    rig.run(track, 2000)
    rig.camera.shots.clear()
    rig.run(track, 4000)
    segment = rig.end(track)
    body, pictures = check(rig, segment)
    assert body["length"] < 4096
    assert len(pictures) <= 6 * RATE + RATE // 2
    assert segment.faults[codes.CAPTURE_STALLED] >= 3 * RATE
    assert segment.faults[codes.CAPTURE_TOO_LONG] >= 5


def test_one_picture_of_another_size() -> None:
    """A stray one does not give the next segment a size that no other picture has."""
    rig, track = begun()
    rig.camera.film(0, 2000)
    rig.camera.shots[5].data = jpeg(1000, 128, 96)
    rig.camera.shots[5].announced = 1000
    rig.run(track, 2000)
    assert not track.is_full()
    first = rig.end(track, stop=False)
    track.open(2, first.last_tick)
    rig.camera.film(2000, 3000)
    rig.run(track, 1000)
    body, _pictures = check(rig, rig.end(track))
    assert (first.faults, first.written) == ({codes.CAPTURE_SIZE_CHANGED: 1}, 29)
    assert body["lost"] == 0
    assert body["written"] >= 14


def test_a_size_that_never_settles() -> None:
    """Each change takes twice as long as the one before: a camera that cannot decide does not fill the journal."""
    rig, track = begun()
    ends: list[int] = []
    number = 1
    while rig.clock.now < 120_000:
        for tick in range(rig.clock.now, rig.clock.now + 1000, 67):
            size = (80, 60) if tick // 400 % 2 else (64, 48)
            rig.camera.shots.append(Shot(tick, jpeg(40, *size)))
        for _ in range(10):
            rig.run(track, 100)
            if track.is_full():
                ends.append(rig.clock.now)
                number += 1
                track.open(number, rig.end(track, stop=False).last_tick)
    assert ends[0] <= 2 * CHANGE_MS
    assert len(ends) <= 8


@pytest.mark.parametrize("length", [90_000, 400_000, MAXIMUM_PICTURE])
def test_a_large_picture_at_a_rotation(length: int) -> None:
    """What the camera has of it is taken: the recorder's patience with a stall is no limit of a picture's length."""
    rig, track = begun(piece=4096)
    rig.camera.shots = [Shot(67, jpeg(length))]
    rig.run(track, 60)
    rig.clock.now = 67
    track.pump(False)
    for _ in range(20):  # 500 ms, while a signature is made between two parts
        assert track.pump(True) > 0
        rig.clock.now += 25
    segment = track.end(rig.moments.now())
    _body, pictures = check(rig, segment)
    assert pictures[-1] == jpeg(length)
    assert (segment.written, segment.faults) == (1, {})


def test_a_large_picture_that_is_slow() -> None:
    """At a rotation it does not keep the sound waiting."""
    rig, track = begun(piece=64)
    rig.camera.shots = [Shot(67, jpeg(MAXIMUM_PICTURE))]
    rig.run(track, 60)
    rig.clock.now = 67
    track.pump(False)
    read = rig.camera.readinto

    def slow(buffer: memoryview) -> int:
        rig.clock.now += 10
        return read(buffer)

    rig.camera.readinto = slow  # pyright: ignore[reportAttributeAccessIssue]
    before = rig.clock.now
    segment = track.end(rig.moments.now())
    assert rig.clock.now - before < 300
    assert segment.faults == {codes.CAPTURE_STALLED: 1}
    assert check(rig, segment)[0]["lost"] >= 1

"""The picture track against half pictures, stalls, other sizes, and against a card that fails (OB-1)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.picture_rig import begun, check
from support.track_rig import Rig, Shot, jpeg

from evidock_agent.picture import MAXIMUM_PICTURE, PictureTrack
from evidock_protocol import avi, codes


@pytest.mark.parametrize("data", [jpeg(3000)[:1500], jpeg(3000)[:-1], jpeg(3000)[2:], b"no picture at all"])
def test_half_a_jpeg(data: bytes) -> None:
    rig, track = begun()
    taken = rig.camera.film(0, 2000)
    taken[10] = rig.camera.shots[10].data = data
    rig.camera.shots[10].announced = len(data)
    rig.run(track, 2000)
    segment = rig.end(track)
    body, pictures = check(rig, segment)
    assert pictures == taken  # kept as it came
    assert (body["written"], body["lost"]) == (29, 1)
    assert segment.faults == {codes.CAPTURE_CUT_PICTURE: 1}


def test_longer_than_announced() -> None:
    rig, track = begun()
    taken = rig.camera.film(0, 2000)
    rig.camera.shots[10].announced -= 100
    taken[10] = taken[10][:-100]
    rig.run(track, 2000)
    segment = rig.end(track)
    assert check(rig, segment)[1] == taken
    assert (segment.lost, segment.faults) == (1, {codes.CAPTURE_CUT_PICTURE: 1})


@pytest.mark.parametrize("stalls", [1, 2, 30, 900, 4096 + 7])
def test_a_picture_that_stalls_in_the_middle(stalls: int) -> None:
    """The rest becomes zeros after half a second; the pictures after it stand at their own time."""
    rig, track = begun()
    rig.camera.film(0, 600)
    rig.camera.shots.append(Shot(667, jpeg(9001), stalls=stalls))
    later = rig.camera.film(1300, 4000)
    rig.run(track, 4000)
    segment = rig.end(track)
    body, pictures = check(rig, segment)
    assert pictures[9] == jpeg(9001)[:stalls] + bytes(9001 - stalls)
    assert pictures[-len(later) :] == later
    assert set(segment.faults) == {codes.CAPTURE_STALLED}
    assert 1 <= segment.faults[codes.CAPTURE_STALLED] <= body["lost"]
    assert body["expected"] == 60
    assert 59 <= len(pictures) <= 61
    assert body["written"] == 9 + len(later)


def test_a_stall_that_ends_in_time_does_no_harm() -> None:
    rig, track = begun()
    rig.camera.film(0, 600)
    rig.camera.shots.append(Shot(667, jpeg(9001), stalls=5000, resumes=1100))
    rig.camera.film(667, 3000)
    rig.run(track, 3000)
    body, pictures = check(rig, rig.end(track))
    assert pictures[9] == jpeg(9001)
    assert (body["lost"], len(pictures)) == (0, 45)


def test_a_picture_of_which_nothing_comes() -> None:
    """A camera that announces a megabyte and gives nothing does not fill the card."""
    rig, track = begun()
    rig.camera.shots = [Shot(number, b"", MAXIMUM_PICTURE) for number in range(0, 10_000, 100)]
    rig.run(track, 10_000)
    segment = rig.end(track)
    body, pictures = check(rig, segment)
    assert set(pictures) == {b""}
    assert (body["written"], body["length"] < 8000) == (0, True)
    assert segment.faults[codes.CAPTURE_STALLED] > 10


def test_a_camera_that_says_nothing_more() -> None:
    """OB-1: the seconds without a picture are declared, not silent."""
    rig, track = begun()
    rig.camera.film(0, 2000)
    later = rig.camera.film(12_000, 14_000)
    rig.run(track, 14_000)
    segment = rig.end(track)
    body, pictures = check(rig, segment)
    assert (body["written"], body["expected"]) == (60, 210)
    assert body["lost"] == 150
    assert pictures[-30:] == later
    assert set(segment.faults) == {codes.CAPTURE_STALLED}
    assert 140 <= segment.faults[codes.CAPTURE_STALLED] <= 150


@pytest.mark.parametrize(("rate", "length"), [(10, 20_000), (13, 40_000), (14, 60_000)])
def test_a_camera_slower_than_it_says(rate: int, length: int) -> None:
    """Low light, for example: it counts nothing as lost and never pauses long. What is lost in all is named (AT-21)."""
    rig, track = begun()
    rig.camera.film(0, length, 60, rate=rate)
    rig.run(track, length)
    segment = rig.end(track)
    body, _pictures = check(rig, segment)
    assert body["written"] == length * rate // 1000
    assert abs(body["expected"] - body["written"] - body["lost"]) <= 8
    assert segment.faults == {codes.CAPTURE_STALLED: body["lost"]}


def test_a_short_pause_is_lost_without_a_name() -> None:
    rig, track = begun()
    rig.camera.film(0, 2000)
    rig.camera.film(2400, 5000)
    rig.run(track, 5000)
    segment = rig.end(track)
    assert 1 <= check(rig, segment)[0]["lost"] <= 7
    assert segment.faults == {}


def test_a_camera_that_never_gives_a_picture() -> None:
    rig, track = begun()
    rig.run(track, 5000)
    segment = rig.end(track)
    body, pictures = check(rig, segment)
    assert body["written"] == 0
    assert len(pictures) >= 70
    assert segment.faults[codes.CAPTURE_STALLED] >= 60


@pytest.mark.parametrize("length", [MAXIMUM_PICTURE + 1, 1 << 30, (1 << 32) - 1, 1 << 40])
def test_too_long(length: int) -> None:
    rig, track = begun()
    taken = rig.camera.film(0, 2000)
    rig.camera.shots[10].announced = length
    taken[10] = b""
    rig.run(track, 2000)
    segment = rig.end(track)
    assert check(rig, segment)[1] == taken
    assert segment.faults == {codes.CAPTURE_TOO_LONG: 1}


@pytest.mark.parametrize("length", [0, -1])
def test_no_length_is_no_picture(length: int) -> None:
    rig, track = begun()
    rig.camera.film(0, 2000)
    rig.camera.shots[10].announced = length
    rig.run(track, 2000)
    body, pictures = check(rig, rig.end(track))
    assert (body["written"], len(pictures)) == (29, 29)


def test_pictures_of_another_size() -> None:
    """The segment ends, at most once a second; the next has the new size."""
    rig, track = begun()
    before = rig.camera.film(0, 500)
    rig.camera.shots += [Shot(567 + 67 * number, jpeg(2000, 128, 96)) for number in range(30)]
    rig.run(track, 600)
    assert not track.is_full()
    rig.run(track, 400)
    assert track.is_full()
    first = rig.end(track, stop=False)
    track.open(2, first.last_tick)
    rig.run(track, 1500)
    assert not track.is_full()
    second = rig.end(track)
    body, pictures = check(rig, first)
    assert pictures[: len(before)] == before
    assert (body["written"], first.faults) == (7, {codes.CAPTURE_SIZE_CHANGED: body["lost"]})
    body, pictures = check(rig, second)
    assert (body["written"], body["lost"], second.faults) == (len(pictures), 0, {})
    assert avi.read_header(rig.file(second, "AVI")[:512])[:2] == (128, 96)


@pytest.mark.parametrize("size", [(40_000, 48), (64, 65_535), (0, 48), (64, 0)])
def test_a_size_that_no_header_holds_is_none(size: tuple[int, int]) -> None:
    rig, track = begun()
    rig.camera.shots = [Shot(67 * number, jpeg(500, *size)) for number in range(1, 40)]
    rig.run(track, 2600)
    assert not track.is_full()
    segment = rig.end(track)
    body, _pictures = check(rig, segment)
    assert (body["written"], set(segment.faults)) == (0, {codes.CAPTURE_CUT_PICTURE})


def test_a_camera_that_does_not_answer() -> None:
    rig = Rig()
    rig.camera.silent = {"start"}
    with pytest.raises(OSError, match="5"):
        PictureTrack(rig).start()  # pyright: ignore[reportArgumentType]


def test_a_card_that_fails() -> None:
    rig, track = begun()
    rig.camera.film(0, 2000, 9000)
    rig.run(track, 1000)
    assert rig.world.medium is not None
    rig.world.medium.failing = True
    with pytest.raises(OSError, match="5"):
        rig.run(track, 1000)


def test_a_card_that_gives_back_other_bytes() -> None:
    """Without a true index nothing is sealed: it is an error of the card."""
    rig, track = begun()
    rig.camera.film(0, 2000)
    rig.run(track, 2000)
    segment = rig.end(track)
    segment.flush()
    assert rig.world.medium is not None
    data = bytearray(rig.file(segment, "AVI"))
    data[512] ^= 1
    rig.world.medium.files[segment.stem + "AVI"] = bytes(data)
    with pytest.raises(OSError, match="5"):
        rig.seal(segment)


shots = st.tuples(
    st.integers(0, 300),
    st.sampled_from([40, 41, 60, 3000, 4088, 9001]),
    st.sampled_from(["whole", "half", "other", "more", "less", "long", "stall", "nothing", "late"]),
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(shots, max_size=40),
    st.sampled_from([1, 2, 5, 15, 30]),
    st.sampled_from([61, 4096]),
    st.integers(0, 30),
    st.integers(500, 3000),
)
def test_whatever_a_camera_does(script: list, rate: int, piece: int, gone: int, length: int) -> None:
    """Every segment is a whole file whose counts fill its time, and what is wrong has a reason."""
    rig, track = begun(rate, piece)
    tick = 0
    for wait, size, what in script:
        tick += wait
        data = jpeg(size, *((80, 60) if what == "other" else (64, 48)))
        data = data[: size // 2] if what == "half" else data
        announced = size + {"more": 100, "less": -10, "long": 1 << 21}.get(what, 0)
        stalls = {"stall": size // 3, "nothing": 0, "late": size // 2}.get(what)
        rig.camera.shots.append(Shot(tick, data, announced, stalls, tick + 400 if what == "late" else 1 << 40))
    number, closed = 1, []
    for quarter in range(4):
        if quarter == 2:
            rig.camera.gone = gone
        rig.run(track, length)
        if track.is_full() or quarter % 2:
            closed.append(rig.end(track, stop=quarter == 3))
            number += 1
            if quarter < 3:
                track.open(number, closed[-1].last_tick)
    for segment in closed:
        body, pictures = check(rig, segment)
        whole = [p for p in pictures if p[:2] == b"\xff\xd8" and p.rstrip(b"\0")[-2:] == b"\xff\xd9"]
        assert body["written"] <= len(whole)
        reasons = sum(segment.faults.values())
        assert body["lost"] - reasons <= max(rate // 2, 1)
        assert reasons <= body["lost"] + rate * 3  # a stall is told when it is found, its chunks are written after

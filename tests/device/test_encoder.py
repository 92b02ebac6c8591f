"""Files of an external encoder: left open, renamed away, empty, too long, growing or rewritten while hashed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.track_rig import Rig, root_of

from evidock_agent.encoder import CLOSE_MS, MAXIMUM_LENGTH, EncoderTrack
from evidock_protocol import codes, versions


def begun() -> tuple[Rig, EncoderTrack]:
    rig = Rig()
    track = EncoderTrack(rig)  # pyright: ignore[reportArgumentType]
    track.start()
    track.open(1, rig.moments.now())
    return rig, track


def ended(content: bytes | None = None, after: int = 10_000) -> tuple[Rig, Any]:
    """A file of which the encoder has said that it is closed."""
    rig, track = begun()
    rig.run(track, after)
    segment = rig.end(track)
    if content is not None:
        rig.encoder.put(segment.path, content)
    return rig, segment


def check(rig: Rig, segment: Any, boot: int = 1) -> dict[str, Any]:
    """Seals a segment: root and leaves are those of the file as it is."""
    body = rig.seal(segment, boot)
    assert body is not None
    data = rig.file(segment, "MP4")
    root, leaves = root_of(data)
    assert (body["root"], body["length"], body["header_length"]) == (root, len(data), min(512, len(data)))
    assert rig.file(segment, "LVS") == leaves
    assert (body["attested"], body["attested_length"]) == (codes.ATTESTED_POST_CLOSE, 0)
    assert segment.faults == {}
    return body


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([1, 511, 512, 513, 4608, 66_048, 66_049, 131_584, 200_000]) | st.integers(1, 300_000))
def test_a_file_of_any_length(length: int) -> None:
    rig, segment = ended(bytes(range(251)) * (length // 251 + 1))
    rig.encoder.put(segment.path, (bytes(range(251)) * (length // 251 + 1))[:length])
    check(rig, segment)


def test_what_the_journal_says() -> None:
    rig, track = begun()
    rig.encoder.pictures = 140
    rig.clock.now = 10_000
    body = check(rig, rig.end(track), boot=5)
    assert body["media"] == codes.MEDIA_MP4
    assert body["track"] == codes.TRACK_SOUND | codes.TRACK_PICTURE == track.bits
    assert (body["recording"], body["number"], body["boot"]) == (3, 1, 5)
    assert (body["first_tick"], body["last_tick"]) == (0, 10_000)
    assert (body["rate"], body["expected"], body["written"], body["lost"]) == (15, 150, 140, 10)
    assert body["leaf_size"] == versions.LEAF_DEFAULT


@pytest.mark.parametrize(
    ("rate", "pictures", "figures"), [(0, 7, (0, 0, 0)), (15, 200, (150, 200, 0)), (15, -5, (150, 0, 150))]
)
def test_what_the_encoder_counts(rate: int, pictures: int, figures: tuple[int, int, int]) -> None:
    rig = Rig()
    rig.encoder.rate = rate
    rig.encoder.pictures = pictures
    track = EncoderTrack(rig)  # pyright: ignore[reportArgumentType]
    track.open(1, 0)
    rig.clock.now = 10_000
    body = check(rig, rig.end(track))
    assert (body["expected"], body["written"], body["lost"]) == figures


def test_the_next_file_begins_at_once() -> None:
    """While the one before is still to be closed."""
    rig, track = begun()
    rig.run(track, 5000)
    first = rig.end(track, stop=False)
    rig.encoder.done.clear()
    track.open(2, first.last_tick)
    steps = first.seal_steps(1)
    assert [next(steps) for _ in range(5)] == [True] * 5  # it waits
    rig.run(track, 5000)
    second = rig.end(track)
    rig.encoder.done = {first.path, second.path}
    assert (first.last_tick, second.first_tick, second.number) == (5000, 5000, 2)
    assert rig.encoder.begun == [first.path, second.path]
    assert rig.encoder.ended == 2
    check(rig, first)
    check(rig, second)


def test_hashed_in_slices() -> None:
    """No slice reads more than 4 KiB."""
    _rig, segment = ended(bytes(100_000))
    assert sum(1 for _slice in segment.seal_steps(1)) >= 100_000 // 4096


def refused(rig: Rig, segment: Any) -> dict[int, int]:
    """The reasons why there is nothing to seal."""
    assert rig.seal(segment) is None
    return segment.faults


def test_left_open() -> None:
    rig, segment = ended()
    rig.encoder.done.clear()
    before = rig.clock.now
    assert refused(rig, segment) == {codes.CAPTURE_LEFT_OPEN: 20_000}
    assert CLOSE_MS <= rig.clock.now - before <= CLOSE_MS + 200


def test_left_open_and_never_written() -> None:
    rig, segment = ended()
    rig.encoder.done.clear()
    rig.cards.remove(segment.path)
    assert refused(rig, segment) == {codes.CAPTURE_LEFT_OPEN: 0}


def test_closed_late_but_in_time() -> None:
    rig, segment = ended()
    rig.encoder.done.clear()
    steps = segment.seal_steps(1)
    next(steps)
    rig.clock.now += CLOSE_MS - 1
    next(steps)
    rig.encoder.done.add(segment.path)
    check(rig, segment)


def test_renamed_away() -> None:
    rig, segment = ended()
    rig.cards.rename(segment.path, "MOVIE.MP4")
    assert refused(rig, segment) == {codes.CAPTURE_FILE_GONE: 0}


def test_zero_bytes() -> None:
    rig, segment = ended(b"")
    assert refused(rig, segment) == {codes.CAPTURE_EMPTY_FILE: 0}


@pytest.mark.parametrize("size", [MAXIMUM_LENGTH + 1, versions.MAXIMUM_FILE + 1, 1 << 40])
def test_above_2_gib(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rig, segment = ended()
    monkeypatch.setattr(rig.cards, "size", lambda path: size)
    assert refused(rig, segment) == {codes.CAPTURE_TOO_LONG: size}


def disturbed(rig: Rig, segment: Any, slices: int, change: Callable[[int], None]) -> dict[str, Any] | None:
    """Seals a segment; after so many slices, and as many again and again, `change` is called with how often it was."""
    steps = segment.seal_steps(1)
    done = 0
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value
        done += 1
        if done % slices == 0:
            change(done // slices)


CHANGES: dict[str, Callable[[bytes, int], bytes]] = {
    "grows": lambda data, time: data + b"more",
    "shrinks": lambda data, time: data[:-5000],
    "header": lambda data, time: bytes([time]) + data[1:],
    "end": lambda data, time: data[:-1] + bytes([time]),
}


@pytest.mark.parametrize("slices", [1, 7, 30, 49])
@pytest.mark.parametrize("change", CHANGES)
def test_changed_once_while_hashed(change: str, slices: int) -> None:
    """It is hashed once more, as it is then."""
    rig, segment = ended(b"\xee" * 200_000)

    def once(time: int) -> None:
        if time == 1:
            rig.encoder.put(segment.path, CHANGES[change](rig.file(segment, "MP4"), time))

    body = disturbed(rig, segment, slices, once)
    assert body is not None
    data = rig.file(segment, "MP4")
    assert (body["length"], body["root"]) == (len(data), root_of(data)[0])
    assert rig.file(segment, "LVS") == root_of(data)[1]


@pytest.mark.parametrize("change", CHANGES)
def test_an_encoder_that_goes_on_and_on(change: str) -> None:
    rig, segment = ended(b"\xee" * 200_000)

    def again(time: int) -> None:
        rig.encoder.put(segment.path, CHANGES[change](rig.file(segment, "MP4"), time % 256))

    assert disturbed(rig, segment, 1, again) is None
    assert set(segment.faults) == {codes.CAPTURE_CHANGED_WHILE_HASHED}
    assert rig.file(segment, "LVS")[:32] == bytes(32)  # so that nobody is handed what was not sealed


@pytest.mark.parametrize("slices", [1, 20, 40, 49])
def test_gone_while_hashed(slices: int) -> None:
    rig, segment = ended(b"\xee" * 200_000)
    assert disturbed(rig, segment, slices, lambda time: rig.cards.remove(segment.path)) is None
    assert set(segment.faults) == {codes.CAPTURE_FILE_GONE}


def test_an_encoder_that_does_not_answer() -> None:
    rig = Rig()
    rig.encoder.dead = True
    track = EncoderTrack(rig)  # pyright: ignore[reportArgumentType]
    track.start()
    track.open(1, 0)
    segment = rig.end(track)
    assert refused(rig, segment) == {codes.CAPTURE_NO_START: 0}


def test_an_encoder_that_dies() -> None:
    rig, track = begun()
    rig.encoder.dead = True
    segment = rig.end(track)
    assert refused(rig, segment) == {codes.CAPTURE_LEFT_OPEN: 20_000}


def test_an_encoder_that_does_not_say_whether_it_closed_a_file() -> None:
    """No error of the card: the recording goes on, and the file counts as left open."""
    rig, segment = ended()
    rig.encoder.mute = True
    assert refused(rig, segment) == {codes.CAPTURE_LEFT_OPEN: 20_000}


def test_an_encoder_that_does_not_say_how_many_pictures_it_wrote() -> None:
    rig, segment = ended()
    body = disturbed(rig, segment, 1, lambda time: setattr(rig.encoder, "mute", True))
    assert body is not None
    assert (body["expected"], body["written"], body["lost"]) == (150, 0, 150)


def test_an_encoder_that_counts_beyond_measure() -> None:
    """No entry could hold the figure."""
    rig, segment = ended()
    rig.encoder.pictures = 1 << 70
    assert check(rig, segment)["written"] == versions.MAXIMUM_FILE


def test_a_file_that_it_did_not_begin_is_not_asked_for() -> None:
    rig, track = begun()
    first = rig.end(track, stop=False)
    rig.encoder.dead = True
    track.open(2, first.last_tick)
    rig.encoder.dead = False
    second = rig.end(track)
    assert rig.encoder.ended == 1
    assert refused(rig, second) == {codes.CAPTURE_NO_START: 0}


def test_asked_to_end_once() -> None:
    """Also when the card failed and nobody adopts the file."""
    rig, track = begun()
    track.stop()
    track.stop()
    assert track.segment is not None
    track.segment.abandon()
    assert rig.encoder.ended == 1


def test_a_card_that_is_pulled_while_it_is_hashed() -> None:
    rig, segment = ended(bytes(100_000))
    steps = segment.seal_steps(1)
    for _ in range(5):
        next(steps)
    rig.world.medium = None
    with pytest.raises(OSError, match="19"):
        rig.seal(segment)
    with pytest.raises(OSError, match="19"):
        for _slice in steps:
            pass


def test_a_card_without_room_for_the_leaves() -> None:
    """The encoder filled it; the recorder's floor should have stopped it before."""
    rig, segment = ended(bytes(100_000))
    assert rig.world.medium is not None
    rig.world.medium.free = 0
    with pytest.raises(OSError, match="28"):
        rig.seal(segment)


def test_nothing_to_pump() -> None:
    _rig, track = begun()
    assert (track.pump(False), track.pump(True), track.is_full()) == (0, 0, False)

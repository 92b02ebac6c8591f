"""The pull of segments: credit, losses, lies, damaged and shortened files; only leaves that hash are kept."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.recorder import LEAF, Cable, ScriptedRecorder

from evidock.client.assembly import Assembly
from evidock.client.connection import Connection
from evidock.client.pull import STALLED_SECONDS, Pull, fetch_leaves
from evidock.client.window import LARGEST
from evidock.errors import LineLost, Misbehaving
from evidock.media import PartialFile, is_intact
from evidock.segments import Segment
from evidock_protocol import entry, framing, messages, versions, wire
from evidock_protocol.wav import WAV_HEADER

Twist = Callable[[int, dict[str, Any]], dict[str, Any]]


class Bench:
    """A recorder with one segment, and what is needed to pull it."""

    def __init__(self, folder: Path, length: int = 5 * LEAF + 77):
        self.recorder = ScriptedRecorder()
        self.recorder.provision(bytes(32), bytes(32))
        self.recorder.start()
        key = self.recorder.segment(length)
        self.recorder.proved = True
        self.data = bytes(self.recorder.media[key])
        body = entry.parse(self.recorder.entries[-1]).body
        self.segment = Segment(*(body[name] for name in Segment._fields))  # type: ignore[arg-type]
        self.cable = Cable(self.recorder)
        self.connection = Connection(self.cable, "cable", self.cable.monotonic)
        self.part, self.final = folder / "x.part", folder / "x.wav"
        self.good: set[int] = set()
        self.pull = Pull(self.connection)

    def bring(self) -> Assembly:
        """Pulls the segment, and gives it its name unless places of it could not be read."""
        leaves = fetch_leaves(self.connection, self.segment)
        with PartialFile(self.part, self.segment) as file:
            assembly = Assembly(self.segment, leaves, file)
            self.good = assembly.good
            self.pull.add(assembly)
            while not self.pull.finished:
                self.connection.pump(self.cable.now + 1)
            assert self.pull.finished.popleft() is assembly
            assembly.keep_rest()
            if not assembly.unreadable:
                file.finish(self.final, assembly.length)
        return assembly

    def asked(self) -> list[dict[str, Any]]:
        return [values for kind, values in self.recorder.requests if kind == messages.MEDIA]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_clean_line(bench: Bench) -> None:
    assembly = bench.bring()
    assert bench.final.read_bytes() == bench.data
    assert is_intact(bench.final, bench.segment)
    assert not bench.part.exists()
    assert bench.pull.pulled == len(bench.data) == sum(one["length"] for one in bench.asked())
    assert not assembly.damaged


@pytest.mark.parametrize("length", [0, 1, LEAF - 1, LEAF, LEAF + 1, 2 * LEAF])
def test_every_shape_of_file(tmp_path: Path, length: int) -> None:
    bench = Bench(tmp_path, length)
    bench.bring()
    assert bench.final.read_bytes() == bench.data


def test_credit_and_unread_requests_are_bounded(tmp_path: Path) -> None:
    """However slow the recorder is to answer, the host never has more on its way than it may."""
    bench = Bench(tmp_path, 5 * 16 * 1024 + 77)  # short enough that what is unread is counted from the first request
    outstanding, most, unread, most_unread = 0, 0, 0, 0
    cable = bench.cable
    write, read = cable.write, cable.read

    def watch_write(data: bytes | memoryview) -> None:
        nonlocal outstanding, most, unread, most_unread
        before = len(bench.asked())
        write(data)
        outstanding += sum(one["length"] for one in bench.asked()[before:])
        unread += len(data)
        most, most_unread = max(most, outstanding), max(most_unread, unread)

    def watch_read(seconds: float) -> bytes:
        nonlocal outstanding, unread
        data = read(seconds)
        outstanding = max(0, outstanding - len(data))
        unread = unread if outstanding else 0
        return data

    cable.write, cable.read = watch_write, watch_read  # type: ignore[method-assign]
    bench.bring()
    assert LARGEST // 2 <= most <= LARGEST
    assert most_unread < 256


def test_a_recorder_cannot_fill_the_memory_with_leaves_that_miss_a_piece(tmp_path: Path) -> None:
    """It answers the newest request alone, without the first piece of a leaf: what is lost is asked for before all
    else, and few requests may be unread, so that few leaves are in hand."""
    bench = Bench(tmp_path, 60 * LEAF)
    answer, furthest = bench.recorder._media, -1
    asked: list[tuple[int, list[bytes], list[bytes]]] = []  # first byte, answers, those that begin no leaf

    def hoard(number: int, values: dict[str, Any]) -> list[bytes]:
        answers = answer(number, values)
        begins = range(values["offset"] - WAV_HEADER, values["offset"] - WAV_HEADER + values["length"], values["chunk"])
        most = [one for one, begin in zip(answers, begins, strict=True) if begin % LEAF >= values["chunk"]]
        asked.append((values["offset"], answers, most))
        return []

    def read(seconds: float) -> bytes:
        nonlocal furthest
        if asked and not bench.cable._pending:
            newer = [one for one in asked if one[0] > furthest]
            furthest = max(furthest, *(one[0] for one in asked))
            chosen = newer[-1][2] if newer else asked[-1][1]
            asked.clear()
            bench.cable._pending += b"".join(bytes(writer.encode(one)) for one in chosen)
        return receive(seconds)

    bench.recorder._media = hoard  # type: ignore[method-assign]
    receive, bench.cable.read = bench.cable.read, read  # type: ignore[method-assign]
    writer = framing.FrameWriter(versions.MAXIMUM_PAYLOAD)
    leaves = fetch_leaves(bench.connection, bench.segment)
    most = 0
    with PartialFile(bench.part, bench.segment) as file:
        assembly = Assembly(bench.segment, leaves, file)
        bench.pull.add(assembly)
        while not bench.pull.finished:
            bench.connection.pump(bench.cable.now + 1)
            most = max(most, len(assembly._open))
    assert assembly.is_whole
    assert 1 < most < 16


def test_small_unread_buffer_is_respected(bench: Bench) -> None:
    bench.connection.maximum_unread = 64
    bench.bring()
    assert bench.final.read_bytes() == bench.data


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from([1e-6, 1e-5, 1e-4]))
def test_bit_errors_cost_time_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, seed: int, rate: float
) -> None:
    bench = Bench(tmp_path_factory.mktemp("pull"))
    noise = random.Random(seed)

    def spoil(data: bytes) -> bytes:
        spoiled = bytearray(data)
        place = int(noise.expovariate(rate * 8))
        while place < len(spoiled):
            spoiled[place] ^= 1 << noise.randrange(8)
            place += 1 + int(noise.expovariate(rate * 8))
        return bytes(spoiled)

    bench.cable.spoil = spoil
    bench.bring()
    assert bench.final.read_bytes() == bench.data


def by_frames(spoil: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """A line that makes `spoil(frame)` of each frame, its final zero included."""
    return lambda data: b"".join(spoil(frame + b"\x00") for frame in data.split(b"\x00")[:-1])


def test_only_what_was_lost_is_asked_for_again(bench: Bench) -> None:
    answers = 0

    def lose_one(data: bytes) -> bytes:
        nonlocal answers
        answers += 1
        return data[: len(data) // 2] if answers == 5 else data

    bench.cable.spoil = by_frames(lose_one)
    bench.bring()
    assert bench.final.read_bytes() == bench.data
    # The half answer took the next one with it: it lacked the zero between them.
    assert len(bench.data) < sum(one["length"] for one in bench.asked()) <= len(bench.data) + 2 * 4096
    assert bench.pull.ranges.lost == 2


def test_a_bad_line_gets_smaller_chunks(bench: Bench) -> None:
    noise = random.Random(3)
    bench.cable.spoil = by_frames(lambda data: b"\x00" if noise.random() < 0.3 else data)
    bench.bring()
    assert bench.final.read_bytes() == bench.data
    assert min(one["chunk"] for one in bench.asked()) == 256


def test_a_pulled_cable_leaves_verified_leaves_and_the_next_pull_goes_on(bench: Bench) -> None:
    bench.cable.cut_after = len(bench.data) // 2
    with pytest.raises(LineLost):
        bench.bring()
    before = len(bench.asked())
    bench.cable = Cable(bench.recorder)
    bench.connection = Connection(bench.cable, "cable", bench.cable.monotonic)
    bench.pull = Pull(bench.connection)
    bench.bring()
    assert bench.final.read_bytes() == bench.data
    assert bench.good
    asked = sum(one["length"] for one in bench.asked()[before:])
    assert asked == len(bench.data) - sum(end - start for start, end in map(bench.segment.leaf_span, bench.good))


def test_a_changed_half_pulled_file_is_not_trusted(bench: Bench) -> None:
    bench.part.write_bytes(bytes(len(bench.data)))
    with bench.part.open("r+b") as file:
        file.write(bench.data[: 2 * LEAF])
        file.seek(LEAF)
        file.write(b"\x00" if bench.data[LEAF] else b"\x01")
    bench.bring()
    assert bench.good == {0}
    assert bench.final.read_bytes() == bench.data


def test_silence_is_a_lost_line_soon(bench: Bench) -> None:
    bench.recorder.silent.add(messages.MEDIA)
    with pytest.raises(LineLost):
        bench.bring()
    assert bench.cable.now < 12


def test_chatter_without_media_is_a_lost_line(bench: Bench) -> None:
    bench.recorder.silent.add(messages.MEDIA)
    read = bench.cable.read
    bench.cable.read = lambda seconds: read(min(seconds, 0.1)) or b"x"  # type: ignore[method-assign]
    with pytest.raises(LineLost):
        bench.bring()
    assert bench.cable.now < STALLED_SECONDS + 5


@pytest.mark.parametrize(
    "lie",
    [
        lambda values: {**values, "data": values["data"] + b"x"},
        lambda values: {**values, "data": b""},
        lambda values: {**values, "index": values["index"] + 1},
        lambda values: {**values, "index": 2**63 - 1},
        lambda values: {**values, "data": values["data"][:-1]},
    ],
)
def test_lies_about_offsets_and_lengths_end_in_one_line(
    bench: Bench, lie: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    answers = 0

    def twist(kind: int, values: dict[str, Any]) -> dict[str, Any]:
        nonlocal answers
        answers += kind == messages.MEDIA
        return lie(values) if kind == messages.MEDIA and answers > 10 else values

    bench.recorder.twist = twist
    with pytest.raises((LineLost, Misbehaving)):
        bench.bring()
    assert bench.cable.now < 60
    assert bench.part.stat().st_size <= len(bench.data)


def test_media_changed_on_the_card_is_kept_and_located(bench: Bench) -> None:
    changed = next(iter(bench.recorder.media.values()))
    changed[3 * LEAF] ^= 1
    assembly = bench.bring()
    assert assembly.damaged == {3}
    assert bench.final.read_bytes() == bytes(changed)
    assert not is_intact(bench.final, bench.segment)


def test_a_passing_read_error_is_healed(bench: Bench) -> None:
    left = 2

    def flip(kind: int, values: dict[str, Any]) -> dict[str, Any]:
        nonlocal left
        if kind == messages.MEDIA and values["index"] == 1 and left:
            left -= 1
            return {**values, "data": bytes(len(values["data"]))}
        return values

    bench.recorder.twist = flip
    assembly = bench.bring()
    assert not assembly.damaged
    assert assembly.wrong
    assert assembly.have == len(bench.data)
    assert bench.final.read_bytes() == bench.data


@pytest.mark.parametrize("kept", [0, 1, 511, 512, 8192, LEAF + 600, 5 * LEAF])
def test_a_file_shortened_on_the_card_is_kept_to_its_end(bench: Bench, kept: int) -> None:
    media = next(iter(bench.recorder.media.values()))
    del media[kept:]
    assembly = bench.bring()
    assert assembly.length == kept
    assert bench.final.read_bytes() == bench.data[:kept]
    assert len(bench.asked()) < 200


def test_a_card_that_fails_in_one_place(bench: Bench) -> None:
    recorder = bench.recorder
    answer = recorder._media

    def fail(number: int, values: dict[str, Any]) -> list[bytes]:
        from evidock_protocol.wire import Refusal

        if values["offset"] <= 2 * LEAF < values["offset"] + values["length"]:
            raise Refusal(messages.STORAGE, "card")
        return answer(number, values)

    recorder._media = fail  # type: ignore[method-assign]
    assembly = bench.bring()
    assert assembly.unreadable
    assert not bench.final.exists()
    recorder._media = answer  # type: ignore[method-assign]
    bench.bring()
    assert len(bench.good) >= 3
    assert bench.final.read_bytes() == bench.data


@pytest.mark.parametrize("bad", [0, WAV_HEADER, WAV_HEADER + LEAF - 1, WAV_HEADER + 2 * LEAF + 700, -1])
def test_only_the_leaf_of_a_bad_place_is_missing(tmp_path: Path, bad: int) -> None:
    """A recorder answers up to the place, refuses the range and forgets those behind it: they are asked for again."""
    bench = Bench(tmp_path, 30 * LEAF + 77)
    recorder, answer = bench.recorder, bench.recorder._media
    bad %= len(bench.data)

    def fail(number: int, values: dict[str, Any]) -> list[bytes]:
        answers = answer(number, values)
        if not values["offset"] <= bad < values["offset"] + values["length"]:
            return answers
        return [*answers[: (bad - values["offset"]) // values["chunk"]], wire.refusal(number, messages.STORAGE, "card")]

    recorder._media = fail  # type: ignore[method-assign]
    assembly = bench.bring()
    spans = [bench.segment.leaf_span(index) for index in range(bench.segment.leaves)]
    assert assembly.spans() == [(start, end) for start, end in spans if start <= bad < end]
    assert assembly.unreadable == 1
    assert sum(one["length"] for one in bench.asked()) < len(bench.data) + 4 * LARGEST


@pytest.mark.parametrize(
    "lie",
    [
        lambda values: {**values, "hashes": values["hashes"][:-1]},
        lambda values: {**values, "hashes": b""},
        lambda values: {**values, "hashes": values["hashes"] * 2},
        lambda values: {**values, "hashes": bytes(len(values["hashes"]))},
        lambda values: {**values, "first": 1},
    ],
)
def test_a_leaf_list_that_does_not_fit_the_signed_root_is_not_used(
    bench: Bench, lie: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    bench.recorder.twist = lambda kind, values: lie(values) if kind == messages.LEAVES else values
    assert fetch_leaves(bench.connection, bench.segment) is None
    bench.bring()
    assert is_intact(bench.final, bench.segment)  # the bytes still are as signed


def test_many_leaves_come_in_several_answers(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 300 * LEAF)
    leaves = fetch_leaves(bench.connection, bench.segment)
    assert leaves is not None
    assert len(leaves) == 301
    assert len(bench.recorder.requests) == 3


@pytest.mark.parametrize("archived", [True, False])
def test_what_was_verified_stays_whatever_the_recorder_gives_now(bench: Bench, archived: bool) -> None:
    """A leaf rotted here, and the recorder's file was cut within it meanwhile: the leaves behind it are evidence."""
    bench.bring()
    start, end = bench.segment.leaf_span(2)
    kept = bytearray(bench.data)
    kept[start : start + 4] = b"rot!"
    bench.part.write_bytes(kept)
    if not archived:
        bench.final.unlink()
    media = next(iter(bench.recorder.media.values()))
    del media[start + 100 :]
    leaves = fetch_leaves(bench.connection, bench.segment)
    with PartialFile(bench.part, bench.segment) as file:
        assembly = Assembly(bench.segment, leaves, file)
        bench.pull.add(assembly)
        while not bench.pull.finished:
            bench.connection.pump(bench.cable.now + 1)
        assembly.keep_rest()
    assert assembly.length == start + 100
    assert assembly.worth == bench.segment.length
    assert bench.part.read_bytes()[end:] == bench.data[end:]

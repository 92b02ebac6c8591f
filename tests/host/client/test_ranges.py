"""Any loss, repetition and order of answers: a pull ends complete and identical (MEDIA)."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.hostile import quick_folder

from evidock.client.assembly import Assembly
from evidock.client.connection import Connection
from evidock.client.pull import Pull
from evidock.client.ranges import Range, Ranges
from evidock.client.window import LARGEST, RANGE, Chunk
from evidock.media import PartialFile
from evidock.segments import Segment
from evidock_protocol import codes, framing, merkle, messages, versions, wire

HEADER, LEAF = 512, 4096
FATES = ("pass", "lose", "twice", "late", "bit", "bits", "cut short")


def segment_of(data: bytes) -> tuple[Segment, list[bytes]]:
    leaves = [merkle.leaf_hash(data[:HEADER]), *merkle.hash_leaves(data, HEADER, LEAF)]
    root = merkle.segment_root(leaves[0], merkle.root_of(leaves[1:]))
    return Segment(1, 1, codes.MEDIA_WAV, HEADER, len(data), LEAF, root), leaves


class Fateful:
    """A recorder of one file behind a line that does to each frame what its fate is, and is clean in the end.

    Time passes only while the host waits. `asked` lists (first byte, end).
    """

    def __init__(self, data: bytes, fates: list[str], seed: int = 1):
        self.now = 0.0
        self.asked: list[tuple[int, int]] = []
        self.most_unread = self.most = 0
        self._data = data
        self._fates = list(fates)
        self._noise = random.Random(seed)
        self._reader = framing.FrameReader(framing.frame_size(versions.MAXIMUM_REQUEST))
        self._writer = framing.FrameWriter(versions.MAXIMUM_PAYLOAD)
        self._frames: list[bytes] = []
        self._late: list[bytes] = []

    def monotonic(self) -> float:
        return self.now

    def write(self, data: bytes | memoryview) -> None:
        self.most_unread = max(self.most_unread, len(data))
        numbers = [0] * wire.MEDIA_NUMBERS
        for payload in self._reader.feed(bytes(data)):
            assert wire.parse_media(payload, numbers)
            number, _recording, _segment, offset, length, chunk = numbers
            self.asked.append((offset, offset + length))
            for index, start in enumerate(range(offset, offset + length, chunk)):
                piece = self._data[start : min(start + chunk, offset + length)]
                answer = wire.answer(messages.MEDIA, number, {"index": index, "data": piece})
                self._frames.append(bytes(self._writer.encode(answer)))
        self.most = max(self.most, sum(map(len, self._frames)))

    def read(self, seconds: float) -> bytes:
        if not self._frames and not self._late:
            self.now += seconds
            return b""
        if not self._frames:
            return self._late.pop(0)
        frame = self._frames.pop(0)
        self.now += len(frame) / 1_000_000
        fate = self._fates.pop(0) if self._fates else "pass"
        if fate == "lose":
            return b""
        if fate == "twice":
            return frame + frame
        if fate == "late":
            self._late.append(frame)
            return b""
        if fate in ("bit", "bits"):
            spoiled = bytearray(frame)
            for _ in range(1 if fate == "bit" else 3):
                spoiled[self._noise.randrange(len(frame))] ^= 1 << self._noise.randrange(8)
            return bytes(spoiled)
        if fate == "cut short":
            return frame[: len(frame) // 2]
        return frame if not self._late or self._noise.random() < 0.5 else frame + self._late.pop(0)

    def close(self) -> None:
        """Nothing holds on to it."""


def pull(folder: Path, data: bytes, line: Fateful, known: bool = True) -> tuple[Assembly, Pull]:
    segment, leaves = segment_of(data)
    connection = Connection(line, "line", line.monotonic)
    puller = Pull(connection)
    with PartialFile(folder / "part", segment) as file:
        assembly = Assembly(segment, leaves if known else None, file)
        puller.add(assembly)
        while not puller.finished:
            connection.pump(line.now + 1)
            assert line.now < 600
        file.finish(folder / "whole", assembly.length)
    return assembly, puller


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(FATES), max_size=200),
    st.integers(HEADER, 60 * LEAF),
    st.integers(0, 2**32),
)
def test_whatever_becomes_of_frames_the_file_is_whole_and_identical(
    tmp_path_factory: pytest.TempPathFactory, fates: list[str], length: int, seed: int
) -> None:
    data = random.Random(seed).randbytes(length)
    line = Fateful(data, fates, seed)
    folder = tmp_path_factory.mktemp("fates")
    assembly, puller = pull(folder, data, line)
    assert (folder / "whole").read_bytes() == data
    assert assembly.is_whole
    assert not assembly.damaged
    assert puller.ranges.credit == puller.ranges.unread == 0
    assert line.most_unread <= versions.MAXIMUM_UNREAD_REQUESTS
    assert line.most <= 2 * LARGEST
    # No storm: what is asked for again is what was lost, and a probe for each silence.
    troubles = sum(fate != "pass" for fate in fates)
    again = sum(end - start for start, end in line.asked) - length
    assert again <= (troubles + 1) * (2 * 4096 + LARGEST // 8)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(("pass", "lose", "twice", "late", "cut short")), max_size=60))
def test_without_a_leaf_list_the_order_of_frames_matters_no_more(
    tmp_path_factory: pytest.TempPathFactory, fates: list[str]
) -> None:
    data = random.Random(5).randbytes(20 * LEAF)
    folder = tmp_path_factory.mktemp("fates")
    assembly, _puller = pull(folder, data, Fateful(data, fates), known=False)
    assert (folder / "whole").read_bytes() == data
    assert assembly.is_whole


def test_a_clean_line_is_asked_once_for_everything(tmp_path: Path) -> None:
    data = random.Random(1).randbytes(100 * LEAF)
    line = Fateful(data, [])
    _assembly, puller = pull(tmp_path, data, line)
    assert sum(end - start for start, end in line.asked) == len(data)
    assert puller.ranges.lost == 0


def test_a_lost_frame_is_asked_for_again_at_once(tmp_path: Path) -> None:
    """What follows it shows that it is lost; nobody waits."""
    data = random.Random(1).randbytes(100 * LEAF)
    line = Fateful(data, ["pass"] * 10 + ["lose"])
    _assembly, puller = pull(tmp_path, data, line)
    assert line.now < (len(data) + 4096) / 1_000_000 * 1.03
    assert puller.ranges.lost == 1
    assert sum(end - start for start, end in line.asked) == len(data) + 4096


def test_single_wrong_bits_cost_nothing(tmp_path: Path) -> None:
    """All but those that the line makes of the frame's own structure are put right where they are."""
    data = random.Random(1).randbytes(100 * LEAF)
    line = Fateful(data, ["bit"] * 90)
    _assembly, puller = pull(tmp_path, data, line)
    assert puller.ranges.lost < 10
    assert (tmp_path / "whole").read_bytes() == data


class Nobody:
    """Stands for a segment where only its identity counts, and of which nothing is here."""

    def gap(self, start: int, end: int) -> tuple[int, int]:
        return start, end


def ranges() -> tuple[Ranges, Any]:
    made, owner = Ranges(Chunk(1024)), Nobody()
    made.want(owner, 0, 10 * RANGE)  # type: ignore[arg-type]
    for number in (1, 2, 3):
        made.ask(number, made.take(RANGE), 26)
    return made, owner


def test_an_answer_shows_what_was_lost_before_it() -> None:
    made, _owner = ranges()
    assert made.answered(1, 0, 1024) is not None
    assert made.answered(2, 3, 1024) is not None
    wanted = [(one.next, one.end) for one in made.wanted]
    assert wanted[:2] == [(1024, RANGE), (RANGE, RANGE + 3 * 1024)]
    assert list(made.outstanding) == [2, 3]
    assert made.credit == 2 * RANGE - 4 * 1024
    assert made.lost == 7 + 3
    assert made.unread == 26


@pytest.mark.parametrize(("index", "length"), [(8, 1024), (0, 1023), (0, 1025), (7, 0), (2**62, 1024)])
def test_an_answer_that_was_not_asked_for_in_this_form_changes_nothing(index: int, length: int) -> None:
    made, _owner = ranges()
    assert made.answered(2, index, length) is None
    assert (made.violations, made.lost, len(made.outstanding), made.credit) == (1, 0, 3, 3 * RANGE)


def test_an_answer_to_nothing_is_passed_over() -> None:
    made, _owner = ranges()
    assert made.answered(9, 0, 1024) is None
    assert (made.violations, made.lost, made.credit) == (0, 0, 3 * RANGE)


def test_a_probe_is_not_asked_for_again() -> None:
    """It asks for what is on its way already, and what it brings leaves a gap in what was lost."""
    made, _owner = ranges()
    probe = made.probe()
    assert probe is not None
    made.ask(4, probe, 26)
    assert made.answered(4, 0, 1024) is not None
    assert [(one.next, one.end) for one in made.wanted][:3] == [
        (1024, RANGE), (RANGE, 2 * RANGE), (2 * RANGE, 3 * RANGE),
    ]  # fmt: skip
    assert made.credit == made.unread == 0


def test_a_segment_that_is_given_up_leaves_nothing() -> None:
    made, owner = ranges()
    made.drop(owner)
    assert not made.concern(owner)
    assert made.credit == made.unread == made.backlog == 0


def test_what_a_probe_brings_is_not_asked_for_again(tmp_path: Path) -> None:
    """Also when it was found to be lost, and wanted again, while the probe was on its way."""
    segment, leaves = segment_of(bytes(HEADER + 2 * LEAF))
    ranges = Ranges(Chunk(1024))
    with PartialFile(tmp_path / "x.part", segment) as file:
        owner = Assembly(segment, leaves, file)

        def come(number: int, *indexes: int) -> None:
            for index in indexes:
                found = ranges.answered(number, index, 1024)
                assert found is not None
                owner.put(found[1], memoryview(bytes(1024)), ranges.want_again)

        ranges.want(owner, 0, 8192)
        ranges.ask(1, ranges.take(8192), 20)
        ranges.ask(2, Range(owner, 0, 2048, probe=True), 20)
        come(1, 1, 3)  # the first and the third answer were lost
        assert sorted((one.next, one.end) for one in ranges.wanted) == [(0, 1024), (2048, 3072)]
        come(2, 0, 1)  # what was on its way behind them counts as lost, too
        taken = [ranges.take(4096) for _ in range(2)]
        assert [(one.next, one.end) for one in taken] == [(4096, 8192), (2048, 3072)]
        assert not ranges.following(4096)
        assert ranges.passed == [owner]


@given(
    st.lists(st.tuples(st.integers(0, 8703), st.integers(1, 5000)), max_size=9),
    st.integers(0, 8703),
    st.integers(1, 8704),
)
@example([(512, 1000)], 600, 100)
def test_gaps_are_what_did_not_come(pieces: list[tuple[int, int]], start: int, length: int) -> None:
    data = random.Random(1).randbytes(HEADER + 2 * LEAF)
    segment, leaves = segment_of(data)
    with quick_folder() as folder, PartialFile(folder / "x.part", segment) as file:
        owner = Assembly(segment, leaves, file)
        here = bytearray(len(data))
        for at, count in pieces:
            piece = data[at : at + count]
            owner.put(at, memoryview(piece), Ranges(Chunk(1024)).want_again)
            here[at : at + len(piece)] = b"\1" * len(piece)
        stop = min(start + length, len(data))
        first = here.find(0, start, stop)
        end = here.find(1, first, stop) if first >= 0 else -1
        assert owner.gap(start, stop) == (first if first >= 0 else stop, end if end >= 0 else stop)

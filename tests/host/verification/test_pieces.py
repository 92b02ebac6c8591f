"""Sequences of statements, hashing of files, coverage: each against an independent way of saying the same."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.forge import Host, shift

from evidock.report import State
from evidock.verification.coverage import Boot, Placed
from evidock.verification.entries import Segment
from evidock.verification.segment_set import SegmentSet
from evidock.verification.segments import SegmentChecker, is_sound, pair_up, tick_of
from evidock.verification.sequence import items
from evidock_protocol import merkle

JOURNAL = shift(Host()).entries[:13]  # without HOST, whose receipt ends in a signature of its own


class Slow(io.BytesIO):
    """Gives less than was asked for, as a line or a network file may."""

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        return super().readinto(view[: min(len(view), 1000)])


@given(st.lists(st.one_of(st.sampled_from(JOURNAL), st.binary(min_size=1, max_size=300))))
def test_every_byte_belongs_to_one_item_or_run(parts: list[bytes]) -> None:
    raw = b"".join(parts)
    at = 0
    for item in items(io.BytesIO(raw)):
        assert item.offset == at
        assert item.length > 0
        assert item.raw is None or item.raw == raw[at : at + item.length]
        at += item.length
    assert at == len(raw)


@given(st.integers(0, len(b"".join(JOURNAL))))
def test_a_cut_sequence_gives_whole_items_and_one_torn(cut: int) -> None:
    found = list(items(io.BytesIO(b"".join(JOURNAL)[:cut])))
    whole = [item.raw for item in found if item.raw is not None]
    assert whole == JOURNAL[: len(whole)]
    assert [item.torn for item in found if item.raw is None] in ([], [True])


def test_reading_goes_on_after_damage() -> None:
    raw = JOURNAL[0] + b"\x00" * 5000 + JOURNAL[1] + b"\xd2\x84\x58" + JOURNAL[2]
    found = list(items(io.BytesIO(raw)))
    assert [item.raw for item in found] == [JOURNAL[0], None, JOURNAL[1], None, JOURNAL[2]]


def segment(data: bytes, header: int, leaf: int, **changed: object) -> Segment:
    root = merkle.segment_root(merkle.leaf_hash(data[:header]), merkle.root_of(merkle.hash_leaves(data, header, leaf)))
    values = dict.fromkeys(Segment._fields, 0) | {"recording": 1, "number": 1, "media": 4, "boot": 1, "last_tick": 1000}
    values |= {"header_length": header, "length": len(data), "leaf_size": leaf, "attested_length": len(data)}
    return Segment(**{**values, "root": root, **changed})  # type: ignore[arg-type]


@given(st.binary(max_size=40_000), st.data())
@settings(max_examples=60)
def test_hashing_a_file_agrees_with_the_tree(data: bytes, draw: st.DataObject) -> None:
    header = draw.draw(st.integers(0, len(data)))
    sealed = segment(data, header, 4096)
    assert is_sound(sealed)
    checker = SegmentChecker()
    for file in (io.BytesIO(data), Slow(data)):
        assert checker.check(file, sealed)[:5] == (True, False, (), False, len(data))
    assert checker.check(io.BytesIO(data + b"x"), sealed).length == len(data) + 1
    if data:
        changed = bytearray(data)
        place = draw.draw(st.integers(0, len(data) - 1))
        changed[place] ^= 1
        kept = b"".join([merkle.leaf_hash(data[:header]), *merkle.hash_leaves(data, header, 4096)])
        for file in (io.BytesIO(changed), Slow(changed)):
            assert not checker.check(file, sealed).matches
            found = checker.locate(file, sealed, kept)
            assert found.located
            assert len(found.differing) == 1
            assert found.differing[0][0] <= place < found.differing[0][1]
            assert found.header_differs == (place < header)


def test_a_file_of_more_leaves_than_one_batch() -> None:
    data = bytes(range(256)) * 16 * 4100
    sealed = segment(data, 100, 4096)
    assert SegmentChecker().check(io.BytesIO(data), sealed).matches
    assert not SegmentChecker().check(io.BytesIO(data[:-1] + b"x"), sealed).matches


def test_a_huge_header_is_hashed_in_pieces() -> None:
    data = bytes(range(250)) * 1000
    assert SegmentChecker().check(io.BytesIO(data), segment(data, 200_000, 4096)).matches


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_pairing_gives_the_tree(leaves: list[bytes]) -> None:
    assert pair_up(list(leaves)) == merkle.root_of(leaves)


@pytest.mark.parametrize(
    "changed",
    [
        {"leaf_size": 0},
        {"leaf_size": 1 << 40},
        {"header_length": 9},
        {"length": 1 << 40},
        {"last_tick": -1},
        {"stored": 1},
    ],
)
def test_numbers_that_allow_no_check(changed: dict[str, object]) -> None:
    assert not is_sound(segment(b"12345678", 4, 4096, **changed))


@given(st.integers(-5, 60_000))
def test_ticks_of_a_byte_stay_inside_the_segment(offset: int) -> None:
    sealed = segment(bytes(50_000), 512, 4096, first_tick=500, last_tick=2000, written=24_744, rate=16_000)
    assert 500 <= tick_of(sealed, offset) <= 2000


@given(st.sets(st.tuples(st.integers(0, 5), st.one_of(st.integers(0, 40), st.integers(65_000, 9_999_999)))))
def test_a_segment_set_is_a_set(pairs: set[tuple[int, int]]) -> None:
    found = SegmentSet()
    for recording, number in pairs:
        assert found.add(recording, number)
        assert not found.add(recording, number)
        assert (recording, number) in found
    assert (6, 1) not in found


@st.composite
def boots(draw: st.DrawFn) -> list[Boot]:
    """Boots with any stretches and any clocks, also such as overlap or were never set."""
    made: list[Boot] = []
    for number in range(draw(st.integers(0, 4))):
        boot = Boot(number + 1, draw(st.integers(0, 50)))
        for _ in range(draw(st.integers(0, 4))):
            boot.fill(
                draw(st.integers(0, 5000)), draw(st.sampled_from(list(State))), draw(st.sampled_from(["x", None])), None
            )
        if draw(st.booleans()):
            boot.note_clock(0, 1, draw(st.integers(0, 20_000)))
        made.append(boot)
    return made


@given(boots(), st.integers(-5000, 40_000), st.integers(0, 40_000))
@settings(max_examples=300)
def test_spans_fill_the_interval_without_overlap_or_hole(made: list[Boot], start: int, length: int) -> None:
    spans = list(Placed(made).spans(bytes(32), start, start + length))
    at = start
    for span in spans:
        assert round(span.start * 1000) == at
        assert span.end > span.start
        at = round(span.end * 1000)
    assert at == start + length if spans else length == 0
    assert sum(span.seconds for span in spans) == pytest.approx(length / 1000)

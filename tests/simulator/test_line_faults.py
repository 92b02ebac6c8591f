"""Noise on a simulated line: a seed gives the same faults however the stream is cut, and as many as asked for."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidock_simulator.line.faults import Faults, garbled

STREAM = Random(6).randbytes(20_000)


def through(faults: Faults, pieces: list[bytes]) -> bytes:
    return b"".join(faults.apply(piece) for piece in pieces)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(places), len(stream)]
    return [stream[first:last] for first, last in pairwise(edges)]


@settings(max_examples=40)
@given(
    st.integers(0, 1000),
    st.lists(st.integers(0, 2000), max_size=40),
    st.sampled_from([(1e-3, 0, 0), (0, 1e-2, 0), (0, 0, 1e-2), (1e-4, 1e-3, 1e-3), (0.5, 0.5, 0.5), (1, 1, 1)]),
)
def test_faults_follow_the_bytes(seed: int, places: list[int], chances: tuple[float, float, float]) -> None:
    whole, pieces = Faults(seed, "to host", *chances), Faults(seed, "to host", *chances)
    stream = STREAM[:2000]
    assert through(whole, [stream]) == through(pieces, cut(stream, places))
    assert (whole.flipped, whole.dropped, whole.inserted) == (pieces.flipped, pieces.dropped, pieces.inserted)


def test_seeds_and_directions_differ() -> None:
    found = {
        through(Faults(seed, direction, 1e-3), [STREAM])
        for seed in range(5)
        for direction in ("to host", "to recorder")
    }
    assert len(found) == 10


def test_bits_are_flipped_as_often_as_asked() -> None:
    faults = Faults(1, "to host", errors=1e-2)
    noisy = through(faults, [STREAM])
    assert len(noisy) == len(STREAM)
    assert sum((a ^ b).bit_count() for a, b in zip(STREAM, noisy, strict=True)) == faults.flipped
    assert faults.flipped == pytest.approx(len(STREAM) * 8 * 1e-2, rel=0.1)


def test_bytes_are_lost_and_added_as_often_as_asked() -> None:
    faults = Faults(1, "to host", drop=0.05, insert=0.02)
    noisy = through(faults, [STREAM])
    assert len(noisy) == len(STREAM) - faults.dropped + faults.inserted
    assert faults.dropped == pytest.approx(len(STREAM) * 0.05, rel=0.15)
    assert faults.inserted == pytest.approx(len(STREAM) * 0.02, rel=0.2)


def test_a_clean_line_changes_nothing() -> None:
    assert through(Faults(1, "to host"), [STREAM]) == STREAM


def test_everything_can_be_lost() -> None:
    assert through(Faults(1, "to host", drop=1), [STREAM]) == b""


@settings(max_examples=40)
@given(st.integers(0, 200), st.sampled_from([9600, 115_200, 3_000_000]), st.sampled_from([9600, 115_200, 921_600]))
def test_another_rate_is_garbage(place: int, sent: int, heard: int) -> None:
    data = STREAM[:300]
    whole = garbled(data, 0, sent, heard)
    assert whole == garbled(data[:place], 0, sent, heard) + garbled(data[place:], place, sent, heard)
    if sent == heard:
        assert whole == data
    else:
        assert len(whole) == min(len(data) * heard // sent, len(data) * 4)
        assert data[:8] not in whole

"""What is seen of a line, and what is asked for in consequence (MEDIA: credit and chunk are the host's)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidock.client.window import (
    CHUNKS,
    LARGEST,
    LONGEST_GATHER,
    RANGE,
    SAFE_AT_ONCE,
    SMALLEST,
    Chunk,
    Flow,
    largest_answer,
)


def run(flow: Flow, rate: float, latency: float, seconds: float) -> None:
    """A line that carries `rate` bytes per second, asked for a window at a time as soon as there is room."""
    now, on_its_way, arrived_at = 0.0, 0, latency
    while now < seconds:
        if on_its_way == 0:
            flow.asked(now)
            arrived_at = now + latency
        on_its_way = max(on_its_way, flow.window)
        now = max(now + 0.002, arrived_at)
        count = min(on_its_way, int(rate * 0.002) + 1)
        flow.arrived(now, count)
        on_its_way -= count
        if on_its_way < flow.window - RANGE:
            on_its_way += RANGE


@given(st.floats(1_000, 2_000_000), st.floats(0.0005, 0.3))
def test_the_window_keeps_the_line_busy_and_stays_in_its_limits(rate: float, latency: float) -> None:
    flow = Flow()
    assert SMALLEST <= flow.window <= LARGEST
    run(flow, rate, latency, 3)
    assert SMALLEST <= flow.window <= LARGEST
    assert flow.window >= min(LARGEST, rate * latency * 0.9)


def test_a_slow_line_is_not_asked_for_minutes_of_media() -> None:
    flow = Flow()
    run(flow, 960, 0.01, 30)
    assert flow.window == SMALLEST


def test_a_window_that_was_too_small_grows_again() -> None:
    """A rate that was seen while the line waited for the host says nothing about the line."""
    flow = Flow()
    run(flow, 1_000, 0.001, 5)
    assert flow.window == SMALLEST
    for turn in range(8):  # each window arrives at once, and the line is empty
        flow.asked(10 + turn * 0.076)
        flow.arrived(10 + turn * 0.076 + 0.07, flow.window)
    assert flow.window == LARGEST


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(1, 70_000), st.booleans()), max_size=60), st.integers(0, 70_000))
def test_nothing_seen_brings_it_out_of_its_limits(events: list[tuple[float, int, bool]], credit: int) -> None:
    flow, now = Flow(), 0.0
    for passed, count, dry in events:
        now += passed
        if dry:
            flow.asked(now)
        flow.arrived(now, count)
        assert SMALLEST <= flow.window <= LARGEST
        assert 0 <= flow.gather(credit) <= LONGEST_GATHER


def test_bytes_gather_only_while_enough_is_on_its_way() -> None:
    flow = Flow()
    run(flow, 300_000, 0.001, 3)
    assert flow.gather(0) == 0
    assert 0 < flow.gather(LARGEST) < LARGEST / 300_000 / 4


def test_a_recorder_that_answers_drop_by_drop_is_no_fast_line() -> None:
    flow = Flow(1e6)
    for turn in range(2_000):  # each time nothing else is on its way
        flow.asked(turn / 1_000)
        flow.arrived(turn / 1_000, 1)
    assert flow.window == LARGEST


def test_less_gathers_where_something_was_lost() -> None:
    """An adapter whose system stops it at 4 KiB unread loses what a busy host leaves there: a loss may be that."""
    flow = Flow()
    run(flow, 300_000, 0.001, 3)
    before = flow.gather(LARGEST)
    flow.arrived(3.01, 3000, lost=2)
    assert flow.gather(LARGEST) < before
    for lost in range(3, 20):
        flow.arrived(3 + lost / 100, 3000, lost)
    assert 0 < flow.gather(LARGEST) * flow.rate <= SAFE_AT_ONCE


def losses(chunk: Chunk, per_byte: float, seed: int = 1, total: int = 4_000_000) -> None:
    """Frames over a line that loses one byte in 1 / `per_byte`, and its frame with it."""
    noise = random.Random(seed)
    while total > 0:
        size = chunk.size
        total -= size
        if noise.random() < (size + 20) * per_byte:
            chunk.lost(size)
        else:
            chunk.arrived(size)


@pytest.mark.parametrize(
    ("per_byte", "sizes"),
    [(0, {4096}), (1e-7, {4096}), (1e-5, {1024, 2048}), (8e-5, {256, 512, 1024}), (1e-3, {256})],
)
def test_the_chunk_follows_the_loss(per_byte: float, sizes: set[int]) -> None:
    chunk = Chunk()
    losses(chunk, per_byte)
    assert chunk.size in sizes


def test_a_line_that_gets_better_gets_larger_chunks_again() -> None:
    chunk = Chunk()
    losses(chunk, 1e-3)
    losses(chunk, 0, total=20_000_000)
    assert chunk.size == CHUNKS[-1]


def test_a_pulled_cable_is_no_noise() -> None:
    chunk = Chunk()
    losses(chunk, 0)
    chunk.lost(64 * 1024)
    assert chunk.size == CHUNKS[-1]


def test_a_fixed_chunk_stays() -> None:
    chunk = Chunk(1024)
    losses(chunk, 1e-3)
    assert chunk.size == 1024


@given(st.lists(st.integers(-70_000, 70_000), max_size=200))
def test_a_chunk_is_always_one_of_the_powers_of_two(events: list[int]) -> None:
    chunk = Chunk()
    for count in events:
        (chunk.arrived if count >= 0 else chunk.lost)(abs(count))
        assert chunk.size in CHUNKS


@pytest.mark.parametrize(
    ("rate", "window"), [(0, LARGEST), (300_000, LARGEST), (4096, SMALLEST), (960, 3840), (30, 512)]
)
def test_the_window_of_a_slow_line_is_small(rate: float, window: int) -> None:
    """Else another answer would come after what is on its way, and a session end meanwhile for want of questions."""
    flow = Flow(rate)
    assert flow.window == window
    assert flow.range <= max(RANGE, window // 2)


@pytest.mark.parametrize(
    ("rate", "size"), [(None, 4096), (300_000, 4096), (11_520, 4096), (960, 1024), (240, 256), (30, 256), (0, 256)]
)
def test_no_answer_takes_long_over_a_slow_line(rate: float | None, size: int) -> None:
    chunk = Chunk()
    chunk.limit(largest_answer(rate))
    assert chunk.size == size
    losses(chunk, 0)
    assert chunk.size == size

"""Whether somebody spoke, in sounds whose truth is known (OB-21)."""

from __future__ import annotations

import struct
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidock_agent import voice
from evidock_agent.voice import Voice

RATE = 8000
BLOCK = 4096
NOISE = 997  # samples of noise before it repeats itself: a prime
START = 5000  # tick at which the sound begins


def samples(parts: list[tuple[int, int]], rate: int = RATE, channels: int = 1, offset: int = 0) -> bytes:
    """Noise, part by part, as loud as each says, about a constant `offset`; it repeats itself, which nobody hears."""
    data = b""
    for milliseconds, peak in parts:
        random = Random(7)
        piece = bytearray()
        for _ in range(NOISE):
            value = offset + random.randrange(-peak, peak + 1)
            piece += struct.pack("<h", max(-32768, min(32767, value)))
        length = milliseconds * rate // 1000 * channels * 2
        data += (bytes(piece) * (length // len(piece) + 1))[:length]
    return data


def hear(heard: Voice, data: bytes, rate: int = RATE, channels: int = 1, start: int = START, size: int = BLOCK) -> int:
    """Gives the sound block by block, each at its tick, until the voice has heard enough; the tick at the end."""
    speed = rate * channels * 2
    for at in range(0, len(data), size):
        block = memoryview(data)[at : at + size]
        tick = start + at * 1000 // speed
        if heard.is_done(tick):
            return tick
        heard.hear(block, tick, len(block) * 1000 // speed)
    return start + len(data) * 1000 // speed


def span_of(
    parts: list[tuple[int, int]], wait: int = 60_000, rate: int = RATE, channels: int = 1, offset: int = 0
) -> tuple[int, int] | None:
    """The span found, from the beginning of the sound."""
    heard = Voice(wait)
    hear(heard, samples(parts, rate, channels, offset), rate, channels)
    return None if heard.span is None else (heard.span[0] - START, heard.span[1] - START)


def near(found: tuple[int, int] | None, first: int, last: int) -> bool:
    """Within the block of 256 ms at either end."""
    return found is not None and abs(found[0] - first) <= 256 and abs(found[1] - last) <= 256


@pytest.mark.parametrize("peak", [0, 1, 150, 400, 6000, 32767])
def test_what_is_equally_loud_throughout_is_no_voice(peak: int) -> None:
    """Silence, a hum, very loud noise. Its level is half its peak."""
    assert span_of([(15_000, peak)]) is None


@pytest.mark.parametrize(("quiet", "loud"), [(0, 500), (100, 500), (300, 2000), (3000, 20_000)])
def test_speech_between_quiet(quiet: int, loud: int) -> None:
    assert near(span_of([(3000, quiet), (4000, loud), (3000, quiet)]), 3000, 7000)


def test_speech_from_the_first_block_on() -> None:
    """Nothing quiet has come yet: what was loud shows when it does."""
    assert near(span_of([(4000, 5000), (3000, 200)]), 0, 4000)


def test_speech_that_grows_quieter_still_counts_from_its_beginning() -> None:
    parts = [(1000, 30_000), (1000, 8000), (1000, 3000), (4000, 100)]
    assert near(span_of(parts), 0, 3000)


def test_words_with_pauses_are_one_span() -> None:
    words = [(512, 4000), (1700, 200)] * 4
    assert near(span_of([(2000, 200), *words, (2000, 200)]), 2000, 2000 + 3 * 2212 + 512)


def test_a_longer_pause_ends_the_span() -> None:
    """What comes later belongs to what is recorded, not to the reason."""
    parts = [(1000, 200), (2000, 4000), (2600, 200), (3000, 4000), (3000, 200)]
    assert near(span_of(parts), 1000, 3000)


def test_clicks_are_no_voice() -> None:
    assert span_of([(1000, 200), *([(40, 30_000), (2400, 200)] * 8)]) is None


def test_less_than_a_second_is_no_voice() -> None:
    assert span_of([(2000, 200), (500, 8000), (4000, 200)]) is None


def test_a_noise_before_does_not_count_as_the_beginning() -> None:
    parts = [(1000, 200), (512, 8000), (3000, 200), (2000, 8000), (3000, 200)]
    assert near(span_of(parts), 4512, 6512)


def test_what_is_loud_and_still_too_quiet() -> None:
    """Three times the quietest is not enough at 200 of 32767 or below."""
    assert span_of([(2000, 10), (3000, 380), (3000, 10)]) is None


def test_speech_in_noise_that_is_almost_as_loud() -> None:
    """It cannot be told, and the document says so."""
    assert span_of([(3000, 5000), (3000, 12_000), (3000, 5000)]) is None


@pytest.mark.parametrize("offset", [-9000, 2500, 20_000])
def test_a_microphone_whose_zero_is_elsewhere(offset: int) -> None:
    assert near(span_of([(2000, 150), (3000, 3000), (3000, 150)], offset=offset), 2000, 5000)


@pytest.mark.parametrize(
    ("rate", "channels", "size"),
    [(8000, 2, 4096), (16_000, 1, 4096), (11_025, 1, 4096), (16_000, 2, 4096), (4000, 1, 4096), (8000, 1, 512)],
)
def test_forms_of_sound(rate: int, channels: int, size: int) -> None:
    heard = Voice(60_000)
    hear(heard, samples([(2000, 200), (3000, 5000), (2600, 200)], rate, channels), rate, channels, size=size)
    assert heard.span is not None
    assert near((heard.span[0] - START, heard.span[1] - START), 2000, 5000)


def test_one_channel_of_two_speaks() -> None:
    left = samples([(2000, 200), (3000, 20_000), (2500, 200)])
    both = bytearray()
    for at in range(0, len(left), 2):
        both += left[at : at + 2] + bytes(2)
    heard = Voice(60_000)
    hear(heard, bytes(both), channels=2)
    assert heard.span is not None
    assert near((heard.span[0] - START, heard.span[1] - START), 2000, 5000)


def test_it_is_done_two_seconds_after_the_last_word() -> None:
    heard = Voice(60_000)
    end = hear(heard, samples([(1000, 200), (3000, 5000), (10_000, 200)]))
    assert 6000 <= end - START <= 6800
    assert heard.is_done(end)


def test_what_comes_after_that_changes_nothing() -> None:
    heard = Voice(60_000)
    end = hear(heard, samples([(1000, 200), (3000, 5000), (10_000, 200)]))
    before = heard.span
    block = memoryview(samples([(256, 30_000)]))
    heard.hear(block, end + 256, 256)
    heard.hear(block, end + 512, 256)
    assert heard.span == before


def test_the_time_ends_even_while_somebody_speaks() -> None:
    heard = Voice(5000)
    end = hear(heard, samples([(1000, 200), (30_000, 5000)]))
    assert 5000 <= end - START <= 5300
    assert heard.span is not None
    assert near((heard.span[0] - START, heard.span[1] - START), 1000, 5000)


def test_the_time_ends_without_any_sound() -> None:
    """A source that gives nothing: time alone says when it is over."""
    heard = Voice(30_000)
    assert not heard.is_done(700)
    assert not heard.is_done(30_699)
    assert heard.is_done(30_700)
    assert heard.span is None


def test_no_wait_is_over_at_once() -> None:
    heard = Voice(0)
    assert heard.is_done(0)
    heard.hear(memoryview(bytes(BLOCK)), 0, 256)
    assert heard.span is None


def test_a_hole_in_the_sound_is_a_pause() -> None:
    """The ticks of blocks count: samples that were lost between say nothing."""
    heard = Voice(60_000)
    hear(heard, samples([(1024, 200), (768, 5000)]))
    hear(heard, samples([(768, 5000), (1024, 200)]), start=START + 6000)
    assert heard.span is None


def test_longer_than_it_remembers() -> None:
    """Ten minutes of a station hall, then a sentence, then quiet: the sentence is found, if not its first word."""
    heard = Voice(600_000)
    hall, quiet = samples([(256, 900)]), samples([(256, 200)])
    speech = samples([(256, 9000)])
    tick = 0
    for block, count in ((hall, 1500), (speech, 12), (quiet, 10)):
        for _ in range(count):
            heard.hear(memoryview(block), tick, 256)
            tick += 256
    assert heard.span is not None
    assert heard.span[1] - 1512 * 256 in range(-256, 257)
    assert heard.is_done(tick)


def expected_span(parts: list[tuple[int, int]]) -> tuple[int, int] | None:
    """The rule of the document, applied to whole blocks of 256 ms whose levels are their peaks."""
    quietest = min(peak for _count, peak in parts)
    loud: list[tuple[int, int]] = []
    at = 0
    runs: list[list[tuple[int, int]]] = [loud]
    for count, peak in parts:
        for _ in range(count):
            if peak > voice.FLOOR and peak >= 3 * quietest:
                if runs[-1] and at - runs[-1][-1][1] > voice.LONGEST_PAUSE_MS:
                    runs.append([])
                runs[-1].append((at, at + 256))
            at += 256
    for run in runs:
        if 256 * len(run) >= voice.LEAST_MS:
            return run[0][0], run[-1][1]
    return None


def square(peak: int) -> bytes:
    """256 ms whose level is its peak or nearly so: of the samples that are looked at, each has the other sign."""
    data = bytearray()
    for index in range(2048):
        data += struct.pack("<h", peak if (index // 17) % 2 else -peak)
    return bytes(data)


BLOCKS = st.lists(
    st.tuples(st.integers(1, 14), st.sampled_from([0, 40, 90, 230, 300, 1000, 3200, 30_000])), min_size=1, max_size=12
)


@given(BLOCKS)
def test_the_rule_of_the_document(parts: list[tuple[int, int]]) -> None:
    """With all blocks known: whatever order they come in, the span that the rule gives, when nothing cuts it short.

    A span that ended is kept: what is quieter later than all before does not make it longer.
    """
    quiet = min(peak for _count, peak in parts)
    parts = [(1, quiet), *parts]
    heard = Voice(600_000)
    tick = START
    for count, peak in parts:
        block = memoryview(square(peak))
        for _ in range(count):
            heard.hear(block, tick, 256)
            tick += 256
    found = expected_span(parts)
    assert heard.span == (None if found is None else (found[0] + START, found[1] + START))


@given(BLOCKS, st.integers(0, 1 << 40))
def test_whatever_comes(parts: list[tuple[int, int]], start: int) -> None:
    """A span lies in what was heard, is long enough, and its end is loud; asking for it changes nothing."""
    heard = Voice(30_000)
    tick = start
    for count, peak in parts:
        block = memoryview(square(peak))
        for _ in range(count):
            heard.hear(block, tick, 256)
            tick += 256
    span = heard.span
    assert heard.span == span
    if span is not None:
        assert start <= span[0] < span[1] <= tick
        assert span[1] - span[0] >= voice.LEAST_MS
        assert max(peak for _count, peak in parts) > voice.FLOOR


@pytest.mark.parametrize("data", [b"", b"\x01", b"\xff\x7f", b"\x00\x80" * 3])
def test_blocks_of_hardly_anything(data: bytes) -> None:
    """What a segment's end leaves over."""
    heard = Voice(1000)
    for tick in range(0, 900, 10):
        heard.hear(memoryview(data), tick, len(data) // 16)
    assert heard.span is None

"""The WAV header: the vectors, and what Python's own reader makes of it."""

import io
import wave
from collections.abc import Callable

import pytest
from vectors.entry_cases import cases

from evidock_protocol import wav


@pytest.mark.parametrize(("check", "case"), cases("wav"))
def test_vector(check: Callable[[object], None], case: object) -> None:
    check(case)


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (16_000, 1), (48_000, 2)])
def test_another_reader_reads_the_sound(rate: int, channels: int) -> None:
    sound = bytes(range(256)) * 10
    file = wav.wav_header(rate, channels, 16, len(sound)) + sound
    with wave.open(io.BytesIO(file)) as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (rate, channels, 2)
        assert reader.readframes(reader.getnframes()) == sound


def test_the_header_is_whole_sectors() -> None:
    assert wav.WAV_HEADER % 512 == 0

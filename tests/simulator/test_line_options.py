"""The text that describes a simulated line: what it means, and what it says when it means nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidock_simulator.line.options import BadOptions, Break, Options, parse

BREAKS = st.lists(st.builds(Break, st.integers(0, 1 << 40), st.integers(0, 60_000)), max_size=3).map(tuple)
CHANCES = st.just(0.0) | st.floats(1e-15, 1)
ANY = st.builds(
    Options,
    bytes=st.integers(1, 100_000_000),
    latency=st.floats(0, 60_000),
    usb=st.integers(1, 1024),
    errors=CHANCES,
    drop=CHANCES,
    insert=CHANCES,
    cut=BREAKS,
    unplug=BREAKS,
    buffer=st.integers(1, 1 << 30),
    seed=st.integers(0, 1 << 64),
)


@settings(max_examples=40)
@given(ANY)
def test_a_text_says_all(options: Options) -> None:
    assert parse(options.text) == options


def test_a_uart_says_all() -> None:
    options = parse("uart, overrun=256,ftdi=16")
    assert options == Options(uart=True, overrun=256, ftdi=16)
    assert parse(options.text) == options


def test_failures_may_be_repeated() -> None:
    options = parse("rate=9600,cut=10:200,unplug=0:1,cut=99:5")
    assert options.cut == (Break(10, 200), Break(99, 5))
    assert options.unplug == (Break(0, 1),)


def test_usb_lets_nineteen_packets_of_a_frame_pass() -> None:
    assert parse("bytes=1000000,usb=64").bits_per_second == 10_000_000
    assert parse("bytes=9000000,usb=64").bits_per_second == 19 * 64 * 1000 * 10


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "how fast?"),
        ("latency=5", "how fast?"),
        ("rate=9600,speed=3", "speed: no such option; there are rate, bytes"),
        ("rate=0", "rate=0: expected 10 to"),
        ("rate=1e6", "rate=1e6: expected a whole number"),
        ("rate=9600,errors=2", "errors=2: expected 0 to 1"),
        ("rate=9600,errors=1e-320", "errors=1e-320: expected 0, or 1e-15 to 1"),
        ("rate=9600,drop=1e-16", "drop=1e-16: expected 0, or 1e-15 to 1"),
        ("rate=9600,errors=nan", "errors=nan: expected 0 to 1"),
        ("rate=9600,errors=much", "errors=much: expected a number"),
        ("rate=9600,latency=-1", "latency=-1: expected 0 to"),
        ("rate=9600,cut=5", "cut=5: expected BYTES:MS"),
        ("rate=9600,unplug=-5:1", "unplug=-5:1: expected BYTES:MS"),
        ("rate=9600,rate=9600", "rate: given twice"),
        ("rate=9600,bytes=10", "rate and bytes: choose one"),
        ("uart,rate=9600", "uart and rate: choose one"),
        ("uart=yes", "uart=yes: uart takes no value"),
        ("rate=9600,usb=64,ftdi=16", "usb and ftdi: choose one"),
        ("bytes=9600,overrun=256", "overrun and bytes: choose one"),
    ],
)
def test_bad_text_is_explained(text: str, said: str) -> None:
    with pytest.raises(BadOptions) as error:
        parse(text)
    assert str(error.value).startswith(said)

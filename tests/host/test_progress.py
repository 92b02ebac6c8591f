"""Readings of a docking: rate, share of the line, remaining time, repairs, and their sums."""

import pytest

from evidock.progress import DONE, JOURNAL, MEDIA, WAITING, Meter, Progress, Reading, together


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def read(meter: Meter) -> Reading:
    reading = meter.reading()
    assert reading is not None
    return reading


def test_nothing_said_nothing_read() -> None:
    assert Meter().reading() is None


def test_rate_share_and_remaining(clock: Clock) -> None:
    meter = Meter(11520, clock)
    for second in range(6):
        clock.now = second
        meter.take(Progress(MEDIA, 11_000 * second, 110_000, 1, 2, 11_400 * second, second, 1))
        read(meter)
    reading = read(meter)
    assert reading.rate == 11_000
    assert reading.share == pytest.approx(11_000 / 11_520)
    assert reading.remaining == pytest.approx(5.0)
    assert reading.repaired == 6
    assert (reading.done, reading.total, reading.received) == (55_000, 110_000, 57_000)


def test_what_lay_here_already_is_no_rate(clock: Clock) -> None:
    """A resumed docking jumps over what it has; neither rate nor remaining time believe that it goes on so."""
    meter = Meter(1000, clock)
    meter.take(Progress(MEDIA, 0, 1_000_000, received=100))
    read(meter)
    clock.now = 1.0
    meter.take(Progress(MEDIA, 900_000, 1_000_000, received=600))
    reading = read(meter)
    assert reading.rate == 500
    assert reading.remaining == pytest.approx(200.0)


def test_a_rate_is_of_the_last_seconds(clock: Clock) -> None:
    meter = Meter(None, clock)
    done = 0
    for tenth in range(600):
        clock.now = tenth / 4
        done += 100 if tenth < 300 else 10
        meter.take(Progress(MEDIA, done, 100_000, received=done))
        read(meter)
    reading = read(meter)
    assert reading.rate == pytest.approx(40)
    assert reading.share is None


def test_leaves_that_come_seldom_make_a_steady_rate(clock: Clock) -> None:
    """At 115,200 baud a leaf takes six seconds: the rate does not jump with each, and falls when none comes."""
    meter = Meter(11520, clock)
    rates: list[float] = []
    for tenth in range(600):
        clock.now = tenth / 10
        leaves = int(clock.now / 5.75)
        meter.take(Progress(MEDIA, leaves * 65536, 1 << 24, received=int(clock.now * 11_500)))
        if leaves >= 2:
            rates.append(read(meter).rate or 0.0)
    assert all(rate == pytest.approx(65536 / 5.75, rel=0.03) for rate in rates)
    clock.now += 60
    assert (read(meter).rate or 0.0) < rates[-1] / 3


def test_counts_only_grow() -> None:
    meter = Meter()
    meter.take(Progress(MEDIA, 1, 1, lost=3, mended=2, received=10, reopened=1))
    meter.take(Progress(DONE, 0, 0))
    reading = read(meter)
    assert (reading.repaired, reading.received, reading.reopened) == (5, 10, 1)
    assert (reading.phase, reading.done, reading.total) == (DONE, 1, 1)


def test_the_journal_after_the_media_is_the_end(clock: Clock) -> None:
    meter = Meter(None, clock)
    meter.take(Progress(JOURNAL, 3, 4))
    meter.take(Progress(MEDIA, 100, 100))
    meter.take(Progress(JOURNAL, 2, 2))
    assert read(meter)[:3] == (DONE, 100, 100)
    nothing = Meter(None, clock)
    nothing.take(Progress(JOURNAL, 3, 3))
    nothing.take(Progress(DONE, 3, 3))
    assert read(nothing)[:3] == (DONE, 0, 0)


def test_entries_are_counted_and_bytes_are_the_rate(clock: Clock) -> None:
    meter = Meter(10_000, clock)
    meter.take(Progress(JOURNAL, 0, 100, received=0))
    read(meter)
    clock.now = 2.0
    meter.take(Progress(JOURNAL, 20, 100, received=8000))
    reading = read(meter)
    assert reading.rate == 4000
    assert reading.remaining == pytest.approx(8.0)


def test_a_silent_line_keeps_what_was_done(clock: Clock) -> None:
    meter = Meter(1000, clock)
    meter.take(Progress(MEDIA, 500, 1000, received=600, lost=3))
    clock.now = 1.0
    meter.take(Progress(WAITING, 0, 0, received=600, lost=3))
    reading = read(meter)
    assert (reading.phase, reading.done, reading.total) == (WAITING, 500, 1000)
    assert reading.rate is None
    assert reading.remaining is None
    meter.take(Progress(MEDIA, 500, 1000, received=600, lost=3, reopened=1))
    assert read(meter).reopened == 1
    assert read(meter).phase == MEDIA


def test_the_sum_is_over_when_the_slowest_is() -> None:
    one = Reading(MEDIA, 100, 200, 10.0, 0.1, 10.0, 110, 1, 2, 0)
    two = Reading(MEDIA, 50, 1000, 30.0, 0.3, 32.0, 60, 0, 1, 1)
    three = Reading(JOURNAL, 3, 4, 5.0, 0.05, 1.0, 20, 0, 0, 0)
    away = Reading(WAITING, 7, 9, None, None, None, 10, 0, 0, 0)
    every = together([(one, 100.0), (two, 100.0), (three, 100.0), (away, 100.0)])
    assert (every.done, every.total) == (157, 1209)
    assert every.rate == 45.0
    assert every.share == pytest.approx(40 / 200)  # of the lines that carry media
    assert every.remaining == 32.0
    assert (every.repaired, every.reopened, every.received) == (4, 1, 200)
    assert together([(Reading(DONE, 1, 1, None, None, None, 1, 0, 0, 0), None)]).share is None

"""When bytes pass a simulated line: exact arithmetic against a model that takes byte by byte."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from evidock_simulator.line.pacing import FRAME, FTDI_PACKET, MS, SECOND, Pacing

RATES = (9600, 115_200, 921_600, 3_000_000, 10_000_000)
ARRIVALS = st.lists(st.tuples(st.integers(0, 20 * MS), st.integers(1, 500)), min_size=1, max_size=12)


def times(arrivals: list[tuple[int, int]], rate: int) -> list[Fraction]:
    """When each byte has passed; an arrival is (nanoseconds after the one before, bytes)."""
    found: list[Fraction] = []
    now = 0
    end = Fraction(0)
    for pause, count in arrivals:
        now += pause
        for _ in range(count):
            end = max(end, Fraction(now)) + Fraction(10 * SECOND, rate)
            found.append(end)
    return found


def given_all(pacing: Pacing, arrivals: list[tuple[int, int]], rate: int) -> int:
    now = 0
    for pause, count in arrivals:
        now += pause
        pacing.add(now, count, rate)
    return now


@settings(max_examples=40)
@given(ARRIVALS, st.sampled_from(RATES))
def test_a_byte_begins_when_the_one_before_has_ended(arrivals: list[tuple[int, int]], rate: int) -> None:
    pacing = Pacing()
    given_all(pacing, arrivals, rate)
    ends = times(arrivals, rate)
    assert pacing.total == len(ends)
    for count, end in enumerate(ends, 1):
        found = pacing.when(count)
        # Rounded up to a nanosecond in each run of bytes, never more.
        assert found is not None
        assert end <= found < end + len(arrivals)
        assert pacing.ended(found) == count
        assert pacing.ended(found - 1) == count - 1
    assert pacing.end() == pacing.when(len(ends))
    assert len(ends) * 10 * SECOND <= pacing.busy * rate < (len(ends) * 10 * SECOND + len(arrivals) * 2 * rate)


@settings(max_examples=40)
@given(ARRIVALS, st.sampled_from(RATES), st.integers(0, 50 * MS), st.lists(st.integers(0, 30 * MS), max_size=60))
def test_latency_moves_all_of_it(arrivals: list[tuple[int, int]], rate: int, latency: int, looks: list[int]) -> None:
    pacing, plain = Pacing(latency), Pacing()
    given_all(pacing, arrivals, rate)
    given_all(plain, arrivals, rate)
    now = 0
    for look in looks:
        now += look
        done = pacing.out(now)
        assert done == plain.ended(now - latency)
        following = pacing.next_out(done)
        if done < pacing.total:
            assert following is not None
            assert now < following <= pacing.all_out()
            assert plain.ended(following - latency) == done + 1
        else:
            assert following is None
    assert pacing.out(max(now, pacing.all_out())) == pacing.total


@settings(max_examples=40)
@given(ARRIVALS, st.sampled_from(RATES), st.integers(0, 20 * MS))
def test_usb_hands_on_at_frames(arrivals: list[tuple[int, int]], rate: int, latency: int) -> None:
    pacing, plain = Pacing(latency, FRAME), Pacing()
    given_all(pacing, arrivals, rate)
    given_all(plain, arrivals, rate)
    frame = 0
    while (frame - 1) * FRAME < plain.end():
        assert pacing.out(frame * FRAME + latency) == plain.ended(frame * FRAME)
        assert pacing.out(frame * FRAME + latency + FRAME - 1) == plain.ended(frame * FRAME)
        frame += 1
    assert pacing.out(pacing.all_out() + FRAME) == pacing.total


@settings(max_examples=40)
@given(ARRIVALS, st.sampled_from(RATES), st.sampled_from((1, 2, 16)), st.lists(st.integers(1, 40 * MS), max_size=30))
def test_an_ftdi_adapter_hands_on_full_packets_or_when_its_timer_is_over(
    arrivals: list[tuple[int, int]], rate: int, timer: int, looks: list[int]
) -> None:
    pacing, plain = Pacing(timer=timer * MS), Pacing()
    given_all(pacing, arrivals, rate)
    given_all(plain, arrivals, rate)
    handed: list[tuple[int, int]] = []  # (when, bytes so far), by the events themselves
    sent, since = 0, 0
    while sent < plain.total:
        full = plain.when(sent + FTDI_PACKET)
        over = since + timer * MS
        since = min(over, full) if full is not None else over
        sent = sent + FTDI_PACKET if since == full else plain.ended(since)
        handed.append((since, sent))
    now = 0
    for look in [*looks, handed[-1][0] + 1]:
        now += look
        assert pacing.out(now) == max((count for at, count in handed if at <= now), default=0)


def test_a_long_pause_costs_nothing() -> None:
    pacing = Pacing(timer=16 * MS)
    pacing.add(0, 1, 9600)
    assert pacing.out(20 * MS) == 1
    day = 86_400 * SECOND * 30
    pacing.add(day, 1, 9600)
    assert pacing.out(day + 20 * MS) == 2


def test_a_new_rate_is_for_new_bytes() -> None:
    pacing = Pacing()
    assert pacing.add(0, 10, 10_000) == 0
    assert pacing.add(0, 10, 100_000) == 0
    assert pacing.when(10) == 10 * MS
    assert pacing.when(20) == 11 * MS
    assert pacing.add(15 * MS, 1, 100_000) == 4 * MS
    assert pacing.busy == 11 * MS + MS // 10
    assert pacing.ended(5 * MS) == 5

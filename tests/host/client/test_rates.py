"""The rate of the line: the highest that works, and a line that is never lost to one that does not (RATE)."""

import itertools
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rated_cable import RATES, USUAL, RatedCable, RatedRecorder
from support.recorder import Cable, ScriptedRecorder

from evidock.client import Recorder
from evidock.errors import EvidockError, NotARecorder
from evidock_protocol import messages

_names = (f"cable {number}" for number in itertools.count())  # what failed is remembered for each port


@pytest.fixture
def recorder() -> RatedRecorder:
    return RatedRecorder()


def connect(cable: Cable, **options: Any) -> Recorder:
    options.setdefault("port", next(_names))
    return Recorder(cable, store=None, owns_store=False, monotonic=cable.monotonic, **options)


def works(client: Recorder, recorder: RatedRecorder, cable: RatedCable) -> bool:
    """Whether both sides have the same rate, and speak."""
    return client.status().battery_percent == 80 and recorder.rate == cable.rate


def test_the_highest_rate_is_taken_and_left_again(recorder: RatedRecorder) -> None:
    cable = RatedCable(recorder)
    client = connect(cable)
    assert works(client, recorder, cable)
    assert recorder.rate == 3_000_000
    assert client.line_rate == 300_000
    assert cable.now < 0.2
    client.close()
    assert recorder.rate == USUAL  # the next program finds it at once


def test_a_line_without_a_rate_is_left_as_it_is(recorder: RatedRecorder) -> None:
    assert connect(Cable(ScriptedRecorder())).line_rate is None


def test_a_recorder_without_rates_is_left_as_it_is(recorder: RatedRecorder) -> None:
    """USB: the port has a rate, and it means nothing."""
    recorder.twist = lambda kind, values: {**values, "rates": [], "rate": None} if kind == messages.HELLO else values
    cable = RatedCable(recorder)
    client = connect(cable)
    assert client.line_rate is None
    assert cable.rate == USUAL
    client.close()
    assert all(kind == messages.HELLO for kind, _values in recorder.requests)


def test_no_higher_than_asked_for(recorder: RatedRecorder) -> None:
    cable = RatedCable(recorder)
    assert works(connect(cable, highest=500_000), recorder, cable)
    assert recorder.rate == 460_800


def test_a_fixed_rate_is_not_negotiated(recorder: RatedRecorder) -> None:
    cable = RatedCable(recorder)
    assert connect(cable, fixed=True).line_rate == USUAL / 10
    with pytest.raises(NotARecorder):
        connect(RatedCable(recorder, 9600), fixed=True)
    assert all(kind == messages.HELLO for kind, _values in recorder.requests)


def test_a_rate_that_the_port_cannot_do_is_not_asked_for(recorder: RatedRecorder) -> None:
    cable = RatedCable(recorder)
    cable.cannot = {3_000_000}
    assert works(connect(cable), recorder, cable)
    assert [values["rate"] for kind, values in recorder.requests if kind == messages.RATE] == [921_600]


@pytest.mark.parametrize("side", ["deaf", "mute"])
def test_a_rate_that_carries_nothing_one_way_is_undone_and_remembered(recorder: RatedRecorder, side: str) -> None:
    cable = RatedCable(recorder)
    setattr(cable, side, {3_000_000, 921_600})
    client = connect(cable)
    assert works(client, recorder, cable)
    assert recorder.rate == 460_800
    assert cable.now < (6 if side == "deaf" else 30)  # the recorder that heard HELLO keeps the rate for ten seconds
    client.close()
    before, recorder.requests, cable.rate = cable.now, [], USUAL
    again = connect(cable, port=client.port)
    assert again.line_rate == 46_080
    assert cable.now < before + 0.2
    assert [values["rate"] for kind, values in recorder.requests if kind == messages.RATE] == [460_800]
    again.close()
    setattr(cable, side, set())  # the cable was put right, and a docking station does not begin anew for that
    cable.now, cable.rate = cable.now + 3600, USUAL
    assert connect(cable, port=client.port).line_rate == 300_000


def test_every_rate_fails_and_the_usual_one_stays(recorder: RatedRecorder) -> None:
    cable = RatedCable(recorder)
    cable.deaf = {rate for rate in RATES if rate != USUAL}
    assert works(connect(cable), recorder, cable)
    assert cable.rate == USUAL


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_trial_must_go_well_each_time(recorder: RatedRecorder, lost: int) -> None:
    """A rate at which one of three HELLOs is lost is no rate to pull at."""
    cable = RatedCable(recorder)
    seen = [0]

    def lose(kind: int, rate: int) -> bool:
        seen[0] += kind == messages.HELLO and rate == 3_000_000
        return kind == messages.HELLO and rate == 3_000_000 and seen[0] == lost

    cable.lose = lose
    assert works(connect(cable), recorder, cable)
    assert recorder.rate == 921_600


def test_a_lost_answer_to_rate_costs_nothing(recorder: RatedRecorder) -> None:
    """The recorder has changed its rate, and the host goes after it."""
    cable = RatedCable(recorder)
    cable.lose = lambda kind, _rate: kind == messages.RATE
    assert works(connect(cable), recorder, cable)
    assert recorder.rate == 3_000_000


@pytest.mark.parametrize("code", [messages.UNSUPPORTED, messages.OUT_OF_RANGE, messages.BUSY])
def test_a_recorder_that_refuses_keeps_its_rate(recorder: RatedRecorder, code: int) -> None:
    recorder.refuse[messages.RATE] = code
    cable = RatedCable(recorder)
    assert works(connect(cable), recorder, cable)
    assert cable.rate == USUAL
    assert cable.now < 1


def test_a_recorder_that_lists_nonsense_costs_no_more_than_a_minute(recorder: RatedRecorder) -> None:
    """Rates that no port has, and more of them than anybody tries."""
    recorder.rates = (0, 1, 115_201, *range(300_000, 300_040), 1 << 40, (1 << 63) - 1)
    cable = RatedCable(recorder)
    cable.deaf = set(range(115_201, 1_000_000))
    assert works(connect(cable), recorder, cable)
    assert cable.now < 60
    asked = [values["rate"] for kind, values in recorder.requests if kind == messages.RATE]
    assert len(asked) <= 4
    assert max(asked) < 1 << 40


@pytest.mark.parametrize("seconds", [0.5, 7.9, 8.1, 9.9, 10.1, 3600])
def test_both_sides_go_back_in_a_long_silence(recorder: RatedRecorder, seconds: float) -> None:
    """And the best rate returns with the first question."""
    cable = RatedCable(recorder)
    client = connect(cable)
    cable.now += seconds
    assert works(client, recorder, cable)
    assert recorder.rate == 3_000_000
    cable.now += seconds
    client.connection.request(messages.STATUS, {})  # one that knows nothing of rates
    assert recorder.rate == cable.rate


@pytest.mark.parametrize("rate", [460_800, 921_600, 3_000_000])
def test_a_recorder_that_a_crash_left_at_another_rate_is_found(recorder: RatedRecorder, rate: int) -> None:
    cable = RatedCable(recorder)
    connect(cable, highest=rate)  # and no close
    assert recorder.rate == rate
    after = RatedCable(recorder, now=cable.now)
    client = connect(after, highest=USUAL)
    assert works(client, recorder, after)
    assert after.now - cable.now < 6
    client.close()
    assert recorder.rate == USUAL


def test_close_on_a_dead_line_raises_nothing(recorder: RatedRecorder) -> None:
    cable = RatedCable(recorder)
    client = connect(cable)
    cable.deaf = set(RATES)
    client.close()
    assert cable.closed


@given(
    st.sets(st.sampled_from(RATES[2:])),
    st.sets(st.sampled_from(RATES[2:])),
    st.sets(st.sampled_from(RATES[2:])),
    st.floats(0, 0.5),
    st.integers(0, 1000),
)
def test_no_line_is_lost_to_a_rate(deaf: set[int], mute: set[int], cannot: set[int], loss: float, seed: int) -> None:
    """Whatever does not work at the higher rates: the usual one carries, so the recorder is reached."""
    recorder = RatedRecorder()
    cable = RatedCable(recorder)
    cable.deaf, cable.mute, cable.cannot = deaf, mute, cannot
    noise = random.Random(seed)
    cable.lose = lambda _kind, rate: rate != USUAL and noise.random() < loss
    client = connect(cable)
    cable.lose = lambda _kind, _rate: False
    assert works(client, recorder, cable)
    assert cable.rate not in deaf | mute | cannot
    assert cable.now < 60


def test_a_line_that_goes_silent_in_the_trial_is_a_lost_line(recorder: RatedRecorder) -> None:
    cable = RatedCable(recorder)
    cable.lose = lambda kind, _rate: kind == messages.RATE and not cable.deaf.update(RATES)
    with pytest.raises(EvidockError, match="stopped answering"):
        connect(cable)
    assert cable.now < 20

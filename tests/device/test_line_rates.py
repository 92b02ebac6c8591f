"""RATE: the line's rate changes once the answer has left, and comes back by itself from one that does not work."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.board import Uart, World
from support.dock import Host, provisioned

from evidock_agent import tidying
from evidock_protocol import codes, messages, versions, wire
from evidock_protocol.wire import Refusal

HELLO = {"package": [1], "wire": [1], "flash": [1], "software": "t"}
USUAL, FAST, FASTEST = Uart.RATES
TRIAL, SILENCE = versions.RATE_TRIAL_MS, versions.RATE_SILENCE_MS
LATE = 110  # ms: an idle recorder looks at its line every 100


@pytest.fixture
def world() -> World:
    return provisioned()


def change(host: Host, rate: int) -> None:
    """Both ends."""
    assert host.ask(messages.RATE, {"rate": rate}) == {"rate": rate}
    host.world.step()
    host.world.link.hears = rate
    assert host.world.link.rate == rate


def is_answered(host: Host, milliseconds: int = 400) -> bool:
    """Whether STATUS is, which ends no session; noise counts for nothing."""
    number = host.send(messages.STATUS, {})
    end = host.world.clock.now + milliseconds
    while host.world.clock.now < end:
        if any(answered == number for _kind, answered, _fields in host.answers((end - host.world.clock.now) / 1000)):
            return True
    return False


def returns_after(world: World, milliseconds: int) -> bool:
    """Whether the usual rate is back then, and was not before."""
    world.run(milliseconds - 1 - LATE)
    if world.link.rate == USUAL:
        return False
    world.run(2 * LATE)
    return world.link.rate == USUAL


def test_hello_tells_of_rates(world: World) -> None:
    host = Host(world)
    assert [host.ask(messages.HELLO, HELLO)[name] for name in ("rates", "rate")] == [list(Uart.RATES), USUAL]
    change(host, FAST)
    hello = host.ask(messages.HELLO, HELLO)
    assert (hello["rate"], hello["maximum_unread"]) == (FAST, versions.MAXIMUM_UNREAD_REQUESTS)


def test_a_line_without_rates(world: World) -> None:
    world.link.rates = ()
    world.link.rate = world.link.hears = 0
    host = Host(world)
    hello = host.ask(messages.HELLO, HELLO)
    assert (hello["rates"], hello["rate"]) == ([], None)
    assert hello["maximum_unread"] == versions.MAXIMUM_UNREAD_HELD
    with pytest.raises(Refusal) as refused:
        host.ask(messages.RATE, {"rate": FAST})
    assert refused.value.code == messages.UNSUPPORTED


def test_a_rate_that_cannot_be_changed_is_one(world: World) -> None:
    """A REPL on a UART: nothing holds back there what is not read."""
    world.link.rates = ()
    hello = Host(world).ask(messages.HELLO, HELLO)
    assert (hello["rates"], hello["rate"], hello["maximum_unread"]) == ([], USUAL, versions.MAXIMUM_UNREAD_REQUESTS)


@pytest.mark.parametrize("rate", [0, 1, 115_201, 1 << 31, (1 << 63) - 1])
def test_a_rate_that_it_cannot_do(world: World, rate: int) -> None:
    host = Host(world)
    with pytest.raises(Refusal) as refused:
        host.ask(messages.RATE, {"rate": rate})
    assert refused.value.code == messages.OUT_OF_RANGE
    assert world.link.rate == USUAL


def test_the_answer_leaves_at_the_old_rate(world: World) -> None:
    """However slowly the line takes it: the first byte at the new rate comes after its last."""
    host = Host(world)
    rates: list[int] = []
    original = world.link.write

    def slowly(data: memoryview) -> int:
        rates.append(world.link.rate)
        return original(data[:1])

    world.link.write = slowly  # pyright: ignore[reportAttributeAccessIssue]
    assert host.ask(messages.RATE, {"rate": FAST}) == {"rate": FAST}
    assert len(rates) >= len(wire.answer(messages.RATE, 1, {"rate": FAST}))
    assert set(rates) == {USUAL}
    world.run(10)
    assert world.link.rate == FAST


def test_media_asked_for_before_follow_at_the_new_rate(world: World) -> None:
    world.record(3000)
    host = Host(world)
    host.attach()
    asked = {"recording": 1, "number": 1, "offset": 0, "length": 40_000, "chunk": 4096}
    host.send(messages.MEDIA, asked)
    host.send(messages.RATE, {"rate": FAST})
    taken: list[int] = []
    while messages.RATE not in taken:
        taken += [kind for kind, _number, _fields in host.answers()]
    world.link.hears = FAST
    while found := host.answers(0.5):
        taken += [kind for kind, _number, _fields in found]
    assert world.link.rate == FAST
    assert taken.count(messages.MEDIA) >= 8  # one may have left before the host had changed


def test_a_rate_that_works_stays(world: World) -> None:
    host = Host(world)
    host.attach()
    change(host, FASTEST)
    world.run(TRIAL - 200)
    for _ in range(8):
        assert is_answered(host)
        world.run(SILENCE - 1000)
        assert is_answered(host)
    assert world.link.rate == FASTEST
    change(host, USUAL)
    world.run(2 * SILENCE)
    assert world.link.rate == USUAL
    assert is_answered(host)


def test_the_session_outlives_a_change(world: World) -> None:
    host = Host(world)
    host.attach()
    change(host, FAST)
    host.ask(messages.HEAD)


def test_the_host_is_gone_after_the_change(world: World) -> None:
    host = Host(world)
    change(host, FAST)
    assert returns_after(world, TRIAL)
    world.link.hears = USUAL
    assert is_answered(host)


def test_the_answer_is_lost(world: World) -> None:
    """The host stays at the old rate and asks again: noise to the recorder, until it is back."""
    host = Host(world)
    host.send(messages.RATE, {"rate": FAST})
    world.run(50)
    world.link.to_host = bytearray()
    began = world.clock.now
    tries = 1
    while not is_answered(host):
        tries += 1
        assert world.clock.now - began < TRIAL + 1000
    assert tries > 2
    assert world.link.rate == USUAL


def test_noise_at_the_new_rate_is_no_sign_of_a_host(world: World) -> None:
    host = Host(world)
    change(host, FAST)
    world.link.hears = USUAL
    end = world.clock.now + TRIAL - LATE
    while world.clock.now < end:
        assert world.link.rate == FAST
        world.write(bytes(range(256)))
        world.run(20)
    world.run(2 * LATE)
    assert world.link.rate == USUAL


def test_half_a_frame_before_the_change_spoils_none_after_it(world: World) -> None:
    host = Host(world)
    request = wire.request(messages.RATE, 7, {"rate": FAST})
    host.frame(request)
    world.write(b"\x05abc")
    world.run(50)
    assert world.link.rate == FAST
    world.link.to_host = bytearray()
    world.link.hears = FAST
    assert is_answered(host)


def test_silence_later_brings_the_usual_rate_back(world: World) -> None:
    """Also while the code that answers is still loaded, and while a session is open."""
    host = Host(world)
    host.attach()
    change(host, FAST)
    assert is_answered(host)
    assert returns_after(world, SILENCE)
    assert world.agent is not None
    assert world.agent.line.server is not None
    world.link.hears = USUAL
    host.ask(messages.HEAD)  # the same session: nobody else came


def test_media_for_a_host_that_is_gone_are_dropped(world: World) -> None:
    world.record(3000)
    host = Host(world)
    host.attach()
    change(host, FAST)
    for _ in range(20):
        host.send(messages.MEDIA, {"recording": 1, "number": 1, "offset": 0, "length": 40_000, "chunk": 4096})
        world.run(20)
    world.run(SILENCE + 2 * LATE)  # nobody reads: the line takes no more
    assert world.link.rate == USUAL
    world.link.hears = USUAL
    world.link.to_host = bytearray()
    assert world.agent is not None
    assert world.agent.line.server is not None
    assert not world.agent.line.server.transfer.busy()
    assert is_answered(host)


def test_work_on_a_request_is_no_silence(world: World) -> None:
    """The host waits for its answer at the new rate, however long the recorder needs for it."""
    host = Host(world)
    host.attach()
    change(host, FAST)
    assert is_answered(host) is True
    host.attach()
    assert world.agent is not None
    server = world.agent.line.server
    assert server is not None
    server._answering = True
    world.run(3 * SILENCE)
    assert world.link.rate == FAST
    server._answering = False
    assert is_answered(host)


def test_a_recorder_without_a_server_returns(world: World) -> None:
    """What answers goes after thirty seconds; the rate is gone by then, and no earlier frame keeps it."""
    host = Host(world)
    change(host, FAST)
    assert is_answered(host)
    world.run(40_000)
    assert world.agent is not None
    assert world.agent.line.server is None
    assert world.link.rate == USUAL


def test_a_rate_without_a_server_returns(world: World) -> None:
    """Whatever let go of it."""
    host = Host(world)
    change(host, FAST)
    assert world.agent is not None
    world.agent.line.server = None
    assert returns_after(world, TRIAL)


def test_frames_that_are_no_requests_count(world: World) -> None:
    """The line works, whatever the host means."""
    host = Host(world)
    change(host, FAST)
    host.frame(b"\x00")
    world.run(SILENCE - 1000)
    assert world.link.rate == FAST


def test_a_boot_begins_at_the_usual_rate(world: World) -> None:
    host = Host(world)
    change(host, FAST)
    world.boot(codes.RESET_WATCHDOG)
    world.settle()
    assert world.link.rate == USUAL
    assert is_answered(Host(world))


def test_an_agent_that_begins_anew_knows_its_usual_rate(world: World) -> None:
    """A card came to a recorder whose journal had no room: the agent is made again, on the same line."""
    host = Host(world)
    change(host, FAST)
    assert world.agent is not None
    agent = world.agent
    agent.failed, agent.tidying.card_seen = tidying.NO_ROOM, False
    world.run(300)
    assert agent.failed is None
    assert world.link.rate == USUAL
    world.link.hears = USUAL
    assert is_answered(Host(world), 3000)
    change(host, FAST)
    assert returns_after(world, TRIAL)


class _Driver:
    """A host that does anything to a line with rates, and finds its recorder again."""

    def __init__(self) -> None:
        self.world = provisioned()
        self.host = Host(self.world)

    def act(self, what: Any) -> None:
        world = self.world
        if what == "ask":
            is_answered(self.host, 200)
        elif what == "noise":
            world.write(bytes(range(200)))
        elif what == "lose":
            world.link.to_host = bytearray()
        elif what == "tear":
            del world.link.to_recorder[3:5]
        elif what < 3:
            world.link.hears = Uart.RATES[what]
        elif what < 6:
            self.host.send(messages.RATE, {"rate": Uart.RATES[what - 3]})
        else:
            world.run(what)


ACTIONS = st.sampled_from(["ask", "noise", "lose", "tear", 0, 1, 2, 3, 4, 5]) | st.integers(6, 2000)


@settings(max_examples=25, deadline=None)
@given(st.lists(ACTIONS, max_size=12))
def test_a_host_at_the_usual_rate_always_finds_the_recorder(actions: list[Any]) -> None:
    """Whatever went wrong, ten seconds of silence mend it."""
    driver = _Driver()
    for what in actions:
        driver.act(what)
    driver.world.link.hears = USUAL
    driver.world.link.to_recorder = bytearray()
    driver.world.run(SILENCE + 2 * LATE)
    driver.world.link.to_host = bytearray()
    assert driver.world.link.rate == USUAL
    driver.world.write(b"\x00")
    # What the host heard before may spoil the first answer for it.
    assert is_answered(driver.host) or is_answered(driver.host)

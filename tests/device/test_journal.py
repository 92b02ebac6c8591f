"""The journal: chain, epochs, private openings and the reserve; time and telemetry beside it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.board import World, verify
from support.dock import Host, provisioned

from evidock_agent import journal, telemetry
from evidock_agent.moment import Moments
from evidock_protocol import cbor, codes, kinds, messages, private

MARK = {"recording": None, "type": 1, "count": 1}


def the_journal(world: World) -> journal.Journal:
    assert world.agent is not None
    return world.agent.journal


def run(job: Any) -> Any:
    """What a generator returns."""
    while True:
        try:
            next(job)
        except StopIteration as stop:
            return stop.value


def test_entries_and_epochs_are_a_chain() -> None:
    world = provisioned()
    for _ in range(5):
        run(the_journal(world).append(kinds.MARK, dict(MARK)))
        run(the_journal(world).change_epoch(codes.EPOCH_ENTRIES))
    chain = verify(world)
    assert chain.epoch == 5
    world.boot()
    world.settle()
    assert verify(world).epoch == 5


def test_private_openings_are_durable_before_their_entry_and_served() -> None:
    world = provisioned()
    values = [(codes.LABEL_OFFICER, 4711), (2, "north")]
    first = run(the_journal(world).append(kinds.MARK, dict(MARK), values))
    run(the_journal(world).append(kinds.MARK, dict(MARK)))
    last = run(the_journal(world).append(kinds.MARK, dict(MARK), values[:1]))
    for _ in range(2):
        entries = world.entries()
        host = Host(world)
        host.attach()
        answer = host.ask(messages.PRIVATE, {"first": 0, "limit": 4096})
        records, at = [], 0
        while at < len(answer["openings"]):
            item, at = cbor.decode_at(answer["openings"], at)
            records.append(private.parse_record(item))
        assert [sequence for sequence, _ in records] == [first, last]
        for sequence, openings in records:
            assert {label: commitment for label, _value, commitment in openings} == entries[sequence].private
        assert [value for _label, value, _ in records[0][1]] == [4711, "north"]
        one = host.ask(messages.PRIVATE, {"first": 0, "limit": 1})
        assert one["next"] == last
        assert len(one["openings"]) < len(answer["openings"])
        world.boot()
        world.settle()


def test_what_can_wait_never_touches_the_reserve() -> None:
    world = provisioned()
    ring = the_journal(world).ring
    ring.ring.blank.clear()
    with pytest.raises(journal.JournalFull):
        run(the_journal(world).append(kinds.MARK, dict(MARK), spare=True))
    size = the_journal(world).size
    run(the_journal(world).append(kinds.MARK, dict(MARK)))
    assert the_journal(world).size == size + 1


def test_what_the_card_lacks_is_not_dropped() -> None:
    world = provisioned()
    subject = the_journal(world)
    for _ in range(60):
        run(subject.append(kinds.MARK, dict(MARK)))
    assert not subject.drop_below(10)
    assert not subject.drop_below(60), "the newest EPOCH stays, and what follows it"
    run(subject.change_epoch(codes.EPOCH_ENTRIES))
    assert subject.drop_below(60)
    assert 0 < subject.first < 60
    size, root = subject.size, subject.tree.root()
    world.boot()
    world.settle()
    assert the_journal(world).size > size
    assert the_journal(world).epoch == 1
    assert world.agent is not None
    assert world.agent.failed is None
    assert root != the_journal(world).tree.root()


def test_an_epoch_without_a_free_slot_waits() -> None:
    world = provisioned()
    for _ in range(40):
        run(the_journal(world).change_epoch(codes.EPOCH_ENTRIES))
    assert the_journal(world).epoch == 31  # two sectors of 16
    verify(world)
    for _ in range(5):
        world.step()
    world.settle()
    run(the_journal(world).change_epoch(codes.EPOCH_ENTRIES))
    verify(world)


class Ticks:
    def __init__(self, value: int) -> None:
        self.value = value
        self.unix: int | None = None

    def ticks_ms(self) -> int:
        return self.value % (1 << 30)

    def unix_ms(self) -> int | None:
        return self.unix

    def set_unix_ms(self, value: int) -> None:
        self.unix = value


@given(st.integers(0, (1 << 30) - 1), st.lists(st.integers(0, (1 << 29) - 1), max_size=20))
def test_ticks_do_not_wrap(start: int, steps: list[int]) -> None:
    """Half the range or more is a clock that stepped back: test_sound_faults.py."""
    clock = Ticks(start)
    moments = Moments(clock)  # pyright: ignore[reportArgumentType]
    total = 0
    for step in steps:
        clock.value += step
        total += step
        assert moments.now() == total


def test_the_wall_clock_says_where_it_is_from() -> None:
    clock = Ticks(0)
    moments = Moments(clock)  # pyright: ignore[reportArgumentType]
    assert moments.wall() == (codes.WALL_UNSET, 0)
    clock.unix = 1_741_939_200_000
    assert moments.wall() == (codes.WALL_SET, 1_741_939_200_000)
    moments.set_from_host(1_741_939_200_009)
    assert moments.wall() == (codes.WALL_SYNCHRONISED, 1_741_939_200_009)
    clock.unix = None
    assert moments.wall() == (codes.WALL_UNSET, 0)
    clock.unix = -1
    assert moments.wall() == (codes.WALL_UNSET, 0)


def test_a_clock_that_was_lost_is_told_and_one_that_went_back_is_seen() -> None:
    world = provisioned()
    world.clock.wall = None
    world.boot()
    world.settle()
    (lost,) = world.bodies(kinds.CLOCK)
    assert lost["source"] == codes.CLOCK_LOST
    world.boot()
    world.settle()
    assert len(world.bodies(kinds.CLOCK)) == 1
    world.clock.wall = 1000
    world.record(1000)
    ticks = [found.ticks for found in world.entries() if found.boot == world.boots]
    assert ticks == sorted(ticks)
    verify(world)


def test_telemetry_says_none_for_what_cannot_be_told() -> None:
    world = provisioned()
    agent = world.agent
    assert agent is not None
    assert telemetry.read(agent)["storage_total"] == 200_000
    world.medium = None
    assert telemetry.read(agent)["storage_free"] is None

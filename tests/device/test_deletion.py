"""Deletion on the recorder (AT-23, AT-32): nothing goes that receipts in the ring do not list, TOMBSTONE before the
unlink, the oldest first, also where the card is short of room, and wherever power goes.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.board import Medium, Tear, World, verify
from support.breaking import pull, the_medium
from support.dock import Host, certificate
from support.tracks import faults, provisioned

from evidock.keys import SigningKey
from evidock_agent import signals, tallies, tidying
from evidock_protocol import card, codes, entry, kinds, merkle, messages, sign1
from evidock_protocol import settings as numbers
from evidock_protocol.wire import Refusal

SECOND = SigningKey(b"I" * 32)
Segment = list  # recording, number, root


def recorded(recordings: int = 1, pictures: bool = True) -> World:
    """A recorder with so many short recordings: with pictures two segments each, sound and pictures."""
    world = provisioned(pictures=pictures)
    for _ in range(recordings):
        world.record(1500)
    return world


def segments(world: World) -> list[Segment]:
    return [[body["recording"], body["number"], body["root"]] for body in world.bodies(kinds.SEGMENT)]


def attached(world: World, key: SigningKey | None = None) -> Host:
    host = Host(world, key) if key else Host(world)
    host.open(certificate(host=host.key))
    host.ask(messages.PROVE, {"challenge": host.challenge()})
    return host


def receipt(host: Host, listed: list[Segment]) -> bytes:
    """A receipt that the recorder has taken; its statement hash."""
    raw = host.receipt(listed)
    host.ask(messages.RECEIPT, {"receipt": raw})
    return sign1.statement_hash(raw)


def delete(host: Host, segment: Segment, given: bytes) -> int:
    raw = host.command(codes.OPERATION_DELETE, [*segment, given])
    return host.ask(messages.COMMAND, {"command": raw})["sequence"]


def refused(host: Host, segment: Segment, given: bytes) -> int:
    """The code of the refusal, which leaves the card as it was, and the journal, but for the count of refusals."""
    size, before = len(host.world.raws()), sealed_files(host.world)
    with pytest.raises(Refusal) as found:
        delete(host, segment, given)
    host.world.run(1000)
    assert sealed_files(host.world) == before
    said = host.world.entries()[size:]
    assert [item for item in said if item.kind != kinds.HOST or item.body["event"] != codes.HOST_REFUSED] == []
    return found.value.code


def sealed_files(world: World) -> dict[str, bytes]:
    """The card's files, without the copy of the journal."""
    if world.medium is None:
        return {}
    return {path: data for path, data in world.medium.files.items() if not path.endswith(".CBS")}


def files(world: World, segment: Segment) -> dict[str, bytes]:
    """What the card has of a segment, by extension."""
    extensions = [name for _media, name in card.EXTENSIONS] + [card.LEAVES, card.CHECKPOINTS]
    found = {name: world.file(segment[0], segment[1], name) for name in extensions}
    return {name: data for name, data in found.items() if data is not None}


def backlog(world: World) -> tuple[int, int]:
    """Segments and bytes, which STATUS says and the journal bears out: what no receipt lists."""
    status = Host(world).ask(messages.STATUS)
    listed = []
    for body in world.bodies(kinds.HOST):
        if body["event"] == codes.HOST_RECEIPTED:
            listed += [list(row) for row in entry.parse_statement(body["statement"], 65002)[1]["segments"]]
    lengths = [
        body["length"]
        for body in world.bodies(kinds.SEGMENT)
        if [body["recording"], body["number"], body["root"]] not in listed
    ]
    found = status["backlog_segments"], status["backlog_bytes"]
    assert found == (len(lengths), sum(lengths))
    return found


# By command.


def test_what_a_receipt_lists_may_go() -> None:
    world = recorded()
    first, second = segments(world)
    host = attached(world)
    given = receipt(host, [first, second])
    size = len(world.raws())
    sequence = delete(host, first, given)
    assert world.kinds()[size:] == ["HOST", "TOMBSTONE"]
    commanded = world.entries()[sequence]
    assert commanded.body["event"] == codes.HOST_COMMANDED
    assert entry.parse_statement(commanded.body["statement"], 65004)[1]["arguments"] == [*first, given]
    (tombstone,) = world.bodies(kinds.TOMBSTONE)
    assert [tombstone[name] for name in ("recording", "number", "root", "receipt")] == [*first, given]
    assert sign1.statement_hash(world.entries()[tombstone["host_entry"]].body["statement"]) == given
    assert files(world, first) == {}
    assert set(files(world, second)) == {"AVI", "LVS"}
    verify(world, media=False)


def test_what_went_is_not_served_and_not_deleted_again() -> None:
    world = recorded()
    first, second = segments(world)
    host = attached(world)
    given = receipt(host, [first, second])
    host.media(1, 1, 0, 1000)  # the file is open now
    delete(host, first, given)
    for kind, asked in (
        (messages.LEAVES, {"recording": 1, "number": 1, "first": 0, "count": 1}),
        (messages.MEDIA, {"recording": 1, "number": 1, "offset": 0, "length": 100, "chunk": 100}),
    ):
        with pytest.raises(Refusal) as found:
            host.ask(kind, asked)
        assert found.value.code == messages.NO_SUCH_SEGMENT
    assert refused(host, first, given) == messages.NO_SUCH_SEGMENT
    delete(host, second, given)
    assert files(world, second) == {}


def test_the_backlog_is_what_no_receipt_lists() -> None:
    """Now and after a boot, with a segment in two receipts, one that is gone, and without the card."""
    world = recorded(2)
    every = segments(world)
    assert backlog(world)[0] == 4
    host = attached(world)
    receipt(host, every[:1])
    given = receipt(host, every[:2])
    assert backlog(world)[0] == 2
    host = attached(world)
    given = receipt(host, every[:2])
    delete(host, every[0], given)
    assert backlog(world)[0] == 2
    for _ in range(2):
        world.boot()
        world.settle()
        assert backlog(world)[0] == 2
        world.medium = None
    assert backlog(world)[0] == 2


def test_receipts_for_what_never_was_take_no_memory_and_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """AT-37: of a stolen key, with gaps between the numbers. Every boot reads them."""
    world = recorded(pictures=False)
    host = attached(world)
    agent = world.agent
    assert agent is not None
    for at in range(40):
        numbers_with_gaps = range(1 + 40 * at, 41 + 40 * at, 2)
        receipt(host, [[1, number + 2, b"x" * 32] for number in numbers_with_gaps])
    backlog = tallies.Backlog()
    listed: list[Any] = []
    made = tallies._Listed
    monkeypatch.setattr(tallies, "_Listed", lambda: listed.append(made()) or listed[-1])
    slices = sum(1 for _ in backlog.count_steps(agent.journal))
    assert len(listed[0]._runs) == 3 * 256
    assert slices > 40 * 20, "a segment a slice"
    assert backlog.segments == 1


def test_without_a_receipt_nothing_goes() -> None:
    world = recorded(2)
    every = segments(world)
    host = attached(world)
    other = receipt(host, [[*every[0][:2], bytes(32)], every[2]])
    assert refused(host, every[0], other) == messages.OUT_OF_RANGE, "lists another root"
    assert refused(host, every[0], bytes(32)) == messages.OUT_OF_RANGE
    elsewhere = receipt(host, [[1, 9, every[0][2]], [9, 1, every[0][2]]])
    assert refused(host, every[0], elsewhere) == messages.OUT_OF_RANGE, "lists its root under other numbers"
    right = receipt(host, [every[0]])
    assert refused(host, every[0], other) == messages.OUT_OF_RANGE, "listed, but not by the receipt that is named"
    assert refused(host, [*every[0][:2], bytes(32)], other) == messages.NO_SUCH_SEGMENT, "no file of this root"
    for recording, number in ((1, 3), (3, 1), (0, 1), (1, 0), (10_000_000, 1), (1, 1 << 62)):
        assert refused(host, [recording, number, every[0][2]], right) == messages.NO_SUCH_SEGMENT
    delete(host, every[0], right)


def test_the_oldest_of_a_recording_goes_first() -> None:
    world = recorded(2)
    every = segments(world)
    host = attached(world)
    given = receipt(host, every)
    assert refused(host, every[1], given) == messages.OUT_OF_RANGE
    delete(host, every[2], given)  # recordings do not wait for each other
    assert refused(host, every[1], given) == messages.OUT_OF_RANGE
    for segment in (every[0], every[1], every[3]):
        delete(host, segment, given)
    assert not any(name.endswith((".WAV", ".AVI", ".LVS")) for name in the_medium(world).files)


def test_two_hosts_where_the_unit_asks_for_two() -> None:
    world = recorded(pictures=False)
    (segment,) = segments(world)
    host = attached(world)
    host.ask(messages.COMMAND, {"command": host.command(codes.OPERATION_CONFIGURE, [numbers.RECEIPTS, 2])})
    first = receipt(host, [segment])
    assert refused(host, segment, first) == messages.OUT_OF_RANGE
    again = receipt(attached(world), [segment])
    host = attached(world)
    assert refused(host, segment, again) == messages.OUT_OF_RANGE, "one host twice is no second host"
    other = attached(world, SECOND)
    second = receipt(other, [segment])
    world.boot()
    world.settle()
    host = attached(world)
    delete(host, segment, second)
    assert world.bodies(kinds.TOMBSTONE)[0]["receipt"] == second


def refusals_on_the_line(host: Host) -> list[int]:
    """The codes of all refusals until the line is silent."""
    seen = []
    for _ in range(2000):
        try:
            if not host.answers(2):
                break
        except Refusal as refusal:
            seen.append(refusal.code)
    return seen


def test_nothing_goes_while_something_records_or_is_on_its_way() -> None:
    world = recorded(pictures=False)
    (segment,) = segments(world)
    host = attached(world)
    given = receipt(host, [segment])
    host.send(messages.MEDIA, {"recording": 1, "number": 1, "offset": 0, "length": 20_000, "chunk": 64})
    host.send(messages.COMMAND, {"command": host.command(6, [*segment, given]), "openings": None})
    assert refusals_on_the_line(host) == [messages.BUSY]
    assert world.bodies(kinds.TOMBSTONE) == []
    world.press(signals.BUTTON_RECORD)
    with pytest.raises(Refusal) as found:
        delete(host, segment, given)
    assert found.value.code == messages.BUSY
    world.press(signals.BUTTON_RECORD)
    delete(host, segment, given)


def test_a_start_that_comes_while_a_deletion_is_judged_goes_first() -> None:
    world = recorded(pictures=False)
    (segment,) = segments(world)
    host = attached(world)
    given = receipt(host, [segment])
    raw = host.command(codes.OPERATION_DELETE, [*segment, given])
    host.send(messages.COMMAND, {"command": raw, "openings": None})
    assert world.board is not None
    while not world.agent._jobs:  # type: ignore[union-attr]
        world.step()
    world.board.presses.append(signals.BUTTON_RECORD)
    world.run(2000)
    deleted = "TOMBSTONE" in world.kinds()
    assert deleted == (files(world, segment) == {})
    assert world.agent is not None
    assert world.agent.recording == 2
    if deleted:
        assert world.kinds().index("TOMBSTONE") < world.kinds().index("START", world.kinds().index("STOP"))


def test_a_receipt_that_left_the_ring_counts_no_more() -> None:
    """The card's copy still has it, but whoever held the card may have written that."""
    world = recorded(pictures=False)
    (segment,) = segments(world)
    host = attached(world)
    given = receipt(host, [segment])
    host.ask(messages.CLOSE)
    world.drop_entries(len(world.raws()))
    host = attached(world)
    assert refused(host, segment, given) == messages.OUT_OF_RANGE
    delete(host, segment, receipt(host, [segment]))
    assert files(world, segment) == {}


def test_a_journal_without_room_takes_no_deletion() -> None:
    world = recorded(pictures=False)
    (segment,) = segments(world)
    host = attached(world)
    given = receipt(host, [segment])
    assert world.agent is not None
    world.agent.journal.ring.room = lambda: 9000  # type: ignore[method-assign]
    assert refused(host, segment, given) == messages.STORAGE


# What nobody holds.


def path_of(world: World, segment: Segment, extension: str) -> str:
    assert world.agent is not None
    return card.segment_base(world.agent.folder, segment[0], segment[1]) + extension


@pytest.mark.parametrize("changed", ["header", "longer", "shorter", "leaves", "leaf", "no leaves", "unsealed"])
def test_a_file_that_is_not_what_the_receipt_lists_stays(changed: str) -> None:
    """It may be the only evidence of what was done to it, or hold what lies behind the sealed bytes (AT-4, AT-34)."""
    world = recorded(pictures=False)
    (segment,) = segments(world)
    found = the_medium(world).files
    media, leaves = path_of(world, segment, "WAV"), path_of(world, segment, "LVS")
    if changed == "header":
        found[media] = b"X" + found[media][1:]
    elif changed == "longer":
        found[media] += b"more"
    elif changed == "shorter":
        found[media] = found[media][:-2]
    elif changed == "leaves":
        found[leaves] = found[leaves] + bytes(32)
    elif changed == "leaf":
        found[leaves] = found[leaves][:40] + b"X" + found[leaves][41:]
    elif changed == "no leaves":
        del found[leaves]
    else:
        found[leaves] = bytes(32) + found[leaves][32:]
    host = attached(world)
    assert refused(host, segment, receipt(host, [segment])) == messages.NO_SUCH_SEGMENT
    the_medium(world).free = 0
    world.run(200_000)
    assert world.bodies(kinds.TOMBSTONE) == []


def test_another_file_of_the_same_name_stays() -> None:
    world = recorded(pictures=False)
    (segment,) = segments(world)
    strange = path_of(world, segment, "BIN")
    the_medium(world).files[strange] = b"strange"
    host = attached(world)
    delete(host, segment, receipt(host, [segment]))
    assert files(world, segment) == {"BIN": b"strange"}
    world.boot()
    world.settle()
    assert files(world, segment) == {"BIN": b"strange"}


@pytest.mark.parametrize("extension", ["WAV", "LVS"])
def test_what_somebody_puts_in_the_place_of_a_deleted_segment_stays(extension: str) -> None:
    """A boot finishes what it began, and nothing else."""
    world = recorded(pictures=False)
    (segment,) = segments(world)
    old = files(world, segment)
    host = attached(world)
    delete(host, segment, receipt(host, [segment]))
    for name, data in old.items():
        changed = data if name != extension else data[:30] + b"XX" + data[32:]
        the_medium(world).files[path_of(world, segment, name)] = changed
    world.boot()
    world.settle()
    assert set(files(world, segment)) == set(old)


STRANGE = (
    "R0000000/S0000001.LVS", "R0000000/S0000001.WAV", "R000000x/S1.LVS", "R9999999/S0000000.LVS", "R00",
    "R0000001/S0000000.WAV", "R0000001/S0000000.LVS", "R0000001/S000001.LVS", "R0000001/T0000001.LVS",
    "R0000001/S0000001", "R0000001/.LVS", "R" + 7 * "\u00b2" + "/X",
)  # fmt: skip


def test_strange_names_on_the_card_stop_nothing() -> None:
    """Whoever held the card may have put anything there; neither a look nor a boot fails for it."""
    world = recorded(pictures=False)
    (segment,) = segments(world)
    found = the_medium(world).files
    folder = path_of(world, segment, "")[: -len("R0000001/S0000001.")]
    for name in STRANGE:
        found[folder + name] = b"x" * 64
    host = attached(world)
    given = receipt(host, [segment])
    short_of_room(world, 0)
    idle(world)
    assert world.agent is not None
    assert world.agent.failed is None
    assert [body["number"] for body in world.bodies(kinds.TOMBSTONE)] == [1]
    leaf = merkle.leaf_hash(b"RIFF")
    found[path_of(world, segment, "LVS")] = leaf + bytes(32)
    found[path_of(world, segment, "WAV")] = b"RIFF"
    world.boot()
    world.settle()
    assert world.agent.failed is None
    assert set(files(world, segment)) == {"WAV", "LVS"}
    assert refused(attached(world), segment, given) == messages.NO_SUCH_SEGMENT


# Cards that go.


def test_a_card_that_fails_is_finished_when_it_is_back() -> None:
    """The same card put in again, and put in before the next boot."""
    for boots in (False, True):
        world = recorded(pictures=False)
        (segment,) = segments(world)
        host = attached(world)
        given = receipt(host, [segment])
        the_medium(world).failing = True
        delete(host, segment, given)
        world.run(1000)
        assert set(files(world, segment)) == {"WAV", "LVS"}
        assert len(world.bodies(kinds.TOMBSTONE)) == 1
        medium = pull(world)
        world.run(1000)
        medium.failing = False
        if boots:
            world.cut()
        world.medium = medium
        if boots:
            world.boot()
        world.run(3000)
        world.settle()
        assert files(world, segment) == {}
        verify(world, media=False)


def test_another_card_has_nothing_to_delete() -> None:
    world = recorded(pictures=False)
    (segment,) = segments(world)
    host = attached(world)
    given = receipt(host, [segment])
    medium = pull(world)
    world.run(3000)
    assert refused(attached(world), segment, given) == messages.NO_SUCH_SEGMENT
    world.medium = Medium()
    world.run(3000)
    assert refused(attached(world), segment, given) == messages.NO_SUCH_SEGMENT
    assert {path[-3:] for path in medium.files} >= {"WAV", "LVS"}


# Wherever power goes.


def test_a_cut_anywhere_in_a_deletion() -> None:
    """The file is whole and there is no TOMBSTONE, or there is one and, once it has booted, no file."""
    world = recorded()
    first, second = segments(world)
    host = attached(world)
    given = receipt(host, [first, second])
    whole = files(world, first), files(world, second)
    forks: list[World] = []

    def before(operation: int, tear: Tear) -> None:
        for torn, kept in ((False, False), (True, False), (True, True)):
            fork = world.fork(operation, kept)
            if torn:
                tear(fork)
            forks.append(fork)

    world.power.before = before
    delete(host, first, given)
    delete(host, second, given)
    world.power.before = None
    assert len(forks) > 30
    stages = set()
    for fork in forks:
        agent = fork.boot()
        fork.settle()
        assert agent.failed is None
        verify(fork, media=False)
        assert faults(fork) == []
        gone = [body["number"] for body in fork.bodies(kinds.TOMBSTONE)]
        stages.add(tuple(gone))
        assert files(fork, first) == ({} if 1 in gone else whole[0])
        assert files(fork, second) == ({} if 2 in gone else whole[1])
        assert backlog(fork) == (0, 0)
        host = attached(fork)
        for segment in (first, second):
            if segment[1] not in gone:
                delete(host, segment, given)
        assert files(fork, first) == files(fork, second) == {}
        fork.record(1500)
        assert fork.bodies(kinds.START)[-1]["recording"] == 2
        verify(fork, media=False)
    assert stages == {(), (1,), (1, 2)}


def test_a_cut_while_a_boot_finishes_a_deletion() -> None:
    world = recorded(pictures=False)
    (segment,) = segments(world)
    old = files(world, segment)
    host = attached(world)
    delete(host, segment, receipt(host, [segment]))
    for name, data in old.items():
        the_medium(world).files[path_of(world, segment, name)] = data
    world.cut()
    forks: list[World] = []
    world.boot()
    world.power.before = lambda operation, _tear: forks.append(world.fork(operation))
    world.settle()
    world.power.before = None
    assert files(world, segment) == {}
    for fork in forks:
        fork.boot()
        fork.settle()
        assert files(fork, segment) == {}
        verify(fork, media=False)


def test_a_cut_anywhere_while_room_is_made() -> None:
    world = recorded(2, pictures=False)
    every = segments(world)
    whole = {tuple(segment[:2]): files(world, segment) for segment in every}
    host = attached(world)
    receipt(host, every)
    host.ask(messages.CLOSE)
    the_medium(world).free = 0
    forks: list[World] = []

    def before(operation: int, tear: Tear) -> None:
        for torn in (False, True):
            fork = world.fork(operation)
            if torn:
                tear(fork)
            forks.append(fork)

    world.power.before = before
    idle(world)
    world.power.before = None
    assert len(world.bodies(kinds.TOMBSTONE)) == 2
    for fork in forks:
        the_medium(fork).free = 100_000
        fork.boot()
        fork.settle()
        holds(fork, whole)
    assert {len(fork.bodies(kinds.TOMBSTONE)) for fork in forks} == {0, 1, 2}


# Recovery and numbers.


def test_a_recovery_does_not_miss_what_was_deleted() -> None:
    world = recorded()
    host = attached(world)
    given = receipt(host, segments(world))
    for segment in segments(world):
        delete(host, segment, given)
    host.ask(messages.CLOSE)
    world.press(signals.BUTTON_RECORD)
    world.run(9000)
    world.cut()
    world.boot()
    world.settle()
    assert faults(world) == []
    assert world.kinds().count("JOURNAL") == 0
    assert [body["recording"] for body in world.bodies(kinds.SEGMENT)] == [1, 1, 2, 2]
    verify(world, media=False)


@pytest.mark.parametrize("how", ["boots", "ring", "card"])
def test_a_number_is_never_given_twice(how: str) -> None:
    """Although the folder of a recording is empty once it is deleted."""
    world = recorded(3, pictures=False)
    host = attached(world)
    given = receipt(host, segments(world))
    for segment in segments(world):
        delete(host, segment, given)
    host.ask(messages.CLOSE)
    if how == "ring":
        world.drop_entries(len(world.raws()))
    elif how == "card":
        world.medium = Medium()
    world.boot()
    world.settle()
    world.record(1500)
    assert world.bodies(kinds.START)[-1]["recording"] == 4


# Storage pressure.


def short_of_room(world: World, free: int = 10) -> None:
    """From now on the card has room for so many KiB, and 50 KiB more for each media file that goes."""
    medium = the_medium(world)
    medium.free = free
    assert world.board is not None
    remove = world.board.card.remove

    def removes(path: str) -> None:
        medium.free += 50 * (path in medium.files and path[-3:] in ("WAV", "AVI"))
        remove(path)

    world.board.card.remove = removes  # type: ignore[method-assign]


def idle(world: World) -> None:
    world.run(2 * tidying.RECLAIM_MS + 40_000)  # a session ends, and a look at the card comes
    world.settle()


def set_below(world: World, percent: int) -> None:
    host = attached(world)
    host.ask(messages.COMMAND, {"command": host.command(codes.OPERATION_CONFIGURE, [numbers.RECLAIM_BELOW, percent])})
    host.ask(messages.CLOSE)


def test_the_oldest_go_until_there_is_room_again() -> None:
    world = recorded(4, pictures=False)
    every = segments(world)
    host = attached(world)
    receipt(host, every)
    idle(world)
    assert world.bodies(kinds.TOMBSTONE) == [], "there is room"
    short_of_room(world, 20_000 - 120)  # 10 % of 200,000 KiB
    world.record(1500)
    idle(world)
    gone = [[body[name] for name in ("recording", "number", "root")] for body in world.bodies(kinds.TOMBSTONE)]
    assert gone == every[:3]
    assert [files(world, segment) == {} for segment in every] == [True, True, True, False]
    assert backlog(world)[0] == 1
    verify(world, media=False)


def test_what_no_receipt_lists_stays_whatever_the_pressure() -> None:
    """AT-23: of a recording what follows it stays, too; of others what is receipted goes."""
    world = recorded(3)
    every = segments(world)
    host = attached(world)
    receipt(host, [every[1], every[2], every[4], every[5]])
    short_of_room(world, 0)
    before = {tuple(segment[:2]): files(world, segment) for segment in every}
    idle(world)
    gone = [(body["recording"], body["number"]) for body in world.bodies(kinds.TOMBSTONE)]
    assert gone == [(2, 1), (3, 1), (3, 2)]
    for segment in every:
        assert files(world, segment) == ({} if tuple(segment[:2]) in gone else before[tuple(segment[:2])])


def test_pressure_needs_as_many_receipts_as_a_command() -> None:
    world = recorded(pictures=False)
    host = attached(world)
    host.ask(messages.COMMAND, {"command": host.command(codes.OPERATION_CONFIGURE, [numbers.RECEIPTS, 2])})
    receipt(host, segments(world))
    short_of_room(world, 0)
    idle(world)
    assert world.bodies(kinds.TOMBSTONE) == []
    receipt(attached(world, SECOND), segments(world))
    idle(world)
    assert len(world.bodies(kinds.TOMBSTONE)) == 1


def test_emptied_folders_cost_nothing() -> None:
    """They stay for the recorder's life; a press must not wait until all of them were looked at."""
    world = recorded(2, pictures=False)
    medium = the_medium(world)
    receipt(attached(world), segments(world)[1:])
    folder = world.agent.folder  # type: ignore[union-attr]
    for number in range(3, 200):
        medium.files[f"{folder}/R{number:07d}/X"] = b""
    short_of_room(world, 0)
    assert world.board is not None
    cards = world.board.card
    names, most, all_asked = cards.names, 0, 0
    asked: list[str] = []

    def listed(path: str) -> list[str]:
        asked.append(path)
        return names(path)

    cards.names = listed  # type: ignore[method-assign]
    end = world.clock.now + 200_000
    while world.clock.now < end:
        asked.clear()
        world.step()
        most = max(most, len(asked))
        all_asked += len(asked)
    assert [body["recording"] for body in world.bodies(kinds.TOMBSTONE)] == [2]
    assert most <= 2
    assert all_asked < 20


def test_a_press_ends_the_look_for_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked for on the card while something records."""
    from evidock_agent import deletion  # here: it is let go of while nothing is deleted

    world = recorded(3, pictures=False)
    host = attached(world)
    host.ask(messages.COMMAND, {"command": host.command(codes.OPERATION_CONFIGURE, [numbers.RECEIPTS, 2])})
    receipt(host, segments(world))  # of one host: each recording is looked at, and none may go
    world.settle()
    short_of_room(world, 0)
    agent = world.agent
    assert agent is not None
    looked: list[int] = []
    work = deletion.reclaim(agent)
    oldest = deletion.oldest

    def looks(agent: Any, recording: int) -> int:
        looked.append(recording)
        agent.recorder.active = True
        return oldest(agent, recording)

    monkeypatch.setattr(deletion, "oldest", looks)
    for more in work:
        assert more
    agent.recorder.active = False
    assert looked == [1]


def test_the_copy_goes_on_once_there_is_room_again() -> None:
    """A full card ends it; without it the ring fills, and then nothing records."""
    world = recorded(2, pictures=False)
    medium = the_medium(world)
    every = segments(world)
    host = attached(world)
    receipt(host, every)
    host.ask(messages.CLOSE)
    medium.free = 0
    world.press(signals.BUTTON_MARK)
    world.press(signals.BUTTON_RECORD)
    world.run(3000)
    agent = world.agent
    assert agent is not None
    assert not agent.mirror.usable
    short_of_room(world, 0)
    idle(world)
    assert len(world.bodies(kinds.TOMBSTONE)) == 2
    assert agent.mirror.usable
    before = agent.mirror.end
    world.record(1000)
    assert agent.mirror.end > before


def test_no_pressure_while_recording_nor_where_it_is_switched_off() -> None:
    world = recorded(pictures=False)
    receipt(attached(world), segments(world))
    short_of_room(world, 15_000)
    world.press(signals.BUTTON_RECORD)
    world.run(150_000)
    assert world.bodies(kinds.TOMBSTONE) == []
    set_zero = world.agent.settings  # type: ignore[union-attr]
    set_zero[numbers.RECLAIM_BELOW] = 0
    world.press(signals.BUTTON_RECORD)
    idle(world)
    assert world.bodies(kinds.TOMBSTONE) == []
    set_zero[numbers.RECLAIM_BELOW] = 10
    world.press(signals.BUTTON_MARK)
    idle(world)
    assert len(world.bodies(kinds.TOMBSTONE)) == 1


def test_no_pressure_while_a_host_may_pull() -> None:
    world = recorded(pictures=False)
    host = attached(world)
    receipt(host, segments(world))
    short_of_room(world, 0)
    for _ in range(10):
        world.run(20_000)
        host.ask(messages.HEAD)
    assert world.bodies(kinds.TOMBSTONE) == []


def test_a_look_that_found_nothing_is_not_repeated() -> None:
    """A card that is full of what nobody has pulled costs no more than a look."""
    world = recorded(pictures=False)
    short_of_room(world, 0)
    idle(world)
    agent = world.agent
    assert agent is not None
    asked = []
    agent.board.card.names = asked.append  # type: ignore[method-assign]
    idle(world)
    assert asked == []


# At random.

ACTS = st.lists(
    st.tuples(st.sampled_from(["record", "receipt", "delete", "cut", "boot", "short"]), st.integers(0, 63)),
    min_size=2,
    max_size=10,
)


@settings(max_examples=40, deadline=None)
@given(ACTS)
def test_a_file_is_there_unless_a_tombstone_names_it(acts: list[tuple[str, int]]) -> None:
    """Whatever was recorded, receipted, deleted and cut; and every TOMBSTONE names a receipt that lists its segment."""
    world = recorded()
    whole: dict[tuple[int, int], dict[str, bytes]] = {}
    for act, drawn in acts:
        every = segments(world)
        for segment in every:
            whole.setdefault(tuple(segment[:2]), files(world, segment))
        if act == "record":
            world.record(1500)
        elif act == "boot":
            world.boot()
            world.settle()
        elif act == "short":
            short_of_room(world, 20_000 - drawn * 4)
            idle(world)
            the_medium(world).free = 100_000
        elif act == "receipt":
            receipt(attached(world), [segment for at, segment in enumerate(every) if drawn >> at & 1][:24])
        else:
            world = tried(world, every[drawn % len(every)], drawn if act == "cut" else 0)
        world.settle()
        holds(world, whole)


def tried(world: World, segment: Segment, cut: int) -> World:
    """A deletion with the newest receipt, lawful or not, and maybe a cut in it."""
    host = attached(world)
    given = [body["statement"] for body in world.bodies(kinds.HOST) if body["event"] == codes.HOST_RECEIPTED]
    found: list[World] = []
    start = world.power.operations

    def before(operation: int, tear: Tear) -> None:
        if cut and operation == start + 1 + cut % 12:
            found.append(world.fork(operation))
            if cut & 1:
                tear(found[0])

    world.power.before = before
    try:
        delete(host, segment, sign1.statement_hash(given[-1]) if given else bytes(32))
    except Refusal as refusal:
        if refusal.code not in (messages.OUT_OF_RANGE, messages.NO_SUCH_SEGMENT):
            raise
    world.power.before = None
    if found:
        world = found[0]
        world.boot()
        world.settle()
    return world


def holds(world: World, whole: dict[tuple[int, int], dict[str, bytes]]) -> None:
    verify(world, media=False)
    gone = {}
    for item in world.entries():
        if item.kind == kinds.TOMBSTONE:
            body = item.body
            assert (body["recording"], body["number"]) not in gone, "deleted twice"
            gone[body["recording"], body["number"]] = body
            held = world.entries()[body["host_entry"]]
            assert held.sequence < item.sequence
            listed = entry.parse_statement(held.body["statement"], 65002)[1]["segments"]
            assert [body["recording"], body["number"], body["root"]] in [list(row) for row in listed]
    for recording, number, root in segments(world):
        found = files(world, [recording, number, root])
        if (recording, number) in gone:
            assert found == {}
            assert gone[recording, number]["root"] == root
        else:
            assert found == whole.get((recording, number), found)
            assert "LVS" in found
            assert len(found) == 2
            assert not any(other > number for (of, other) in gone if of == recording), "not the oldest first"
    backlog(world)

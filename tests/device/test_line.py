"""The line while the recorder is busy: what it takes in, what it sends beside other work, and how long a slice is."""

from __future__ import annotations

from typing import Any

import pytest
from support.board import MemoryFile, World
from support.dock import Host, provisioned

from evidock_agent.line import READ
from evidock_protocol import framing, messages, versions, wire

SLICE = 25  # ms


@pytest.fixture
def world() -> World:
    world = provisioned()
    world.record(8000)
    world.run(500)
    return world


def asked(offset: int = 0, length: int = 40_000, chunk: int = 1024) -> dict[str, Any]:
    return {"recording": 1, "number": 1, "offset": offset, "length": length, "chunk": chunk}


def arrive(world: World, data: bytes) -> int:
    """At a UART that buffers 256 bytes: what does not fit is lost. The number of bytes that did."""
    room = READ - len(world.link.to_recorder)
    world.write(data[:room])
    return min(room, len(data))


def collected(host: Host, milliseconds: int) -> list[tuple[int, int, dict[str, Any]]]:
    """All answers of a time."""
    found: list[tuple[int, int, dict[str, Any]]] = []
    end = host.world.clock.now + milliseconds
    while host.world.clock.now < end:
        found += host.answers(0.02)
    return found


def test_requests_that_overran_the_line_are_just_not_answered(world: World) -> None:
    host = Host(world)
    host.attach()
    writer = framing.FrameWriter(64)
    kept: list[int] = []
    for number in range(1000, 1060):
        frame = bytes(writer.encode(wire.request(messages.STATUS, number, {})))
        if arrive(world, frame) == len(frame):
            kept.append(number)
    world.write(b"\x00")
    answered = [number for _kind, number, _fields in collected(host, 2000)]
    assert answered == kept
    assert 10 < len(kept) < 60
    host.ask(messages.HEAD)


def test_noise_between_frames_costs_a_frame_at_most(world: World) -> None:
    host = Host(world)
    host.attach()
    for noise in (bytes(range(1, 256)), b"\x03boot: rst cause 2\r\n>>> ", b"\xff" * 5000, b"\x00" * 300):
        world.write(noise)
        world.run(100)
        host.send(messages.STATUS, {})
        first = collected(host, 200)
        number = host.send(messages.STATUS, {})
        assert [answered for _kind, answered, _fields in collected(host, 200)] == [number], noise[:20]
        assert len(first) <= 1


def test_the_line_is_read_in_every_slice_of_a_pull(world: World) -> None:
    host = Host(world)
    host.attach()
    host.send(messages.MEDIA, asked())
    world.step()
    reads = 0
    original = world.link.read

    def counted(buffer: memoryview) -> int:
        nonlocal reads
        reads += 1
        return original(buffer)

    world.link.read = counted  # pyright: ignore[reportAttributeAccessIssue]
    for steps in range(1, 60):
        world.step()
        world.link.to_host = bytearray()
        assert reads >= steps


@pytest.mark.parametrize("milliseconds", [0, 1, 4, 11])
def test_a_slice_of_media_ends_in_time(world: World, milliseconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the card takes for a chunk, and however much the line would take."""
    host = Host(world)
    host.attach()
    world.link._capacity = 1 << 20
    chunks = 0
    original = MemoryFile.readinto

    def slowly(self: MemoryFile, buffer: memoryview) -> int:
        nonlocal chunks
        chunks += 1
        world.clock.now += milliseconds
        return original(self, buffer)

    monkeypatch.setattr(MemoryFile, "readinto", slowly)
    host.send(messages.MEDIA, asked())
    most = 0
    while chunks < 40:
        assert world.agent is not None
        before, begun = chunks, world.clock.now
        world.agent.step()
        assert world.clock.now - begun <= SLICE
        most = max(most, chunks - before)
    assert most == {0: 16, 1: 10, 4: 3, 11: 1}[milliseconds]


@pytest.mark.parametrize("kind", [messages.HEAD, messages.RECEIPT])
def test_media_flow_while_a_signature_is_worked_on(world: World, kind: int) -> None:
    """The line is what a docking waits for. More may be asked for meanwhile, and every byte arrives."""
    host = Host(world)
    host.attach()
    first = host.send(messages.MEDIA, asked(length=30_000))
    host.send(kind, {"receipt": host.receipt([])} if kind == messages.RECEIPT else {})
    second = host.send(messages.MEDIA, asked(offset=30_000, length=20_000))
    found: list[tuple[int, int, dict[str, Any]]] = []
    while len(found) < 1 + 30 + 20:
        more = host.answers(2)
        assert more, len(found)
        found += more
    kinds = [answered for answered, _number, _fields in found]
    assert kinds.count(messages.MEDIA) == 50
    assert kinds.index(kind) > 5, "the answer came first: nothing flowed beside it"
    for number, count in ((first, 30), (second, 20)):
        assert [fields["index"] for _kind, answered, fields in found if answered == number] == list(range(count))


def test_what_needs_the_buffer_does_not_share_it(world: World) -> None:
    """Entries are gathered where blocks of capture lie: an answer with them goes out whole before the next chunk."""
    host = Host(world)
    host.attach()
    world.link._capacity = 300
    expected = b"".join(world.raws()[:3])
    host.send(messages.MEDIA, asked(length=30_000))
    for _ in range(3):
        host.send(messages.JOURNAL, {"first": 0, "limit": len(expected)})
    found = collected(host, 4000)
    entries = [fields["entries"] for kind, _number, fields in found if kind == messages.JOURNAL]
    assert entries == [expected] * 3
    assert sum(kind == messages.MEDIA for kind, _number, _fields in found) == 30


def test_the_next_frame_is_ready_before_the_line_is_idle(world: World) -> None:
    """On a line that takes little at a time: what is left of a frame makes way, and the next is read meanwhile."""
    host = Host(world)
    host.attach()
    world.link._capacity = 64
    host.send(messages.MEDIA, asked(chunk=4096))
    idle, before = 0, host._reader.frames
    for _ in range(2000):
        world.step()
        if world.link.to_host:
            host._reader.feed(bytes(world.link.to_host))
            idle += len(world.link.to_host) < 64
        world.link.to_host = bytearray()
    assert host._reader.frames - before == 10
    assert host._reader.bad_crc == host._reader.bad_cobs == 0
    assert idle <= 3  # the first frame, and the end


def test_numbers_that_no_host_uses_are_refused(world: World) -> None:
    host = Host(world)
    host.attach()
    for number in (1 << 32, (1 << 63) - 1):
        host.frame(wire.request(messages.MEDIA, number, asked(length=100)))
        with pytest.raises(wire.Refusal) as refused:
            host.answers()
        assert (refused.value.code, refused.value.number) == (messages.OUT_OF_RANGE, number)
    host.frame(wire.request(messages.MEDIA, (1 << 32) - 1, asked(length=100)))
    ((_kind, number, fields),) = host.answers()
    assert (number, len(fields["data"])) == ((1 << 32) - 1, 100)
    assert versions.MAXIMUM_NUMBER < 1 << 32


def stick(world: World, after: int) -> Any:
    """The line takes so many bytes more and then nothing, as USB that was unplugged; gives what to put back."""
    write, left = world.link.write, [after]

    def stuck(data: memoryview) -> int:
        count = min(len(data), left[0])
        left[0] -= count
        return write(data[:count]) if count else 0

    world.link.write = stuck  # type: ignore[method-assign]
    return write


@pytest.mark.parametrize("beside", [None, messages.HEAD, messages.RECEIPT])
def test_a_stranger_after_a_pulled_cable_gets_nothing(world: World, beside: int | None) -> None:
    """OB-26: media, entries and what was half sent are for the host that proved itself, and for its line."""
    host = Host(world)
    host.attach()
    host.send(messages.MEDIA, asked())
    write = stick(world, 9000)
    if beside is not None:
        host.send(beside, {"receipt": host.receipt([])} if beside == messages.RECEIPT else {})
    world.run(120_000)
    world.link.write = write  # type: ignore[method-assign]
    world.link.to_host = bytearray()
    world.run(5000)
    assert bytes(world.link.to_host).replace(b"\x00", b"") == b""
    assert world.agent is not None
    assert world.agent.line.server is None, "what answers is let go"
    stranger = Host(world)
    refused: list[int] = []
    for kind, values in ((messages.MEDIA, asked()), (messages.JOURNAL, {"first": 0, "limit": 4096})):
        with pytest.raises(wire.Refusal) as raised:
            stranger.ask(kind, values)
        refused.append(raised.value.code)
    assert refused == [messages.NO_SESSION] * 2


def test_a_request_that_waits_pins_no_session(world: World) -> None:
    """It waits because of refusals, and then because of a line that takes nothing."""
    host = Host(world)
    host.attach()
    for _ in range(6):
        with pytest.raises(wire.Refusal):
            host.ask(messages.RECEIPT, {"receipt": host.receipt([], session=b"x" * 16)})
    host.send(messages.RECEIPT, {"receipt": host.receipt([])})
    world.run(50)
    host.send(messages.MEDIA, asked())
    stick(world, 500)
    world.run(120_000)
    assert world.agent is not None
    assert world.agent.line.server is None


def test_a_torn_frame_swallows_no_answer(world: World) -> None:
    """The recorder fell silent in the middle of a frame; the next host is answered at its first try."""
    host = Host(world)
    host.attach()
    host.send(messages.MEDIA, asked())
    write = stick(world, 9000)
    world.run(35_000)  # the session is over, what answers is there still
    world.link.write = write  # type: ignore[method-assign]
    reader = Host(world)  # who also finds what had left before the line stuck
    reader.send(messages.STATUS, {})
    assert messages.STATUS in [kind for kind, _number, _fields in collected(reader, 500)]


def test_one_segment_is_looked_for_in_a_slice(world: World) -> None:
    """A path on a large card is a walk of many sectors: a host that asks for ever other segments starves no capture."""
    for _ in range(5):
        world.record(2000)
        world.run(500)
    host = Host(world)
    host.attach()
    card = world.board.card  # type: ignore[union-attr]
    looked: list[int] = []
    size = card.size

    def slow(path: str) -> int | None:
        looked.append(world.clock.now)
        return size(path)

    card.size = slow  # type: ignore[method-assign]
    for recording in range(1, 7):
        host.send(messages.MEDIA, {**asked(0, 512), "recording": recording})
    assert world.agent is not None
    slices: list[int] = []
    for _ in range(60):
        before = len(looked)
        world.agent.step()
        slices.append(len(looked) - before)
        world.clock.now += 1
    assert sum(slices) >= 6
    assert max(slices) <= 2, "lookups of one segment"

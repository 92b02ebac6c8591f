"""What a host takes off a line while it pulls media: any bytes at all, and nothing but what was signed is kept.

Specification: "Frames" and "Messages" (MEDIA). CPython only: these are the host's readers. An input is a list of things
that arrive: answers as they should be, with a wrong bit, to others, and bytes that are none.
"""

from __future__ import annotations

import binascii
from itertools import pairwise
from typing import Any, cast

from fuzz import oracles

from evidock.client.assembly import Assembly
from evidock.client.connection import Connection
from evidock.client.mending import LONGEST_OF_TWO, MendingReader
from evidock.client.pull import Pull
from evidock.errors import EvidockError
from evidock.media import PartialFile
from evidock.segments import Segment
from evidock_protocol import codes, framing, merkle, messages, versions, wire
from evidock_protocol.errors import ProtocolError

HEADER, LEAF, LENGTH = 44, 4096, 44 + 5 * 4096 + 17
DATA = bytes((7 * place + place // 251) % 256 for place in range(LENGTH))
LEAVES = [merkle.leaf_hash(DATA[:HEADER]), *merkle.hash_leaves(DATA, HEADER, LEAF)]
ROOT = merkle.segment_root(LEAVES[0], merkle.root_of(LEAVES[1:]))
SEGMENT = Segment(1, 1, codes.MEDIA_WAV, HEADER, LENGTH, LEAF, ROOT)
STEP = 4  # bytes of an input for each thing that arrives
LONGEST = 1 << 16  # bytes of a line that one input makes


class Disk:
    """A partial file in memory that knows what may be written."""

    def __init__(self) -> None:
        self.written: dict[int, bytes] = {}

    def good_leaves(self, leaves: list[bytes]) -> set[int]:
        return set()

    def write_leaf(self, index: int, data: bytes | bytearray) -> None:
        self.written[index] = bytes(data)


class Silence:
    """A line on which nothing comes by itself."""

    def __init__(self) -> None:
        self.now = 0.0
        self.coming = b""
        self.asked = bytearray()

    def monotonic(self) -> float:
        return self.now

    def read(self, seconds: float) -> bytes:
        data, self.coming = self.coming, b""
        self.now += 0.001 if data else max(seconds, 0.001)
        return data

    def write(self, data: bytes | memoryview) -> None:
        self.asked += data

    def close(self) -> None:
        """Nothing holds on to it."""


class Checked(MendingReader):
    """A reader whose mends are looked at: one bit is turned, or two of a short payload, and the CRC fits then."""

    def mend(self, payload: memoryview, difference: int) -> bytes | None:
        before = bytes(payload)
        mended = super().mend(payload, difference)
        if mended is not None:
            turned = int.from_bytes(before, "big") ^ int.from_bytes(mended, "big")
            assert len(mended) == len(before)
            left = difference ^ binascii.crc32(before) ^ binascii.crc32(mended)  # turned in the CRC that came
            most = 2 if 8 * len(before) <= LONGEST_OF_TWO else 1
            assert 1 <= turned.bit_count() + left.bit_count() <= most, "more bits were turned than may be"
        return mended


def line(data: bytes) -> None:
    """Reads the bytes as a stream of frames, then as a script of what arrives while a segment is pulled."""
    if not data:
        return
    streams(data)
    pulled(data)


def streams(data: bytes) -> None:
    """The mending reader finds what the plain one does, and the quick way to media answers says what the slow one says.

    The first byte says how many bytes come at once.
    """
    payloads, _counters = oracles.reference_frames(data[1:], framing.frame_size(versions.MAXIMUM_PAYLOAD))
    plain, mending = Checked(lambda _payload: False), Checked(lambda _payload: True)
    assert oracles.fed(plain, data[1:], data[0] & 15) == payloads
    found = oracles.fed(mending, data[1:], data[0] & 15)
    rest = iter(found)
    assert all(payload in rest for payload in payloads), "a payload is missing, or out of order"
    assert len(found) == len(payloads) + mending.mended
    for payload in [*found, data[1:]]:
        same_media(payload)


def same_media(payload: bytes) -> None:
    quick = wire.parse_media_answer(payload)
    try:
        kind, number, values = wire.parse_answer(payload)
    except (ProtocolError, wire.Refusal):
        assert quick is None, "the quick way takes what is refused"
        return
    if kind != messages.MEDIA:
        assert quick is None
    elif quick is None:
        assert max(number, cast(int, values["index"])) >= 1 << 32, "the quick way refuses what is right"
    else:
        assert quick[:2] == (number, values["index"])
        assert payload[quick[2] :] == values["data"]


def pulled(data: bytes) -> None:
    silence, disk = Silence(), Disk()
    connection = Connection(silence, "fuzz", silence.monotonic)
    pull = Pull(connection, 1024)
    assembly = Assembly(SEGMENT, LEAVES, cast(PartialFile, disk))
    made = 0
    try:
        pull.add(assembly)
        for at in range(0, len(data), STEP):
            coming = _arrives(data[at : at + STEP].ljust(STEP, b"\0"), pull)
            made += len(coming)
            if not coming:
                silence.now += data[at] / 20  # the host waits in vain
            if made > LONGEST:
                break
            silence.coming = coming
            connection.pump(silence.now + 0.01)
            check(pull, assembly, disk)
            check_wanted(pull, assembly)
    except EvidockError:
        check(pull, assembly, disk)


def check(pull: Pull, assembly: Assembly, disk: Disk) -> None:
    """What holds at every moment, whatever came."""
    ranges = pull.ranges
    assert ranges.credit == sum(one.end - one.next for one in ranges.outstanding.values())
    assert ranges.unread == sum(one.size for one in ranges.outstanding.values() if not one.begun)
    assert ranges.unread <= versions.MAXIMUM_UNREAD_REQUESTS
    assert all(one.start <= one.next < one.end <= LENGTH for one in ranges.outstanding.values())
    assert all(one.next < one.end <= LENGTH for one in ranges.wanted)
    for index, written in disk.written.items():
        start, end = SEGMENT.leaf_span(index)
        assert written == DATA[start:end] or index in assembly.damaged, "bytes that do not hash were kept"


def check_wanted(pull: Pull, assembly: Assembly) -> None:
    """Whatever is not here is wanted or on its way: else a docking would never end."""
    if assembly.is_whole or assembly.missing or assembly.unreadable or assembly.length < LENGTH:
        return
    ranges = pull.ranges
    covered = [(one.next, one.end) for one in [*ranges.wanted, *ranges.outstanding.values()] if one.owner is assembly]
    for start, end in _missing(assembly):
        assert _covers(covered, start, end), f"nobody asks for {start} to {end} any more"


def _missing(assembly: Assembly) -> list[tuple[int, int]]:
    """What of the segment is not here: gaps of the leaves in hand, and leaves of which nothing came."""
    found: list[tuple[int, int]] = []
    held: dict[int, Any] = assembly._open
    for start, end in assembly.spans():
        cuts = sorted({start, end, *(one.start for one in held.values() if start < one.start < end),
                       *(one.end for one in held.values() if start < one.end < end)})  # fmt: skip
        for first, last in pairwise(cuts):
            leaf = next((one for one in held.values() if one.start == first), None)
            found += [(first, last)] if leaf is None else [(first + one, first + other) for one, other in leaf.gaps]
    return found


def _covers(parts: list[tuple[int, int]], start: int, end: int) -> bool:
    for first, last in sorted(parts):
        if first <= start < last:
            start = last
        if start >= end:
            return True
    return start >= end


def _arrives(step: bytes, pull: Pull) -> bytes:
    """What one step of a script sends."""
    what, choice, detail, more = step
    numbers = list(pull.ranges.outstanding)
    number = numbers[choice % len(numbers)] if numbers else choice
    one = pull.ranges.outstanding.get(number)
    kind = what % 8
    if kind == 7 or one is None:
        return step[1:] if choice < 200 else b""
    if kind == 6:
        code = (messages.BUSY, messages.STORAGE, messages.OUT_OF_RANGE, messages.NO_SUCH_SEGMENT, messages.NO_SESSION)
        return _framed(wire.refusal(number, code[detail % len(code)], "as told"))
    index = (one.next - one.start) // one.chunk + (detail % 4 if kind < 6 else 0)
    start = one.start + index * one.chunk
    piece = DATA[start : min(one.end, start + one.chunk)]
    if kind == 4:
        piece = piece[: detail % (len(piece) + 1)]
    elif kind == 5:
        piece = bytes(len(piece))
    payload = wire.answer(messages.MEDIA, number, {"index": index, "data": piece})
    frame = bytearray(_framed(payload))
    if kind in (2, 3):
        for place in (detail * 256 + more, *((more * 7,) if kind == 3 else ())):
            frame[place // 8 % len(frame)] ^= 1 << place % 8
    return bytes(frame)


def _framed(payload: bytes) -> bytes:
    return bytes(framing.FrameWriter(versions.MAXIMUM_PAYLOAD).encode(payload, lead=True))

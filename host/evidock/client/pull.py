"""Pulls media of several segments at once: the host owns the credit and asks again only for what was lost.

Specification: "Messages" (LEAVES, MEDIA). A loss shows by a newer answer. Silence is answered by asking once more for
the oldest answer alone: what comes back first tells whether the rest is late or lost, so that nothing piles up.
"""

from __future__ import annotations

from collections import deque
from typing import cast

from evidock.client.assembly import Assembly
from evidock.client.connection import Connection, Values
from evidock.client.ranges import Range, Ranges
from evidock.client.window import Chunk, Flow
from evidock.errors import LineLost, Misbehaving
from evidock.segments import Segment
from evidock_protocol import merkle, messages, wire

PAUSE_SECONDS = 0.12  # without a byte, before the oldest answer is asked for again; more on a line with much latency
BUSY_SECONDS = 3.0  # the same while the recorder works on something else
LONGEST_PAUSE = 1.2
SLOWEST = 8
LARGEST_REQUEST = 40  # bytes of the frame of a request for media
PROBES = 4  # before all that is on its way counts as lost
SILENT_SECONDS = 9.6  # without a byte: the line is lost
STALLED_SECONDS = 30.0  # something arrives, but nothing useful
LONGEST_AHEAD = 60.0  # seconds that an answer may have to wait for media before it
TRIES = 3  # of one place that the card does not give
MAXIMUM_UNREADABLE = 4  # such places, before the segment is left for another docking
VIOLATIONS = 64  # answers that no honest recorder gives
LEAVES_AT_ONCE = 128  # hashes of one answer: 4 KiB
_NEVER = 1e9


def fetch_leaves(connection: Connection, segment: Segment, chunk: int = 32 * LEAVES_AT_ONCE) -> list[bytes] | None:
    """The segment's leaf hashes when they fit its signed root, else None; `chunk` bytes of them at a time, at most.
    Raises Refused when there is no list."""
    leaves: list[bytes] = []
    while len(leaves) < segment.leaves:
        asked: Values = {"recording": segment.recording, "number": segment.number, "first": len(leaves)}
        asked["count"] = min(chunk // merkle.HASH_SIZE, segment.leaves - len(leaves))
        answer = connection.request(messages.LEAVES, asked)
        hashes = cast(bytes, answer["hashes"])
        if answer["first"] != len(leaves) or not hashes or len(hashes) % merkle.HASH_SIZE:
            return None
        leaves += [hashes[at : at + merkle.HASH_SIZE] for at in range(0, len(hashes), merkle.HASH_SIZE)]
    if len(leaves) != segment.leaves or segment.root_of(leaves) != segment.root:
        return None
    return leaves


class Pull:
    """The media of one docking; `finished` are the segments of which nothing more will come.

    `pulled` counts bytes of media that were new. A connection hands it answers to MEDIA whoever waits for what.
    """

    def __init__(self, connection: Connection, chunk: int | None = None):
        """`chunk` fixes the bytes of one answer."""
        self.finished: deque[Assembly] = deque()
        self.pulled = 0
        self.chunk = Chunk(chunk)
        self.ranges = Ranges(self.chunk)
        self._size = LARGEST_REQUEST
        self._card_failures: dict[tuple[int, int, int], int] = {}  # by recording, number and first byte of a range
        self.attach(connection)

    def attach(self, connection: Connection) -> None:
        """Goes on over another connection; what was on its way over the old one is asked for again."""
        if connection.media is self:
            return
        self.ranges.lose_all()
        self.chunk.limit(connection.largest)
        self._connection = connection
        self._flow = Flow(connection.rate or 0.0)
        self._received = connection.received
        self._rest(connection.monotonic())
        self._slowness = 1  # of the recorder: what silence has to last beyond the usual
        self._held_until = 0.0  # when it may be asked again, after it had no room
        self._doubtful = False  # whether something was asked for again after a silence
        connection.media = self

    @property
    def is_idle(self) -> bool:
        """Whether nothing is wanted and nothing on its way."""
        return not self.ranges.wanted and not self.ranges.outstanding

    @property
    def unread(self) -> int:
        """Bytes of requests that the recorder may not have read yet."""
        return self.ranges.unread

    @property
    def ahead(self) -> float:
        """Seconds that what is on its way takes, as far as the rate is known: other answers come after it."""
        return min(LONGEST_AHEAD, self.ranges.credit / self._flow.rate) if self._flow.rate else 0.0

    @property
    def gather(self) -> float:
        """Seconds for which what arrives may be left to gather: none while little is on its way."""
        return self._flow.gather(self.ranges.credit) if not self._silences else 0.0

    def add(self, assembly: Assembly) -> None:
        """Wants what is not here of a segment, after what is wanted already."""
        if self.is_idle:
            self._rest(self._connection.monotonic())
        for start, end in assembly.spans():
            self.ranges.want(assembly, start, end)
        self._check(assembly)

    # What a connection calls. All raise LineLost, Misbehaving, Refused, StoreError.

    def turn(self) -> float:
        """Asks for what may be asked for now, and deals with silence; when to call again at the latest."""
        now = self._connection.monotonic()
        count = self._connection.received - self._received
        if count:
            self._received += count
            self._flow.arrived(now, count, self.ranges.lost)
            self._alive = self._quiet = now
        if self.is_idle:
            self._rest(now)
        elif now - self._useful > STALLED_SECONDS:
            raise LineLost("line_silent", port=self._connection.port)
        self._ask(now)
        if not self.ranges.outstanding:
            return max(now, self._held_until) if self.ranges.wanted else now + _NEVER
        if now >= self._limit():
            self._silence(now)
        return self._limit()

    def take(self, number: int, index: int, payload: bytes, start: int) -> None:
        """An answer to MEDIA: the data are `payload` from `start` on."""
        found = self.ranges.answered(number, index, len(payload) - start)
        if found is None:
            if self.ranges.violations > VIOLATIONS:
                raise Misbehaving("bad_media", port=self._connection.port)
            self._doubt()
            return
        assembly, offset = found
        new = assembly.put(offset, memoryview(payload)[start:], self.ranges.want_again)
        if new:
            self.pulled += new
            self._useful = self._stalled = self._connection.monotonic()
            self._silences = 0
        else:
            self._doubt()
        if number not in self.ranges.outstanding:
            self._check(assembly)

    def expects(self, payload: bytes) -> bool:
        """Whether a mended payload is media that were asked for, of a segment whose leaves can judge it."""
        found = wire.parse_media_answer(payload)
        if found is None:
            return False
        number, index, start = found
        place = self.ranges.place(number, index, len(payload) - start)
        return place is not None and place[0].owner.leaves is not None

    def refuse(self, refusal: wire.Refusal) -> bool:
        """Whether the refusal is of a range, and dealt with."""
        if refusal.number not in self.ranges.outstanding:
            return False
        if refusal.code == messages.STORAGE:
            self._refuse_storage(refusal.number)
            return True
        one = self.ranges.remove(refusal.number)
        if refusal.code == messages.NO_SUCH_SEGMENT:
            one.owner.missing = True
            self.ranges.drop(one.owner)
        elif refusal.code == messages.OUT_OF_RANGE:
            self._narrow(one)
        elif refusal.code == messages.BUSY:
            self.ranges.put_back(one)
            self._held_until = self._connection.monotonic() + PAUSE_SECONDS
            return True
        else:
            self.ranges.put_back(one)
            raise self._connection.refused(refusal)
        self._useful = self._stalled = self._connection.monotonic()
        self._check(one.owner)
        return True

    def _rest(self, now: float) -> None:
        """Nothing is wanted: time passes, and that is no silence."""
        self._alive = self._useful = self._quiet = self._stalled = now
        self._silences = 0

    def _ask(self, now: float) -> None:
        """Sends requests up to the credit, and never more unread bytes than a recorder's line buffer holds."""
        ranges = self.ranges
        if now < self._held_until:
            return
        # After a long silence one range at a time, until something comes back.
        window = self._flow.window if self._silences <= PROBES else 1
        frames: list[bytes] = []
        while following := ranges.following(self._flow.range):
            if ranges.outstanding and ranges.credit + following > window:
                break
            if not self._may_send():
                break
            if not ranges.outstanding:
                self._flow.asked(now)
            frames.append(self._request(ranges.take(self._flow.range)))
        if frames:
            self._connection.send_media(b"".join(frames))
        while ranges.passed:
            self._check(ranges.passed.pop())

    def _may_send(self) -> bool:
        """Whether the recorder can hold one more request, if it has read none of those that are not answered."""
        return not self.ranges.outstanding or self.ranges.unread + self._size <= self._connection.maximum_unread

    def _request(self, one: Range) -> bytes:
        """The frame that asks for a range, which counts as asked for."""
        segment = one.owner.segment
        number, frame = self._connection.media_request(
            segment.recording, segment.number, one.next, one.end - one.next, self.chunk.size
        )
        self._size = len(frame) + 2  # the next one is not longer by more
        self.ranges.ask(number, one, len(frame))
        return frame

    def _doubt(self) -> None:
        """What was asked for again came after all: this recorder takes its time, and is given more from now on."""
        if self._doubtful:
            self._doubtful = False
            self._slowness = min(2 * self._slowness, SLOWEST)

    def _limit(self) -> float:
        """When the line counts as silent: no byte for a while, or bytes and nothing useful for a good deal longer."""
        return min(self._quiet + self._pause(), self._stalled + self._stall())

    def _pause(self) -> float:
        if self._connection.signing:
            return BUSY_SECONDS
        if not self._flow.latency or self._silences > PROBES:
            return LONGEST_PAUSE * self._slowness
        pause = max(PAUSE_SECONDS, 2 * self._flow.latency + PAUSE_SECONDS / 2)
        return min(LONGEST_PAUSE, pause * self._slowness)

    def _stall(self) -> float:
        """Seconds without anything useful, although bytes arrive, that count as silence."""
        frame = self.chunk.size + 64
        taken = 4 * frame / self._flow.rate if self._flow.rate else STALLED_SECONDS
        return LONGEST_PAUSE + min(taken, STALLED_SECONDS / 4)

    def _silence(self, now: float) -> None:
        if now - self._alive > SILENT_SECONDS:
            raise LineLost("line_silent", port=self._connection.port)
        self._silences += 1
        self._doubtful = True
        self._quiet = self._stalled = now
        self._connection.flush()
        probe = self.ranges.probe() if self._silences <= PROBES else None
        if probe is not None and self._may_send():
            self._connection.send_media(self._request(probe))
        else:
            self._silences = max(self._silences, PROBES + 1)
            self.ranges.lose_all()
            self._ask(now)

    def _refuse_storage(self, number: int) -> None:
        one = self.ranges.outstanding[number]
        assembly, place = one.owner, one.next
        self.ranges.lose_all()  # the recorder forgot the ranges behind it, too
        key = (assembly.segment.recording, assembly.segment.number, place)
        self._card_failures[key] = self._card_failures.get(key, 0) + 1
        end = assembly.leaf_end(place)  # it is asked for by itself: what lies behind does not suffer from it
        self.ranges.skip(assembly, place, end)
        if self._card_failures[key] < TRIES:
            self.ranges.want_again(assembly, place, end)
            return
        assembly.unreadable += 1
        if assembly.unreadable >= MAXIMUM_UNREADABLE:
            self.ranges.drop(assembly)
        self._check(assembly)

    def _narrow(self, one: Range) -> None:
        """The recorder's file ends before this range does: finds where, by halves, and takes what there is."""
        assembly = one.owner
        assembly.shorten(max(one.next, one.end - 1))
        self.ranges.cut(assembly, assembly.length)
        end = min(one.end, assembly.length)
        if one.next < end:
            middle = (one.next + end + 1) // 2
            self.ranges.want_again(assembly, middle, end)
            self.ranges.want_again(assembly, one.next, middle)

    def _check(self, assembly: Assembly) -> None:
        """Whether a segment has all that will come of it."""
        if assembly.is_whole:
            self.ranges.drop(assembly)
        elif self.ranges.concern(assembly):
            return
        if assembly not in self.finished:
            self.finished.append(assembly)

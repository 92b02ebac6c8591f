"""When each byte of one direction passes the line: arithmetic on times that are given, no clock.

Architecture: "The wire" (figures of a simulated line). Times are whole nanoseconds, rates bits per second.
"""

from collections import deque
from dataclasses import dataclass

from evidock_simulator.line.options import BITS

SECOND = 1_000_000_000
MS = 1_000_000
FRAME = MS  # of USB at full speed
FTDI_PACKET = 62  # bytes of a packet of 64 that the adapter leaves for data


@dataclass
class _Run:
    """Bytes without a pause between them."""

    first: int  # index of its first byte
    begin: int
    count: int
    rate: int

    def ended(self, at: int) -> int:
        """Bytes of it whose last bit has passed."""
        return max(0, min(self.count, (at - self.begin) * self.rate // (BITS * SECOND)))

    def when(self, count: int) -> int:
        """When so many have passed."""
        return self.begin - -count * BITS * SECOND // self.rate


class Pacing:
    """One direction of a line. A byte begins when it is there and the one before has ended.

    It comes out at the other end `latency` later; with `frame` only at whole frames of so many nanoseconds; with
    `timer` as an FTDI adapter passes bytes on, when a packet is full or its latency timer is over.
    """

    def __init__(self, latency: int = 0, frame: int = 0, timer: int = 0):
        self.total = 0  # bytes that have been given
        self.busy = 0  # nanoseconds that they take
        self.begun: int | None = None  # when the first began
        self._latency = latency
        self._frame = frame
        self._timer = timer
        self._runs: deque[_Run] = deque()
        self._sent = 0  # bytes that an adapter with a timer has passed on
        self._sent_at = 0  # when it last did

    def add(self, now: int, count: int, rate: int) -> int:
        """`count` bytes are there at `now`. Returns for how long the line had been idle since its last byte."""
        idle = 0
        run = self._runs[-1] if self._runs else None
        end = run.when(run.count) if run else now
        if run and run.rate == rate and now <= end:
            before = end
            run.count += count
        else:
            begin = max(now, end)
            idle = begin - end
            before = begin
            run = _Run(self.total, begin, count, rate)
            self._runs.append(run)
        if self.begun is None:
            self.begun = before
        self.total += count
        self.busy += run.when(run.count) - before
        return idle

    def end(self) -> int:
        """When the last byte given has passed the line; 0 before the first."""
        return self._runs[-1].when(self._runs[-1].count) if self._runs else 0

    def ended(self, at: int) -> int:
        """Bytes that have passed the line."""
        for run in reversed(self._runs):
            if at >= run.begin:
                return run.first + run.ended(at)
        return self._runs[0].first if self._runs else 0

    def when(self, count: int) -> int | None:
        """When so many bytes have passed; None when fewer were given, or it was long ago."""
        for run in reversed(self._runs):
            if run.first < count <= run.first + run.count:
                return run.when(count - run.first)
        return None

    def out(self, now: int) -> int:
        """Bytes that have come out at the other end. `now` never goes back."""
        at = now - self._latency
        done = self._passed_on(at) if self._timer else self.ended(at - at % self._frame if self._frame else at)
        while len(self._runs) > 1 and self._runs[1].first <= done:
            self._runs.popleft()
        return done

    def next_out(self, done: int) -> int | None:
        """When more than `done` come out; None when no more were given."""
        first = self.when(done + 1)
        if first is None:
            return None
        if self._timer:
            full = self.when(done + FTDI_PACKET)
            timer = self._sent_at + self._timer
            timer -= -max(0, first - timer) // self._timer * self._timer  # the timer goes on while nothing is there
            return min(timer, full or timer) + self._latency
        return self._rounded(first) + self._latency

    def all_out(self) -> int:
        """When the last byte given comes out, at the latest."""
        return self._rounded(self.end()) + self._timer + self._latency

    def _rounded(self, at: int) -> int:
        return at + -at % self._frame if self._frame else at

    def _passed_on(self, at: int) -> int:
        while True:
            over = self._sent_at + self._timer
            full = (self.ended(min(at, over)) - self._sent) // FTDI_PACKET
            if full > 0:
                self._sent += full * FTDI_PACKET
                self._sent_at = self.when(self._sent) or self._sent_at
            elif over <= at:
                # While nothing is there the timer goes on.
                first = min(at, self.when(self._sent + 1) or at)
                self._sent_at += max(1, (first - self._sent_at) // self._timer) * self._timer
                self._sent = max(self._sent, self.ended(self._sent_at))
            else:
                return self._sent

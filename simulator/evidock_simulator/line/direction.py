"""One direction of a line: takes bytes from its sender a little ahead, and hands out what has come through.

Architecture: "The wire". Bytes are known by their index: losses and changes of rate are ranges of indices.
"""

from evidock_simulator.line.faults import Faults, garbled
from evidock_simulator.line.options import BITS
from evidock_simulator.line.pacing import MS, SECOND, Pacing

AHEAD = 16 * MS  # how much of the line's time is taken ahead, as the transmit buffer of a UART or of USB does
_FEWEST = 64  # bytes taken ahead on a slow line


class Direction:
    """What is on its way from one end to the other. Times in nanoseconds, rates in bits per second."""

    def __init__(self, pacing: Pacing, faults: Faults, rate: int):
        self.pacing = pacing
        self.faults = faults
        self.rate = rate  # of the sender
        self.more = False  # whether the sender had more than there was room for
        self.out = 0  # bytes that have come through, lost ones too
        self.cut = 0  # bytes lost in cuts
        self.garbled = 0  # bytes that came at another rate than the receiver's
        self.overrun = 0  # bytes that found their receiver's buffer full
        self.delivered = 0  # bytes that the receiver was given
        self.pending = bytearray()  # has come through, and the receiver's end did not take it yet
        self._way = bytearray()  # on its way
        self._later: list[tuple[int, int]] = []  # (index from which on, rate of the sender)
        self._rates: list[tuple[int, int]] = [(0, rate)]
        self._lost: list[list[int]] = []  # [first, end) of bytes lost in cuts

    def room(self, now: int) -> int:
        """Bytes that may be taken from the sender."""
        ahead = max(_FEWEST, AHEAD * self.rate // (BITS * SECOND))
        return ahead - (self.pacing.total - self.pacing.ended(now))

    def take(self, now: int, data: bytes) -> int:
        """Bytes of the sender. Returns for how long the line had been idle."""
        idle = 0
        self._way += data
        count = len(data)
        while self._later and self._later[0][0] <= self.pacing.total + count:
            index, rate = self._later.pop(0)
            before = index - self.pacing.total
            if before > 0:
                idle += self.pacing.add(now, before, self.rate)
                count -= before
            self._set(rate)
        if count:
            idle += self.pacing.add(now, count, self.rate)
        return idle

    def set_rate(self, rate: int, index: int | None = None) -> None:
        """The sender's rate, from now on or from byte `index` on."""
        if index is not None and index > self.pacing.total:
            self._later.append((index, rate))
        elif rate != self.rate:
            self._set(rate)

    def fail(self, at: int) -> None:
        """Bytes that have not passed at `at` are lost from now on, until `recover`."""
        self._lost.append([self.pacing.ended(at), -1])

    def recover(self, at: int) -> None:
        """Bytes that have not passed at `at` pass again."""
        self._lost[-1][1] = self.pacing.ended(at)

    def advance(self, now: int, heard: int | None) -> bytes:
        """What comes through up to `now`, for a receiver at rate `heard`, or one that is always right."""
        if self.out == self.pacing.total:
            return b""
        done = self.pacing.out(now)
        if done <= self.out:
            return b""
        arrived: list[bytes] = []
        while self.out < done:
            end, lost, sent = self._piece(done)
            data = bytes(self._way[: end - self.out])
            del self._way[: end - self.out]
            place = self.out
            self.out = end
            data = self.faults.apply(data)
            if lost:
                self.cut += len(data)
                continue
            if heard is not None and heard != sent:
                self.garbled += len(data)
                data = garbled(data, place, sent, heard)
            arrived.append(data)
        return b"".join(arrived)

    def _piece(self, done: int) -> tuple[int, bool, int]:
        """(end, lost, sender's rate) of the bytes from `out` on that share one fate."""
        end = done
        lost = False
        while self._lost and -1 < self._lost[0][1] <= self.out:
            self._lost.pop(0)
        if self._lost:
            first, last = self._lost[0]
            lost = first <= self.out
            edge = last if lost else first
            end = min(end, edge) if edge >= 0 else end
        while len(self._rates) > 1 and self._rates[1][0] <= self.out:
            self._rates.pop(0)
        if len(self._rates) > 1:
            end = min(end, self._rates[1][0])
        return end, lost, self._rates[0][1]

    def _set(self, rate: int) -> None:
        self.rate = rate
        self._rates.append((self.pacing.total, rate))

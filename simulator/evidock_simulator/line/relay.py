"""The loop of one line: moves bytes between its ends when they are due, and makes what befalls the line happen.

Architecture: "The simulator". Reads ahead a little, so that being late makes no pause that the line would not have had.
"""

import errno
import os
import select
import time
from collections.abc import Callable

from evidock_simulator.line.direction import AHEAD, Direction
from evidock_simulator.line.ends import End, Pty
from evidock_simulator.line.faults import Faults
from evidock_simulator.line.lateness import Lateness
from evidock_simulator.line.options import BITS, USUAL_RATE, Options
from evidock_simulator.line.pacing import FRAME, MS, SECOND, Pacing

_QUANTUM = 5 * MS // 2  # bytes in the middle of a burst are handed on together
_FULL = 4095  # bytes that a terminal gives at once at most


class Relay:
    """A line between `host` and `far`. `rates` is a descriptor on which the recorder tells its rate, or None."""

    def __init__(self, options: Options, host: Pty, far: End, rates: int | None = None):
        self.options = options
        self.host = host
        self.far = far
        self.rates = rates if options.uart else None
        self.started = time.monotonic_ns()
        self.started_processor = time.process_time_ns()
        self.lateness = Lateness()
        self._now = self.started
        self.changed = True  # something moved since the report was asked for
        self.cuts = 0
        self.unplugs = 0
        latency = round(options.latency * MS)
        frame = FRAME if options.usb else 0
        rate = USUAL_RATE if options.uart else options.bits_per_second
        self.to_host = Direction(Pacing(latency, frame, options.ftdi * MS), self._faults("to host"), rate)
        self.to_recorder = Direction(Pacing(latency, frame), self._faults("to recorder"), rate)
        self._quantum = max(_QUANTUM, latency // 4)
        self._recorder_rate = rate
        self._next_rate: tuple[int, int] | None = None  # (bytes to the host before it, rate)
        self._breaks = sorted(
            [(one.after, one.milliseconds, False) for one in options.cut]
            + [(one.after, one.milliseconds, True) for one in options.unplug]
        )
        self._over: int | None = None  # when the failure that lasts ends

    def run(
        self, over: Callable[[], bool], watched: dict[int, Callable[[], object]], other: Callable[[], float | None]
    ) -> None:
        """Until `over()`. Calls what is `watched` when its descriptor has something to read.

        `other()` says in how many seconds something else wants `over` to be asked.
        """
        quiet: set[int] = set()  # descriptors that are known to have nothing to read
        while not over():
            now = time.monotonic_ns()
            due = self.step(now, quiet)
            readers, writers = self._wanted(now, due)
            pauses = [other(), None if due is None else max(0, due - time.monotonic_ns()) / SECOND]
            timeout = min((pause for pause in pauses if pause is not None), default=None)
            before = self.lateness.waited()
            ready = select.select([*readers, *watched], writers, [], timeout)
            self.lateness.woke(time.monotonic_ns(), due, before, len(ready[0]) + len(ready[1]) <= 1)
            quiet = {descriptor for descriptor in readers if descriptor not in ready[0]}
            for descriptor in ready[0]:
                if descriptor in watched:
                    watched[descriptor]()

    def step(self, now: int, quiet: set[int]) -> int | None:
        """Does what is due, without reading from the `quiet`; returns when something is due again."""
        self._now = now
        if self.options.uart:
            self._follow_rates()
        self._befall(now)
        host_rate = self.host.rate() if self.options.uart else None
        if host_rate:
            self.to_recorder.set_rate(host_rate)
        self._hand_on(self.to_host, now, self.host, host_rate)
        self._learn_rate(now)
        self._hand_on(self.to_recorder, now, self.far, self._recorder_rate if self.options.uart else None)
        for direction, sender in ((self.to_host, self.far), (self.to_recorder, self.host)):
            if sender.descriptor not in quiet:
                self._take(direction, sender, now)
        times = [self._due(now, direction) for direction in (self.to_host, self.to_recorder)]
        times += [d.pacing.end() - AHEAD // 2 for d in (self.to_host, self.to_recorder) if d.more]
        times.append(self._over if self._over is not None else self._next_break())
        return min((at for at in times if at is not None), default=None)

    def _faults(self, direction: str) -> Faults:
        options = self.options
        return Faults(options.seed, direction, options.errors, options.drop, options.insert)

    def _take(self, direction: Direction, sender: End, now: int) -> None:
        """Reads ahead from the sender."""
        direction.more = False
        while sender.descriptor is not None and not self._held(direction):
            room = direction.room(now)
            if room <= 0:
                direction.more = True
                return
            data = _read(sender.descriptor, room)
            if data is None:
                raise OSError(errno.EIO, "is gone")
            if not data:
                return
            self.changed = True
            idle = direction.take(self.lateness.there_since(now, direction.pacing.end()), data)
            self.lateness.found(idle)
            if len(data) < min(room, _FULL):
                return

    def _held(self, direction: Direction) -> bool:
        """Whether flow control keeps the sender waiting."""
        return len(direction.pending) > (self.options.buffer if direction is self.to_host else 0)

    def _hand_on(self, direction: Direction, now: int, receiver: End, heard: int | None) -> None:
        data = direction.advance(now, heard)
        if not data and not direction.pending:
            return
        self.changed = True
        if receiver.descriptor is None:
            direction.cut += len(data) + len(direction.pending)
            direction.pending.clear()
            return
        direction.pending += data
        offered = len(direction.pending)
        if direction is self.to_recorder and self.options.overrun:
            offered = min(offered, max(0, self.options.overrun - (receiver.unread() or 0)))
        written = _write(receiver.descriptor, memoryview(direction.pending)[:offered])
        direction.delivered += written
        del direction.pending[:written]
        kept = self.options.buffer
        if direction is self.to_recorder:
            kept = 0 if self.options.overrun else kept
        if not self.options.flow_control and len(direction.pending) > kept:
            direction.overrun += len(direction.pending) - kept
            del direction.pending[kept:]

    def _due(self, now: int, direction: Direction) -> int | None:
        following = direction.pacing.next_out(direction.out)
        if following is None:
            return None
        quantum = self._quantum
        if direction is self.to_recorder and self.options.overrun:
            # What comes together must not be what fills the buffer.
            quantum = min(quantum, self.options.overrun * BITS * SECOND // direction.rate // 4)
        return max(following, min(direction.pacing.all_out(), now + quantum))

    def _wanted(self, now: int, due: int | None) -> tuple[list[int], list[int]]:
        """Descriptors whose readiness matters before `due`."""
        readers = [self.rates] if self.rates is not None else []
        writers: list[int] = []
        for direction, sender, receiver in (
            (self.to_host, self.far, self.host),
            (self.to_recorder, self.host, self.far),
        ):
            runs_dry = due is None or direction.pacing.end() <= due
            if sender.descriptor is not None and runs_dry and not direction.more and not self._held(direction):
                readers.append(sender.descriptor)
            if direction.pending and receiver.descriptor is not None:
                writers.append(receiver.descriptor)
        return readers, writers

    def _next_break(self) -> int | None:
        """When the next failure begins, if that is known."""
        if not self._breaks:
            return None
        after = self._breaks[0][0]
        return self._now if after <= self.to_host.out else self.to_host.pacing.when(after)

    def _befall(self, now: int) -> None:
        """Failures of the line that begin or end by now."""
        while True:
            at = self._over if self._over is not None else self._next_break()
            if at is None or at > now:
                return
            _, milliseconds, unplugged = self._breaks[0]
            if self._over is None:
                self._over = at + milliseconds * MS
                self.to_host.fail(at)
                self.to_recorder.fail(at)
                if unplugged:
                    self.host.unplug()
                    self.unplugs += 1
                else:
                    self.cuts += 1
            else:
                self._over = None
                self._breaks.pop(0)
                self.to_host.recover(at)
                self.to_recorder.recover(at)
                if unplugged:
                    self.host.plug()

    def _follow_rates(self) -> None:
        """What the recorder told: pairs of rate and bytes written before it, four bytes each, little-endian."""
        if self.rates is None:
            return
        told = _read(self.rates, 4096)
        if told is None:
            self.rates = None  # the recorder is gone
            return
        for at in range(0, len(told) - 7, 8):
            rate = int.from_bytes(told[at : at + 4], "little")
            written = int.from_bytes(told[at + 4 : at + 8], "little")
            total = self.to_host.pacing.total
            index = total + ((written - total + (1 << 31)) % (1 << 32) - (1 << 31))
            self.to_host.set_rate(rate, index)
            self._next_rate = (index, rate)

    def _learn_rate(self, now: int) -> None:
        """The recorder's receiver changes once what it sent before has left."""
        if self._next_rate is not None and self.to_host.pacing.ended(now) >= self._next_rate[0]:
            self._recorder_rate = self._next_rate[1]
            self._next_rate = None


def _read(descriptor: int, count: int) -> bytes | None:
    """What is there; None when nothing ever will be."""
    try:
        return os.read(descriptor, count) or None
    except BlockingIOError:
        return b""


def _write(descriptor: int, data: memoryview) -> int:
    try:
        return os.write(descriptor, data) if len(data) else 0
    except BlockingIOError:
        return 0

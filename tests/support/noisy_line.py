"""A line in virtual time between the real agent in `board.World` and the real host: rate, latency and every fault.

Nothing waits: while a host waits for bytes, the recorder takes its steps and the line carries what they wrote. All
faults follow from one seed and lie at byte positions, so that a seed can be repeated.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from support.board import World

from evidock.errors import LineLost, PortError

HANG_MS = 3 * 60 * 60 * 1000  # virtual time that one opening of the port may take
IDLE_MS = 5  # after which a recorder looks at its line when nothing is on it
IDLE_MORE_MS = 15  # the most that it may be late
UART = 256  # bytes that wait unread in a plain UART; what comes on top of them is lost
BANNERS = (
    b"rst:0x1 (POWERON_RESET),boot:0x13\r\nload:0x3fff0018,len:4\r\n",
    b"\r\nMicroPython v1.28.0; Raspberry Pi Pico with RP2040\r\nType \"help()\" for more information.\r\n>>> ",
    b"\x00\x00\xff\xfe\x80\x00",
    b"Traceback (most recent call last):\r\n",
)  # fmt: skip


class HostCrash(BaseException):
    """The host's process ends here, whatever it was doing."""


class Event(NamedTuple):
    """Something that happens once so many bytes have left the recorder on this line."""

    at: int
    kind: str
    """"stall" (nothing moves), "cut" (what moves is lost), "unplug" (the port goes), "reboot" (the recorder's power
    goes), "crash" (the host's process ends), "text" (somebody prints on the line)."""
    milliseconds: int = 0


class Faults(NamedTuple):
    """What a line is like. `bits` is a probability per bit, the other three are per byte."""

    rate: int = 1_000_000
    """Bytes a second, each way."""
    latency: int = 1
    """Milliseconds, each way."""
    bits: float = 0.0
    dropped: float = 0.0
    inserted: float = 0.0
    doubled: float = 0.0
    overrun: bool = False
    """Whether the recorder's end is a plain UART."""
    slow: int = 0
    """Milliseconds that the recorder takes besides for what it reads at once."""
    events: tuple[Event, ...] = ()


class Carrier:
    """One direction: bytes at the line's rate, faults at places drawn beforehand, arrival after the latency."""

    def __init__(self, faults: Faults, source: random.Random):
        self.faults = faults
        self.carried = 0
        self.waiting = bytearray()  # written and not yet on the line
        self._random = source
        self._chances = (8 * faults.bits, faults.dropped, faults.inserted, faults.doubled)
        self._next = self._gap()
        self._room = 0.0  # bytes that the line could take besides
        self._under_way: deque[tuple[int, bytes]] = deque()

    @property
    def busy(self) -> bool:
        """Whether anything waits or is under way."""
        return bool(self.waiting or self._under_way)

    def move(self, milliseconds: int, now: int, lost: bool) -> int:
        """Carries what fits into this time; returns how many bytes left their sender."""
        self._room += milliseconds * self.faults.rate / 1000
        count = min(int(self._room), len(self.waiting))
        self._room = self._room - count if count < len(self.waiting) else min(self._room - count, 1.0)
        if count:
            data = bytes(self.waiting[:count])
            del self.waiting[:count]
            self.carried += count
            if not lost:
                self._under_way.append((now + self.faults.latency, self._spoil(data)))
        return count

    def arrived(self, now: int) -> bytes:
        """What has reached the other end."""
        found = bytearray()
        while self._under_way and self._under_way[0][0] <= now:
            found += self._under_way.popleft()[1]
        return bytes(found)

    def interject(self, now: int, text: bytes) -> None:
        """Puts bytes on the line that nobody here wrote."""
        self._under_way.append((now + self.faults.latency, text))

    def lose(self) -> None:
        """All that is under way or waits is gone."""
        self.waiting.clear()
        self._under_way.clear()

    def _gap(self) -> float:
        chance = sum(self._chances)
        return self._random.expovariate(chance) if chance else float("inf")

    def _spoil(self, data: bytes) -> bytes:
        if self._next >= len(data):
            self._next -= len(data)
            return data
        spoilt, at = bytearray(), 0
        while self._next < len(data) - at:
            place = at + int(self._next)
            spoilt += data[at:place]
            fault = self._random.choices("bdix", self._chances)[0]
            if fault == "b":
                spoilt.append(data[place] ^ 1 << self._random.randrange(8))
            elif fault == "i":
                spoilt += bytes((self._random.randrange(256), data[place]))
            elif fault == "x":
                spoilt += data[place : place + 1] * 2
            at = place + 1
            self._next = self._gap()
        self._next -= len(data) - at
        return bytes(spoilt + data[at:])


class NoisyLine:
    """The line; `open` gives a host its end, which is a `transport.Line`. `fault_free` mends it for good."""

    def __init__(self, world: World, faults: Faults, seed: int):
        self.world = world
        self.written: Callable[[bytes], None] = lambda _data: None  # sees what the host writes, before any fault
        self.happened: list[str] = []
        source = random.Random(seed)
        self._source = source
        self._events = deque(sorted(faults.events))
        self._faults = faults
        self._down = Carrier(faults, source)  # towards the host
        self._up = Carrier(faults, source)
        self._opened = 0  # how often; an end of an earlier opening is dead
        self._stalled = self._silent = self._away = self._dark = 0  # until when, in milliseconds
        self._crashed = False

    @property
    def now(self) -> int:
        """Virtual milliseconds."""
        return self.world.clock.now

    @property
    def carried(self) -> int:
        """Bytes that left the recorder."""
        return self._down.carried

    def monotonic(self) -> float:
        """The host's clock, in seconds."""
        return self.now / 1000

    def open(self) -> NoisyPort:
        """The port, opened (again). Raises PortError while it is unplugged."""
        if self.now < self._away:
            raise PortError("no_port", port="noisy")
        self._opened += 1
        self._crashed = False
        return NoisyPort(self, self._opened)

    def fault_free(self) -> None:
        """A clean, quick line from here on, and a recorder that has power."""
        self._events.clear()
        self._stalled = self._silent = self._away = 0
        for carrier in (self._down, self._up):
            carrier.lose()
        self._faults = Faults()
        self._down, self._up = Carrier(self._faults, self._source), Carrier(self._faults, self._source)
        while self.world.agent is None:
            self.step()

    def wait(self, seconds: float) -> None:
        """Time in which the host does nothing."""
        end = self.now + max(1, round(seconds * 1000))
        while self.now < end:
            self.step()

    def step(self) -> None:
        """One step of the recorder, and of the line in the time that it took."""
        world, before = self.world, self.now
        if world.agent is not None:
            asked = bool(world.link.to_recorder)
            world.step()
            if asked and not world.link.to_recorder:
                world.clock.now += self._faults.slow
        else:
            world.clock.now += 1
            if self.now >= self._dark:
                world.boot()
        link = world.link
        if self.now - before >= IDLE_MS and not (link.to_host or link.to_recorder or self._down.busy or self._up.busy):
            world.clock.now += IDLE_MORE_MS  # it would look in vain
        passed = self.now - before
        if not passed or self.now < self._stalled:
            return
        self._down.waiting += link.to_host
        link.to_host = bytearray()
        lost = self.now < self._silent or self.now < self._away
        self._down.move(passed, self.now, lost)
        self._up.move(passed, self.now, lost)
        arrived = self._up.arrived(self.now)
        if arrived and world.agent is not None:
            room = max(0, UART - len(link.to_recorder)) if self._faults.overrun else len(arrived)
            link.to_recorder += arrived[:room]
        while self._events and self._events[0].at <= self._down.carried:
            self._happen(self._events.popleft())

    def send(self, data: bytes) -> None:
        """Takes what the host writes."""
        self.written(data)
        self._up.waiting += data

    def receive(self, milliseconds: int) -> bytes:
        """What reaches the host within a time, as soon as anything does."""
        end = self.now + milliseconds
        while not (data := self._down.arrived(self.now)) and self.now < end and self.now >= self._away:
            if self._crashed:
                break
            self.step()
        return data

    def check(self, opening: int) -> None:
        """Raises what the end of that opening meets now."""
        if self._crashed:
            raise HostCrash
        if opening != self._opened or self.now < self._away:
            raise LineLost("line_lost", port="noisy")

    def _happen(self, event: Event) -> None:
        self.happened.append(f"{event.kind} {event.milliseconds} ms at {event.at}")
        until = self.now + event.milliseconds
        if event.kind == "stall":
            self._stalled = until
        elif event.kind == "cut":
            self._silent = until
        elif event.kind == "unplug":
            self._away = until
            self._opened += 1
            self._down.lose()
            self._up.lose()
        elif event.kind == "reboot":
            self._down.lose()
            self.world.cut()
            self._dark = until
            self._down.interject(self.now, self._source.choice(BANNERS))
        elif event.kind == "crash":
            self._crashed = True
        else:
            self._down.interject(self.now, self._source.choice(BANNERS))


class NoisyPort:
    """The host's end of one opening. Every call may raise LineLost or HostCrash."""

    def __init__(self, line: NoisyLine, opening: int):
        self.closed = False
        self._line = line
        self._opening = opening
        self._hang = line.now + HANG_MS

    def read(self, seconds: float) -> bytes:
        """What has arrived, waiting at most `seconds` for the first byte."""
        self._line.check(self._opening)
        assert self._line.now < self._hang, "it never ends"
        data = self._line.receive(max(1, round(seconds * 1000)))
        if not data:
            self._line.check(self._opening)
        return data

    def write(self, data: bytes | memoryview) -> None:
        """Sends all of `data`."""
        self._line.check(self._opening)
        self._line.send(bytes(data))

    def close(self) -> None:
        """Lets go of the port."""
        self.closed = True


def drawn(seed: int) -> Faults:
    """The faults of a seed: rate, latency, noise and a few events, none of them in every line."""
    source = random.Random(f"line {seed}")
    kinds = ("stall", "cut", "unplug", "unplug", "reboot", "crash", "crash", "text")
    events: list[Event] = []
    for _ in range(source.choice((0, 1, 1, 2, 3, 5))):
        # Before, or amid the media of the first docking, or anywhere.
        amid = source.randrange(10_000, 100_000)
        at = source.choice((source.randrange(3000), source.randrange(10_000), amid, amid, source.randrange(300_000)))
        lasts = source.choice((1, 30, 200, 1000, 3000, source.randrange(20_000)))
        events.append(Event(at, source.choice(kinds), lasts))

    def chance(*exponents: int) -> float:
        return source.choice((0.0, 0.0, *(10.0**exponent for exponent in exponents)))

    return Faults(
        rate=source.choice((11_520, *(92_160,) * 2, *(300_000,) * 3, *(1_000_000,) * 6)),
        latency=source.choice((0, 1, 1, 16, 60)),
        bits=chance(-6, -5, -5, -4),
        dropped=chance(-6, -5, -4),
        inserted=chance(-5, -4),
        doubled=chance(-5, -4),
        overrun=source.random() < 0.3,
        slow=source.choice((0, 0, 0, 0, 10, 60)),
        events=tuple(events),
    )

"""A recorder in memory, a real store that it docks to, and the model beside them, all in one true time.

What the rig does to the world it tells the model; `outline` and `differences` compare them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from stateful.model import Model, Row, Stretch
from support.board import WALL, Medium, Sound, World
from support.docks import make_organisation

from evidock.client import Recorder
from evidock.docking import sync
from evidock.provisioning import provision
from evidock.report import Report
from evidock.store import Store
from evidock.verification import verify
from evidock_agent import signals
from evidock_protocol import codes, entry, kinds, names

RESETS = {name: number for number, name in names.RESETS}
RATE = 2000  # frames a second: a block of 4 KiB is one second
SETTLE_MS = 2_500  # within which the recorder has seen what was done to it
STEADY_MS = 6_000  # and believes a battery or a temperature
EDGE_MS = 7_000  # by which the edges of the report may differ from those of the model
EXEMPT_BUTTONS = (signals.BUTTON_EXEMPT_SECRET, signals.BUTTON_EXEMPT_PRIVACY, signals.BUTTON_EXEMPT_EMERGENCY)


class Hearing(Sound):
    """A quiet room in which somebody speaks now and then: `spoken` holds the frames from which and up to which."""

    def __init__(self, rate: int):
        super().__init__(rate)
        self.spoken: list[tuple[int, int]] = []
        self._loud = self._block
        # One part in 256 of full scale: the high byte becomes the low one, and its sign the high one.
        self._block = b"".join(bytes((high, 0xFF if high & 0x80 else 0)) for high in self._loud[1::2])

    def read(self, offset: int, buffer: memoryview) -> None:
        quiet = self._block
        first, last = offset // 2, (offset + len(buffer)) // 2
        if any(start < last and first < end for start, end in self.spoken):  # to a part of a second
            self._block = self._loud
        super().read(offset, buffer)
        self._block = quiet


class Line:
    """The world as a line of the host's client."""

    def __init__(self, world: World):
        self._world = world
        self.write = world.write

    def read(self, seconds: float) -> bytes:
        if self._world.agent is None:
            raise AssertionError("the recorder is off")
        return self._world.read(max(seconds, 0.001))  # a host that hardly waits must not wait for ever

    def monotonic(self) -> float:
        return self._world.clock.now / 1000

    def close(self) -> None:
        pass


class Rig:
    """One recorder with sound at a low rate. Times are milliseconds since it was made."""

    def __init__(self, folder: Path, settings: dict[str, int] | None = None):
        self.world = World(RATE)
        self.sound = self.world.sound = Hearing(RATE)
        self.world.settings = json.dumps(settings or {}).encode()
        self.organisation = make_organisation()
        self.folder = folder
        self.store = Store.create(folder, self.organisation, "dock", "Asia/Shanghai", self._unix_ms)
        self.media = [self.world.medium]
        self._boot(codes.RESET_POWER_ON)
        self.world.settle()
        provision(self._client(), self.store, "417", "BC-1")
        self.world.settle()
        self.world.run(SETTLE_MS)
        given = settings or {}
        self.model = Model(policy=given.get("resume", 1), wait=given.get("voice_wait", 30) * 1000)
        self.model.now = self.model._since = self.now
        self.began = self.now
        self.log: list[str] = []
        self.journal: list[entry.Entry] = []
        self._first = 0  # of the outline: what provisioning wrote is not the model's
        self._note()
        self._first = len(self.outline())

    @property
    def now(self) -> int:
        return self.world.clock.now

    def _unix_ms(self) -> int:
        return WALL + self.now

    def _boot(self, reset: int) -> None:
        self.world.boot(reset)
        assert self.world.board is not None
        self.world.board.protection = codes.PROTECTION_NONE  # a simulated one's time is tied to no host's

    def _client(self) -> Recorder:
        line = Line(self.world)
        return Recorder(line, "memory", self.store, False, line.monotonic)

    # What is done.

    def wait(self, milliseconds: int) -> None:
        """Time passes; long idle time is jumped over."""
        world, model = self.world, self.model
        end = self.now + milliseconds
        while self.now < end:
            if world.agent is None:
                world.clock.now = end
            elif milliseconds > 120_000 and model.recording is None and not world.agent._jobs:
                world.clock.now = max(self.now, min(end - 5_000, self.now + 3_600_000))
                world.run(min(2_000, end - self.now))
            else:
                world.run(end - self.now)
        model.passes(self.now)
        self._note()

    def speak(self) -> None:
        """Somebody speaks for three seconds, after two quiet ones."""
        self.wait(2_000)
        model = self.model
        if model.recording is None or self.now - model.recording.began > model.wait - 8_000:
            return
        start = self._frame()
        self.sound.spoken.append((start, start + 3 * RATE))
        self.world.run(8_000)
        model.passes(self.now, spoken=model.awaited is not None)
        self._note()

    def _frame(self) -> int:
        """Of the source, as the microphone counts them: from the beginning of this recording."""
        board = self.world.board
        assert board is not None
        return board.capture._first + (self.now - board.capture._started) * RATE // 1000

    def record(self) -> None:
        """The record button."""
        if self.model.on:
            self.model.passes(self.now)
            self.model.record()
            self.world.press(signals.BUTTON_RECORD)
            self._settle()

    def mark(self) -> None:
        """The mark button."""
        if self.model.on:
            self.world.press(signals.BUTTON_MARK)
            self._settle()

    def switch_off(self) -> None:
        """The off button."""
        if self.model.on:
            self.model.passes(self.now)
            self.model.switch_off()
            self.world.press(signals.BUTTON_OFF)
            self._settle()

    def switch_on(self) -> None:
        """Somebody charges it and switches it on."""
        if not self.model.on:
            self.charge()
            self.model.passes(self.now)
            self.model.boot()
            self._boot(codes.RESET_POWER_ON)
            self._settle()

    def power(self, milliseconds: int, reset: str) -> None:
        """Power goes, and comes back."""
        if self.model.on:
            self.model.passes(self.now)
            self._note()
            self.world.cut()
            self.world.clock.now += milliseconds
            self.model.power(milliseconds, reset)
            self._boot(RESETS[reset])
            self._settle()

    def card_out(self) -> None:
        """Somebody pulls the card."""
        world = self.world
        if world.medium is not None:
            self.model.passes(self.now)
            self.model.card_out()
            world.medium.lose()
            world.medium = None
            self._settle()

    def card_in(self) -> None:
        """Somebody puts the card back."""
        if self.world.medium is None:
            self.model.passes(self.now)
            self.model.card_in(1 + self.media.index(self.media[-1]))
            self.world.medium = self.media[-1]
            self._settle()

    def other_card(self) -> None:
        """Somebody puts in another card. What only the first holds stays pending."""
        if self.world.medium is None:
            self.media.append(Medium())
            self.card_in()

    def heat(self) -> None:
        self.model.passes(self.now)
        self.world.temperature = 900
        self.model.heat()
        self._settle(STEADY_MS)

    def cool(self) -> None:
        self.model.passes(self.now)
        self.world.temperature = 215
        self.model.cool()
        self._settle()

    def drain(self, percent: int) -> None:
        self.model.passes(self.now)
        self.world.battery = percent
        self.model.drain(percent)
        self._settle(STEADY_MS)

    def charge(self) -> None:
        self.world.battery = self.model.battery = 80

    def dock(self) -> None:
        if self.model.docked:
            return
        self.model.passes(self.now)
        self.world.docked = True
        self.model.dock()
        self._settle()

    def undock(self) -> None:
        self.model.passes(self.now)
        self.world.docked = False
        self.model.undock()
        self._settle(STEADY_MS)

    def excuse(self, number: int) -> None:
        """The button of an exempt class."""
        if self.model.on and not self.model.exempt:
            self.model.passes(self.now)
            self.model.excuse(number)
            self.world.press(EXEMPT_BUTTONS[number - 1])
            self._settle()

    def synchronise(self) -> None:
        """A host docks and pulls; whatever runs goes on."""
        if self.model.on:
            with self._client() as client:
                sync(client, self.store)
            self.model.passes(self.now)
            self._settle()

    def _settle(self, milliseconds: int = SETTLE_MS) -> None:
        if self.model.hot or self.model.battery <= 5:
            milliseconds = STEADY_MS
        if self.world.agent is not None:
            self.world.settle()
            self.world.run(milliseconds)
            self.world.settle() if self.world.agent is not None else None
        self.model.passes(self.now)
        self._note()

    # What came of it.

    def _note(self) -> None:
        """Takes in new entries, before the ring lets go of them."""
        agent = self.world.agent
        if agent is None or not agent.provisioned:
            return
        journal = agent.journal
        for sequence in range(len(self.journal), journal.size):
            self.journal.append(entry.parse(journal.raw(sequence)))

    def outline(self) -> list[Row]:
        """The journal in the model's words."""
        self._note()
        found: list[Row] = []
        interrupts: dict[int, int] = {}
        for one in self.journal:
            body: dict[str, Any] = one.body
            if one.kind == kinds.BOOT:
                found.append(("BOOT", names.name_of(names.RESETS, body["reset"])))
            elif one.kind == kinds.START:
                found.append(("START", names.name_of(names.START_REASONS, body["reason"])))
            elif one.kind == kinds.STOP:
                found.append(("STOP", names.name_of(names.STOP_REASONS, body["reason"])))
            elif one.kind == kinds.INTERRUPT:
                interrupts[one.sequence] = len(interrupts)
                found.append(("INTERRUPT", names.name_of(names.CAUSES, body["cause"])))
            elif one.kind == kinds.RESUME:
                found.append(("RESUME", interrupts[body["interrupt"]], body["voice_first"] is not None))
            elif one.kind == kinds.EXEMPT:
                found.append(("EXEMPT", body["class"], body["begins"]))
            elif one.kind == kinds.MEDIUM:
                found.append(("MEDIUM", body["new"] is not None))
            elif one.kind == kinds.OFF:
                found.append(("OFF", names.name_of(names.OFF_REASONS, body["reason"])))
            elif one.kind == kinds.CHECK:
                found.append(("CHECK",))
        return found[self._first :]

    def report(self) -> Report:
        """Stops it, docks it with each card in turn, and verifies the store."""
        if not self.model.on:
            self.switch_on()
        self.cool()
        self.charge()
        if self.model.recording is not None:
            self.record()
        self.wait(3_000)
        for medium in self.media:
            self.card_out()
            self.media.append(medium)
            self.card_in()
            self.media.pop()
            if self.model.recording is not None:
                self.record()
            self.synchronise()
        self.store.close()
        pin = self.organisation.key.public.hex()
        return verify(self.folder, trust=[pin])

    def expected(self) -> list[Row]:
        """The outline that the model has."""
        return self.model.outline

    def differences(self, report: Report) -> list[str]:
        """Where the report's spans differ from the model's, away from their edges."""
        model = self.model
        model.passes(self.now)
        spans = [span for span in report.coverage.spans]
        found: list[str] = []
        for one in model.stretches:
            for at in _moments(one):
                time = (WALL + at) / 1000
                here = next((span for span in spans if span.start <= time < span.end), None)
                said = (None, None) if here is None else (here.state.value, here.cause)
                if said[0] not in one.states or (one.cause is not None and said[1] != one.cause):
                    wanted = "/".join(sorted(one.states))
                    found.append(f"{(at - self.began) / 1000:.1f} s: {said}, expected {wanted} {one.cause or ''}")
        return found

    def spoken(self) -> list[str]:
        """The causes of what broke off and whose reason was spoken, in order, as the model has it."""
        return [one.cause for one in self.model.breaks if one.spoken]


def _moments(one: Stretch) -> list[int]:
    """Moments inside a stretch, away from its edges."""
    first, last = one.start + EDGE_MS, one.end - EDGE_MS
    return [first + (last - first) * part // 4 for part in range(5)] if last > first else []


# What people and the world do to a recorder, and how often: (weight, name, what).
def _table() -> dict[str, tuple[int, Callable[[Rig], None]]]:
    resets = {
        f"power_{reset}_{seconds}": (1, partial(Rig.power, milliseconds=seconds * 1000, reset=reset))
        for reset, seconds in (
            ("power_on", 1), ("power_on", 3600), ("watchdog", 1), ("brown_out", 20), ("software", 1), ("unknown", 20)
        )
    }  # fmt: skip
    return {
        "record": (12, Rig.record),
        "mark": (3, Rig.mark),
        "speak": (6, Rig.speak),
        "switch_off": (2, Rig.switch_off),
        "switch_on": (10, Rig.switch_on),
        "card_out": (3, Rig.card_out),
        "card_in": (5, Rig.card_in),
        "other_card": (2, Rig.other_card),
        "heat": (3, Rig.heat),
        "cool": (4, Rig.cool),
        "drain_12": (1, partial(Rig.drain, percent=12)),
        "drain_4": (2, partial(Rig.drain, percent=4)),
        "drain_1": (1, partial(Rig.drain, percent=1)),
        "charge": (4, Rig.charge),
        "dock": (2, Rig.dock),
        "undock": (5, Rig.undock),
        "exempt_1": (1, partial(Rig.excuse, number=1)),
        "exempt_3": (1, partial(Rig.excuse, number=3)),
        "synchronise": (3, Rig.synchronise),
        **resets,
    }


ACTIONS = _table()
WAITS = (2, 5, 15, 40, 70, 70, 3600, 9 * 3600)  # s; the long ones only while nothing records


def perform(rig: Rig, name: str, wait: int) -> None:
    """One action, and the time after it."""
    rig.log.append(f"{(rig.now - rig.began) / 1000:.1f} s: {name}, {wait}")
    ACTIONS[name][1](rig)
    rig.wait((wait if rig.model.recording is None else min(wait, 70)) * 1000)

"""A recorder in memory, a real store that it docks to, and the model beside them, all in one true time.

What the rig does to the world it tells the model; `comparing` says where they differ.
"""

from __future__ import annotations

import json
from pathlib import Path

from support.board import WALL, Medium, World
from support.docks import make_organisation

from evidock.client import Recorder
from evidock.docking import sync
from evidock.provisioning import provision
from evidock.report import Report
from evidock.store import Store
from evidock.verification import verify
from evidock_agent import signals
from evidock_protocol import codes, entry, names
from stateful.comparing import in_words
from stateful.hearing import Hearing, Line
from stateful.model import Model, Row

RESETS = {name: number for number, name in names.RESETS}
RATE = 2000  # frames a second: a block of 4 KiB is one second
SETTLE_MS = 2_500  # within which the recorder has seen what was done to it
STEADY_MS = 6_000  # and believes a battery or a temperature
EXEMPT_BUTTONS = (signals.BUTTON_EXEMPT_SECRET, signals.BUTTON_EXEMPT_PRIVACY, signals.BUTTON_EXEMPT_EMERGENCY)


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
        self.dated = {0}  # boots that a clock or a host gave a time
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
            self._note_clock()
            self._settle()

    def power(self, milliseconds: int, reset: str, clock: bool = True) -> None:
        """Power goes, and comes back; without `clock`, the time is lost with it."""
        if self.model.on:
            self.model.passes(self.now)
            self._note()
            self.world.cut()
            self.world.clock.now += milliseconds
            if not clock:
                self.world.clock.wall = None
            self.model.power(milliseconds, reset)
            self._boot(RESETS[reset])
            self._note_clock()
            self._settle()

    def _note_clock(self) -> None:
        if self.world.clock.wall is not None:
            self.dated.add(self.model.boots)

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

    def _outlast(self) -> None:
        """Lets a recording that policy began get past the ten seconds: what takes three looks might end it on either
        side of them.
        """
        running = self.model.recording
        if running is not None and running.by_policy and self.now - running.began < 12_000:
            self.wait(12_000)

    def heat(self) -> None:
        self._outlast()
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
        self._outlast()
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
            self.dated.add(self.model.boots)

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
        """The journal in the model's words, without what provisioning wrote."""
        self._note()
        return in_words(self.journal)[self._first :]

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

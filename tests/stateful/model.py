"""What must be on the timeline, told by the rules of SPECIFICATION.md "Interruptions" alone: no code of the agent's or
the host's is asked.

The model follows what happens to a recorder, in true time, and keeps two things: the outline of the journal (kinds and
what matters of them, without EPOCH, SEGMENT, HOST, CLOCK and FAULT) and how each moment must stand in the report.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Row = tuple[Any, ...]

SHORT_RESETS = ("watchdog", "brown_out", "software")
CAUSES = {
    "power_on": "power_lost",
    "watchdog": "watchdog",
    "brown_out": "brown_out",
    "software": "unknown",
    "unknown": "unknown",
}
TECHNICAL = ("power_lost", "watchdog", "brown_out", "battery_low", "storage_full", "thermal", "medium_swapped")
WAITING = ("storage_full", "thermal", "medium_swapped")  # causes that may end while it stands by
SEGMENT_MS = 60_000
SHORTEST_MS = 10_000  # of a recording that policy began, to be gone on with by policy


@dataclass
class Recording:
    """The recording that runs: when it began (ms, true time), and how."""

    began: int
    by_policy: bool
    low: bool  # the battery was at or below battery_stop already


@dataclass
class Break:
    """A recording that broke off: why, when, and what became of it."""

    cause: str
    at: int
    number: int  # of the INTERRUPT in the outline, counted from 0
    goes_on: bool  # by policy, once its cause is gone
    stays: bool = False  # it was in the dock, then or since the last boot
    resumed: int | None = None
    spoken: bool = False


@dataclass
class Stretch:
    """From `start` to `end` (ms, true time) the report must say one of `states`, and `cause` where one is named."""

    start: int
    end: int
    states: frozenset[str]
    cause: str | None
    boot: int


@dataclass
class Model:
    """One recorder. `policy` is its setting `resume`, `wait` is `voice_wait` in ms."""

    now: int = 0
    policy: int = 1
    wait: int = 30_000
    on: bool = True
    card: int = 1  # which one is in; 0 for none
    known: int = 1  # the one that the journal says is in
    hot: bool = False
    docked: bool = False
    battery: int = 80
    exempt: int = 0
    recording: Recording | None = None
    outline: list[Row] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    pending: Break | None = None  # what the next START goes on with
    awaited: Break | None = None  # what the recording that runs waits to hear the reason of
    stretches: list[Stretch] = field(default_factory=list)
    boots: int = 0
    _since: int = 0

    # Time.

    def passes(self, now: int, spoken: bool = False) -> None:
        """Time passes up to `now`; with `spoken` somebody says why it broke off."""
        self.now = now
        if self.awaited is not None and self.recording is not None:
            if spoken:
                self._resume(True)
            elif now - self.recording.began >= self.wait:
                self._resume(False)

    def _stands(self, *states: str, cause: str | None = None, until: int | None = None) -> None:
        """All since the last call stood like this."""
        end = self.now if until is None else until
        if end > self._since:
            self.stretches.append(Stretch(self._since, end, frozenset(states), cause, self.boots))
            self._since = end

    def _stood_by(self) -> None:
        if self.exempt:
            self._stands("exempt")
        else:
            self._stands("declared")

    # What is done to it.

    def record(self) -> None:
        """The record button, of a recorder that is on."""
        if self.recording is not None:
            self._end("button")
            self.pending = None
        else:
            self._start("button")

    def switch_off(self) -> None:
        """The off button."""
        self.pending = None
        if self.recording is not None:
            self._end("power_off")
        self._off("button")

    def power(self, seconds_ms: int, reset: str) -> None:
        """Power goes now, and comes back after so many milliseconds with this reset cause."""
        recording, at = self.recording, self.now
        if recording is not None:
            self._lost_power(recording)
        elif self.exempt:  # from its last entry on, nobody knows when power went
            self._stands("exempt", "declared")
        else:
            self._stood_by()
        self.exempt = 0
        self.now += seconds_ms
        # What broke off before, and did not go on, is the cause of all the time until it does.
        cause = CAUSES[reset] if recording is not None else None if self._is_broken else "power_lost"
        self._stands("declared", cause=cause)
        self._boots(reset)
        if recording is not None:
            short = reset in SHORT_RESETS
            self._before_end()
            self._broke_off(CAUSES[reset], recording, at, self.policy == 2 or (self.policy == 1 and short))
            self.outline.append(("STOP", "interrupted"))
        self._go_on()
        self.outline.append(("CHECK",))

    @property
    def _is_broken(self) -> bool:
        return bool(self.breaks) and self.breaks[-1].resumed is None

    def boot(self) -> None:
        """A recorder that is off is switched on."""
        self._stands("declared", cause=None if self._is_broken else "off")
        self._boots("power_on")
        self._go_on()
        self.outline.append(("CHECK",))

    def card_out(self) -> None:
        """Somebody pulls the card."""
        self.card = 0
        if not self.on:
            return
        self.known = 0
        if self.recording is not None:
            self._fail_card(self.recording)
        self.outline.append(("MEDIUM", False))

    def card_in(self, number: int = 1) -> None:
        """Somebody puts the card of that number in."""
        self.card = number
        if not self.on:
            return
        self.known = number
        self.outline.append(("MEDIUM", True))
        self._go_on()

    def heat(self) -> None:
        """It becomes too hot."""
        self.hot = True
        if self.on and self.recording is not None:
            self._orderly("thermal", "thermal")

    def cool(self) -> None:
        """It has cooled down."""
        self.hot = False
        if self.on:
            self._go_on()

    def drain(self, percent: int) -> None:
        """The battery falls to so much: below 5 an orderly stop, below 2 it switches itself off."""
        self.battery = percent
        if not self.on:
            return
        recording = self.recording
        if recording is not None and percent <= 5 and (not recording.low or (percent <= 2 and not self.docked)):
            self._orderly("battery_low", "battery_low", goes_on=False)
        if percent <= 2 and not self.docked:
            self._off("battery_low")

    def dock(self) -> None:
        """The dock contact closes."""
        self.docked = True
        if self.pending is not None:
            self.pending.stays = True
        if self.on and self.recording is not None:
            self._orderly("docked", "docked", goes_on=False)

    def undock(self) -> None:
        """It opens."""
        self.docked = False
        if self.on and self.battery <= 2:
            if self.recording is not None:
                self._orderly("battery_low", "battery_low", goes_on=False)
            self._off("battery_low")

    def excuse(self, number: int) -> None:
        """The button of a class of lawful non-recording."""
        running = self.recording
        if running is not None:
            self._stands("recorded", "recovered")
        else:
            self._stood_by()
        self.outline.append(("EXEMPT", number, True))
        if running is not None:
            self._before_end()
            self.outline.append(("STOP", "exempt"))
            self.recording = None
            self.pending = None
        if self.pending is not None:
            self.pending.goes_on = False
        self.exempt = number

    # What follows from it.

    def _boots(self, reset: str) -> None:
        self.outline.append(("BOOT", reset))
        self.boots += 1
        self.on = True
        if self.pending is not None:
            self.pending.goes_on = self.pending.goes_on and self.pending.cause in WAITING
            self.pending.stays = self.docked
        if self.card != self.known:
            self.outline.append(("MEDIUM", self.card > 0))
            self.known = self.card

    def _start(self, reason: str) -> None:
        self._stood_by()
        if self.exempt:
            self.outline.append(("EXEMPT", self.exempt, False))
            self.exempt = 0
        self.outline.append(("START", reason))
        self.recording = Recording(self.now, reason == "policy", self.battery <= 5)
        self.awaited, self.pending = self.pending, None
        if self._is_broken:  # also when an officer's stop came between, and no reason is awaited
            self.breaks[-1].resumed = self.now
        if self.awaited is not None and not self.wait:
            self._resume(False)
        if not self.card:
            self._fail_card(self.recording)
        elif self.hot:
            self._orderly("thermal", "thermal")

    def _resume(self, spoken: bool) -> None:
        assert self.awaited is not None
        self.awaited.spoken = spoken
        self.outline.append(("RESUME", self.awaited.number, spoken))
        self.awaited = None

    def _before_end(self) -> None:
        if self.awaited is not None and self.recording is not None:
            self._resume(False)

    def _end(self, reason: str) -> None:
        self._before_end()
        self._stands("recorded", "recovered")
        self.outline.append(("STOP", reason))
        self.recording = None

    def _orderly(self, cause: str, reason: str, goes_on: bool = True) -> None:
        recording = self.recording
        assert recording is not None
        self._before_end()
        self._stands("recorded", "recovered")
        self._broke_off(cause, recording, self.now, goes_on and self.policy > 0)
        self.outline.append(("STOP", reason))

    def _fail_card(self, recording: Recording) -> None:
        """What was not sealed is lost with the card: at most the open segment."""
        self._before_end()
        self._stands("recorded", until=max(recording.began, self.now - SEGMENT_MS))
        self._stands("recorded", "declared")
        self._broke_off("medium_swapped", recording, self.now, self.policy > 0)
        self.outline.append(("STOP", "fault"))

    def _lost_power(self, recording: Recording) -> None:
        """The last segment is recovered but for the last seconds, which no flush had reached."""
        self._stands("recorded", until=max(recording.began, self.now - SEGMENT_MS - 2000))
        self._stands("recorded", "recovered", until=max(recording.began, self.now - 3000))
        self._stands("recorded", "recovered", "declared", cause=None)

    def _broke_off(self, cause: str, recording: Recording, at: int, goes_on: bool) -> None:
        brief = recording.by_policy and at - recording.began < SHORTEST_MS
        number = sum(1 for row in self.outline if row[0] == "INTERRUPT")
        found = Break(cause, self.now, number, goes_on and not brief, self.docked)
        self.outline.append(("INTERRUPT", cause))
        self.breaks.append(found)
        self.pending = None if cause == "docked" else found
        self.recording = None

    def _go_on(self) -> None:
        """By policy, once the cause is gone, unless it was docked or an exemption began meanwhile."""
        one = self.pending
        gone = one is not None and (not self.hot if one.cause == "thermal" else self.card > 0)
        waits = one is not None and one.goes_on and not one.stays
        if waits and gone and self.recording is None:
            self._start("policy")

    def _off(self, reason: str) -> None:
        self._stood_by()
        self.outline.append(("OFF", reason))
        self.on = False
        self.exempt = 0
        if self.pending is not None:
            self.pending.goes_on = False

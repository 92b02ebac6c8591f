"""Follows what keeps a recorder from recording: from the entry that says so to the one with which it goes on.

Specification: "Verification of a chain", Gaps. Ends are (boot, ticks); `gap_report` places them in time.
"""

from __future__ import annotations

from evidock_protocol import codes, names

from . import causes
from .causes import Signs
from .entries import Entry
from .recording import Recording
from .stoppage import UNASKED, Instant, Sort, Stoppage

SPOKEN = 1_000  # ms of sound in a span of voice, at least
KEPT = 10_000  # stoppages of one recorder: of more, the coverage still has every second
_OF_INTEGRATORS = range(1000, 2000)
_OF_STOP = {
    codes.STOP_BATTERY_LOW: codes.CAUSE_BATTERY_LOW,
    codes.STOP_STORAGE_FULL: codes.CAUSE_STORAGE_FULL,
    codes.STOP_THERMAL: codes.CAUSE_THERMAL,
    codes.STOP_FAULT: codes.CAUSE_EQUIPMENT_FAULT,
    codes.STOP_INTERRUPTED: codes.CAUSE_UNKNOWN,
}
_BY_OFFICER = {codes.STOP_BUTTON: "operator", codes.STOP_POWER_OFF: "operator", codes.STOP_DOCKED: "docked"}


class Stoppages:
    """Those of one recorder, while its journal is read. Entries arrive in order, and hold."""

    def __init__(self) -> None:
        self.all: list[Stoppage] = []
        self.not_counted: set[tuple[str, int | None]] = set()
        """(cause, recording) of those that explain nothing: time under them is unexplained."""
        self.settings: dict[int, int] = {}
        """Settings in force that are not the default."""
        self.unsettled: set[tuple[str, int | None]] = set()
        """(cause, recording) of those that ran where a package withholds what may speak against their cause."""
        self.until: Instant = (0, 0)
        """The newest moment that is known: those without an end reach to it."""
        self._told: dict[int, Stoppage] = {}  # by the sequence of INTERRUPT
        self._pending: Stoppage | None = None  # what broke off and has not gone on
        self._officer: Stoppage | None = None  # what the officer stopped last
        self._exempt: Stoppage | None = None  # what is exempt, or was just now
        self._runs_on = False  # the recording that the exemption ends has no STOP yet
        self._answers: Stoppage | None = None  # what the running recording goes on with
        self._off: Stoppage | None = None
        self._signs = Signs()  # since the newest START
        self._reset: int | None = None  # of the boot that runs
        self._journal_full = False  # said in this boot, once for all recordings

    @property
    def standing(self) -> tuple[str, int | None] | None:
        """(cause, recording) that time without a recording stands under, or None: nothing broke off."""
        one = self._pending or self._off
        return None if one is None or one.end is not None else (one.cause, one.recording)

    def started(self, entry: Entry, recording: Recording) -> None:
        """START: what broke off, was stopped or exempt goes on."""
        here = (entry.boot, entry.ticks)
        for one in (self._pending, self._exempt, self._officer):
            if one is not None:
                one.resumed, one.resumed_at = recording.number, here
                one.end = one.end or here
        has_card = entry.body["card"] is not None
        if self._pending is not None:
            if self._pending.start[0] == entry.boot:  # a card that is in now came in this boot
                self._pending.signs.watched = self._pending.signs.watched or has_card
                self._pending.signs.medium = self._pending.signs.medium or not has_card
            self._settle(self._pending)
        self._answers = self._pending if self._pending is not None and self._pending.is_asked else None
        self._pending = self._exempt = self._officer = None
        self._signs = Signs(medium=not has_card)
        if self._journal_full:
            self._signs.faults.add(codes.FAULT_JOURNAL_FULL)

    def interrupted(self, entry: Entry, recording: Recording, start: Instant) -> None:
        """INTERRUPT of the recording that runs; what is recorded ends at `start`. The first counts."""
        if self._of(recording) is not None:
            return
        number, known = entry.number("cause"), is_cause(entry.number("cause"))
        signs = self._note_settings()
        signs.more_battery(entry.optional("battery"))
        signs.more_storage(entry.optional("storage_free"))
        signs.temperature = entry.optional("temperature")
        if start[0] != entry.boot:
            signs.reset, signs.told_reset = self._reset, entry.optional("reset")
        cause = names.name_of(names.CAUSES, number)
        sort = Sort.OFFICER if cause == "docked" else Sort.BROKEN
        one = Stoppage(sort, cause, number if known else None, recording.number, start, signs, entry.ticks)
        if not known:
            one.says = causes.NOT_KNOWN
        self._begin(one)
        if self._exempt is not None and self._exempt.recording == recording.number:  # that is why nothing is recorded
            self._exempt.start, one.end = start, start
        if len(self._told) >= KEPT:
            del self._told[next(iter(self._told))]
        self._told[entry.sequence] = one

    def stopped(self, entry: Entry, recording: Recording, start: Instant) -> None:
        """STOP of the recording that runs; what is recorded ends at `start`."""
        self.ended()
        self._runs_on = False
        one = self._of(recording)
        if one is None and self._exempt is not None and self._exempt.recording == recording.number:
            self._exempt.start = start  # whatever ended it: the exemption is why nothing is recorded from there on
            return
        if one is None:
            one = self._of_reason(entry, recording, start)
            if one is None:
                return
            self._begin(one)
        one.signs.more_battery(entry.optional("battery"))
        one.signs.more_storage(entry.optional("storage_free"))
        one.judge()
        if one.sort is Sort.BROKEN and one.number is not None and entry.number("reason") in _BY_OFFICER:
            one.says, one.is_settled = causes.CONTRADICTED, True  # either the officer ended it, or what INTERRUPT says
        if entry.number("reason") == codes.STOP_EXEMPT and one is self._pending and one.end is not None:
            one.given_up, self._pending = True, None  # the officer's word came after the recorder's
            self._settle(one)

    def ended(self) -> None:
        """The recording that ran ended: what it went on with has been spoken of by now, or was not."""
        if self._answers is not None:
            self._answers.silent = True
        self._answers = None

    def resumed(self, entry: Entry, recording: Recording | None) -> str | None:
        """RESUME. The name of what is wrong with it, or None."""
        one = self._told.get(entry.number("interrupt"))
        if recording is None or recording.number != entry.number("recording"):
            return "recording"
        if one is None:
            return "unknown"
        if one is not self._answers:
            return "not_asked" if one.cause in UNASKED else "another"
        first, last = entry.optional("voice_first"), entry.optional("voice_last")
        self._answers = None
        one.silent = True
        if first is None or last is None:
            return None
        boot, began = one.resumed_at or (entry.boot, 0)
        if boot != entry.boot or not began <= first <= last <= entry.ticks:
            return "voice"
        if last - first < SPOKEN or codes.TRACK_SOUND not in recording.declared:
            return "voice"
        one.silent, one.voice = False, (boot, first, last)
        return None

    def exempted(self, entry: Entry) -> None:
        """EXEMPT begins or ends."""
        here = (entry.boot, entry.ticks)
        if self._exempt is not None:
            self._exempt.end = self._exempt.end or here
        if entry.body["begins"] is not True:
            return
        if self._pending is not None:
            self._pending.end = self._pending.end or here
        self._officer = None
        cause = names.name_of(names.EXEMPT_CLASSES, entry.number("class"))
        self._exempt = Stoppage(Sort.EXEMPT, cause, None, entry.optional("recording"), here)
        if not is_exempt_class(entry.number("class")):
            self._exempt.says = causes.NOT_KNOWN
        self._runs_on = self._exempt.recording is not None
        self._exempt.approved = codes.LABEL_APPROVER in entry.private
        self._keep(self._exempt)

    def switched_off(self, entry: Entry) -> None:
        """OFF: the officer ends what was pending; what the recorder does by itself belongs to it."""
        here = (entry.boot, entry.ticks)
        if self._exempt is not None:
            self._exempt.end, self._exempt = self._exempt.end or here, None
        one, by_itself = self._pending, entry.number("reason") == codes.OFF_BATTERY_LOW
        if one is not None and not by_itself:
            one.end, one.given_up, self._pending = one.end or here, True, None
            self._settle(one)
        elif one is not None and one.number == codes.CAUSE_BATTERY_LOW:
            one.signs.more_battery(entry.optional("battery"))
        elif one is None and by_itself:
            signs = Signs(entry.optional("battery"), settings=dict(self.settings))
            off = Stoppage(Sort.SWITCHED_OFF, "battery_low", codes.CAUSE_BATTERY_LOW, None, here, signs)
            off.judge()
            if off.says == causes.CONTRADICTED:
                self._off = off
                self._keep(off)
                self._settle(off)

    def booted(self, entry: Entry) -> None:
        """BOOT ends an exemption whose end was not said; settings are told anew."""
        self.settings = {}
        self._reset = entry.number("reset")
        self._journal_full = False
        if self._exempt is not None:
            ended = self._exempt.start if self._runs_on else self.until  # what runs on breaks off itself
            self._exempt.end, self._exempt = self._exempt.end or ended, None
        if self._off is not None:
            self._off.end, self._off = (entry.boot, entry.ticks), None

    def configured(self, entry: Entry) -> None:
        """CONFIG: a setting in force."""
        self.settings[entry.number("setting")] = entry.number("value")

    def medium(self) -> None:
        """MEDIUM: a card went or came."""
        self._signs.medium = True

    def faulted(self, what: int) -> None:
        """FAULT."""
        self._signs.faults.add(what)
        self._journal_full = self._journal_full or what == codes.FAULT_JOURNAL_FULL

    def lost_frames(self) -> None:
        """A SEGMENT that lost some."""
        self._signs.lost = True

    def reach(self, boot: int, ticks: int) -> None:
        """The journal goes on to here."""
        one = self._pending
        if one is not None and boot == one.start[0] and ticks > one.told + causes.MEDIUM_WITHIN:
            one.signs.watched = True
        self.until = (boot, ticks)

    def pass_over(self, boot: int) -> None:
        """Entries are withheld here, up to one of `boot`: what becomes of anything until then is not known."""
        if self._pending is not None:
            if self._pending.end is None:
                self.unsettled.add((self._pending.cause, self._pending.recording))
            self._settle(self._pending)
        for one in (self._pending, self._exempt, self._off):
            if one is not None:
                one.end = one.end or self.until
        self._pending = self._exempt = self._officer = self._off = self._answers = None
        self._signs = Signs()
        self._reset = None
        self._journal_full = False
        if boot != self.until[0]:
            self.settings = {}

    def finish(self) -> None:
        """The journal ends."""
        if self._pending is not None:
            self._settle(self._pending)
        self._told.clear()

    def _of(self, recording: Recording) -> Stoppage | None:
        """What the recording that runs broke off with, as INTERRUPT said."""
        for one in (self._pending, self._officer):
            if one is not None and one.recording == recording.number:
                return one
        return None

    def _of_reason(self, entry: Entry, recording: Recording, start: Instant) -> Stoppage | None:
        """What a STOP without INTERRUPT means."""
        reason = entry.number("reason")
        if reason in _BY_OFFICER:
            return Stoppage(Sort.OFFICER, _BY_OFFICER[reason], None, recording.number, start, told=entry.ticks)
        if reason == codes.STOP_EXEMPT:
            one = Stoppage(Sort.BROKEN, "exempt", None, recording.number, start, told=entry.ticks)
            one.says = causes.CONTRADICTED  # no EXEMPT says so
            return one
        number = _OF_STOP.get(reason)
        if number is None:
            if is_stop_reason(reason):
                return None
            cause = names.name_of(names.STOP_REASONS, reason)
            one = Stoppage(Sort.BROKEN, cause, None, recording.number, start, told=entry.ticks)
            one.says = causes.NOT_KNOWN
            return one
        signs = self._note_settings()
        if number == codes.CAUSE_UNKNOWN and start[0] != entry.boot:
            signs.reset = self._reset
        return Stoppage(
            Sort.BROKEN, names.name_of(names.CAUSES, number), number, recording.number, start, signs, entry.ticks
        )

    def _note_settings(self) -> Signs:
        self._signs.settings = dict(self.settings)
        return self._signs

    def _begin(self, one: Stoppage) -> None:
        one.judge()
        if one.sort is Sort.OFFICER:
            self._officer = one
        else:
            self._pending = one
        self._keep(one)

    def _keep(self, one: Stoppage) -> None:
        if len(self.all) < KEPT:
            one.is_listed = True
            self.all.append(one)

    def _settle(self, one: Stoppage) -> None:
        """Nothing more will speak of its cause. What does not count is kept however many there were before."""
        one.judge()
        if not one.counts:
            self.not_counted.add((one.cause, one.recording))
            if not one.is_listed and len(self.all) < 2 * KEPT:
                self.all.append(one)


def is_cause(number: int) -> bool:
    """Whether this version knows the cause of an INTERRUPT, or it is an integrator's."""
    return number in _OF_INTEGRATORS or any(number == known for known, *_rest in names.CAUSES)


def is_exempt_class(number: int) -> bool:
    """Whether there is such lawful non-recording (OB-12)."""
    return any(number == known for known, *_rest in names.EXEMPT_CLASSES)


def is_stop_reason(number: int) -> bool:
    """Whether this version knows the reason of a STOP."""
    return any(number == known for known, *_rest in names.STOP_REASONS)

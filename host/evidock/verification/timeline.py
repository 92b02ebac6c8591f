"""The time line of one recorder while its journal is read: its boots, and what fills the ticks of each.

Specification: "Verification of a chain", Recordings 7. `coverage` places the boots in time afterwards.
"""

from __future__ import annotations

from evidock import language
from evidock.report import State
from evidock_protocol import codes
from evidock_protocol.versions import MAXIMUM_SEGMENT_MS

from . import samples
from .collector import Collector, Place
from .coverage import Boot
from .entries import Entry, Segment
from .lines import Stretch
from .recording import Outcome, Recording
from .tracks import Lack, Tracks

BOTH = codes.TRACK_SOUND | codes.TRACK_PICTURE
REASONED = 200  # holes of one recording whose reasons are looked up: more are only counted
REASON_SLACK = MAXIMUM_SEGMENT_MS + 15_000  # ms after what is lacking in which the recorder may say why


class TimeLine:
    """The boots of one recorder; what is laid into them is laid at each boot's cursor, in order."""

    def __init__(self, device: bytes, collector: Collector):
        self.boots: list[Boot] = []
        self.boot: Boot | None = None
        """The boot that runs."""
        self.damage = False
        """Whether something unreadable stands before the entry that is read."""
        self._device = device
        self._collector = collector
        self._by_number: dict[int, Boot] = {}
        self._exempt: tuple[str, bool] | None = None

    def enter(self, entry: Entry) -> Boot:
        """The boot of the next entry, which becomes the one that runs."""
        boot = self.boot
        if boot is None or entry.boot != boot.number:
            boot = self.boot = Boot(entry.boot, entry.ticks if boot is None else 0)
            self.boots.append(boot)
            self._by_number[entry.boot] = boot
            self._exempt = None
        return boot

    def find(self, number: int) -> Boot | None:
        """The boot of that number, where the journal has it."""
        return self._by_number.get(number)

    def idle(self, boot: Boot, ticks: int) -> None:
        """Nothing was being recorded up to `ticks`."""
        if self._exempt is not None:
            name, is_known = self._exempt
            boot.fill(ticks, State.EXEMPT if is_known else State.UNEXPLAINED, name, None)
        else:
            boot.fill(ticks, State.DECLARED, "standby", None)

    def exempt(self, name: str | None, is_known: bool = True) -> None:
        """From here on idle time is exempt for the reason `name`, or not any more. It is unexplained if this version
        does not know that reason.
        """
        self._exempt = None if name is None else (name, is_known)

    def tracks(self, recording: Recording, boot: Boot) -> Tracks:
        """The tracks of the recording that runs in one boot."""
        tracks = recording.tracks.get(boot.number)
        if tracks is None:
            tracks = recording.tracks[boot.number] = Tracks(recording.declared, boot.cursor)
        return tracks

    def hole(
        self,
        boot: Boot,
        until: int,
        recording: Recording,
        track: int = BOTH,
        segment: int | None = None,
        slack: int = 0,
    ) -> None:
        """Whatever a track lacks up to `until`, where it is more than `slack` ms: declared, damaged, or missing."""
        tracks = self.tracks(recording, boot)
        for one in recording.declared:
            if not track & one or until - tracks.reached(one) <= slack:
                continue
            if recording.cause is not None:
                tracks.fill(one, until, State.DECLARED, recording.cause, recording.number)
            elif one in recording.damaged:
                tracks.fill(one, until, State.ALTERED, None, recording.number)
            else:
                tracks.lack(one, until, recording.number, segment)

    def accounted(self, boot: Boot, recording: Recording) -> tuple[int, int]:
        """The boot, and the tick in it up to which every track that is due is accounted for."""
        tracks = self.tracks(recording, boot)
        return boot.number, min(tracks.reached(one) for one in recording.declared)

    def lay(self, boot: Boot, segment: Segment, outcome: Outcome, recording: Recording, first: int) -> Stretch | None:
        """Lays a segment's stretches into its boot from tick `first` on; the one that stands for it when its file is
        missing.
        """
        last, number = segment.last_tick, segment.recording
        line = self.tracks(recording, boot).source(segment.track, first, last)
        if outcome.missing:
            return line.fill(last, outcome.state, outcome.cause, number, fixed=False)
        for start, end in outcome.altered:
            line.fill(start, outcome.state, outcome.cause, number)
            line.fill(end, State.ALTERED, None, number)
        lost = samples.lost_beyond(segment)
        if lost:  # where they were lost is not known, only how many: they stand at the end
            line.fill(last - lost, outcome.state, outcome.cause, number)
            line.fill(last, State.UNEXPLAINED, None, number)
        line.fill(last, outcome.state, outcome.cause, number)
        return None

    def close(self, recording: Recording) -> None:
        """Joins the tracks of a recording that has ended, and names what each lacks."""
        named = 0
        for number in sorted(recording.tracks):
            tracks, boot = recording.tracks[number], self._by_number[number]
            self.hole(boot, tracks.furthest, recording)
            for code, lack in tracks.missing():
                until = lack.last + REASON_SLACK
                reasons = recording.reasons(boot.number, lack.first, until) if named < REASONED else []
                named += 1
                self._name(code, lack, boot, recording, reasons)
            tracks.join(boot, recording.number)
        recording.forget()

    def _name(self, code: str, lack: Lack, boot: Boot, recording: Recording, reasons: list[str]) -> None:
        names = [language.name("fault", reason, self._collector.lang) for reason in reasons]
        self._collector.add(
            code,
            device=self._device,
            recording=recording.number,
            segment=lack.segment,
            place=Place(boot.number, lack.first, lack.last),
            sentence=f"{code}.reason" if names else None,
            seconds=round((lack.last - lack.first) / 1000, 3),
            reason=", ".join(names),
        )

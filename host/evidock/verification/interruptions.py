"""Recordings that broke off: what an INTERRUPT declares, and what the anchor at the next boot says of it.

Specification: "Verification of a chain", Recordings 7 and 10.
"""

from __future__ import annotations

from typing import cast

from evidock_protocol import codes, kinds, names
from evidock_protocol.versions import MAXIMUM_SEGMENT_MS

from .collector import Collector, Place
from .coverage import Boot
from .entries import Entry
from .recording import Recording
from .stoppage import Instant
from .timeline import TimeLine

RECOVERY_SLACK = 15_000  # ms between the last anchor or checkpoint and what can still be recovered
STOP_SLACK = 5_000  # ms that sealing and signing may take between a recording's last tick and its STOP
BROKEN_SLACK = MAXIMUM_SEGMENT_MS + RECOVERY_SLACK  # ms of sound that are lost at most with what broke
_OF_CARD = (codes.CAUSE_MEDIUM_SWAPPED, codes.CAUSE_EQUIPMENT_FAULT, codes.CAUSE_STORAGE_FULL)


class Interruptions:
    """Judges how the recordings of one recorder broke off, and lays what is lacking into its time line."""

    def __init__(self, device: bytes, collector: Collector, line: TimeLine):
        self._device = device
        self._collector = collector
        self._line = line
        self._anchor: tuple[int, ...] | None = None  # of the newest BOOT
        self._shown: tuple[int, int] = (-1, 0)  # sequence of a START, and the latest tick that anchors show of it

    def note_boot(self, entry: Entry) -> None:
        """Takes the anchor of a BOOT: of what was open before it."""
        anchor = entry.body["anchor"]
        self._anchor = None if anchor is None else tuple(cast("list[int]", anchor))
        if self._anchor is not None:
            start, tick = self._anchor[0], self._anchor[3]
            before = self._shown[1] if self._shown[0] == start else 0  # of a boot whose recovery was cut
            self._shown = (start, max(tick, before))

    def interrupted(self, entry: Entry, recording: Recording, boot: Boot, last: int) -> Instant:
        """Takes an INTERRUPT of the open `recording`, which ended at tick `last` of `boot`: its own, or an earlier one.
        Where what it declares begins.
        """
        cause = entry.number("cause")
        if entry.boot != boot.number:
            # Each track is recovered as far as its own checkpoints reach, so one may end a little before another.
            reached = self._line.tracks(recording, boot).furthest >= last
            self._line.hole(boot, last, recording, slack=RECOVERY_SLACK if reached else 0)
            self.broke_off(entry, recording, boot, last, cause)
        else:
            if cause in _OF_CARD:  # what was not sealed went with the card
                self._line.hole(boot, max(last, entry.ticks), recording, slack=BROKEN_SLACK)
            else:  # everything is sealed first
                self._line.hole(boot, last, recording, slack=0 if recording.segments else STOP_SLACK)
                sealed = self._line.tracks(recording, boot).furthest if recording.segments else last
                if entry.ticks - recording.told_by(boot.number, max(last, sealed)) > STOP_SLACK:
                    self._line.hole(boot, entry.ticks, recording)
            place = Place(entry.boot, entry.ticks, entry.ticks)
            self._add("GAP_DECLARED", recording, place, "GAP_DECLARED.now", cause=_cause_name(cause))
        since = self._line.accounted(boot, recording)
        recording.cause = _cause_name(cause)
        recording.broke_off = (boot.number, last)
        self._line.hole(boot, last, recording)  # what came after the last sealed segments was lost with what broke
        return since

    def broke_off(self, entry: Entry, recording: Recording, boot: Boot, last: int, cause: int) -> Instant:
        """The recording ended with its `boot`, as `entry` of a later one says: the anchor supports an INTERRUPT, or
        not. What an anchor shows to have been recorded and is gone, no power loss explains (AT-33). Where what is
        declared begins.
        """
        name = _cause_name(cause)
        for one in self._line.boots:
            if boot.number <= one.number < entry.boot:  # also those whose recovery was cut
                one.ending = (name, recording.number)
        anchor = self._anchor
        ours = anchor is not None and anchor[0] == recording.start
        if anchor is not None and anchor[1] == 0 and recording.had_anchors_by(boot.number, last):
            ours = False  # none yet, it says, although it got so far
        shown = self._shown[1] if self._shown[0] == recording.start else 0
        if shown > last + RECOVERY_SLACK:
            place = Place(entry.boot, entry.ticks, entry.ticks)
            self._add("MEDIA_LOST", recording, place, sentence="MEDIA_LOST.anchor")
            if boot.number == recording.boot:
                self._line.hole(boot, shown, recording)
        code = "GAP_DECLARED" if ours and entry.kind == kinds.INTERRUPT else "GAP_UNCORROBORATED"
        self._add(code, recording, Place(boot.number, last, last), cause=name)
        return self._line.accounted(boot, recording)

    def _add(
        self, code: str, recording: Recording, place: Place, sentence: str | None = None, **values: object
    ) -> None:
        self._collector.add(
            code, device=self._device, recording=recording.number, place=place, sentence=sentence, values=values
        )


def _cause_name(number: int) -> str:
    """The name of an interruption's cause; a private-use number stays a number."""
    return names.name_of(names.CAUSES, number)

"""Recordings that broke off: what an INTERRUPT declares, and what the anchor at the next boot says of it.

Specification: "Verification of a chain", Recordings 7 and 10.
"""

from __future__ import annotations

from typing import cast

from evidock_protocol import kinds, names
from evidock_protocol.versions import MAXIMUM_SEGMENT_MS

from .collector import Collector, Place
from .coverage import Boot
from .entries import Entry
from .recording import Recording
from .timeline import TimeLine

RECOVERY_SLACK = 15_000  # ms between the last anchor or checkpoint and what can still be recovered
BROKEN_SLACK = MAXIMUM_SEGMENT_MS + RECOVERY_SLACK  # ms of sound that are lost at most with what broke


class Interruptions:
    """Judges how the recordings of one recorder broke off, and lays what is lacking into its time line."""

    def __init__(self, device: bytes, collector: Collector, line: TimeLine):
        self._device = device
        self._collector = collector
        self._line = line
        self._anchor: tuple[int, ...] | None = None

    def note_boot(self, entry: Entry) -> None:
        """Takes the anchor of a BOOT: of what was open before it."""
        anchor = entry.body["anchor"]
        self._anchor = None if anchor is None else tuple(cast("list[int]", anchor))

    def interrupted(self, entry: Entry, recording: Recording) -> None:
        """Takes an INTERRUPT of the open `recording`, made in its own boot or at the next."""
        boot = self._line.find(entry.number("boot"))
        if boot is None:
            return
        cause, last = entry.number("cause"), entry.number("last_tick")
        if entry.boot != boot.number:
            # Each track is recovered as far as its own checkpoints reach, so one may end a little before another.
            reached = self._line.tracks(recording, boot).furthest >= last
            self._line.hole(boot, last, recording, slack=RECOVERY_SLACK if reached else 0)
            self.broke_off(entry, recording, boot, last, cause)
        else:
            self._line.hole(boot, max(last, entry.ticks), recording, slack=BROKEN_SLACK)
            place = Place(entry.boot, entry.ticks, entry.ticks)
            self._add("GAP_DECLARED", recording, place, "GAP_DECLARED.now", cause=_cause_name(cause))
        recording.cause = _cause_name(cause)
        recording.broke_off = (boot.number, last)
        self._line.hole(boot, last, recording)  # what came after the last sealed segments was lost with what broke

    def broke_off(self, entry: Entry, recording: Recording, boot: Boot, last: int, cause: int) -> None:
        """The recording ended with its `boot`, as `entry` of a later one says: the anchor supports an INTERRUPT, or
        not.
        """
        name = _cause_name(cause)
        for one in self._line.boots:
            if boot.number <= one.number < entry.boot:  # also those whose recovery was cut
                one.ending = (name, recording.number)
        anchor = self._anchor
        ours = anchor is not None and anchor[0] == recording.start
        if anchor is not None and ours and anchor[3] > last + RECOVERY_SLACK:
            place = Place(entry.boot, entry.ticks, entry.ticks)
            self._add("MEDIA_LOST", recording, place, sentence="MEDIA_LOST.anchor")
        code = "GAP_DECLARED" if ours and entry.kind == kinds.INTERRUPT else "GAP_UNCORROBORATED"
        self._add(code, recording, Place(boot.number, last, last), cause=name)

    def _add(
        self, code: str, recording: Recording, place: Place, sentence: str | None = None, **values: object
    ) -> None:
        self._collector.add(
            code, device=self._device, recording=recording.number, place=place, sentence=sentence, values=values
        )


def _cause_name(number: int) -> str:
    """The name of an interruption's cause; a private-use number stays a number."""
    return names.name_of(names.CAUSES, number)

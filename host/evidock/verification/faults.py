"""What a recorder says of its own faults: capture that failed, media that was lost, numbers that it gave up.

Specification: "Verification of a chain", Recordings 3 and 9, and "Entry kinds" (FAULT). AT-33, AT-34.
"""

from __future__ import annotations

from typing import cast

from evidock import language
from evidock_protocol import codes, names

from .collector import Collector, Place
from .entries import Entry
from .recording import Recording

_GIVING_UP = (codes.FAULT_CAPTURE, codes.FAULT_STORAGE, codes.FAULT_MEDIA_LOST, codes.FAULT_RECOVERED_EXCESS)
_CODES = {
    codes.FAULT_CAPTURE: "CAPTURE_FAULT",
    codes.FAULT_MEDIA_LOST: "MEDIA_LOST",
    codes.FAULT_RECOVERED_EXCESS: "RECOVERED_EXCESS",
}


def note(entry: Entry, recording: Recording | None, device: bytes, collector: Collector) -> None:
    """Takes a FAULT; `recording` is the one that runs."""
    what = entry.number("what")
    number, segment = entry.optional("recording"), entry.optional("segment")
    values = cast("list[int]", entry.body["values"])
    place = Place(entry.boot, entry.ticks, entry.ticks)
    reason = names.name_of(names.FAULTS, what)
    figure = 0
    if what == codes.FAULT_CAPTURE:
        reason = names.name_of(names.CAPTURE_FAULTS, values[0]) if values else "unknown"
        figure = values[1] if len(values) > 1 else 0
    code = _CODES.get(what)
    if code is not None:
        collector.add(
            code,
            device=device,
            recording=number,
            segment=segment,
            place=place,
            reason=language.name("fault", reason, collector.lang),
            count=figure,
        )
    if recording is not None and number == recording.number and segment is not None and what in _GIVING_UP:
        recording.give_up(segment, reason, place)

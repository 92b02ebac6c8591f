"""What a recorder says of its own faults: capture that failed, media that was lost, numbers that it gave up.

Specification: "Verification of a chain", Recordings 3 and 9, and "Entry kinds" (FAULT). AT-33, AT-34.
"""

from __future__ import annotations

from typing import cast

from evidock import language
from evidock_protocol import codes, names, settings_table
from evidock_protocol.versions import MAXIMUM_FILE

from .collector import Collector, Place
from .entries import Entry
from .recording import Recording

_GIVING_UP = (codes.FAULT_CAPTURE, codes.FAULT_STORAGE, codes.FAULT_MEDIA_LOST, codes.FAULT_RECOVERED_EXCESS)
_OF_ENCODERS = (
    codes.CAPTURE_LEFT_OPEN,
    codes.CAPTURE_FILE_GONE,
    codes.CAPTURE_CHANGED_WHILE_HASHED,
    codes.CAPTURE_EMPTY_FILE,
    codes.CAPTURE_TOO_LONG,
)
_CODES = {
    codes.FAULT_CAPTURE: "CAPTURE_FAULT",
    codes.FAULT_MEDIA_LOST: "MEDIA_LOST",
    codes.FAULT_RECOVERED_EXCESS: "RECOVERED_EXCESS",
    3: "DEVICE_FAULT",  # tamper
    codes.FAULT_IMPACT: "DEVICE_FAULT",
    codes.FAULT_CHARGE: "DEVICE_FAULT",
    codes.FAULT_JOURNAL_FULL: "DEVICE_FAULT",
    codes.FAULT_SETTINGS: "DEVICE_FAULT",
    codes.FAULT_ANCHORS_FULL: "DEVICE_FAULT",
    codes.FAULT_FLASH: "DEVICE_FAULT",
    codes.FAULT_MEDIUM: "DEVICE_FAULT",
}


def given_up(entry: Entry) -> tuple[int, int] | None:
    """(recording, segment) of a FAULT after which the recorder may not seal that segment; of what it wrote, or an
    encoder, a file may lie on the card.
    """
    recording, segment = entry.optional("recording"), entry.optional("segment")
    if recording is None or segment is None or entry.number("what") not in _GIVING_UP:
        return None
    return recording, segment


def reading(what: int, values: list[int], lang: str) -> tuple[str, str]:
    """A fault of the device in the reader's words, and its figures with their units, which may be empty."""
    reason = language.name("fault", names.name_of(names.FAULTS, what), lang)
    first, second = (*values, -1, -1)[:2]
    if what == codes.FAULT_IMPACT and first >= 0:
        return reason, f" ({first / 1000:g} g)"
    if what == codes.FAULT_CHARGE:
        parts = [f"{first} mV"] * (first >= 0) + [f"{second / 10:g} °C"] * (len(values) > 1 and second != -1)
        return reason, f" ({', '.join(parts)})" if parts else ""
    if what == codes.FAULT_SETTINGS and values:
        name = next((row[1] for row in settings_table.SETTINGS if row[0] == first), "")
        return reason, f" ({name})" if name else ""
    if what == codes.FAULT_FLASH and len(values) > 1:
        return reason, f" ({names.name_of(names.FLASH_REGIONS, first)}, {second})"
    if what == codes.FAULT_MEDIUM and values:
        return reason, f" ({language.name('fault', names.name_of(names.MEDIUM_FAULTS, first), lang)})"
    return reason, ""


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
    if recording is not None and what == codes.FAULT_ANCHORS_FULL:
        recording.has_no_anchors = True
    if code == "DEVICE_FAULT":
        text, figures = reading(what, values, collector.lang)
        collector.add(code, device=device, recording=number, place=place, reason=text, figures=figures)
    elif code is not None:
        collector.add(
            code,
            device=device,
            recording=number,
            segment=segment,
            place=place,
            reason=language.name("fault", reason, collector.lang),
            count=figure,
        )
    if recording is not None and segment is not None and given_up(entry) == (recording.number, segment):
        recording.give_up(segment, reason, place)
        if what == codes.FAULT_CAPTURE and values and values[0] in _OF_ENCODERS:
            hashed = min(figure, MAXIMUM_FILE) if values[0] == codes.CAPTURE_CHANGED_WHILE_HASHED else 0
            recording.tell_of_file(entry.boot, entry.ticks, hashed)

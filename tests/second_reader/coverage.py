"""Section "Verification of a chain", "Recordings", step 5: whether segments cover a recording without holes."""

from .entries import Entry
from .fields import Fields

CAPTURE_DELAY = 500
RECOVERED = 1


def begins_in_time(start: Entry, body: Fields) -> bool:
    """The first segment begins 0 to 500 ms after START, in its boot."""
    delay = body.integer("first_tick") - start.fields.integer("ticks")
    return body.integer("boot") == start.fields.integer("boot") and 0 <= delay <= CAPTURE_DELAY


def follows(before: list[Fields], body: Fields) -> bool:
    """first_tick(n + 1) = last_tick(n), in one boot and on one track."""
    same = [segment for segment in before if segment.integer("track") == body.integer("track")]
    if not same or same[-1].integer("boot") != body.integer("boot"):
        return True
    return same[-1].integer("last_tick") == body.integer("first_tick")


def frames_fit(body: Fields) -> bool:
    """Frames fit, with a tolerance of 1 % and 100 ms of frames, which the specification leaves to the reader."""
    rate, expected = body.integer("rate"), body.integer("expected")
    there = body.integer("written") + body.integer("lost")
    ticks = body.integer("last_tick") - body.integer("first_tick")
    if body.integer("attested") != RECOVERED and expected != ticks * rate // 1000:
        return False
    return abs(there - expected) <= expected // 100 + rate // 10

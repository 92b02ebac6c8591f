"""Section "Verification of a chain", "Recordings", steps 7 and 8: whether segments cover a recording without holes."""

from .fields import Fields

CAPTURE_DELAY = 500
FRAMES_SLACK = 500
STOP_SLACK = 5_000
BROKEN_SLACK = 75_000
WAV, PLAIN = 1, 0


def hole_before(body: Fields, covered: dict[int, int], first: bool) -> int:
    """Milliseconds between what is covered of the segment's boot and the segment."""
    boot, tick = body.integer("boot"), body.integer("first_tick")
    gap = tick - covered.get(boot, tick)
    return 0 if gap <= (CAPTURE_DELAY if first else 0) else gap


def frames_fit(body: Fields) -> bool:
    """Whether at most 500 ms of frames are lacking; a frame of a WAV has two bytes at least."""
    rate = body.integer("rate")
    by_time = (body.integer("last_tick") - body.integer("first_tick")) * rate // 1000
    written = body.integer("written")
    if body.integer("media") == WAV and body.integer("stored") == PLAIN:
        written = min(written, max(body.integer("length") - body.integer("header_length"), 0) // 2)
    there = written + body.integer("lost")
    return max(by_time, body.integer("expected")) - there <= FRAMES_SLACK * rate // 1000

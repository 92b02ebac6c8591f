"""Section "Verification of a chain", "Recordings", steps 5 and 8: what a SEGMENT says, judged by itself."""

from .fields import Fields
from .wav import MAXIMUM_FILE

MINIMUM_LEAF, MAXIMUM_LEAF = 4096, 1048576
HIGHEST_NUMBER = 9999999
FRAMES_SLACK = 500
LOST_SLACK = 2_000
RECOVERED_SLACK = 5_000
WAV, AVI = 1, 2
INLINE, RECOVERED, POST_CLOSE = range(3)
PLAIN = 0
SOUND, PICTURE, BOTH = 1, 2, 3
MEDIA, TRACKS, ATTESTED = (1, 2, 3, 4), (SOUND, PICTURE, BOTH), (INLINE, RECOVERED, POST_CLOSE)
HEADERS_OF_WAV, HEADER_OF_AVI = range(44, 65537), 512


def is_known(body: Fields) -> bool:
    """Step 5: whether this reader knows how the segment is kept."""
    codes = (("media", MEDIA), ("track", TRACKS), ("attested", ATTESTED), ("stored", (PLAIN,)))
    return all(body.integer(name) in known for name, known in codes)


def is_own(body: Fields, media: int) -> bool:
    """A file of this kind that the recorder wrote itself."""
    return body.integer("media") == media and body.integer("attested") != POST_CLOSE


def is_own_avi(body: Fields) -> bool:
    """An AVI that the recorder wrote itself."""
    return is_own(body, AVI)


def fits(body: Fields, due: int) -> bool:
    """Step 5: whether it can be one of the tracks that are due, and its frames can be counted."""
    rate, header, track = (body.integer(name) for name in ("rate", "header_length", "track"))
    if is_own(body, WAV):
        counted = rate > 0 and header in HEADERS_OF_WAV and track == SOUND
    elif is_own(body, AVI):
        counted = rate > 0 and header == HEADER_OF_AVI and track == PICTURE
    else:
        counted = body.integer("attested") == POST_CLOSE
    return counted and not track & ~due


def is_sound(body: Fields) -> bool:
    """Step 5: whether its numbers allow to look for its file."""
    return (
        body.integer("header_length") <= body.integer("length") <= MAXIMUM_FILE
        and body.integer("first_tick") <= body.integer("last_tick")
        and MINIMUM_LEAF <= body.integer("leaf_size") <= MAXIMUM_LEAF
        and 1 <= body.integer("number") <= HIGHEST_NUMBER
        and 1 <= body.integer("recording") <= HIGHEST_NUMBER
    )


def duration(body: Fields) -> int:
    return body.integer("last_tick") - body.integer("first_tick")


def is_empty(body: Fields) -> bool:
    """Step 8: no frame of more than 500 ms that call for one, or of which some are lost, or no byte."""
    if body.integer("written") == 0 and body.integer("lost") > 0:
        return True
    lacks = duration(body) * body.integer("rate") >= 1000 and body.integer("written") == 0
    return duration(body) > FRAMES_SLACK and (lacks or body.integer("length") == 0)


def lacking(body: Fields) -> int:
    """Step 8: how many frames are lacking, below 0 where there are more; a frame of a WAV has two bytes at least."""
    rate, written = body.integer("rate"), body.integer("written")
    if body.integer("media") == WAV:
        written = min(written, max(body.integer("length") - body.integer("header_length"), 0) // 2)
    return max(body.integer("expected"), duration(body) * rate // 1000) - written - body.integer("lost")


def frames_fit(body: Fields) -> bool:
    """Step 8: whether at most 500 ms of frames, or one, are lacking."""
    rate = body.integer("rate")
    return rate == 0 or is_empty(body) or lacking(body) <= 1 or lacking(body) * 1000 <= FRAMES_SLACK * rate


def lost_time(body: Fields) -> int:
    """Step 8: milliseconds at the end that are unexplained, because the source lost too many frames."""
    rate = body.integer("rate")
    lost = body.integer("lost") * 1000 // rate if rate else 0
    most = min(max(duration(body) // 2, FRAMES_SLACK), LOST_SLACK)
    return min(lost, duration(body)) if lost > most else 0

"""Checks the file of each segment as the journal names it: whether it is there, whether it is what was sealed, and
where not.

Specification: "Verification of a chain", Media.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from evidock.errors import EvidockError
from evidock.report import State
from evidock_protocol import card, codes
from evidock_protocol.errors import ProtocolError

from . import pictures
from .collector import Collector, Place
from .entries import Segment
from .identify import Suspect, Suspects
from .reader import Media, Reader
from .recording import Outcome, Recording
from .samples import CHECKPOINT_MS, is_own, is_own_avi
from .segment_set import SegmentSet
from .segments import Checked, SegmentChecker, is_sound, tick_of
from .stray import StrayFiles
from .tracks import KNOWN

Interval = tuple[int | None, int | None]
"""Unix milliseconds that were asked for."""

# Files up to this size are searched for another segment's bytes; a longer one holds none, whatever it claims to hold.
_TRACED = 1 << 26  # bytes
_TRACED_TIMES = 16

_STATES = {
    codes.ATTESTED_INLINE: State.RECORDED,
    codes.ATTESTED_RECOVERED: State.RECOVERED,
    codes.ATTESTED_POST_CLOSE: State.POST_CLOSE,
}


class FileCheck:
    """Checks the files of one recorder, and notes which segments are sealed."""

    def __init__(
        self,
        reader: Reader,
        device: bytes,
        collector: Collector,
        stray: StrayFiles,
        interval: Interval,
        shared: Shared,
    ):
        self.reader = reader
        self.device = device
        self.collector = collector
        self.stray = stray
        self.sealed = SegmentSet()
        self._interval = interval
        self.offsets: dict[int, int] | None = {}
        """By boot: Unix milliseconds at tick 0, where coverage will lay it. None: no file is looked at."""
        self._checker = shared.checker
        self._suspects = shared.suspects
        self._progress = shared.progress

    def outcome(self, segment: Segment, number: int, recording: Recording | None) -> Outcome:
        """What became of one segment, sealed by entry `number`. Raises EvidockError when reading fails."""
        state = _STATES.get(segment.attested)
        started = None
        if recording is not None and recording.number == segment.recording:
            started = recording.started_ms
        try:
            if state is None or segment.track not in KNOWN or not is_sound(segment):
                raise ProtocolError("numbers of the segment are out of range")
            path = self.reader.media_path(self.device, segment.recording, segment.number, segment.media, started)
        except (ProtocolError, OverflowError, ValueError, OSError) as error:
            code = "MALFORMED" if _is_known(segment) else "UNKNOWN_FORMAT"
            self._say(code, segment, "", number=number, reason=error)
            return Outcome(State.UNEXPLAINED, None)
        if not self.sealed.add(segment.recording, segment.number):
            self._say("REPLAY", segment, path, number=number, expected=number)
        self.stray.expect(segment, path)
        if self._is_outside(segment):
            return Outcome(State.WITHHELD, "not_examined")
        file = self.reader.media(self.device, path)
        if file is None:
            return Outcome(State.PENDING, None, missing=True)
        try:
            checked = self._checker.check(file, segment)
            if self._progress is not None:
                self._progress(checked.length)
            if checked.matches and checked.length == segment.length:
                self._count(file, segment, path, checked.sound)
                return Outcome(state, None)
            return self._damage(file, segment, path, state, checked)
        except OSError as error:
            raise EvidockError("evidence_unreadable", path=path, reason=error.strerror or str(error)) from error
        finally:
            file.close()

    def _is_outside(self, segment: Segment) -> bool:
        """Whether a segment lies outside the interval asked for, for certain."""
        if self.offsets is None:
            return True
        start, end = self._interval
        offset = self.offsets.get(segment.boot)
        if offset is None:
            return False
        first, last = offset + segment.first_tick, offset + segment.last_tick
        return (start is not None and last <= start) or (end is not None and first >= end)

    def _count(self, file: Media, segment: Segment, path: str, sound: tuple[int, int] | None) -> None:
        """Compares the frames that a whole file of the recorder's own has with those that its SEGMENT claims."""
        if sound is not None and segment.rate and is_own(segment):  # without a rate SEGMENT is malformed already
            frame, rate = sound
            if frame * segment.written != segment.length - segment.header_length or rate != segment.rate:
                self._say("COVERAGE_HOLE", segment, path, sentence="COVERAGE_HOLE.frames")
        if is_own_avi(segment):
            found = pictures.count(file, segment)
            counted = segment.written + segment.lost
            if found is None or found.chunks != counted or found.pictures < segment.written:
                self._say("COVERAGE_HOLE", segment, path, sentence="COVERAGE_HOLE.frames")
            elif found.unvouched > CHECKPOINT_MS * segment.rate // 1000:
                self._say("RECOVERED_EXCESS", segment, path, sentence="RECOVERED_EXCESS.sealed")

    def _damage(self, file: Media, segment: Segment, path: str, state: State, checked: Checked) -> Outcome:
        """Names what differs in a file, down to its leaves where their hashes were kept."""
        altered: list[tuple[int, int]] = []
        if not checked.matches:
            length = file.seek(0, os.SEEK_END) if checked.length > segment.length else checked.length
            if length <= max(_TRACED, _TRACED_TIMES * segment.length):
                self._suspects.add(length, Suspect(self.device, segment, path))
            kept = self.reader.leaves(self.device, segment.recording, segment.number, path)
            located = self._checker.locate(file, segment, kept)
            if kept is not None and not located.located:
                self._say("LEAVES_DAMAGED", segment, path)
            chunks = None
            if is_own_avi(segment) and located.differing:
                chunks = pictures.Chunks(file, segment, located.differing[0][0])
            for start, end in located.differing:
                header = located.located and end <= segment.header_length and located.header_differs
                ticks = (segment.first_tick, segment.last_tick) if header else _ticks(segment, chunks, start, end)
                altered.append(ticks)
                cut = located.length < segment.length and end == segment.length
                self.collector.add(
                    "HEADER_MISMATCH" if header else "CONTENT_MISMATCH",
                    device=self.device,
                    recording=segment.recording,
                    segment=segment.number,
                    span=(start, end),
                    place=Place(segment.boot, *ticks),
                    path=path,
                    sentence="CONTENT_MISMATCH.short" if cut else None,
                    start=start,
                    end=end - 1,  # people read the last byte, not the one after it
                    length=located.length,
                    expected=segment.length,
                )
        if checked.length > segment.length:
            self.collector.add(
                "UNCOVERED_TAIL",
                device=self.device,
                recording=segment.recording,
                segment=segment.number,
                path=path,
                span=(segment.length, file.seek(0, os.SEEK_END)),
                place=Place(segment.boot, segment.last_tick, segment.last_tick),
                expected=segment.length,
            )
        return Outcome(state, None, tuple(sorted(altered)))

    def _say(self, code: str, segment: Segment, path: str, sentence: str | None = None, **values: object) -> None:
        self.collector.add(
            code,
            device=self.device,
            recording=segment.recording,
            segment=segment.number,
            path=path or None,
            place=Place(segment.boot, segment.first_tick, segment.last_tick),
            sentence=sentence,
            values=values,
        )


class Shared:
    """What the recorders of one verification share: the buffer, the files to trace, and who is told of progress."""

    def __init__(self, progress: Callable[[int], None] | None):
        """`progress` is told the bytes of each file read."""
        self.checker = SegmentChecker()
        self.suspects = Suspects(self.checker)
        self.progress = progress


def _is_known(segment: Segment) -> bool:
    """Whether this version knows the codes of a SEGMENT: a later version's are accepted, though not understood."""
    media = [number for number, _extension in card.EXTENSIONS]
    codes_known = segment.attested in _STATES and segment.media in media and segment.track in KNOWN
    return codes_known and segment.stored == codes.STORED_PLAIN


def _ticks(segment: Segment, chunks: pictures.Chunks | None, start: int, end: int) -> tuple[int, int]:
    """Ticks of a byte range, which is never empty. Where frames cannot be told apart it is the whole segment."""
    if chunks is not None:
        return chunks.ticks(start, end)
    if segment.media != codes.MEDIA_WAV:
        return segment.first_tick, segment.last_tick
    first = tick_of(segment, start)
    last = segment.last_tick if end >= segment.length else tick_of(segment, end, is_end=True)
    return first, max(first, last)

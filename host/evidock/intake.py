"""Brings segments in: decides what is here, pulls what is not, says of each whether it is safe, whole and as signed.

Specification: "The archive". Whatever the recorder still has is kept, also when it differs from what was signed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from evidock import durable
from evidock.archive import Archive
from evidock.client.connection import Connection
from evidock.client.pull import Pull, SegmentMissing, fetch_leaves
from evidock.errors import Refused
from evidock.media import PartialFile, is_intact, leaves_on_disk, read_leaves, reopen
from evidock.segments import Segment
from evidock_protocol import messages


class Progress(NamedTuple):
    """How far a docking has come: `phase` is "journal" (entries) or "media" (bytes); `done` of `total`."""

    phase: str
    done: int
    total: int
    recording: int | None = None
    segment: int | None = None


class Intake:
    """The media of one docking. Segments are listed as (recording, number); `pulled` counts bytes."""

    def __init__(self, connection: Connection, archive: Archive, progress: Callable[[Progress], None]):
        self.new: list[tuple[int, int]] = []
        self.missing: list[tuple[int, int]] = []
        self.damaged: list[tuple[int, int]] = []
        self.unreadable: list[tuple[int, int]] = []
        self.pulled = 0
        self._connection = connection
        self._archive = archive
        self._progress = progress
        self._done = 0
        self._total = 0

    def expect(self, segments: list[Segment]) -> None:
        """Says what else will be brought, so that progress has a whole."""
        self._total += sum(segment.length for segment in segments)

    def bring(self, segment: Segment) -> bool:
        """Whether the segment is here now, whole, as signed and safe on disk. After any EvidockError all resumes."""
        start = self._done
        brought = self._is_here(segment) or self._pull(segment)
        self._report(start + segment.length - self._done, segment)
        return brought

    def _is_here(self, segment: Segment) -> bool:
        """Whether an earlier docking brought it. A file that differs, without receipt, is pulled again in part."""
        path = self._archive.media_path(segment.recording, segment.number)
        if not path.exists():
            return False
        if is_intact(path, segment):
            return True
        reopen(path, self._archive.partial_path(segment.recording, segment.number))
        return False

    def _pull(self, segment: Segment) -> bool:
        key = (segment.recording, segment.number)
        path = self._archive.media_path(*key)
        try:
            leaves = self._leaves(segment)
            if not self._pull_bytes(segment, leaves):
                self.unreadable.append(key)
                return False
        except SegmentMissing:
            self.missing.append(key)
            return False
        except Refused as refused:
            if refused.code != messages.STORAGE:
                raise
            self.unreadable.append(key)
            return False
        # From disk, after the bytes were safe: this is what the receipt says.
        found = leaves_on_disk(path, segment)
        if found is None or segment.root_of(found) != segment.root:
            self.damaged.append(key)
            return False
        if leaves is None:
            durable.write_whole(self._archive.leaves_path(*key), b"".join(found))
        self.new.append(key)
        return True

    def _pull_bytes(self, segment: Segment, leaves: list[bytes] | None) -> bool:
        """Pulls what is not here yet; whether the recorder gave all that its file has."""
        with PartialFile(self._archive.partial_path(segment.recording, segment.number), segment) as file:
            good = file.good_leaves(leaves) if leaves is not None else set[int]()
            for index in good:
                start, end = segment.leaf_span(index)
                self._report(end - start, segment)
            pull = Pull(self._connection, segment, leaves, file, lambda count: self._count(count, segment))
            pull.run(good)
            if not pull.unreadable:
                file.finish(self._archive.media_path(segment.recording, segment.number), pull.length)
            return not pull.unreadable

    def _leaves(self, segment: Segment) -> list[bytes] | None:
        """The checked leaf list: from an earlier docking or the recorder; None when the recorder's does not fit."""
        path = self._archive.leaves_path(segment.recording, segment.number)
        kept = read_leaves(path, segment)
        if kept is not None:
            return kept
        try:
            fetched = fetch_leaves(self._connection, segment)
        except Refused as refused:
            if refused.code == messages.NO_SUCH_SEGMENT:
                raise SegmentMissing from None
            if refused.code not in (messages.STORAGE, messages.OUT_OF_RANGE):
                raise
            return None
        if fetched is not None:
            durable.write_whole(path, b"".join(fetched))
        return fetched

    def _count(self, count: int, segment: Segment) -> None:
        self.pulled += max(0, count)
        self._report(count, segment)

    def _report(self, count: int, segment: Segment) -> None:
        self._done += count
        self._progress(Progress("media", self._done, self._total, segment.recording, segment.number))

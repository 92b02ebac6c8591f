"""What a docking does with the bytes of a segment on disk: finds what is here, opens what is not, finishes what came.

Specification: "The archive". Runs beside the line, in a thread of its own: hashing and flushing take longer than a line
may wait.
"""

from __future__ import annotations

from typing import NamedTuple

from evidock import durable, errors
from evidock.archive import Archive
from evidock.client.assembly import Assembly
from evidock.media import PartialFile, is_intact, leaves_on_disk, read_leaves, reopen
from evidock.segments import Segment


class Found(NamedTuple):
    """What is here of a segment: all of it, or its checked leaf list, or nothing."""

    segment: Segment
    is_whole: bool
    leaves: list[bytes] | None


class DiskWork:
    """The work on the media of one archive."""

    def __init__(self, archive: Archive):
        self._archive = archive

    def look(self, segment: Segment) -> Found:
        """Whether an earlier docking brought it. A file that differs, without receipt, is pulled again in part."""
        key = (segment.recording, segment.number)
        path = self._archive.media_path(*key)
        if path.exists():
            if is_intact(path, segment):
                with errors.at(path):
                    durable.sync_file(path)
                return Found(segment, True, None)
            partial = self._archive.partial_path(*key)
            if not partial.exists():  # else an earlier docking has begun to mend a copy
                reopen(path, partial)
        return Found(segment, False, read_leaves(self._archive.leaves_path(*key), segment))

    def open(self, segment: Segment, leaves: list[bytes] | None, are_new: bool) -> Assembly:
        """What is here of it half pulled, checked by its leaves, to go on with; a new leaf list is kept."""
        key = (segment.recording, segment.number)
        if leaves is not None and are_new:
            durable.write_whole(self._archive.leaves_path(*key), b"".join(leaves))
        return Assembly(segment, leaves, PartialFile(self._archive.partial_path(*key), segment))

    def finish(self, assembly: Assembly) -> bool:
        """Makes a segment durable and gives it its name; whether its bytes, read from disk then, are as signed."""
        segment = assembly.segment
        key = (segment.recording, segment.number)
        with assembly.file:
            if assembly.missing:
                return False
            assembly.keep_rest()
            if assembly.unreadable:
                return False
            path = self._archive.media_path(*key)
            # An earlier docking may have brought more than the recorder gives now: that stays.
            before = path.stat().st_size if path.exists() else 0
            assembly.file.finish(path, segment.length if assembly.is_whole else max(assembly.worth, before))
        found = leaves_on_disk(path, segment)  # this is what the receipt says
        if found is None or segment.root_of(found) != segment.root:
            return False
        if assembly.leaves is None:
            durable.write_whole(self._archive.leaves_path(*key), b"".join(found))
        return True

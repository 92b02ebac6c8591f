"""Files where media lie that no entry accounts for: unsigned, moved, foreign, or not closed yet.

Architecture: "Every byte of the file is covered". AT-3, AT-30 and AT-31.
"""

from __future__ import annotations

import os

from evidock import keys
from evidock_protocol import card, entry, merkle, statements
from evidock_protocol.errors import ProtocolError

from .chain import Chain
from .collector import Collector
from .entries import Segment
from .reader import Reader
from .segment_set import SegmentSet
from .sequence import items

_BLOCK = 1 << 16
_HEADER = 512  # bytes of the header of every file that a recorder writes itself
_STEM = 8  # characters of a segment's name before its extension


class StrayFiles:
    """What should be where: fed with each segment's path, then asked to look at the folders."""

    def __init__(self, reader: Reader, device: bytes, collector: Collector):
        self._reader = reader
        self._device = device
        self._collector = collector
        self._places: dict[tuple[str, str], SegmentSet] = {}  # by folder and extension

    def expect(self, segment: Segment, path: str) -> None:
        """A sealed segment belongs at `path`."""
        folder, _slash, name = path.rpartition("/")
        held = self._places.get((folder, name[_STEM:]))
        if held is None:
            held = self._places[folder, name[_STEM:]] = SegmentSet()
        held.add(segment.recording, segment.number)

    def look(self, chain: Chain, sealed: SegmentSet, given_up: SegmentSet, enrolled: bool) -> None:
        """Adds a finding for every file that no entry accounts for. `given_up` are the numbers that a FAULT named."""
        known = chain.size > 0 or enrolled
        for path, recording, number, is_help, is_litter in self._reader.stray(self._device):
            if is_litter:
                self._say("LITTER", path)
            elif recording is None or number is None:
                self._foreign(path, known)
            elif is_help:  # what a later version's entry seals is not known
                if (recording, number) not in sealed and not self._collector.has("UNKNOWN_FORMAT"):
                    self._foreign(path, known)
            elif (recording, number) in sealed:
                if not self._is_expected(path, recording, number):
                    self._say("STORE_MISMATCH", path, recording, number, sentence="STORE_MISMATCH.moved")
            elif self._is_open(chain, path, recording, number):
                self._say("UNSEALED", path, recording, number)
            elif chain.size > 0 and not self._reader.is_store and self._is_left(path, (recording, number) in given_up):
                self._say("UNSEALED", path, recording, number, sentence="UNSEALED.left")
            else:
                self._say("UNSIGNED_CONTENT" if known else "LOOSE_CONTENT", path, recording, number)

    def _is_expected(self, path: str, recording: int, number: int) -> bool:
        """Whether a sealed segment belongs at exactly this path: letter case counts."""
        folder, _slash, name = path.rpartition("/")
        held = self._places.get((folder, name[_STEM:]))
        return held is not None and (recording, number) in held and name[:_STEM] == card.segment_stem(number)

    def _is_left(self, path: str, is_given_up: bool) -> bool:
        """Whether a recorder may have left a file on its card without sealing it: its number is given up, or no more
        than a header became durable before power went.
        """
        if is_given_up:
            return True
        file = self._reader.media(self._device, path)
        if file is None:
            return False
        try:
            return file.seek(0, os.SEEK_END) <= _HEADER
        finally:
            file.close()

    def _is_open(self, chain: Chain, path: str, recording: int, number: int) -> bool:
        """Whether CHECKPOINTs of the recorder vouch for the beginning of a segment that was never closed (cards
        only).
        """
        raw = self._reader.checkpoints(self._device, path)
        if raw is None or not chain.key:
            return False
        newest = None
        keys_of_end = (chain.key, chain.key_before)  # a checkpoint may be older than the last EPOCH
        try:
            for item in items(raw, statements.TYP_CHECKPOINT):
                if item.raw is None:
                    continue
                try:
                    sealed, values = entry.parse_statement(item.raw, statements.TYP_CHECKPOINT)
                except ProtocolError:
                    continue
                ours = values["device"] == self._device
                this = (values["recording"], values["number"]) == (recording, number)
                if ours and this and any(key and keys.verify_statement(sealed, key) for key in keys_of_end):
                    newest = values
        finally:
            raw.close()
        return newest is not None and self._holds(path, newest)

    def _holds(self, path: str, checkpoint: dict[str, object]) -> bool:
        """Whether the file's first leaves are those that the checkpoint vouches for."""
        file = self._reader.media(self._device, path)
        length, leaves = checkpoint["length"], checkpoint["leaves"]
        if file is None or not isinstance(length, int) or not isinstance(leaves, int) or leaves <= 0:
            return False
        size = (length - _HEADER) // leaves
        if size <= 0 or size > _BLOCK * 16 or _HEADER + size * leaves != length:
            return False
        tree = merkle.TreeHasher()
        try:
            file.seek(_HEADER)
            for _ in range(leaves):
                data = file.read(size)
                if len(data) != size:
                    return False
                tree.append(merkle.leaf_hash(data))
        finally:
            file.close()
        return tree.root() == checkpoint["root"]

    def _foreign(self, path: str, known: bool) -> None:
        self._say("INSERTED" if known else "LOOSE_CONTENT", path, sentence="INSERTED" if known else None)

    def _say(
        self, code: str, path: str, recording: int | None = None, number: int | None = None, sentence: str | None = None
    ) -> None:
        self._collector.add(
            code, device=self._device, recording=recording, segment=number, path=path, sentence=sentence
        )

"""Checks the bytes of one media file against its SEGMENT: every byte, the length, and where they differ.

Specification: "Hash tree" and "SEGMENT". Files are read into one buffer that is used again: a mapped file that shrinks
under the reader would kill the process, and memory stays the same for any archive.
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import NamedTuple

from evidock_protocol import codes, merkle, versions

from .entries import Segment
from .reader import Media

_BATCH = 4096  # leaf hashes held at once, a power of two, so that a batch is a complete subtree
_HEADER = 1 << 16  # bytes of a header read at once
_WAV_FORMAT = 20  # offset of the format's fields in a WAV header that begins RIFF, WAVE, "fmt "


class Checked(NamedTuple):
    """What a file's bytes say. Byte ranges are offsets in the file, [start, end), merged and in order."""

    matches: bool
    """Whether header and data are exactly what was sealed; bytes after the sealed end do not count here."""
    header_differs: bool
    differing: tuple[tuple[int, int], ...]
    """What differs from the sealed bytes; missing bytes at the end count as differing."""
    located: bool
    """Whether kept leaf hashes narrowed `differing` down; otherwise it is the whole file."""
    length: int
    """Length found, at most one byte more than sealed is looked for."""
    sound: tuple[int, int] | None
    """(bytes of one sample over all channels, samples a second) as the WAV header says; None for other media."""


def is_sound(segment: Segment) -> bool:
    """Whether the numbers of a SEGMENT allow a check at all."""
    return (
        versions.MINIMUM_LEAF <= segment.leaf_size <= versions.MAXIMUM_LEAF
        and segment.header_length <= segment.length <= versions.MAXIMUM_FILE
        and segment.first_tick <= segment.last_tick
        and segment.stored == codes.STORED_PLAIN
    )


class SegmentChecker:
    """Checks files one after another with one buffer."""

    def __init__(self) -> None:
        self._leaf_size = 0
        self._buffer = bytearray(1)
        self._view = memoryview(self._buffer)
        self._header = bytearray(1 + _HEADER)
        self._header_view = memoryview(self._header)

    def check(self, file: Media, segment: Segment) -> Checked:
        """Reads `file` to its end (at most one byte past the sealed length). `segment` must be sound. Raises
        OSError.
        """
        header_leaf, data_root, length, sound = self._hash(file, segment)
        root = sha256(b"\x01" + header_leaf + data_root).digest()
        matches = root == segment.root and length >= segment.length
        return Checked(matches, False, () if matches else ((0, segment.length),), False, length, sound)

    def locate(self, file: Media, segment: Segment, kept: bytes | None) -> Checked:
        """As `check` for a file that did not match, but narrowed down with the `kept` leaf hashes when those hold."""
        count = merkle.leaf_count(segment.length, segment.header_length, segment.leaf_size)
        if kept is None or len(kept) != 32 * (count + 1) or _root_of_kept(kept) != segment.root:
            plain = self.check(file, segment)
            return plain._replace(differing=((0, segment.length),))
        file.seek(0)
        header_leaf, length = self._header_leaf(file, segment.header_length)
        differing: list[tuple[int, int]] = []
        header_differs = header_leaf != kept[:32]
        if header_differs:
            differing.append((0, segment.header_length))
        self._prepare(segment.leaf_size)
        start = segment.header_length
        for index in range(count):
            size = min(segment.leaf_size, segment.length - start)
            found = self._fill(file, size) if length == start else 0
            length += found
            if found != size or sha256(self._view[: 1 + size]).digest() != kept[32 * index + 32 : 32 * index + 64]:
                _extend(differing, start, start + size)
            start += size
        if length == segment.length:
            length += self._fill(file, 1)
        return Checked(False, header_differs, tuple(differing), True, length, None)

    def whole_root(self, file: Media, segment: Segment, length: int) -> bytes:
        """Root over all `length` bytes of a file, cut into header and leaves as `segment` has them."""
        file.seek(0)
        as_if = segment._replace(length=max(length, segment.header_length))
        header_leaf, data_root, _length, _sound = self._hash(file, as_if)
        return sha256(b"\x01" + header_leaf + data_root).digest()

    def _hash(self, file: Media, segment: Segment) -> tuple[bytes, bytes, int, tuple[int, int] | None]:
        """(header leaf, root over the data leaves, length found, what the WAV header says)."""
        size = segment.leaf_size
        header_leaf, length = self._header_leaf(file, segment.header_length)
        sound = _wav_format(self._header_view, segment)
        if self._leaf_size != size:
            self._prepare(size)
        rest = segment.length - length
        if length < segment.header_length:
            rest = 0
        buffer, view, readinto = self._buffer, self._view, file.readinto
        body = view[1:]
        batch: list[bytes] = []
        append = batch.append
        tree: merkle.TreeHasher | None = None
        while rest >= size:
            whole = min(rest // size, _BATCH - len(batch))
            for _ in range(whole):
                if readinto(body) != size:
                    rest = 0
                    break
                append(sha256(buffer).digest())
            if not rest:  # the file ends early, or the system gave less than there is: leaf by leaf, then
                return self._hash_slowly(file, segment)
            length += size * whole
            rest -= size * whole
            if len(batch) == _BATCH:
                tree = _collapse(tree, batch)
        if rest:
            found = self._fill(file, rest)
            length += found
            batch.append(sha256(view[: 1 + found]).digest())
        if length == segment.length:
            length += readinto(body[:1]) or 0
        if tree is not None:
            return header_leaf, _root_of_batches(tree, batch), length, sound
        return header_leaf, pair_up(batch), length, sound

    def _hash_slowly(self, file: Media, segment: Segment) -> tuple[bytes, bytes, int, tuple[int, int] | None]:
        """As `_hash`, for a file that does not fill its leaves at once."""
        file.seek(0)
        header_leaf, length = self._header_leaf(file, segment.header_length)
        sound = _wav_format(self._header_view, segment)
        tree = merkle.TreeHasher()
        while length < segment.length:
            found = self._fill(file, min(segment.leaf_size, segment.length - length))
            tree.append(sha256(self._view[: 1 + found]).digest())
            length += found
            if found < segment.leaf_size:
                break
        if length == segment.length:
            length += self._fill(file, 1)
        return header_leaf, tree.root(), length, sound

    def _header_leaf(self, file: Media, length: int) -> tuple[bytes, int]:
        """Leaf hash of the first `length` bytes, and how many there were."""
        if length <= _HEADER:
            found = file.readinto(self._header_view[1 : 1 + length]) or 0
            if found != length:
                found = self._fill_view(file, self._header_view, length, found)
            return sha256(self._header_view[: 1 + found]).digest(), found
        hasher = sha256(b"\x00")
        done = 0
        while done < length:
            found = file.readinto(self._header_view[1 : 1 + min(_HEADER, length - done)]) or 0
            if not found:
                break
            hasher.update(self._header_view[1 : 1 + found])
            done += found
        return hasher.digest(), done

    def _prepare(self, size: int) -> None:
        """A buffer for leaves of `size` bytes behind the zero byte that every leaf is hashed with."""
        if self._leaf_size != size:
            self._leaf_size = size
            self._buffer = bytearray(1 + size)
            self._view = memoryview(self._buffer)

    def _fill(self, file: Media, size: int, done: int = 0) -> int:
        return self._fill_view(file, self._view, size, done)

    @staticmethod
    def _fill_view(file: Media, view: memoryview, size: int, done: int) -> int:
        """Reads on until `size` bytes stand behind the first one of `view`, or the file ends; how many stand there."""
        while done < size:
            found = file.readinto(view[1 + done : 1 + size])
            if not found:
                break
            done += found
        return done


def pair_up(level: list[bytes]) -> bytes:
    """Root over leaf hashes: pairing neighbours, an odd last one unchanged, gives RFC 6962's tree."""
    if not level:
        return merkle.EMPTY_ROOT
    while len(level) > 1:
        odd = level[-1:] if len(level) & 1 else []
        pairs = iter(level)
        level = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)] + odd
    return level[0]


def tick_of(segment: Segment, offset: int, is_end: bool = False) -> int:
    """The tick at which byte `offset` of the file was recorded, in proportion: of its samples where they are counted,
    else of its ticks. Rounded down, or up if `is_end`: it is where a range ends.
    """
    data = segment.length - segment.header_length
    place = min(max(offset - segment.header_length, 0), data)
    if segment.written and segment.rate:
        span, divisor = segment.written * 1000, segment.rate * data
    else:
        span, divisor = segment.last_tick - segment.first_tick, data
    if not divisor:
        return segment.first_tick
    rounded_up = divisor - 1 if is_end else 0
    return min(segment.first_tick + (span * place + rounded_up) // divisor, segment.last_tick)


def _collapse(tree: merkle.TreeHasher | None, batch: list[bytes]) -> merkle.TreeHasher:
    tree = tree or merkle.TreeHasher()
    tree.append(pair_up(batch))
    batch.clear()
    return tree


def _root_of_batches(tree: merkle.TreeHasher, batch: list[bytes]) -> bytes:
    """Root when complete batches are nodes of `tree` and the rest, smaller than any of them, is `batch`."""
    peaks = list(tree.peaks)
    if batch:
        peaks.append(pair_up(batch))
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = merkle.node_hash(peak, root)
    return root


def _root_of_kept(kept: bytes) -> bytes:
    tree = merkle.TreeHasher()
    for place in range(32, len(kept), 32):
        tree.append(kept[place : place + 32])
    return merkle.segment_root(kept[:32], tree.root())


def _extend(ranges: list[tuple[int, int]], start: int, end: int) -> None:
    if ranges and ranges[-1][1] == start:
        ranges[-1] = (ranges[-1][0], end)
    else:
        ranges.append((start, end))


def _wav_format(header: memoryview, segment: Segment) -> tuple[int, int] | None:
    """(block alignment, samples a second) in a WAV header that is long enough to have them."""
    if segment.media != codes.MEDIA_WAV or not 44 <= segment.header_length <= _HEADER:
        return None
    rate, _bytes, frame = struct.unpack_from("<IIH", header, 1 + _WAV_FORMAT + 4)
    return frame, rate

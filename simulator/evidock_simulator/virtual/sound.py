"""Sources of sound: a WAV file that repeats, or a tone made from the seed. Both give any byte of an endless stream.

Source of the file format: Microsoft RIFF, WAVE PCM.
"""

import hashlib
import struct

_BLOCK = 512  # bytes of the tone that carry one number


class NotUsable(Exception):
    """The file is no WAV file of 16-bit PCM; the text says what it is."""


class WavFile:
    """The sound of a WAV file, repeated without end. `rate` in samples per second, `channels`."""

    def __init__(self, path: str):
        self._file = open(path, "rb", 0)  # noqa: SIM115 (open for life)
        self.rate = 0
        self.channels = 0
        self._start = 0
        self._length = 0
        self._find_chunks()
        frame = 2 * self.channels
        self._length -= self._length % frame
        if not self._length:
            raise NotUsable("no sound in it")

    def read(self, position: int, buffer: memoryview) -> None:
        """Fills `buffer` with the stream's bytes from `position` on."""
        done = 0
        while done < len(buffer):
            at = (position + done) % self._length
            count = min(len(buffer) - done, self._length - at)
            self._file.seek(self._start + at)
            if self._file.readinto(buffer[done : done + count]) != count:
                raise NotUsable("shorter than its header says")
            done += count

    def _find_chunks(self) -> None:
        head = self._file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise NotUsable("not a WAV file")
        at = 12
        end = self._file.seek(0, 2)
        while at + 8 <= end:
            self._file.seek(at)
            name, length = struct.unpack("<4sI", self._file.read(8))
            if name == b"fmt ":
                form, self.channels, self.rate, _bytes, _frame, bits = struct.unpack("<HHIIHH", self._file.read(16))
                if form not in (1, 0xFFFE) or bits != 16 or not 1 <= self.channels <= 2 or not self.rate:
                    raise NotUsable(f"format {form} with {bits} bits: 16-bit PCM, mono or stereo, is needed")
            elif name == b"data" and self.rate:
                self._start = at + 8
                self._length = min(length, end - self._start)
                return
            at += 8 + length + length % 2
        raise NotUsable("no sound in it")


class Tone:
    """A quiet tone at 16 kHz, mono, whose every 16 ms begin with 32 bytes that no other place has."""

    rate = 16_000
    channels = 1

    def __init__(self, seed: int):
        self._seed = b"evidock tone %d " % seed
        self._tone = bytearray(_BLOCK)
        value = 0
        step = 400
        for at in range(0, _BLOCK, 2):
            struct.pack_into("<h", self._tone, at, value)
            value += step
            if abs(value) >= 6400:
                step = -step

    def read(self, position: int, buffer: memoryview) -> None:
        """Fills `buffer` with the stream's bytes from `position` on."""
        done = 0
        while done < len(buffer):
            at = (position + done) % _BLOCK
            self._tone[:32] = hashlib.sha256(self._seed + b"%d" % ((position + done) // _BLOCK)).digest()
            count = min(len(buffer) - done, _BLOCK - at)
            buffer[done : done + count] = self._tone[at : at + count]
            done += count

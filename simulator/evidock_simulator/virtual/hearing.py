"""What befalls a microphone: speech near it, and times at which it gives nothing. Outlives boots.

Architecture: "The simulator" (faults are policies of the simulated hardware). The speech is a tone in syllables over
whatever else is heard: loud enough for who measures energy, and the same in every run.
"""

import struct

_BLOCK = 512  # bytes of the sound that are loud or not
_SYLLABLE = 14  # blocks
_LOUD = 10  # of these
_LEFT = 32  # bytes of each block that are left as they are, since they differ from block to block
_KEPT = 8  # of either sort


class Hearing:
    """Spans of simulated milliseconds. Sound is a stream of bytes that begins at millisecond 0."""

    def __init__(self):
        self._speech: list[tuple[int, int]] = []
        self._pauses: list[tuple[int, int]] = []
        wave = bytearray(_BLOCK)
        for at in range(0, _BLOCK, 2):
            place = at * 3 % 128
            struct.pack_into("<h", wave, at, (place if place < 64 else 128 - place) * 300 - 9600)
        self._wave = memoryview(wave)

    def speak(self, now: int, milliseconds: int) -> None:
        """Somebody speaks from now on."""
        self._speech.append((now, now + milliseconds))
        del self._speech[:-_KEPT]

    def pause(self, now: int, milliseconds: int) -> None:
        """The microphone gives nothing from now on."""
        self._pauses.append((now, now + milliseconds))
        del self._pauses[:-_KEPT]

    def silent_ms(self, first: int, last: int) -> int:
        """For how long of a span it gives nothing."""
        return sum(max(0, min(last, end) - max(first, begin)) for begin, end in self._pauses)

    def overlay(self, rate: int, frame: int, position: int, buffer: memoryview) -> None:
        """Puts the speech into the sound that `buffer` holds from byte `position` of the stream on."""
        for begin, end in self._speech:
            at = max(0, begin * rate // 1000 * frame - position)
            stop = min(len(buffer), end * rate // 1000 * frame - position)
            while at < stop:
                inside = (position + at) % _BLOCK
                count = min(stop - at, _BLOCK - inside)
                if (position + at) // _BLOCK % _SYLLABLE < _LOUD:
                    skip = min(max(0, _LEFT - inside), count)
                    buffer[at + skip : at + count] = self._wave[inside + skip : inside + count]
                at += count

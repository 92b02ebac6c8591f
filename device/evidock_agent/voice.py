"""Whether somebody spoke: loud and quiet in the sound that is recorded, while a spoken reason is awaited.

Specification: "Interruptions" (somebody spoke). Loaded on demand. Energy tells neither speech from noise, nor who
spoke, nor what: music, traffic or a machine that is switched off count as a voice; a voice in noise that never falls to
a third of its level counts as none.
"""

from array import array

LONGEST_PAUSE_MS = 2000  # between two loud blocks of one span
LEAST_MS = 1000  # of loud blocks in a span
LONGEST_BLOCK_MS = 256
SHORTEST_BLOCK_MS = 128  # shorter pieces of sound are joined: the level of a moment says little
FLOOR = 200  # of 32767: no block is loud at this level or below
FACTOR = 3  # times the quietest block's level
_KEPT = 512  # blocks at most, a minute or two, judged anew when a quieter one comes
_STRIDE = 17  # samples; a prime, so that no channel and hardly any tone falls between


class Voice:
    """Hears sound of 16 bits, block by block, and finds the first span in which somebody spoke.

    Ticks are milliseconds since boot. Blocks may come late or together: their ticks count, not when they come.
    """

    def __init__(self, wait_ms: int):
        """`wait_ms`: how long to listen at most, from the first call of hear() or is_done() on."""
        self._wait_ms = wait_ms
        self._begun: int | None = None  # tick of that call
        count = min(wait_ms // SHORTEST_BLOCK_MS + 2, _KEPT)
        self._levels = array("H", bytes(2 * count))
        self._starts = array("I", bytes(4 * count))  # milliseconds after `_begun`
        self._lasted = array("H", bytes(2 * count))
        self._kept = 0  # blocks in these
        self._quietest = 0xFFFF
        self._total = self._count = self._milliseconds = self._from = 0  # of the block that is being joined
        self._clear()

    @property
    def span(self) -> tuple[int, int] | None:
        """(first, last): ticks between which somebody spoke, as far as heard; None when nobody did yet."""
        if self._loud_ms < LEAST_MS or self._begun is None:
            return None
        return self._begun + self._first, self._begun + self._last

    def is_done(self, tick: int) -> bool:
        """Whether to write down what was heard: somebody spoke and stopped, or the time is over."""
        if self._begun is None:
            self._begun = tick
        return self._stopped or tick - self._begun >= self._wait_ms

    def hear(self, block: memoryview, tick: int, milliseconds: int) -> None:
        """`block`: whole frames of signed 16-bit little-endian samples, of any channels. They begin at `tick` and last
        so many `milliseconds`, as the rate says."""
        if self._begun is None:
            self._begun = tick
        if self._stopped:
            return
        at = max(tick - self._begun, 0)
        parts = max((milliseconds + LONGEST_BLOCK_MS - 1) // LONGEST_BLOCK_MS, 1)
        samples = len(block) // 2
        for part in range(parts):
            first, end = samples * part // parts, samples * (part + 1) // parts
            start, stop = milliseconds * part // parts, milliseconds * (part + 1) // parts
            self._join(block, first, end, at + start, stop - start)

    def _join(self, block: memoryview, first: int, end: int, at: int, milliseconds: int) -> None:
        """Adds samples `first` to `end` to the block that is being joined, and ends that when it is long enough."""
        if self._milliseconds and (
            self._milliseconds + milliseconds > LONGEST_BLOCK_MS or at > self._from + LONGEST_BLOCK_MS
        ):
            self._finish()
        if not self._milliseconds:
            self._from = at
        mean = total = count = 0
        for place in range(2 * first, 2 * end, 2 * _STRIDE):  # + 32768, so that no sign is to be minded
            mean += (block[place] | block[place + 1] << 8) ^ 0x8000
            count += 1
        if count:
            mean //= count
        for place in range(2 * first, 2 * end, 2 * _STRIDE):
            total += abs(((block[place] | block[place + 1] << 8) ^ 0x8000) - mean)
        self._total += total
        self._count += count
        self._milliseconds += milliseconds
        if self._milliseconds >= SHORTEST_BLOCK_MS:
            self._finish()

    def _finish(self) -> None:
        if self._kept == len(self._levels):
            self._forget()
        level = min(self._total // self._count if self._count else 0, 0xFFFF)
        number = self._kept
        self._levels[number] = level
        self._starts[number] = self._from
        self._lasted[number] = self._milliseconds
        self._kept += 1
        self._total = self._count = self._milliseconds = 0
        if level < self._quietest:  # more of what came before may be loud
            self._quietest = level
            self._clear()
            number = 0
        while number < self._kept and not self._stopped:
            self._judge(number)
            number += 1

    def _judge(self, number: int) -> None:
        """Goes on to the next block."""
        start = self._starts[number]
        if start - self._last > LONGEST_PAUSE_MS:
            self._pause()
            if self._stopped:
                return
        level = self._levels[number]
        stop = start + self._lasted[number]
        if level > FLOOR and level >= FACTOR * self._quietest:
            if not self._loud_ms:
                self._first = start
            self._loud_ms += self._lasted[number]
            self._last = stop
        elif stop - self._last > LONGEST_PAUSE_MS:
            self._pause()

    def _pause(self) -> None:
        """A pause too long for one span."""
        if self._loud_ms >= LEAST_MS:
            self._stopped = True
        else:
            self._loud_ms = 0

    def _clear(self) -> None:
        self._loud_ms = 0  # of the span so far
        self._first = self._last = 0  # where it begins and ends, milliseconds after `_begun`
        self._stopped = False

    def _forget(self) -> None:
        """Lets go of the older half."""
        half = self._kept // 2
        for number in range(self._kept - half):
            self._levels[number] = self._levels[half + number]
            self._starts[number] = self._starts[half + number]
            self._lasted[number] = self._lasted[half + number]
        self._kept -= half

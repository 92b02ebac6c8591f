"""How much is asked for ahead and in what pieces: rate and latency of a line as seen, and the loss of its frames.

Specification: "Messages" (MEDIA: credit and chunk are the host's). Pure: told of times (seconds) and bytes.
"""

from __future__ import annotations

from evidock_protocol import versions

RANGE = 8 * 1024  # bytes of one request
SMALLEST = 2 * RANGE  # bytes asked for and not yet here, at least: one range on its way while the next is asked for
SLOW_SECONDS = 4.0  # that the smallest window may take: a recorder ends a session in which nobody asks anything
SLOWEST = 512  # bytes of such a window
LARGEST = 64 * 1024  # and at most: what an adapter holds while this host does something else
SLACK_SECONDS = 0.25  # for which the line is kept busy beyond its latency: other programs run on this machine, too
SAMPLE_SECONDS = 0.05
FASTEST = 1e9  # bytes per second that a line is believed to carry, at most
AT_ONCE = 16 * 1024  # bytes that are waited for before any are taken in, because each look at the line costs time
SAFE_AT_ONCE = 2048  # that any adapter and system hold: Linux stops an adapter that may be unable to wait at 4 KiB
LONG_SECONDS = 0.1
LONGEST_GATHER = 0.06  # seconds for that: well below the slack

CHUNKS = (256, 512, 1024, 2048, 4096)
OVERHEAD = 20  # bytes of a frame that are not media
ANSWER_SECONDS = 2.0  # that one answer may take on a slow line: less than counts as a late one
FRESH = 64 * 1024  # bytes without a loss that a line is believed to have behind it when it is opened
MEMORY = 1024 * 1024  # bytes after which what was seen counts half


def largest_answer(rate: float | None) -> int:
    """Bytes that one answer may have over a line of `rate` bytes per second (None: not known, and not slow): a power
    of two that takes ANSWER_SECONDS at most."""
    if rate is None:
        return CHUNKS[-1]
    return max(size for size in CHUNKS if size == CHUNKS[0] or size <= rate * ANSWER_SECONDS)


class Flow:
    """Rate and latency of a line, and the window that follows from them."""

    def __init__(self, rate: float = 0.0) -> None:
        """`rate` is what the line itself carries, 0 when that is not known."""
        self._smallest = min(SMALLEST, max(SLOWEST, int(rate * SLOW_SECONDS))) if rate else SMALLEST
        self.rate = rate  # bytes per second, 0 when it is not known yet
        self.latency = 0.0  # seconds from a request to the first byte, 0 when it is not known yet
        self._asked_at: float | None = None  # when something was asked for on an idle line
        self._since: float | None = None  # begin of the sample
        self._bytes = 0
        self._at_once = AT_ONCE
        self._lost: int | None = None  # frames, as told last

    @property
    def window(self) -> int:
        """Bytes of media that may be asked for and not yet here."""
        if not self.rate:
            return LARGEST
        return max(self._smallest, min(LARGEST, int(self.rate * (self.latency + SLACK_SECONDS))))

    @property
    def range(self) -> int:
        """Bytes of one request: more where the window holds many of them for long, because each costs time."""
        return 2 * RANGE if self.window == LARGEST and self.rate < LARGEST / LONG_SECONDS else self._smallest // 2

    def gather(self, credit: int) -> float:
        """Seconds for which arriving bytes may be left where they are, while `credit` bytes are on their way."""
        if not self.rate:
            return 0.0
        unasked = max(0.0, credit / self.rate - self.latency)  # of the line's time, before it may run dry
        return min(LONGEST_GATHER, self._at_once / self.rate, unasked / 4)

    def asked(self, now: float) -> None:
        """Something was asked for while nothing else was on its way."""
        self._asked_at = now
        if self.rate:
            self.rate = min(2 * self.rate, FASTEST)  # the line ran dry: what it carries was not seen
        if self._since is None:
            self._since, self._bytes = now, 0

    def arrived(self, now: float, count: int, lost: int = 0) -> None:
        """`count` bytes came in; `lost` frames of this line were lost until now."""
        before, self._lost = self._lost, lost
        if before is not None and lost > before:
            # Perhaps something on the way could not hold all that gathered.
            self._at_once = max(SAFE_AT_ONCE, self._at_once // 2)
        if self._asked_at is not None:
            waited = now - self._asked_at
            self.latency = min(self.latency, waited) if self.latency else waited
            self._asked_at = None
        if self._since is None:
            self._since, self._bytes = now, 0
            return
        self._bytes += count
        if now - self._since >= SAMPLE_SECONDS:
            self.rate = max(self._bytes / (now - self._since), self.rate * 0.9)
            self._since, self._bytes = now, 0


class Chunk:
    """Bytes of one answer: as large as the loss of the line makes worth while, a power of two.

    A frame costs OVERHEAD bytes, and each of its bytes may be the one that loses it: the cost of both is least where a
    frame has sqrt(OVERHEAD / loss per byte) bytes.
    """

    def __init__(self, fixed: int | None = None):
        """`fixed` bytes, whatever is lost, for measurements."""
        self.size = fixed or versions.MAXIMUM_CHUNK
        self._largest = versions.MAXIMUM_CHUNK
        self._fixed = fixed is not None
        self._bytes = float(FRESH)
        self._losses = 0.0

    def limit(self, largest: int) -> None:
        """The line is so slow that an answer has `largest` bytes at most."""
        self._largest = largest
        self._choose()

    def arrived(self, count: int) -> None:
        """`count` bytes of media came in whole."""
        self._bytes += count
        if self._bytes > MEMORY:
            self._bytes /= 2
            self._losses /= 2
            self._choose()

    def lost(self, count: int) -> None:
        """`count` bytes of media in a row were lost: that counts once, a pulled cable is no noise."""
        self._bytes += min(count, self.size)
        self._losses += 1
        self._choose()

    def _choose(self) -> None:
        if self._fixed:
            return
        ideal = (OVERHEAD * self._bytes / self._losses) ** 0.5 if self._losses else CHUNKS[-1]
        # Between two powers of two the geometric mean decides.
        self.size = max(size for size in CHUNKS if size == CHUNKS[0] or size <= min(ideal * 2**0.5, self._largest))

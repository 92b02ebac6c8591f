"""The Encoder port: hardware of its own that writes files to the same card while time passes, and how it fails.

Architecture: "The simulator" (faults are policies of the simulated hardware).
"""

from evidock_simulator.virtual import condition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.clock import Clock

ENOSPC = 28
CLOSE_MS = 1200  # from end() until the file is closed
AT_ONCE = 8  # pieces that one look writes
KEPT = 4  # closed files that it remembers
FILL_BYTES = 96 * 1024  # after which a card that is to be filled is full
MEDDLINGS = 2000  # looks at which it writes on in a file that it has closed


class _File:
    """One file that is made. `pieces` counts what was written."""

    def __init__(self, path: str, begun: int):
        self.path = path
        self.begun = begun
        self.ended: int | None = None
        self.pieces = 0
        self.length = 0
        self.file = None
        self.closed = False
        self.broken = False  # the card failed under it
        self.meddlings = 0


class Encoder:
    """Writes `clip` to the card of one boot. The board's owner calls work() as time passes."""

    def __init__(self, clip, card, clock: "Clock", state: condition.Condition):
        self.media: int = clip.media
        self.tracks: int = clip.tracks
        self.rate: int = clip.rate
        self._clip = clip
        self._card = card
        self._clock = clock
        self._condition = state
        self._files: list[_File] = []

    def begin(self, path: str) -> None:
        """Begins a file at `path` on the card."""
        if self._condition.fault == condition.DEAD:
            raise OSError(5)
        del self._files[:-KEPT]
        self._files.append(_File(path, self._clock.now))

    def end(self) -> None:
        """Asks it to finish the file that it began last."""
        if self._files and self._files[-1].ended is None:
            self._files[-1].ended = self._clock.now

    def closed(self, path: str) -> bool:
        """Whether it says that it has finished and closed this file."""
        return any(one.closed for one in self._files if one.path == path)

    def written(self, path: str) -> int:
        """Pictures that it says are in this file."""
        if not self.rate:
            return 0
        return max([0] + [one.pieces - 1 for one in self._files if one.path == path])

    def work(self) -> None:
        """Does what the time that has passed allows."""
        for one in self._files:
            if one.broken or (one.closed and not one.meddlings):
                continue
            try:
                self._meddle(one) if one.closed else self._write(one)
            except OSError:  # no card, or no power; nobody mends it
                one.broken = True

    def _write(self, one: _File) -> None:
        now = self._clock.now
        fault = self._condition.fault
        if one.file is None:
            one.file = self._card.open(one.path, "wb")
        if fault != condition.ENCODER_EMPTY:
            due = self._clip.due((now if one.ended is None else one.ended) - one.begun, one.ended is not None)
            for _ in range(AT_ONCE):
                if one.pieces >= due:
                    break
                data = self._clip.piece(one.pieces)
                one.file.write(data)
                one.pieces += 1
                one.length += len(data)
            if fault == condition.ENCODER_FILL and one.length > FILL_BYTES:
                self._card.fill()
                raise OSError(ENOSPC)
            if one.pieces < due:
                return
        if one.ended is None or now - one.ended < CLOSE_MS or fault == condition.ENCODER_LEAVE_OPEN:
            return
        one.file.close()
        one.closed = True
        if fault == condition.ENCODER_RENAME:
            self._card.rename(one.path, one.path[: one.path.rfind("/") + 1] + "ENCODER.TMP")
        elif fault == condition.ENCODER_WRITE_ON:
            one.meddlings = MEDDLINGS

    def _meddle(self, one: _File) -> None:
        """Writes on in a file that it has closed."""
        one.meddlings -= 1
        with self._card.open(one.path, "ab") as file:
            file.write(b"and on")

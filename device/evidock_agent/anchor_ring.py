"""The anchor ring: how far a recording had got, noted in internal flash.

Specification: "Internal flash" (anchor ring). Without it, whoever trims the card and boots the recorder would have the
loss signed as an honest power cut (AT-33).
"""

from evidock_agent import rings
from evidock_protocol import flash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports

_KNOWN = 8  # numbers: of two tracks those that are open, those that end, and room


class AnchorRing:
    """Anchors in the order written. `newest` is (START's sequence, segment number, length, tick) or None.

    `known` has the length of each of the highest numbers that have an anchor, in the recording of `start`.
    An anchor of segment 0 keeps the number of the newest recording in place of a length: `recordings`. `is_full` says
    that the last one found no room.
    """

    def __init__(self, region: "ports.Flash"):
        self._region = region
        self._ring = rings.SectorRing(region, flash.MAGIC_ANCHOR)
        self.newest: tuple[int, int, int, int] | None = None
        self.start = -1  # the newest anchor's START
        self.known: dict[int, int] = {}
        self.recordings = 0
        self.is_full = False
        self._at = 0
        self._end = 0
        self._scan()

    @property
    def ring(self) -> rings.SectorRing:
        """The sectors."""
        return self._ring

    @property
    def runs_short(self) -> bool:
        """Whether half of the sectors are used: no more are erased before the recording ends."""
        return 2 * len(self._ring.blank) < self._region.sectors

    def note(self, start: int, number: int, length: int, tick: int) -> None:
        """Writes one anchor. Without an erased sector it is skipped.

        Recording matters more, and the journal tells of it.
        """
        if self._at == self._end:
            try:
                sector = self._ring.open_next()
            except rings.RingFull:
                self.is_full = True
                return
            self.is_full = False
            self._at = sector * flash.SECTOR + flash.HEAD
            self._end = (sector + 1) * flash.SECTOR
        rings.program(self._region, self._at, flash.encode_anchor(start, number, length, tick))
        self._at += flash.ANCHOR
        self._follow((start, number, length, tick))

    def erase_ahead(self) -> bool:
        """Makes one more sector ready; False when all but the newest two are. Only while nothing records."""
        if self._ring.erase_ahead():
            return True
        if len(self._ring.used) > 2:  # the newest may have been opened by a cut and hold no anchor yet
            self._ring.drop_oldest()
            return True
        return False

    def _follow(self, anchor: tuple[int, int, int, int]) -> None:
        start, number, length, _tick = anchor
        if number:
            self.newest = anchor
            if start != self.start:
                self.start = start
                self.known = {}
            self.known[number] = length
            if len(self.known) > _KNOWN:
                del self.known[min(self.known)]
        else:
            self.recordings = length

    def _scan(self) -> None:
        raw = bytearray(flash.ANCHOR)
        for sector in self._ring.used:
            self._at = sector * flash.SECTOR + flash.HEAD
            self._end = (sector + 1) * flash.SECTOR
            last_written = self._at
            for at in range(self._at, self._end, flash.ANCHOR):
                self._region.read_into(at, memoryview(raw))
                if raw == b"\xff" * flash.ANCHOR:
                    continue
                last_written = at + flash.ANCHOR
                anchor = flash.parse_anchor(raw)
                if anchor is not None:
                    self._follow(anchor)
            self._at = last_written

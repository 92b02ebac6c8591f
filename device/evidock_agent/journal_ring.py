"""The journal ring: whole records of entries and private openings in internal flash, where nobody can pull them out.

Specification: "Internal flash" (journal ring). A record is durable when append() returns; a torn one fails its CRC and
ends its sector. One that was whole and rotted is told from it: a program that power cut short left bits set, and no
others cleared.
"""

from evidock_agent import rings
from evidock_protocol import flash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports

_SHORTEST = 240  # bytes that an entry takes, a little understated


class JournalRing:
    """Append-only records over a SectorRing. Addresses are byte offsets in the region.

    After a scan, `rotten` has the sectors with records that were whole once, `lost` how many entries at most rotted
    behind the last whole record, and `is_torn` says that something stands behind it.
    """

    def __init__(self, region: "ports.Flash"):
        self._region = region
        self.ring = rings.SectorRing(region, flash.MAGIC_JOURNAL)
        self._head = bytearray(flash.RECORD_HEAD)
        self._at = 0  # where the next record goes
        self._end = 0  # end of the sector that is written
        self.rotten: list[int] = []
        self.lost = 0
        self.is_torn = False

    def scan(self):
        """Yields (address, kind, data) of every whole record from oldest to newest, and finds where to go on.

        A sector with a damaged record is closed: the next record opens a new one, since NOR bytes cannot be written
        again. Records behind one that rotted are still read, or their numbers would be given twice.
        """
        for sector in list(self.ring.used):
            at = sector * flash.SECTOR + flash.HEAD
            end = (sector + 1) * flash.SECTOR
            damaged = False
            while at + flash.RECORD_HEAD <= end:
                self._region.read_into(at, memoryview(self._head))
                kind, length, _check = flash.parse_record_head(self._head)
                if kind == flash.RECORD_FREE and self._is_erased(at, end):
                    break
                if kind == flash.RECORD_FREE or at + flash.record_span(length) > end:
                    damaged = self.is_torn = True
                    if kind != flash.RECORD_FREE and not self._may_be_torn(at, end):
                        self._note_rot(sector, 1 + (end - at) // _SHORTEST)
                    break
                data = self._read(at + flash.RECORD_HEAD, length)
                if flash.record_is_whole(self._head, data):
                    self.lost = 0
                    self.is_torn = False
                    yield at, kind, data
                else:
                    damaged = self.is_torn = True
                    if not self._may_be_torn(at, end):
                        self._note_rot(sector, 1 if kind == flash.RECORD_ENTRY else 0)
                at += flash.record_span(length)
            self._at, self._end = (end, end) if damaged else (at, end)

    def _note_rot(self, sector: int, lost: int) -> None:
        self.lost += lost
        if sector not in self.rotten:
            self.rotten.append(sector)

    def append(self, kind: int, data: bytes) -> int:
        """Writes one record and returns its address.

        Raises rings.RingFull when no erased sector is left, rings.FlashFailed when flash does not take it.

        The data go first and the head last, so that a record whose head is there is whole up to torn bits, which the
        CRC shows. One that failed ends its sector, as a torn one does.
        """
        span = flash.record_span(len(data))
        if self._at + span > self._end:
            sector = self.ring.open_next()
            self._at = sector * flash.SECTOR + flash.HEAD
            self._end = (sector + 1) * flash.SECTOR
        address = self._at
        after = address + span
        self._at = self._end  # until it is whole: what stands behind a failed record would not be read at boot
        rings.program(self._region, address + flash.RECORD_HEAD, data)
        rings.program(self._region, address, flash.encode_record_head(kind, data))
        self._at = after
        return address

    def read(self, address: int) -> bytes:
        """The data of the record at `address`."""
        self._region.read_into(address, memoryview(self._head))
        _kind, length, _check = flash.parse_record_head(self._head)
        return self._read(address + flash.RECORD_HEAD, length)

    def room(self) -> int:
        """Bytes that can still be appended without erasing, a little understated."""
        return len(self.ring.blank) * (flash.SECTOR - flash.HEAD) + self._end - self._at

    def _read(self, address: int, length: int) -> bytes:
        data = bytearray(length)
        self._region.read_into(address, memoryview(data))
        return bytes(data)

    def _is_erased(self, at: int, end: int) -> bool:
        """Whether all bytes from `at` to the sector's `end` are erased: data whose head was never written are torn."""
        page = bytearray(flash.PAGE)
        while at < end:
            view = memoryview(page)[: min(flash.PAGE, end - at)]
            self._region.read_into(at, view)
            if bytes(view) != b"\xff" * len(view):
                return False
            at += len(view)
        return True

    def _may_be_torn(self, at: int, end: int) -> bool:
        """Whether power may have gone while this head was programmed, behind its data: no bit is cleared that should be
        set. All of the head tears alike, so what it says of itself is nothing. Behind the data, which are whole then,
        flash is erased; they may themselves end with 0xFF.
        """
        if bytes(self._head) == b"\xff" * flash.RECORD_HEAD:
            return True
        data = self._read(at + flash.RECORD_HEAD, end - at - flash.RECORD_HEAD)
        least = len(data.rstrip(b"\xff"))
        for length in range(least, min(least + 4, len(data) + 1)):
            for kind in (flash.RECORD_ENTRY, flash.RECORD_PRIVATE):
                wanted = flash.encode_record_head(kind, data[:length])
                if all(found & byte == byte for found, byte in zip(self._head, wanted)):
                    return True
        return False

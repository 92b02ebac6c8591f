"""Rings of raw flash sectors: which sector is the oldest, which is written, and erasing ahead.

Specification: "Internal flash". Nothing is erased while something records, so a ring is erased ahead when the recorder
is idle.
"""

from evidock_protocol import flash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports


class RingFull(Exception):
    """No erased sector is left; the caller says what that means."""


class FlashFailed(Exception):
    """Internal flash refused an erase or a program: nothing more would be durable, so the recorder ends its service."""


class SectorRing:
    """Sectors in the order of their generations. `used` lists sector numbers from oldest to newest."""

    def __init__(self, region: "ports.Flash", magic: bytes):
        self._region = region
        self._magic = magic
        head = bytearray(flash.HEAD)
        found: list[tuple[int, int]] = []
        for sector in range(region.sectors):
            region.read_into(sector * flash.SECTOR, memoryview(head))
            generation = flash.parse_head(bytes(head), magic)
            if generation is not None:
                found.append((generation, sector))
        found.sort()
        self.used = [sector for _generation, sector in found]
        self._generation = found[-1][0] + 1 if found else 0
        self.blank: list[int] = []  # erased ahead, in the order of use
        self._find_blank()

    def open_next(self) -> int:
        """Opens the next erased sector and returns its number; raises RingFull when none is erased."""
        if not self.blank:
            raise RingFull()
        sector = self.blank.pop(0)
        program(self._region, sector * flash.SECTOR, flash.encode_head(self._magic, self._generation))
        self._generation += 1
        self.used.append(sector)
        return sector

    def drop_oldest(self) -> None:
        """Erases the oldest used sector; it is blank from then on.

        Its head is zeroed first: an erase that power tears must not leave a sector that still counts as used.
        """
        sector = self.used.pop(0)
        program(self._region, sector * flash.SECTOR, bytes(flash.HEAD))
        erase(self._region, sector)
        self.blank.append(sector)

    def erase_ahead(self) -> bool:
        """Erases one sector that is neither used nor blank (torn, or never used); False when there is none left."""
        for sector in range(self._region.sectors):
            if sector not in self.used and sector not in self.blank:
                erase(self._region, sector)
                self.blank.append(sector)
                return True
        return False

    def _find_blank(self) -> None:
        """Takes as blank what reads as erased from end to end, starting behind the newest sector so that wear is
        even.
        """
        first = self.used[-1] + 1 if self.used else 0
        page = bytearray(flash.PAGE)
        erased = b"\xff" * flash.PAGE
        for step in range(self._region.sectors):
            sector = (first + step) % self._region.sectors
            if sector in self.used:
                continue
            for offset in range(sector * flash.SECTOR, (sector + 1) * flash.SECTOR, flash.PAGE):
                self._region.read_into(offset, memoryview(page))
                if page != erased:
                    break
            else:
                self.blank.append(sector)


def program(region: "ports.Flash", offset: int, data: bytes) -> None:
    """Programs `data` of any length in steps that each lie within one page; raises FlashFailed."""
    at = 0
    while at < len(data):
        count = min(len(data) - at, flash.PAGE - (offset + at) % flash.PAGE)
        try:
            region.program(offset + at, data[at : at + count])
        except OSError as error:
            raise FlashFailed(str(error))
        at += count


def erase(region: "ports.Flash", sector: int) -> None:
    """Erases one sector; raises FlashFailed."""
    try:
        region.erase(sector)
    except OSError as error:
        raise FlashFailed(str(error))

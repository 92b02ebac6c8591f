"""The key ring: the recorder's signing keys, one page each, wiped in place by programming zeros.

Specification: "Internal flash" (key ring) and "Epoch change". Seeds are never copied elsewhere in flash or to a file.
"""

from evidock_agent import rings
from evidock_protocol import flash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports

_SLOTS_PER_SECTOR = flash.SECTOR // flash.KEY_SLOT


class NoFreeSlot(Exception):
    """Every slot is used or wiped; erase_ahead() makes new ones."""


class KeyRing:
    """Key slots in a region of raw sectors."""

    def __init__(self, region: "ports.Flash"):
        self._region = region
        self._slots = region.sectors * _SLOTS_PER_SECTOR
        self._next = 0

    def whole(self):
        """Yields (slot, epoch, seed) of every key that is there."""
        raw = bytearray(flash.KEY_BYTES)
        for slot in range(self._slots):
            self._region.read_into(slot * flash.KEY_SLOT, memoryview(raw))
            parsed = flash.parse_key(raw)
            if parsed is not None:
                yield slot, parsed[0], parsed[1]

    def store(self, epoch: int, seed: bytes) -> int:
        """Writes a key into an erased slot and returns the slot; raises NoFreeSlot."""
        for step in range(self._slots):
            slot = (self._next + step) % self._slots
            if self._holds_only(slot, 0xFF):
                rings.program(self._region, slot * flash.KEY_SLOT, flash.encode_key(epoch, seed))
                self._next = slot + 1
                return slot
        raise NoFreeSlot()

    def wipe(self, slot: int) -> None:
        """Programs a slot to zeros, which NOR flash does in place."""
        rings.program(self._region, slot * flash.KEY_SLOT, bytes(flash.KEY_SLOT))

    def wipe_all_but(self, live: int) -> None:
        """Wipes every slot but one that is neither blank nor wiped: a half-written key is still a secret."""
        for slot in range(self._slots):
            if slot != live and not self._holds_only(slot, 0xFF) and not self._holds_only(slot, 0):
                self.wipe(slot)

    def erase_ahead(self) -> bool:
        """Erases one sector in which every slot is wiped or blank and at least one is wiped.

        False when there is none.
        """
        for sector in range(self._region.sectors):
            first = sector * _SLOTS_PER_SECTOR
            slots = range(first, first + _SLOTS_PER_SECTOR)
            wiped = [slot for slot in slots if self._holds_only(slot, 0)]
            if (
                wiped
                and len(wiped) + len([slot for slot in slots if self._holds_only(slot, 0xFF)]) == _SLOTS_PER_SECTOR
            ):
                rings.erase(self._region, sector)
                return True
        return False

    def _holds_only(self, slot: int, value: int) -> bool:
        page = bytearray(flash.KEY_SLOT)
        self._region.read_into(slot * flash.KEY_SLOT, memoryview(page))
        return page == bytes((value,)) * flash.KEY_SLOT

"""What must hold for any internal flash at all: the device's rings, over a raw image that work and damage have made.

Specification: "Internal flash". The input is a program: what the rings write, and what happens to the image between two
boots. Whatever is found at a boot was written as it is found, in the order in which it was written; what is written
then is found at the next boot, and nothing asks flash to set a bit that is cleared.
"""

# pyright: reportArgumentType=false

from evidock_agent import rings
from evidock_agent.anchor_ring import AnchorRing
from evidock_agent.journal_ring import JournalRing
from evidock_agent.key_ring import KeyRing, NoFreeSlot
from evidock_protocol import flash

SECTORS = 3  # of each ring
BOOTS = 6  # at most, and steps of one boot
STEPS = 24


class Region:
    """The Flash port over an image in memory, under NOR rules."""

    def __init__(self, sectors):
        self.sectors = sectors
        self.image = bytearray(b"\xff" * (sectors * flash.SECTOR))
        self.rotten = set()  # places that damage has changed

    def erase(self, sector):
        assert 0 <= sector < self.sectors, "erase outside the region"
        self.image[sector * flash.SECTOR : (sector + 1) * flash.SECTOR] = b"\xff" * flash.SECTOR

    def program(self, offset, data):
        assert 0 <= offset < offset + len(data) <= len(self.image), "program outside the region"
        assert offset % flash.PAGE + len(data) <= flash.PAGE, "program across a page"
        wanted = int.from_bytes(data, "big")
        there = int.from_bytes(self.image[offset : offset + len(data)], "big")
        assert there & wanted == wanted, "program sets a bit"
        self.image[offset : offset + len(data)] = data

    def read_into(self, offset, buffer):
        assert 0 <= offset <= len(self.image) - len(buffer), "read outside the region"
        buffer[:] = self.image[offset : offset + len(buffer)]


class Bytes:
    """The input, taken a little at a time; zeros behind its end."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def left(self):
        return self.at < len(self.data)

    def take(self, count=1):
        """An integer of so many bytes, the first the highest."""
        value = 0
        for _ in range(count):
            value = value << 8 | (self.data[self.at] if self.at < len(self.data) else 0)
            self.at += 1
        return value


def flash_rings(data):
    if not data:
        return
    if data[0] & 128:
        raw_image(data[1:])
        return
    source = Bytes(data[1:])
    (journal_program, anchor_program, key_program)[data[0] % 3](source)


def raw_image(data):
    """The bytes as they are, at the beginning of an erased image: nothing may fail, whatever stands there."""
    region = Region(SECTORS)
    region.image[: len(data)] = data[: len(region.image)]
    ring = JournalRing(region)
    found = [(address, kind, content) for address, kind, content in ring.scan()]
    for address, kind, content in found:
        head = bytes(region.image[address : address + flash.RECORD_HEAD])
        assert head == flash.encode_record_head(kind, content)
    AnchorRing(region)
    list(KeyRing(region).whole())


def damaged(region, source):
    """One piece of damage: a byte whose bits clear, one that changes anyhow, a stretch erased, or one of zeros.

    No byte changes twice: what rotted does not come back.
    """
    how, place = source.take() % 4, source.take(2) % len(region.image)
    value = source.take()
    if how < 2 and place in region.rotten:
        return
    if how == 0:
        region.image[place] &= value
        region.rotten.add(place)
    elif how == 1:
        region.image[place] ^= value
        region.rotten.add(place)
    elif how == 2:
        end = min(len(region.image), place + 16 * value)
        region.image[place:end] = b"\xff" * (end - place)
    else:
        end = min(len(region.image), place + value)
        region.image[place:end] = bytes(end - place)


def journal_program(source):
    region = Region(SECTORS)
    written = []  # (kind, content) in the order written
    for _boot in range(BOOTS):
        ring = JournalRing(region)
        found = [(kind, bytes(content)) for _address, kind, content in ring.scan()]
        check_order(found, written)
        written = found
        for _step in range(STEPS):
            if not source.left():
                break
            choice = source.take()
            if choice < 200:
                kind = flash.RECORD_ENTRY if choice & 1 else flash.RECORD_PRIVATE
                content = bytes(range(256)) * 9
                start = source.take()
                content = content[start : start + source.take(2) % 2049]
                try:
                    address = ring.append(kind, content)
                except rings.RingFull:
                    continue
                assert ring.read(address) == content
                written.append((kind, content))
            elif choice < 220 and len(ring.ring.used) > 1:
                ring.ring.drop_oldest()
                written = None
            elif choice < 240:
                ring.ring.erase_ahead()
            if written is None:
                written = [(kind, bytes(content)) for _address, kind, content in JournalRing(region).scan()]
        whole = [(kind, bytes(content)) for _address, kind, content in JournalRing(region).scan()]
        assert whole == written, "what was written is not what a boot finds"
        if not source.left():
            break
        for _ in range(source.take() % 4):
            damaged(region, source)


def check_order(found, written):
    """`found` is `written` with nothing but gaps."""
    at = 0
    for one in found:
        while at < len(written) and written[at] != one:
            at += 1
        assert at < len(written), "a record that was never written there"
        at += 1


def anchor_program(source):
    region = Region(SECTORS)
    notes = set()
    for _boot in range(BOOTS):
        ring = AnchorRing(region)
        assert ring.newest is None or ring.newest in notes, "an anchor that nobody wrote"
        for _step in range(4 * STEPS):
            if not source.left():
                break
            choice = source.take()
            if choice < 230:
                start = choice if choice < 200 else 0xFFFFFFFE - choice
                note = (start, source.take(), source.take(4), source.take(4))
                before = bytes(region.image)
                ring.note(*note)
                notes.add(note)
                if bytes(region.image) != before:
                    again = AnchorRing(region)
                    assert (again.newest, again.recordings) == (ring.newest, ring.recordings)
                    assert ring.newest == note if note[1] else ring.recordings == note[2]
            else:
                newest = ring.newest
                ring.erase_ahead()
                assert ring.newest == newest
        if not source.left():
            break
        for _ in range(source.take() % 4):
            damaged(region, source)


def key_program(source):
    region = Region(2)
    stored = {}
    for _boot in range(BOOTS):
        ring = KeyRing(region)
        for slot, epoch, seed in ring.whole():
            assert stored.get(slot) == (epoch, seed), "a key that nobody stored"
        for _step in range(STEPS):
            if not source.left():
                break
            choice, number = source.take(), source.take()
            if choice < 160:
                seed = bytes((number + 7 * place) & 255 for place in range(32))
                try:
                    slot = ring.store(choice, seed)
                except NoFreeSlot:
                    continue
                stored[slot] = (choice, seed)
                assert (slot, choice, seed) in list(ring.whole())
            elif choice < 200:
                ring.wipe(number % (2 * flash.SECTOR // flash.KEY_SLOT))
                stored.pop(number % (2 * flash.SECTOR // flash.KEY_SLOT), None)
            elif choice < 230:
                live = number % (2 * flash.SECTOR // flash.KEY_SLOT)
                kept = [one for one in ring.whole() if one[0] == live]
                ring.wipe_all_but(live)
                assert list(ring.whole()) == kept
            else:
                kept = list(ring.whole())
                ring.erase_ahead()
                assert list(ring.whole()) == kept
        if not source.left():
            break
        for _ in range(source.take() % 4):
            damaged(region, source)

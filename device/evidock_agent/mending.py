"""What can be had back of a journal that flash has damaged: from sectors whose head rotted, and from the card's copy.

Specification: "Boot recovery", "Internal flash". Loaded on demand at boot, where something is damaged. Nothing counts
that the chain itself does not vouch for: the hashes of its neighbours in flash, or behind the newest of them the
recorder's own signature.
"""

from evidock_agent import mirror, rings, signer
from evidock_agent.crypto import ed25519
from evidock_protocol import card, entry, flash, kinds, sign1
from evidock_protocol.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.agent import Agent
    from evidock_agent.scan import Scan

_MOST = 64  # entries that are had back: they are held in memory, about 300 bytes each


def read_lost_sectors(agent: "Agent") -> list[int]:
    """Has the journal ring read sectors whose head rotted and that hold entries, where these belong; their numbers.

    They would be erased as torn ones are, with all that they hold.
    """
    journal = agent.journal.ring
    ring, region = journal.ring, agent.board.journal_flash
    found: list[int] = []
    for sector in strays(region, ring):
        first = _first_sequence(region, sector)
        if first < 0:
            continue
        place = 0
        while place < len(ring.used) and _first_sequence(region, ring.used[place]) < first:
            place += 1
        ring.used.insert(place, sector)
        found.append(sector)
    return found


def strays(region: "ports.Flash", ring: rings.SectorRing) -> list[int]:
    """Sectors that are neither used nor blank, whose head nobody wiped or erased and behind which something stands."""
    found: list[int] = []
    page = bytearray(flash.PAGE)
    for sector in range(region.sectors):
        if sector in ring.used or sector in ring.blank:
            continue
        region.read_into(sector * flash.SECTOR, memoryview(page))
        head, behind = bytes(page[: flash.HEAD]), bytes(page[flash.HEAD :])
        if head[0] and head != b"\xff" * flash.HEAD and behind != b"\xff" * len(behind):
            found.append(sector)
    return found


def from_card(agent: "Agent", scan: "Scan"):
    """Generator: {sequence: bytes} of the entries that flash lost and the card's copy has, verified."""
    journal = agent.journal
    cards = agent.board.card
    wanted: list[tuple[int, int]] = []
    for first, last in scan.missing:
        if scan.is_told((first, last)) and last < journal.epoch_since:
            continue  # an EPOCH has taken its hash in since
        if sum(end - start + 1 for start, end in wanted) + last - first < _MOST:
            wanted.append((first, last))
    candidates: dict[int, bytes] = {}
    try:
        if not cards.mount():
            return {}
        path = card.device_folder(journal.device) + "/" + card.JOURNAL
        for raw, _offset in mirror.statements(cards, path, 0) if cards.size(path) else ():
            sequence = mirror.sequence_of(raw)
            behind = journal.ring.is_torn and journal.size <= sequence < journal.size + _MOST
            if behind or any(first <= sequence <= last for first, last in wanted):
                candidates[sequence] = raw
            yield
        cards.unmount()
    except OSError:  # whatever it gave counts, if it holds
        yield
    found: dict[int, bytes] = {}
    for first, last in wanted:
        if all(sequence in candidates for sequence in range(first, last + 1)) and _fits(agent, candidates, first, last):
            for sequence in range(first, last + 1):
                found[sequence] = candidates[sequence]
    yield from _follow_on(agent, candidates, found)
    return found


def _fits(agent: "Agent", candidates: "dict[int, bytes]", first: int, last: int) -> bool:
    """Whether these entries link the one before them to the one behind them."""
    before, behind = agent.journal.raw(first - 1), agent.journal.raw(last + 1)
    previous = sign1.statement_hash(before)
    try:
        for sequence in range(first, last + 1):
            if entry.parse(candidates[sequence]).previous != previous:
                return False
            previous = sign1.statement_hash(candidates[sequence])
        return entry.parse(behind).previous == previous
    except ProtocolError:
        return False


def _follow_on(agent: "Agent", candidates: "dict[int, bytes]", found: "dict[int, bytes]"):
    """Generator: adds to `found` what follows the newest entry that flash has, each signed by the key of its epoch."""
    previous, sequence = agent.journal.newest, agent.journal.size
    keys = list(agent.public_keys)
    while sequence in candidates:
        raw = candidates[sequence]
        try:
            parsed = entry.parse(raw)
        except ProtocolError:
            return
        public = [public for key_id, public in keys if key_id == parsed.key_id]
        if parsed.previous != previous or parsed.sequence != sequence or not public:
            return
        sealed = sign1.parse(raw)
        valid = yield from signer.steps(ed25519.verify_steps(public[0], sealed.signed_bytes(), sealed.signature))
        if not valid:
            return
        if parsed.kind == kinds.EPOCH:
            keys.append((sign1.thumbprint(parsed.body["public_key"]), parsed.body["public_key"]))
        found[sequence] = raw
        previous = sign1.statement_hash(raw)
        sequence += 1


def damaged_key_sectors(region: "ports.Flash") -> list[int]:
    """Sectors with a slot that neither a key nor power's going can have left: behind a key's bytes all is 0 or 255."""
    found: list[int] = []
    page = bytearray(flash.KEY_SLOT)
    for slot in range(region.sectors * flash.SECTOR // flash.KEY_SLOT):
        region.read_into(slot * flash.KEY_SLOT, memoryview(page))
        behind = bytes(page[flash.KEY_BYTES :])
        sector = slot * flash.KEY_SLOT // flash.SECTOR
        if behind.count(b"\xff") + behind.count(b"\0") < len(behind) - 1 and sector not in found:
            found.append(sector)
    return found


def _first_sequence(region: "ports.Flash", sector: int) -> int:
    """The sequence of the first whole entry in a sector of the journal ring, -1 when there is none."""
    head = bytearray(flash.RECORD_HEAD)
    at = sector * flash.SECTOR + flash.HEAD
    end = (sector + 1) * flash.SECTOR
    while at + flash.RECORD_HEAD <= end:
        region.read_into(at, memoryview(head))
        kind, length, _check = flash.parse_record_head(head)
        if at + flash.record_span(length) > end:
            return -1
        data = bytearray(length)
        region.read_into(at + flash.RECORD_HEAD, memoryview(data))
        if kind == flash.RECORD_ENTRY and flash.record_is_whole(head, data):
            return mirror.sequence_of(bytes(data))
        at += flash.record_span(length)
    return -1

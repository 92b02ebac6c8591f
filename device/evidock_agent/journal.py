"""The journal: one signed chain over all that the recorder does. The only place that makes entries.

Specification: "Entry payload", "Entry kinds", "Epoch change". No entry, head or hash leaves the recorder before it is
durable.
"""

from array import array

from evidock_agent import key_ring, rings, signer, trusted
from evidock_protocol import codes, entry, flash, kinds, merkle, private, sign1, statements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import moment, ports
    from evidock_agent.journal_ring import JournalRing

RESERVE = 2 * flash.SECTOR  # bytes kept free for the entries that say why recording ended
EPOCH_CEILING = 200  # entries after which a new key is due
HOLE = 0xFFFFFFFF  # stands for the address of an entry that flash lost


class JournalFull(Exception):
    """Only the reserve is left: nothing that can wait may be written."""


class Journal:
    """The chain's newest state: `size`, `newest` (hash), `tree`, `epoch`, `boot`.

    What the ring holds starts at `first`.
    """

    signer: "signer.Signer"  # the live epoch's; only when `has_key`

    def __init__(self, ring: "JournalRing", keys: key_ring.KeyRing, moments: "moment.Moments", random: "ports.Random"):
        self.ring = ring
        self._keys = keys
        self._moments = moments
        self._random = random
        self.has_key = False
        self.device = b""
        self.size = 0
        self.first = 0
        self.newest = entry.ZERO_HASH
        self.wall_ms = 0  # the latest wall time of any entry since the organisation set the clock, Unix ms
        self.tree = merkle.TreeHasher()
        self.epoch = 0
        self.epoch_since = 0  # sequence of the first entry of this epoch
        self.epoch_ticks = 0  # when it began, in ticks of this boot
        self.epoch_owed: int | None = None  # the reason of a change for which no key slot was erased
        self.boot = 0
        self.trusted = trusted.Trusted()
        self._key_id = b""  # of the live epoch's key, as the ring names it
        self._slot = 0
        self._addresses = array("I")  # ring address of entry `first`, `first` + 1, …
        self._openings = array("I")  # pairs: sequence, ring address of its private record

    # Taking entries in, at boot and when written.

    def take(self, address: int, parsed: entry.Entry) -> None:
        """Follows one durable entry: sizes, hashes, tree and epoch."""
        if parsed.kind == kinds.EPOCH:
            self.epoch = parsed.epoch + 1
            self._key_id = sign1.thumbprint(parsed.body["public_key"])
            self.epoch_since = parsed.sequence + 1
        else:
            self.epoch = parsed.epoch
            self._key_id = parsed.key_id
        if not self._addresses:
            self.first = parsed.sequence
        while self.first + len(self._addresses) < parsed.sequence:
            self._addresses.append(HOLE)
            # The one before this entry is known by its hash; of more that are lost, the tree knows from EPOCH on.
            self.tree.append(merkle.leaf_hash(parsed.previous))
        self._addresses.append(address)
        if parsed.kind == kinds.EPOCH:
            self.tree = merkle.TreeHasher(parsed.body["size"], parsed.body["peaks"])
        self.device = parsed.device
        self.size = parsed.sequence + 1
        self.newest = parsed.hash
        self.boot = parsed.boot
        self._follow(parsed.kind, parsed.body, parsed.wall_ms)
        self.tree.append(merkle.leaf_hash(parsed.hash))

    def _follow(self, kind: int, body: dict, wall_ms: int) -> None:
        """What an entry that is durable says of time and trust."""
        stepped = kind == kinds.CLOCK and body["source"] == codes.CLOCK_FROM_ORGANISATION
        self.wall_ms = wall_ms if stepped else max(self.wall_ms, wall_ms)
        self.trusted.note(kind, body)

    def lose_newest(self) -> None:
        """Passes over an entry behind the newest that flash lost. Nobody knows its hash: zeros stand for it."""
        self._addresses.append(HOLE)
        self.newest = entry.ZERO_HASH
        self.tree.append(merkle.leaf_hash(self.newest))
        self.size += 1

    def take_opening(self, address: int, sequence: int) -> None:
        """Follows one durable private record."""
        self._openings.append(sequence)
        self._openings.append(address)

    def use_live_key(self, lost_epoch: bool = False):
        """Generator: finds the live epoch's key, the one that the newest entry names, and wipes every other.

        False when it is not there, and all stay. `lost_epoch`: flash lost the newest entry and it may have been EPOCH,
        so the next epoch's key, which nothing names then, will do.
        """
        self.has_key = False
        for slot, epoch, seed in self._keys.whole():
            if epoch != self.epoch + lost_epoch:
                continue
            found = yield from signer.make(epoch, seed, self._random)
            # A change of key that failed may have left another of this epoch.
            if found.key_id == self._key_id or lost_epoch:
                self.signer = found
                self._slot = slot
                self.has_key = True
                self._keys.wipe_all_but(slot)
                if lost_epoch:
                    self.epoch = epoch
                    self.epoch_since = self.size
                break
        return self.has_key

    def begin(self, seed: bytes):
        """Generator: starts a new chain with its genesis key: the device id is this key's thumbprint."""
        self._slot = self._keys.store(0, seed)
        self.signer = yield from signer.make(0, seed, self._random)
        self.has_key = True
        self.device = self.signer.key_id
        self.boot = 1

    # Writing. Each is a generator that yields between slices; the agent's job queue runs one at a time.

    def append(
        self,
        kind: int,
        body: dict,
        openings=None,
        spare: bool = False,
        ready: list[bytes] | None = None,
        moment: tuple[int, tuple[int, int]] | None = None,
    ):
        """Generator: signs one entry, makes it durable and returns its sequence.

        `openings` lists (label, value) of private fields, `ready` those whose openings were made elsewhere, in
        ascending order of their labels. `spare` marks an entry that can wait: it raises JournalFull
        rather than touch the reserve. `moment` is (ticks, wall clock) of another moment than this one. A body that its
        table does not allow raises Malformed.
        """
        if spare and self.ring.room() < RESERVE:
            raise JournalFull()
        ticks, wall = moment or (self._moments.now(), self._moments.wall())
        raw_openings = list(ready or ())
        commitments = {private.parse_opening(raw)[0]: private.commitment(raw) for raw in raw_openings}
        for label, value in openings or ():
            salt = bytearray(private.SALT)
            self._random.fill(salt)
            raw = private.opening(bytes(salt), label, value)
            raw_openings.append(raw)
            commitments[label] = private.commitment(raw)
        payload = entry.encode_payload(
            kinds.body_table(kinds.ENTRY_KINDS, kind) or "",
            self.device,
            self.signer.epoch,
            self.size,
            self.newest,
            kind,
            self.boot,
            ticks,
            wall,
            body,
            commitments,
        )
        raw = yield from self.signer.sign(statements.TYP_ENTRY, payload)
        if raw_openings:
            record = private.encode_record(self.size, raw_openings)
            self.take_opening(self.ring.append(flash.RECORD_PRIVATE, record), self.size)
        address = self.ring.append(flash.RECORD_ENTRY, raw)
        if not self._addresses:
            self.first = self.size
        self._addresses.append(address)
        self.newest = sign1.statement_hash(raw)
        self._follow(kind, body, wall[1])
        self.tree.append(merkle.leaf_hash(self.newest))
        self.size += 1
        return self.size - 1

    def change_epoch(self, reason: int, moment: tuple[int, tuple[int, int]] | None = None):
        """Generator: changes the signing key; `moment` as for append.

        New key written, EPOCH durable, old key wiped, in this order (a cut leaves exactly one usable key).
        """
        seed = signer.new_seed(self._random)
        following = yield from signer.make(self.signer.epoch + 1, seed, self._random)
        try:
            slot = self._keys.store(following.epoch, seed)
        except key_ring.NoFreeSlot:
            # Between two idle times more epochs than slots: the old key lives on until sectors can be erased.
            self.epoch_owed = reason
            return
        yield
        body = {
            "public_key": following.public,
            "size": self.size,
            "root": self.tree.root(),
            "peaks": list(self.tree.peaks),
            "reason": reason,
        }
        body.update(self.trusted.fields())
        try:
            yield from self.append(kinds.EPOCH, body, moment=moment)
        except rings.RingFull:
            self._keys.wipe(slot)
            raise
        self._keys.wipe(self._slot)
        self.signer = following
        self._slot = slot
        self.epoch = following.epoch
        self.epoch_since = self.size
        self.epoch_ticks = self._moments.now()
        self.epoch_owed = None

    def head(self, session: dict, phase: int, open_start: int | None):
        """Generator: a signed head with the session's nonces; returns its bytes."""
        values = {
            "device": self.device,
            "epoch": self.signer.epoch,
            "size": self.size,
            "newest": self.newest,
            "root": self.tree.root(),
            "boot": self.boot,
            "ticks": self._moments.now(),
            "wall": self._moments.wall(),
            "session": session["session"],
            "host": session["host"],
            "host_nonce": session["host_nonce"],
            "device_nonce": session["device_nonce"],
            "open": open_start,
            "phase": phase,
        }
        statement = yield from self.signer.sign_statement(statements.TYP_HEAD, values)
        return statement

    # Reading back what the ring holds.

    def raw(self, sequence: int) -> bytes:
        """The exact bytes of entry `sequence`, which lies in first … size - 1; b"" when flash lost it."""
        address = self._addresses[sequence - self.first]
        return b"" if address == HOLE else self.ring.read(address)

    def openings(self, first: int, limit: int) -> tuple[int, bytes]:
        """(next sequence not examined, private records of entries from `first`), at most `limit` bytes of whole
        records.
        """
        found = b""
        for at in range(0, len(self._openings), 2):
            if self._openings[at] >= first:
                record = self.ring.read(self._openings[at + 1])
                if found and len(found) + len(record) > limit:
                    return self._openings[at], found
                found += record
        return self.size, found

    def drop_below(self, sequence: int) -> bool:
        """Erases the oldest sector if all its entries lie below `sequence` and before this epoch.

        False when they do not.
        """
        oldest = self.ring.ring.used[0]
        keep = 0
        while keep < len(self._addresses) and (
            self._addresses[keep] == HOLE or self._addresses[keep] // flash.SECTOR == oldest
        ):
            keep += 1
        # The newest EPOCH stays: at boot it gives the tree and names the live key.
        if len(self.ring.ring.used) < 2 or self.first + keep > sequence or self.first + keep >= self.epoch_since - 1:
            return False
        self.ring.ring.drop_oldest()
        self.first += keep
        self._addresses = self._addresses[keep:]
        self._openings = array(
            "I",
            [
                value
                for at in range(0, len(self._openings), 2)
                if self._openings[at + 1] // flash.SECTOR != oldest
                for value in self._openings[at : at + 2]
            ],
        )
        return True


def epoch_is_due(journal: Journal, ticks: int) -> int | None:
    """The reason for a new epoch now (10 minutes, or the ceiling in entries), or None."""
    if ticks - journal.epoch_ticks >= 600_000:
        return codes.EPOCH_TIME
    if journal.size - journal.epoch_since >= EPOCH_CEILING:
        return codes.EPOCH_ENTRIES
    return None

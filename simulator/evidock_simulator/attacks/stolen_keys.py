"""The keys of a recorder and of its host in the hands of a thief, and journals that go on with them.

Attacks: AT-11, AT-12, AT-14, AT-18, AT-19, AT-23, AT-25 and AT-35 to AT-37. A simulated recorder's keys follow from its
seed, and so can be stolen from it: GENESIS says that they are worth nothing else. A host's lies in its store.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from evidock_agent.crypto import ed25519
from evidock_protocol import cbor, codes, custody_kinds, entry, kinds, merkle, sign1, statements
from evidock_simulator.attacks.evidence import Evidence, Recorder, statements_of
from evidock_simulator.attacks.forgery import payload_of
from evidock_simulator.virtual.generator import Generator

SEEDS = 256  # seeds of simulated recorders that are tried
_BORN_BY = 8  # random blocks drawn before the first key is, at most
_BOOTS = 8  # in which a recorder writes no entry, one after the other, at most
_DRAWN = 20_000  # random blocks of a boot, at most
_SEED = 32  # bytes
SECOND = 1000  # milliseconds
_EPOCH, _SEQUENCE, _PREVIOUS, _KIND, _BODY = 3, 4, 5, 6, 10  # keys of a payload
_SIZE, _ROOT, _PEAKS = 1, 2, 3  # keys of the body of EPOCH

Body = dict[str, Any]


class Key:
    """A signing key whose seed is known."""

    def __init__(self, seed: bytes):
        self._seed = seed
        self.public = ed25519.public_key(seed)
        self.key_id = sign1.thumbprint(self.public)

    def seal(self, typ: int, payload: bytes) -> bytes:
        """A statement signed by this key."""
        signature = ed25519.sign(self._seed, self.public, sign1.signed_bytes(typ, self.key_id, payload))
        return sign1.assemble(typ, self.key_id, payload, signature)


def recorder_seeds(recorder: Recorder) -> list[bytes]:
    """The seed of each epoch's key, in their order. Raises ValueError for a recorder whose keys are not to be had."""
    if recorder.genesis.body["protection"] == codes.PROTECTION_SIMULATED:
        epochs = [one for one in recorder.parsed() if one.kind in (kinds.GENESIS, kinds.EPOCH)]
        found = _seeds(tuple((one.boot, bytes(one.body["public_key"])) for one in epochs))  # type: ignore[arg-type]
        if found is not None:
            return found
    raise ValueError(f"{recorder.folder}: this attack needs a simulated recorder made with --seed below {SEEDS}")


def recorder_keys(recorder: Recorder) -> list[Key]:
    """The key of each epoch. Raises ValueError as `recorder_seeds`."""
    return [Key(seed) for seed in recorder_seeds(recorder)]


def host_key(evidence: Evidence) -> Key:
    """The key of the host whose store this is. Raises ValueError when there is none."""
    path = evidence.root / "host.key"
    try:
        return Key(bytes.fromhex(path.read_text().strip()))
    except (OSError, ValueError):
        raise ValueError(f"{path}: this attack needs a store with its host's key") from None


class Journal:
    """A recorder that goes on from `entries` with the keys that it had, as its own flash or a copy of it would."""

    def __init__(self, entries: list[bytes], own: list[Key]):
        self.entries: list[bytes] = []
        self._keys = list(own)
        self._tree = merkle.TreeHasher()
        self.epoch = 0
        for raw in entries:
            self._take(raw)
        newest = entry.parse(entries[-1])
        self.device, self.boot, self._ticks, self._wall = newest.device, newest.boot, newest.ticks, newest.wall_ms

    def restart(self) -> None:
        """Power goes and comes back a minute later."""
        self.boot += 1
        self._ticks = 100
        self._wall += 60 * SECOND

    def add(self, kind: int, body: Body, after_ms: int = SECOND) -> int:
        """Appends an entry, so much later than the last one; its sequence."""
        self._ticks += after_ms
        self._wall += after_ms
        table, moment = kinds.body_table(kinds.ENTRY_KINDS, kind), (codes.WALL_SYNCHRONISED, self._wall)
        previous, sequence = sign1.statement_hash(self.entries[-1]), len(self.entries)
        assert table is not None
        payload = entry.encode_payload(
            table, self.device, self.epoch, sequence, previous, kind, self.boot, self._ticks, moment, body, {}
        )
        self._take(self._keys[self.epoch].seal(statements.TYP_ENTRY, payload))
        return sequence

    def change_epoch(self, reason: int, following: Key) -> None:
        """EPOCH; `following` signs from then on."""
        last = next(one for one in self._backwards() if one.kind in (kinds.GENESIS, kinds.EPOCH))
        body: Body = {"organisation": None, "successor": None, "generation": 0, "time": 0}
        if last.kind == kinds.EPOCH:
            body.update(last.body)
        body.update(public_key=following.public, reason=reason, size=self._tree.size)
        body.update(root=self._tree.root(), peaks=list(self._tree.peaks))
        del self._keys[self.epoch + 1 :]
        self._keys.append(following)
        self.add(kinds.EPOCH, body)

    def last(self, kind: int) -> Body:
        """The body of the newest entry of a kind. Raises ValueError when there is none."""
        for one in self._backwards():
            if one.kind == kind:
                return dict(one.body)
        raise ValueError(f"this attack needs a {kinds.kind_name(kinds.ENTRY_KINDS, kind)} entry")

    def head(self, host: bytes, phase: int = codes.HEAD_SECOND) -> bytes:
        """The signed head of what is there now, asked for by a host."""
        values: Body = {
            "device": self.device,
            "epoch": self.epoch,
            "size": len(self.entries),
            "newest": sign1.statement_hash(self.entries[-1]),
            "root": self._tree.root(),
            "boot": self.boot,
            "ticks": self._ticks,
            "wall": (codes.WALL_SYNCHRONISED, self._wall),
            "session": bytes(16),
            "host": host,
            "host_nonce": bytes(16),
            "device_nonce": bytes(16),
            "open": None,
            "phase": phase,
        }
        return self._keys[self.epoch].seal(statements.TYP_HEAD, entry.encode_statement(statements.TYP_HEAD, values))

    def _take(self, raw: bytes) -> None:
        self.entries.append(raw)
        self._tree.append(merkle.leaf_hash(sign1.statement_hash(raw)))
        self.epoch += entry.parse(raw).kind == kinds.EPOCH

    def _backwards(self) -> Iterator[entry.Entry]:
        return (entry.parse(raw) for raw in reversed(self.entries))


def resealed(before: list[bytes], entries: list[bytes], keys: list[Key]) -> list[bytes]:
    """`entries` linked anew to those `before`, trees and all, each signed by the key of its epoch."""
    made, tree = list(before), merkle.TreeHasher()
    for raw in made:
        tree.append(merkle.leaf_hash(sign1.statement_hash(raw)))
    for raw in entries:
        payload = payload_of(raw)
        payload[_SEQUENCE] = len(made)
        payload[_PREVIOUS] = sign1.statement_hash(made[-1])
        if payload[_KIND] == kinds.EPOCH:
            body: dict[int, object] = payload[_BODY]  # type: ignore[assignment]
            body.update({_SIZE: len(made), _ROOT: tree.root(), _PEAKS: list(tree.peaks)})
        made.append(keys[int(payload[_EPOCH])].seal(statements.TYP_ENTRY, cbor.encode(payload)))  # type: ignore[call-overload]
        tree.append(merkle.leaf_hash(sign1.statement_hash(made[-1])))
    return made[len(before) :]


class Custody:
    """The host's custody chain, gone on with by whoever has the host's key."""

    def __init__(self, evidence: Evidence):
        self.key = host_key(evidence)
        self._path = evidence.custody
        self._items = statements_of(evidence.custody)
        if not self._items:
            raise ValueError(f"{evidence.custody}: this attack needs a statement there")
        self.now = entry.parse(self._items[-1], statements.TYP_CUSTODY).wall_ms

    @property
    def newest(self) -> bytes:
        """Hash of the newest entry."""
        return sign1.statement_hash(self._items[-1])

    def add(self, kind: int, body: Body) -> None:
        """Appends an entry, a second later than the last one."""
        table, previous = kinds.body_table(custody_kinds.KINDS, kind), self.newest
        assert table is not None
        self.now += SECOND
        wall = (codes.WALL_SYNCHRONISED, self.now)
        payload = entry.encode_payload(
            table, self.key.key_id, 0, len(self._items), previous, kind, 0, 0, wall, body, {}
        )
        self._items.append(self.key.seal(statements.TYP_CUSTODY, payload))
        self._path.write_bytes(b"".join(self._items))

    def add_head(self, raw: bytes, host: bytes | None = None) -> None:
        """HEAD about a signed head; WITNESS when another `host` gave it."""
        values = entry.parse_statement(raw, statements.TYP_HEAD)[1]
        body: Body = {name: values[name] for name in ("device", "size", "newest", "root")}
        body["head"] = sign1.statement_hash(raw)
        if host is None:
            self.add(custody_kinds.HEAD, body)
        else:
            self.add(custody_kinds.WITNESS, {**body, "host": host})


@cache
def _seeds(epochs: tuple[tuple[int, bytes], ...]) -> list[bytes] | None:
    """The seeds behind the public keys of (boot, key), the first of which is GENESIS's."""
    for number in range(SEEDS):
        for boot in range(epochs[0][0], epochs[0][0] + _BOOTS):
            seed = _drawn(number, boot, epochs[0][1], _BORN_BY)
            if seed is not None:
                return _later(number, boot - epochs[0][0], seed, epochs[1:])
    return None


def _later(number: int, unheard: int, first: bytes, epochs: tuple[tuple[int, bytes], ...]) -> list[bytes] | None:
    """`unheard` boots went by without an entry so far."""
    found = [first]
    for boot, public in epochs:
        for more in range(_BOOTS):
            seed = _drawn(number, boot + unheard + more, public, _DRAWN if more == _BOOTS - 1 else _DRAWN // 10)
            if seed is not None:
                unheard += more
                found.append(seed)
                break
        else:
            return None
    return found


def _drawn(number: int, boot: int, public: bytes, count: int) -> bytes | None:
    """The one of the first blocks of a boot's randomness that is the seed of this key."""
    random, seed = Generator(number, boot), bytearray(_SEED)
    for _ in range(count):
        random.fill(seed)
        if ed25519.public_key(bytes(seed)) == public:
            return bytes(seed)
    return None

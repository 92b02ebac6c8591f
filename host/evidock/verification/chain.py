"""Walks a chain of entries, strictly: envelope, place in the chain, prescribed key, signature, epoch, and boots.

Specification: "Entry payload", "Epochs" and "Hash tree". Nothing that fails a check is handed on; after damage the walk
goes on as far as the chain still prescribes a key, so that damage is located. Keys are never searched for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from evidock import keys
from evidock_protocol import custody_kinds, kinds, merkle, sign1, statements, withheld
from evidock_protocol.entry import ZERO_HASH, WrongType
from evidock_protocol.errors import ProtocolError, UnknownFormat

from .collector import Collector, Place
from .entries import Entry, envelope, parse
from .epoch_keys import EpochKeys, repeats
from .holes import Holes
from .sequence import Item, Stream, items

_LATER = ("UNKNOWN_FORMAT", "PRIVATE_KIND")  # what another version wrote breaks no chain, a host's neither


class Chain:
    """One chain while it is walked: a recorder's journal, or (`typ` TYP_CUSTODY) a host's custody.

    After the walk: `size` entries seen in their place, hash of the `newest`, `epoch` and `key` in force, `tree` (or
    None where entries are missing), `genesis`, and `intact`.
    """

    def __init__(self, device: bytes, collector: Collector, typ: int = statements.TYP_ENTRY):
        """`device` is the id (32 bytes) that the chain must belong to."""
        self.device = device
        self.typ = typ
        self.size = 0
        self.newest = ZERO_HASH
        self.epoch = 0
        self.key = self.key_id = b""
        self.keys = EpochKeys()
        self.key_before = b""  # the epoch before: statements beside the journal may still be signed by it
        self.tree: merkle.TreeHasher | None = merkle.TreeHasher()
        self.genesis: Entry | None = None
        self.intact = True
        self.torn = False
        self.begins_late = False
        self.boot = 0
        self.ticks = 0
        self.may_begin_late = False
        """Whether this is a card's copy, which may lack the beginning without anything wrong."""
        self.watched = 1  # the next size at which `watcher` wants to see this chain; it returns the one after
        self.watcher: Callable[[Chain], int] = _never
        self.passed: Callable[[int, Entry, bytes, int], None] = _nobody
        """Told of each hole: its first sequence, the entry behind it, key and epoch in force before it."""
        self.withheld: Callable[[int, int], list[bytes] | None] = _shown
        """Asked of each run that is missing (first sequence, count): its subtrees, if a package withholds just it."""
        self.behind_withheld = -1  # sequence of the entry behind the last run that is withheld
        self._collector = collector
        self._custody = typ == statements.TYP_CUSTODY
        self._damaged = False  # the entry before was no good, so what follows cannot fit it
        self._lost_key = self._later_format = False
        self._holes = Holes()
        self._foreign: bytes | None = None  # the other recorder whose entries stand here
        self._unannounced: tuple[Entry, Item] | None = None  # an entry whose key no EPOCH before it names

    def walk(self, stream: Stream) -> Iterator[Entry]:
        """The entries of `stream` that hold, in order. Every other one becomes a finding."""
        for item in items(stream, self.typ):
            checked = self._item(item)
            if checked is not None:
                yield checked
            if self.size >= self.watched:
                self.watched = self.watcher(self)
        if self._unannounced is not None and self._is_of_another_epoch(self._unannounced[0]):
            self._say_other_key("EPOCH_VIOLATION", *self._unannounced)
        for first, last in self._holes:
            self._add("CHAIN_BREAK", "CHAIN_BREAK.missing", first=first, last=last)

    @property
    def undeclared(self) -> list[tuple[int, int]]:
        """[first, last] of what is missing, and what no entry declares lost."""
        return list(self._holes)

    def declare_missing(self, first: int, last: int) -> None:
        """The recorder itself signed that entries `first` to `last` are lost: that is no break of the chain."""
        self._holes.declare(first, last)

    def _item(self, item: Item) -> Entry | None:
        if item.raw is None:
            if item.torn:
                self.torn = True
                self._add("TAIL_OPEN", "TAIL_OPEN.torn", span=item, length=item.length)
                return None
            self._add("MALFORMED", span=item, number=self.size, reason="no statement begins here")
            self._skip()
            return None
        try:
            found = parse(item.raw, self.typ)
        except WrongType as error:
            self._add("WRONG_TYPE", span=item, number=self.size, reason=error)
        except UnknownFormat as error:
            if self._unknown(item, error):
                return None
        except ProtocolError as error:
            self._add("MALFORMED", span=item, number=self.size, reason=error)
        else:
            return self._entry(found, item)
        self._skip(sign1.statement_hash(item.raw))
        return None

    def _unknown(self, item: Item, reason: UnknownFormat) -> bool:
        """An entry of a later format is not tampering; one whose signature fails is, whatever it calls itself.

        True when it keeps its place: the entry after it must follow from it.
        """
        sealed = envelope(item.raw or b"")
        if sealed is None or sealed.key_id != self.key_id or not self._signed(sealed.signed_bytes(), sealed.signature):
            self._add("BAD_SIGNATURE", span=item, number=self.size)
            return False
        self.intact = False
        self._add("UNKNOWN_FORMAT", reason=reason, number=self.size)
        self._advance(sign1.statement_hash(item.raw or b""))
        self._later_format = True
        return True

    def _entry(self, found: Entry, item: Item) -> Entry | None:
        if found.device != self.device:
            self._wrong_device(found)
            return None
        self._foreign = None
        size, holes = self.size, len(self._holes)
        key, epoch = self.key, self.epoch
        if not self._in_place(found, item):
            return None
        self._advance(found.hash)
        if not self._is_signed(found, item):
            if self._damaged:  # nor is its number to be believed
                self.size = size + 1
                self._holes.forget_after(holes)
            return None
        if len(self._holes) > holes:
            self.passed(size, found, key, epoch)
        if not found.known:
            private = kinds.PRIVATE_KINDS[0] <= found.kind <= kinds.PRIVATE_KINDS[1]
            self._add(
                "PRIVATE_KIND" if private else "UNKNOWN_FORMAT", reason=f"kind {found.kind}", number=found.sequence
            )
        return found

    def _wrong_device(self, found: Entry) -> None:
        if self._foreign != found.device:  # one finding for a run of entries
            self._foreign = found.device
            self._add("WRONG_DEVICE", expected=self.device, found=found.device, number=self.size)

    def _in_place(self, found: Entry, item: Item) -> bool:
        """Whether the entry stands where its sequence and previous hash put it; damage before it excuses a gap."""
        sequence = found.sequence
        if sequence < self.size:
            if found.key_id == self.key_id and not self._signed(found.signed, found.signature):
                self._add("BAD_SIGNATURE", span=item, number=self.size)
                self._skip(found.hash)
            else:
                code = "ORDER" if self._holes.fill(sequence) else "REPLAY"
                self._add(code, span=item, number=sequence, expected=self.size)
            return False
        if sequence > self.size and self._is_withheld(sequence):
            return True
        if sequence > self.size:
            if self.size == 0 and self.may_begin_late:
                self.begins_late = self._lost_key = True
                self._add("NO_GENESIS", number=sequence)
            elif not self._damaged:
                self._holes.add(self.size, sequence - 1)
            self.intact = False
            self.tree = None
            self.size = sequence
        elif found.previous != self.newest:
            if not self._damaged:
                self._add("CHAIN_BREAK", span=item, place=self._place(found), number=sequence)
            self.tree = None
        return True

    def _is_withheld(self, sequence: int) -> bool:
        """Whether a package withholds what is missing before `sequence`, and gives the tree its subtrees. Nothing else
        is taken on trust: the head at the end proves them.
        """
        nodes = None if self._damaged or self.tree is None else self.withheld(self.size, sequence - self.size)
        if nodes is None or self.tree is None:
            return False
        withheld.append(self.tree, sequence - self.size, nodes)
        self.size = self.behind_withheld = sequence
        return True

    def _advance(self, digest: bytes) -> None:
        """Takes an entry's place in the chain by its hash, whether or not it holds."""
        self._damaged = False
        self.newest = digest
        if self.tree is not None:
            self.tree.append(merkle.leaf_hash(digest))
        self.size += 1

    def _is_signed(self, found: Entry, item: Item) -> bool:
        if found.sequence == 0:
            self._begin(found)
        if self._lost_key or not self.key:
            self._lose_key(found.sequence)
            if found.kind == kinds.EPOCH and found.known and not self._custody:
                self._note_keys(found)
            return False
        if found.key_id != self.key_id or found.epoch != self.epoch:
            self._other_key(found, item)
            return False
        if not self._signed(found.signed, found.signature):
            self._add("BAD_SIGNATURE", span=item, place=self._place(found), number=found.sequence)
            self._damaged = True
            if found.kind == kinds.EPOCH and not self._custody:
                self._lose_key(found.sequence + 1)
            return False
        if found.sequence == 0:
            self.genesis = found
            self.boot, self.ticks = found.boot, found.ticks
        elif not self._custody:
            self._check_boot(found, item)
            if found.kind == kinds.EPOCH:
                self._change_epoch(found, item)
        return True

    def _other_key(self, found: Entry, item: Item) -> None:
        """Another key than the chain prescribes: announced in what is missing or of a later format, or not at all."""
        if self._is_of_another_epoch(found):
            self._say_other_key("EPOCH_VIOLATION", found, item)
        elif self._later_format:
            self._add("UNKNOWN_FORMAT", number=found.sequence, reason="its key may have been announced there")
        elif found.epoch != self.epoch and self._holes:
            self._lose_key(found.sequence)
        else:
            self._say_other_key("KEY_CHANGE", found, item)
            self._unannounced = (found, item)  # an EPOCH behind it may tell whose key it is
        self._lost_key = True

    def _is_of_another_epoch(self, found: Entry) -> bool:
        """Whether a key of the chain signed an entry at which the chain prescribes another."""
        other = found.key_id != self.key_id
        return other and self.keys.signer(found.key_id, found.signed, found.signature) is not None

    def _say_other_key(self, code: str, found: Entry, item: Item) -> None:
        self._add(code, span=item, place=self._place(found), number=found.sequence, epoch=found.epoch)

    def _note_keys(self, found: Entry) -> None:
        """EPOCH ends its own key, and names the next one."""
        self.keys.end(found.key_id, found.sequence)
        self.keys.add(found.octets("public_key"), found.sequence + 1)

    def _begin(self, found: Entry) -> None:
        """GENESIS brings its own key, whose thumbprint is the device id: that is what makes the id."""
        genesis = custody_kinds.GENESIS if self._custody else kinds.GENESIS
        if found.kind != genesis or not found.known:
            self._add("CHAIN_BREAK", "CHAIN_BREAK.no_genesis", number=0)
            return
        self.key = found.octets("public_key")
        self.key_id = sign1.thumbprint(self.key)
        if self.key_id != self.device:
            self._add("WRONG_DEVICE", expected=self.device, found=self.key_id, number=0)
            self.key = b""
        else:
            self.keys.add(self.key, 0)
        if found.previous != ZERO_HASH:
            self._add("CHAIN_BREAK", "CHAIN_BREAK.no_genesis", number=0)

    def _check_boot(self, found: Entry, item: Item) -> None:
        if found.kind == kinds.GENESIS:
            self._add("CHAIN_BREAK", "CHAIN_BREAK.no_genesis", number=found.sequence)
        if found.boot < self.boot or (found.boot == self.boot and found.ticks < self.ticks):
            self._add("ORDER", "ORDER.time", span=item, number=found.sequence)
        self.boot, self.ticks = found.boot, found.ticks

    def _change_epoch(self, found: Entry, item: Item) -> None:
        """EPOCH names the next key and repeats size, root and peaks of the tree before it."""
        if not repeats(found, self.tree):
            self._add("CHAIN_BREAK", "CHAIN_BREAK.tree", span=item, number=found.sequence)
        self._note_keys(found)
        self.epoch += 1
        self.key_before = self.key
        self.key = found.octets("public_key")
        self.key_id = sign1.thumbprint(self.key)

    def _signed(self, signed: bytes, signature: bytes) -> bool:
        return bool(self.key) and keys.verify(self.key, signed, signature)

    def _lose_key(self, number: int) -> None:
        """From here on the chain prescribes no key that is known, so nothing more can be checked."""
        if not self._lost_key:
            self._lost_key = True
            self._add("CHAIN_BREAK", "CHAIN_BREAK.no_key", number=number)

    def _skip(self, newest: bytes = ZERO_HASH) -> None:
        """Passes over something unreadable that stands where an entry should."""
        self._damaged = True
        self.newest = newest
        self.tree = None
        self.size += 1

    def _add(
        self,
        code: str,
        sentence: str | None = None,
        *,
        span: Item | None = None,
        place: Place | None = None,
        **values: object,
    ) -> None:
        if code not in _LATER:
            self.intact = False
        where = None if span is None else (span.offset, span.offset + span.length)
        if self._custody and code not in _LATER:
            told: dict[str, object] = {"number": self.size, "reason": code} | {
                name: values[name] for name in ("number",) if name in values
            }
            self._collector.add("CUSTODY_BREAK", span=where, values=told)
        else:
            self._collector.add(
                code,
                sentence=sentence,
                device=None if self._custody else self.device,
                span=where,
                place=place,
                path="custody" if self._custody else "journal",
                values=values,
            )

    @staticmethod
    def _place(found: Entry) -> Place:
        return Place(found.boot, found.ticks, found.ticks)


def _never(_chain: Chain) -> int:
    return 1 << 63


def _shown(_first: int, _count: int) -> None:
    return


def _nobody(_first: int, _behind: Entry, _key: bytes, _epoch: int) -> None:
    return

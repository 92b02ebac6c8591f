"""Signed heads against the journal: each is checked under the key in force at its size, and says how far the journal
must reach.

Specification: "Verification of a chain", Heads. A head that the journal contradicts is of another history; a journal
that ends below a head was cut.
"""

from __future__ import annotations

from collections.abc import Mapping

from evidock import keys
from evidock_protocol import entry

from .chain import Chain
from .collector import Collector
from .entries import Entry
from .epoch_keys import EpochKey
from .histories import Histories, Other
from .signed_head import SignedHead


class HeadCheck:
    """Checks the heads of one recorder while its chain is walked; give `at` to the chain as its watcher."""

    def __init__(self, device: bytes, heads: list[SignedHead], collector: Collector, is_store: bool = True):
        self.device = device
        self._is_store = is_store
        self.best: SignedHead | None = None
        """The largest head that holds: signed by the prescribed key and contained in the journal."""
        self.holding: list[SignedHead] = []
        self.signed: dict[bytes, SignedHead] = {}
        """Every head, by its hash, that a key of the chain signed; known after `settle`."""
        self.refused: set[bytes] = set()
        """Hashes of the heads that a finding speaks against."""
        self._lost: list[SignedHead] = []  # those that count entries which are missing now
        self._other_key: list[SignedHead] = []  # not by the key prescribed at their size
        self._others: list[Other] = []
        unique: dict[bytes, SignedHead] = {}
        for head in heads:
            if head.device == device:
                unique.setdefault(head.hash, head)
        self._pending = sorted(unique.values(), key=lambda head: -head.size)
        self._collector = collector

    @property
    def next_size(self) -> int:
        """The size at which the next head is due."""
        return self._pending[-1].size if self._pending else 1 << 63

    def at(self, chain: Chain) -> int:
        """Checks every head of the chain's present size; returns the next size."""
        while self._pending and self._pending[-1].size <= chain.size:
            head = self._pending.pop()
            if head.size == chain.size:
                self._check(head, chain)
        return self.next_size

    def passed(self, first: int, behind: Entry, key: bytes, epoch: int) -> None:
        """Entries from `first` up to `behind` are missing: heads that count one of them show that a host had it. On a
        card such a copy may be an honest one, unless the recorder says that nobody has them.
        """
        while self._pending and self._pending[-1].size <= behind.sequence:
            head = self._pending.pop()
            signed = head.epoch == epoch and keys.verify_statement(head.sealed, key)
            if head.size > first and signed and (self._is_store or behind.previous == entry.ZERO_HASH):
                self._lost.append(head)

    def settle(self, chain: Chain, dated: Mapping[bytes, int]) -> None:
        """The journal ends: tells what the heads show of other histories. `dated`: see `Histories`."""
        for head in self._lost:  # what no entry declares lost has a finding of its own
            if not any(first < head.size <= last + 1 for first, last in chain.undeclared):
                self._say("FORK", head, "FORK.lost")
        for head in self._other_key:
            key = _signer(chain, head)
            if key is None and head.hash not in dated:  # a host checks each head that it names
                self._say("KEY_CHANGE", head, "KEY_CHANGE.head")
            else:
                self._others.append(Other(head, key))
        beyond = self._sort_beyond(chain)
        for head in (*self.holding, *beyond, *(other.head for other in self._others)):
            self.signed[head.hash] = head
        Histories(self.holding, self._others, beyond, dated).judge(self._say)

    def held(self, digest: bytes) -> SignedHead | None:
        """The head of this hash, if it holds."""
        return next((head for head in self.holding if head.hash == digest), None)

    def finish(self) -> SignedHead | None:
        """The largest head beyond the journal's end; None when there is none."""
        return self._pending[0] if self._pending else None

    def _sort_beyond(self, chain: Chain) -> list[SignedHead]:
        """Those beyond the end that its last key signed; an earlier one could not sign there in this history."""
        beyond: list[SignedHead] = []
        unknown: list[SignedHead] = []
        for head in self._pending:
            key = _signer(chain, head)
            if key is not None and head.sealed.key_id != chain.key_id:
                self._others.append(Other(head, key))
                continue
            unknown.append(head)
            if key is not None and head.epoch == chain.epoch:
                beyond.append(head)
        self._pending = unknown
        return beyond

    def _check(self, head: SignedHead, chain: Chain) -> None:
        if not chain.key:
            return
        if head.sealed.key_id != chain.key_id or head.epoch != chain.epoch:
            if chain.tree is None:  # where entries are missing, the key that signed it may be among them
                return
            if head.sealed.key_id == chain.key_id:
                self._say("KEY_CHANGE", head, "KEY_CHANGE.head")
            else:
                self._other_key.append(head)
        elif not keys.verify(chain.key, head.sealed.signed_bytes(), head.sealed.signature):
            self._say("BAD_SIGNATURE", head, "BAD_SIGNATURE.head")
        elif head.newest != chain.newest or (chain.tree is not None and head.root != chain.tree.root()):
            key = _signer(chain, head)
            if chain.tree is not None and key is not None:  # damage that was already named explains any difference
                self._others.append(Other(head, key))
        else:
            self.holding.append(head)
            if self.best is None or (head.size, head.boot, head.ticks) >= (
                self.best.size,
                self.best.boot,
                self.best.ticks,
            ):
                self.best = head

    def _say(self, code: str, head: SignedHead, sentence: str | None = None) -> None:
        self.refused.add(head.hash)
        self._collector.add(
            code,
            device=self.device,
            path=head.name,
            sentence="EPOCH_VIOLATION.head" if code == "EPOCH_VIOLATION" else sentence,
            number=head.size,
            epoch=head.epoch,
            host=head.host,
        )


def _signer(chain: Chain, head: SignedHead) -> EpochKey | None:
    return chain.keys.signer(head.sealed.key_id, head.sealed.signed_bytes(), head.sealed.signature)

"""Signed heads against the journal: each is checked under the key in force at its size, and says how far the journal
must reach.

Specification: "Heads". A head that the journal contradicts is a fork; a journal that ends below a head was cut.
"""

from __future__ import annotations

from typing import NamedTuple, cast

from evidock import keys
from evidock_protocol import entry, sign1, statements
from evidock_protocol.errors import ProtocolError, UnknownFormat

from .chain import Chain
from .collector import Collector
from .entries import Entry
from .reader import Media
from .sequence import items

_LIMIT = 1 << 16  # heads of one file


class SignedHead(NamedTuple):
    """A head statement, parsed and not yet checked. Ticks and wall clock are the recorder's."""

    sealed: sign1.Sign1
    hash: bytes
    device: bytes
    epoch: int
    host: bytes
    """Thumbprint of the host that asked for it."""
    size: int
    newest: bytes
    root: bytes
    boot: int
    ticks: int
    open_recording: int | None
    name: str
    """The file it came from, for findings."""


def read_heads(stream: Media | None, name: str, collector: Collector, device: bytes | None) -> list[SignedHead]:
    """Every head in a CBOR sequence of heads; damage becomes findings. `name` is the file's, for these."""
    if stream is None:
        return []
    found: list[SignedHead] = []
    seen: set[bytes] = set()
    try:
        for item in items(stream, statements.TYP_HEAD):
            if item.raw is None:
                _damaged(collector, device, name, item.offset, item.length, "no statement begins here")
                continue
            digest = sign1.statement_hash(item.raw)
            if digest in seen:
                continue
            if len(found) >= _LIMIT:
                collector.add("NO_HEAD", device=device, path=name, sentence="NO_HEAD.many", count=_LIMIT)
                break
            seen.add(digest)
            try:
                found.append(_parse(item.raw, name))
            except UnknownFormat as error:
                collector.add("UNKNOWN_FORMAT", device=device, path=name, number=len(found), reason=error)
            except entry.WrongType as error:
                span = (item.offset, item.offset + item.length)
                collector.add("WRONG_TYPE", device=device, path=name, span=span, number=len(found), reason=error)
            except ProtocolError as error:
                _damaged(collector, device, name, item.offset, item.length, str(error))
    finally:
        stream.close()
    return found


class HeadCheck:
    """Checks the heads of one recorder while its chain is walked; give `at` to the chain as its watcher."""

    def __init__(self, device: bytes, heads: list[SignedHead], collector: Collector, is_store: bool = True):
        self.device = device
        self._is_store = is_store
        self.best: SignedHead | None = None
        """The largest head that holds: signed by the prescribed key and contained in the journal."""
        self.refused: set[bytes] = set()
        """Hashes of the heads that a finding speaks against."""
        self._lost: list[SignedHead] = []  # those that count entries which are missing now
        self._pending = sorted((head for head in heads if head.device == device), key=lambda head: -head.size)
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

    def judge_lost(self, undeclared: list[tuple[int, int]]) -> None:
        """The journal ends. What no entry declares lost has a finding of its own."""
        for head in self._lost:
            if not any(first < head.size <= last + 1 for first, last in undeclared):
                self._say("FORK", head, sentence="FORK.lost")

    def finish(self) -> SignedHead | None:
        """The largest head beyond the journal's end whose signature cannot even be placed; None when there is none."""
        return self._pending[0] if self._pending else None

    def _check(self, head: SignedHead, chain: Chain) -> None:
        if not chain.key:
            return
        if head.sealed.key_id != chain.key_id or head.epoch != chain.epoch:
            if chain.tree is not None:  # where entries are missing, the key that signed it may be among them
                self._say("KEY_CHANGE", head, sentence="KEY_CHANGE.head")
        elif not keys.verify(chain.key, head.sealed.signed_bytes(), head.sealed.signature):
            self._say("BAD_SIGNATURE", head, sentence="BAD_SIGNATURE.head")
        elif head.newest != chain.newest or (chain.tree is not None and head.root != chain.tree.root()):
            if chain.tree is not None:  # damage that was already named explains any difference
                self._say("FORK", head)
        elif self.best is None or (head.size, head.boot, head.ticks) >= (
            self.best.size,
            self.best.boot,
            self.best.ticks,
        ):
            self.best = head

    def _say(self, code: str, head: SignedHead, sentence: str | None = None) -> None:
        self.refused.add(head.hash)
        self._collector.add(
            code, device=self.device, path=head.name, sentence=sentence, number=head.size, epoch=head.epoch
        )


def _parse(raw: bytes, name: str) -> SignedHead:
    sealed, values = entry.parse_statement(raw, statements.TYP_HEAD)
    return SignedHead(
        sealed,
        sign1.statement_hash(raw),
        cast(bytes, values["device"]),
        cast(int, values["epoch"]),
        cast(bytes, values["host"]),
        cast(int, values["size"]),
        cast(bytes, values["newest"]),
        cast(bytes, values["root"]),
        cast(int, values["boot"]),
        cast(int, values["ticks"]),
        cast("int | None", values["open"]),
        name,
    )


def _damaged(collector: Collector, device: bytes | None, name: str, offset: int, length: int, reason: str) -> None:
    collector.add("MALFORMED", device=device, path=name, span=(offset, offset + length), number=0, reason=reason)

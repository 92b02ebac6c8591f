"""A host's custody chain about the heads of one recorder: every head that it names must be there, and the other way
round; in which order it took them; and by when each was signed.

Specification: "Verification of a chain", Custody about a recorder, Two histories and Time. AT-12, AT-13, AT-29, AT-30.
"""

from __future__ import annotations

from .collector import Collector
from .heads import HeadCheck
from .recordings import Recordings
from .signed_head import SignedHead
from .trust import Trust


class CustodyHeads:
    """What `trust` has of the heads of one recorder, against the heads themselves."""

    def __init__(self, device: bytes, trust: Trust, collector: Collector, is_store: bool):
        self._device = device
        self._collector = collector
        self._named = trust.heads.get(device, {})
        self._witnessed = trust.witnessed.get(device, {})
        self._fallen = trust.fallen.get(device, [])
        self._holds = trust.custody_intact
        self._is_store = is_store

    @property
    def order(self) -> dict[bytes, int]:
        """By hash of a head: its place among those that the chain names, if that holds."""
        return {digest: place for place, digest in enumerate(self._named)} if self._holds else {}

    def compare(self, heads: list[SignedHead], refused: set[bytes], host: bytes | None) -> None:
        """A head that the custody chain names must still be in the file of heads, and those of this store's `host` must
        be named.

        Sync keeps a head before it names it in custody, so when it breaks off in between the last one stands alone.
        """
        held = {head.hash for head in heads}
        named = [(digest, size) for digest, (size, _time) in self._named.items()]
        for digest, size in (*named, *self._witnessed.items()):
            if digest not in held:
                self._add("STORE_MISMATCH", "STORE_MISMATCH.head", number=size)
        if not (self._is_store and self._holds):
            return
        ours = [head for head in heads if head.host == host and head.hash not in refused]
        for head in ours:
            if head.hash not in self._named and head.hash not in self._witnessed:
                code = "CUSTODY_TRAILS" if head is ours[-1] else "CUSTODY_BREAK"
                self._add(code, f"{code}.head", number=head.size)

    def judge_fallen(self, check: HeadCheck) -> None:
        """Heads that the host named after larger ones: old answers, or an older state of the recorder."""
        if not (self._is_store and self._holds):
            return
        for fallen in self._fallen:
            if fallen.head in check.refused:
                continue
            head, before = check.held(fallen.head), check.signed.get(fallen.before)
            stale = head is not None and before is not None and head.rank < before.rank
            code, sentence = ("STALE_HEAD", None) if stale else ("ROLLBACK", "ROLLBACK.custody")
            self._add(code, sentence, number=fallen.size, expected=fallen.largest)

    def tie(self, heads: list[SignedHead], refused: set[bytes], recordings: Recordings) -> None:
        """A head that the chain dates was not signed later than that."""
        for head in heads:
            if self._holds and head.hash in self._named and head.hash not in refused:
                recordings.note_dated(head.boot, head.ticks, self._named[head.hash][1])

    def _add(self, code: str, sentence: str | None, **values: object) -> None:
        self._collector.add(code, device=self._device, sentence=sentence, values=values)

"""The journal's copy on the card: what has left the ring can still be read, and a card alone can be verified.

Specification: "The card" (JOURNAL.CBS, PRIVATE.CBS). The copy trails the journal; the ring is the truth.
"""

from evidock_protocol import card, entry, sign1, versions
from evidock_protocol.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.journal import Journal

_READ = 1024  # bytes at once: small, because a long-lived heap has few large holes


class Mirror:
    """Entries `first` … `end` - 1 are on the card; both are 0 when none is."""

    def __init__(self, cards: "ports.Card"):
        self._cards = cards
        self.usable = False
        self.gap: tuple[int, int] | None = None  # entries that neither the ring nor this card has any more
        self.first = 0
        self.end = 0
        self._path = ""
        self._length = 0  # bytes of whole entries in the file
        self._openings_end = 0  # private records of entries below this are on the card
        self._cursor = (0, 0)  # (sequence, byte offset) where the last read went on

    def attach(self, folder: str, journal: "Journal") -> None:
        """Finds how far the card's copy goes. A copy that is not this journal's is set aside under another name."""
        self.usable = True
        self._path = folder + "/" + card.JOURNAL
        self._openings_path = folder + "/" + card.PRIVATE
        self._length = 0
        self.first = self.end = 0
        last_hash = b""
        size = self._cards.size(self._path)
        if size:
            for raw, offset in self._statements(0):
                try:
                    parsed = entry.parse(raw)
                except ProtocolError:
                    break
                if self.end and (parsed.sequence != self.end or parsed.previous != last_hash):
                    break
                if not self.end:
                    self.first = parsed.sequence
                self.end = parsed.sequence + 1
                self._length = offset + len(raw)
                last_hash = parsed.hash
        behind = 0 < self.end < journal.first
        self.gap = (self.end, journal.first - 1) if behind else None
        if size and (behind or not self._is_of(journal, last_hash)):
            self._cards.remove(folder + "/JOURNAL.OLD")
            self._cards.rename(self._path, folder + "/JOURNAL.OLD")
            self._cards.remove(self._openings_path)
            self._length = self.first = self.end = 0
        if not self._length:
            self.first = self.end = journal.first
        self._cursor = (self.first, 0)
        self._openings_end = self.first
        if self._cards.size(self._openings_path):
            self._openings_end = self.end

    def detach(self) -> None:
        """The card is gone."""
        self.usable = False

    def catch_up(self, journal: "Journal"):
        """Generator: copies what the card lacks, private records before their entries, and makes it durable."""
        if not self.usable or self.end >= journal.size or self.end < journal.first:
            return
        try:
            yield from self._copy(journal)
        except OSError:  # the card is full or gone; the ring still has everything, and the next boot looks again
            self.detach()

    def _copy(self, journal: "Journal"):
        at, openings = self._openings_end, b""
        while at < journal.size:
            at, openings = journal.openings(at, _READ)
            if openings:
                with self._cards.open(self._openings_path, "ab") as file:
                    file.write(openings)
            yield
        self._openings_end = at
        mode = "r+b" if self._length else "wb"
        file = self._cards.open(self._path, mode)
        try:
            file.seek(self._length)  # over a torn tail, should power have gone in the middle of an entry
            while self.end < journal.size:
                raw = journal.raw(self.end)
                file.write(raw)
                self._length += len(raw)
                self.end += 1
                yield
        finally:
            file.close()

    def read(self, sequence: int, limit: int) -> bytes:
        """Whole entries from `sequence` on, at most `limit` bytes but at least one entry.

        B"" when the card has none.
        """
        if not self.usable or not self.first <= sequence < self.end:
            return b""
        at, offset = self._cursor if self._cursor[0] <= sequence else (self.first, 0)
        found = b""
        for raw, where in self._statements(offset):
            if at >= sequence:
                if found and len(found) + len(raw) > limit:
                    break
                found += raw
            at += 1
            self._cursor = (at, where + len(raw))
            if at == self.end:
                break
        return found

    def _is_of(self, journal: "Journal", last_hash: bytes) -> bool:
        if not journal.first < self.end <= journal.size:
            return self.end == journal.first > 0
        return sign1.statement_hash(journal.raw(self.end - 1)) == last_hash

    def _statements(self, offset: int):
        """Yields (bytes, offset) of whole statements from byte `offset` on; stops at the first that is torn."""
        with self._cards.open(self._path, "rb") as file:
            file.seek(offset)
            pending = b""
            while True:
                more = file.read(_READ)
                pending += more
                at = 0
                while at < len(pending):
                    try:
                        end = sign1.end_of(pending, at)
                    except ProtocolError:  # not whole yet, or torn
                        break
                    yield pending[at:end], offset + at
                    at = end
                offset += at
                pending = pending[at:]
                if not more or len(pending) > versions.MAXIMUM_STATEMENT:
                    return

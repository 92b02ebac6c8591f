"""The journal's copy on the card: what has left the ring can still be read, and a card alone can be verified.

Specification: "The card" (JOURNAL.CBS, PRIVATE.CBS). The copy trails the journal; the ring is the truth. Entries that
flash lost before they were copied are left out.
"""

from evidock_protocol import card, cbor, entry, sign1, versions
from evidock_protocol.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.journal import Journal

_READ = 1024  # bytes at once: small, because a long-lived heap has few large holes


class Mirror:
    """Entries `first` … `end` - 1 are on the card, but for those that flash lost; both are 0 when none is."""

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

    def attach(self, folder: str, journal: "Journal"):
        """Generator: finds how far the card's copy goes: what the ring holds is compared, older entries are counted.

        A copy that is not this journal's, or ends before the ring begins, is set aside under another name.
        """
        self.usable = True
        self.gap = None
        self._folder = folder
        self._path = folder + "/" + card.JOURNAL
        self._openings_path = folder + "/" + card.PRIVATE
        self._begin(journal.first)
        if self._cards.size(self._path):
            foreign = yield from self._follow(journal)
            if self.end < journal.first:
                self.gap = (self.end, journal.first - 1)
            if foreign or self.gap is not None:
                self._set_aside(journal.first)
        self._openings_end = self.end if self._cards.size(self._openings_path) else self.first

    def _begin(self, first: int) -> None:
        self.first = self.end = first
        self._length = 0
        self._cursor = (first, 0)

    def _follow(self, journal: "Journal"):
        """Generator: takes in the copy as far as it is whole; whether it goes on as another journal does."""
        newest = b""
        for raw, offset in statements(self._cards, self._path, 0):
            sequence = sequence_of(raw)
            if (newest and sequence < self.end) or sequence < 0:  # torn
                return False
            if not newest:
                self._begin(sequence)
            if sequence >= journal.size:
                return True
            for left_out in range(max(self.end, journal.first), sequence):
                if journal.raw(left_out):  # somebody took it out: the ring would let go of it
                    return True
            held = journal.raw(sequence) if sequence >= journal.first else b""
            if held and held != raw:
                return _says_other(raw, held)
            newest = raw
            self.end = sequence + 1
            self._length = offset + len(raw)
            if self.end % 8 == 0:
                yield
        if newest and self.end == journal.first:  # nothing of it is in the ring: the link decides
            raw = journal.raw(self.end) if journal.size > self.end else b""
            return bool(raw) and entry.parse(raw).previous != sign1.statement_hash(newest)
        return False

    def _set_aside(self, first: int) -> None:
        number = 0
        name = self._folder + "/JOURNAL.OLD"
        while self._cards.size(name) is not None:  # an older one may hold the only copy of some entries
            number += 1
            name = self._folder + "/JOURNAL.O%02d" % number
        self._cards.rename(self._path, name)
        self._cards.remove(self._openings_path)
        self._begin(first)

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
                raw = journal.raw(self.end)  # b"" for what flash lost: JOURNAL names it, and the copy goes on
                file.write(raw)
                self._length += len(raw)
                self.end += 1
                yield
        finally:
            file.close()

    def read(self, sequence: int, limit: int):
        """Generator: whole entries from `sequence` on, at most `limit` bytes but at least one entry.

        The result is b"" when the card has none.
        """
        if not self.usable or not self.first <= sequence < self.end:
            return b""
        at, offset = self._cursor if self._cursor[0] <= sequence else (self.first, 0)
        found = b""
        for raw, where in statements(self._cards, self._path, offset):
            at = sequence_of(raw)
            if at < sequence:
                yield
            elif at > sequence or (found and len(found) + len(raw) > limit):
                break  # flash lost what comes next, or there is no more room for it
            else:
                found += raw
                sequence += 1
            self._cursor = (at + 1, where + len(raw))
            if at + 1 >= self.end:
                break
        return found


def statements(cards: "ports.Card", path: str, offset: int):
    """Yields (bytes, offset) of whole statements of a file from byte `offset` on; stops at the first that is torn.

    Raises OSError.
    """
    with cards.open(path, "rb") as file:
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


def sequence_of(raw: bytes) -> int:
    """The sequence that an entry gives itself, without parsing all of it; -1 when it has not an entry's form."""
    try:
        payload = sign1.parse(raw).payload
        # A map with format, suite and device (32 bytes), then epoch and sequence ("Entry payload").
        if payload[5:8] != b"\x02\x58\x20" or payload[40:41] != b"\x03":
            return -1
        _epoch, at = cbor.decode_at(payload, 41)
        if payload[at : at + 1] != b"\x04":
            return -1
        sequence, _at = cbor.decode_at(payload, at + 1)
    except ProtocolError:
        return -1
    return sequence if isinstance(sequence, int) and sequence is not True and sequence is not False else -1


def _says_other(raw: bytes, held: bytes) -> bool:
    """Whether a whole entry stands where the ring has another; one torn in its signature is no other."""
    try:
        return entry.parse(raw).payload != entry.parse(held).payload
    except ProtocolError:
        return False

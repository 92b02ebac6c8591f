"""Counts that the recorder keeps in memory: refusals, written at most once a minute, and media that no receipt lists
yet.

Specification: "Entry kinds" (HOST refused). A flood of refusals must cost neither evidence nor epochs (AT-38).
"""

from evidock_agent import sealed_media
from evidock_protocol import card, codes, entry, kinds, statements
from evidock_protocol.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent
    from evidock_protocol.wire import Refusal

INTERVAL_MS = 60_000
A_DAY_MS = 86_400_000
A_DAY = 64  # entries of one quota


class Quota:
    """How often something may be written: at most once a minute and 64 times a day."""

    def __init__(self):
        self._written = -INTERVAL_MS
        self._today = 0
        self._day = 0

    def allows(self, ticks: int) -> bool:
        """Whether it may be written now."""
        if ticks - self._day >= A_DAY_MS:
            self._day = ticks
            self._today = 0
        return ticks - self._written >= INTERVAL_MS and self._today < A_DAY

    def take(self, ticks: int) -> bool:
        """The same; it is written now if so."""
        if not self.allows(ticks):
            return False
        self._written = ticks
        self._today += 1
        return True


class Refusals:
    """Refusals since the last entry about them; `total` since boot."""

    def __init__(self):
        self.total = 0
        self._count = 0
        self._first: bytes | None = None
        self._last: bytes | None = None
        self._code = 0
        self._quota = Quota()

    def count(self, refused: "Refusal", host: bytes | None) -> None:
        """Notes one refusal."""
        if not self._count:
            self._first = host
            self._code = refused.code
        self._last = host
        self._count += 1
        self.total += 1

    def due(self, ticks: int) -> bool:
        """Whether an entry may be written now."""
        return self._count > 0 and self._quota.allows(ticks)

    def write(self, agent: "Agent", ticks: int):
        """Generator: one HOST entry for all refusals so far."""
        body = host_body(codes.HOST_REFUSED, self._first)
        body["count"] = self._count
        body["refusal"] = self._code
        body["last_host"] = self._last
        self._count = 0
        self._quota.take(ticks)
        yield from agent.journal.append(kinds.HOST, body, spare=True)


class Backlog:
    """Sealed segments that no receipt lists, as far as the journal ring reaches back."""

    def __init__(self):
        self.segments = 0
        self.bytes = 0

    def add(self, length: int) -> None:
        """One more sealed segment of `length` bytes."""
        self.segments += 1
        self.bytes += length

    def discount_steps(self, agent: "Agent", raw_receipt: bytes):
        """Generator: takes off what a receipt lists, a segment a slice: each is looked for on the card."""
        try:
            _sealed, values = entry.parse_statement(raw_receipt, statements.TYP_RECEIPT)
        except ProtocolError:  # checked before it was written; a later format counts for nothing here
            return
        for recording, number, _root in values["segments"]:
            self.segments = max(0, self.segments - 1)
            self.bytes = max(0, self.bytes - _size(agent, recording, number))
            yield


def _size(agent: "Agent", recording: int, number: int) -> int:
    """Bytes of a segment's file, 0 when it cannot be told."""
    if agent.card_identity is None:
        return 0
    cards = agent.board.card
    try:
        stem = card.segment_base(agent.folder, recording, number)
        found = sealed_media.find(cards, stem, sealed_media.leaf_list(cards, stem)[0])
    except (OSError, ProtocolError):  # the card was pulled just now, or no file can have such a number
        return 0
    return found[1] if found is not None else 0


def host_body(event: int, host: bytes | None) -> dict:
    """The named fields of HOST, to be filled in further."""
    return {
        "event": event,
        "host": host,
        "statement": None,
        "custody": None,
        "host_time": None,
        "count": 1,
        "refusal": None,
        "last_host": None,
    }

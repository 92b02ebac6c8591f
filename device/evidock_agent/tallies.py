"""Counts that the recorder keeps in memory: refusals, written at most once a minute, and media that no receipt lists
yet.

Specification: "Entry kinds" (HOST refused). A flood of refusals must cost neither evidence nor epochs (AT-38).
"""

from array import array

from evidock_agent import glance
from evidock_agent.journal import RESERVE
from evidock_protocol import codes, entry, kinds, messages, statements
from evidock_protocol.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent
    from evidock_agent.journal import Journal
    from evidock_protocol.wire import Refusal

INTERVAL_MS = 60_000
A_DAY_MS = 86_400_000
A_DAY = 64  # entries of one quota
_ORDINARY = (messages.NO_SUCH_SEGMENT, messages.STORAGE)
_RUNS = 256  # of segments that receipts list: a host may list what never was, and memory is short
_LARGEST = 9999999  # number of a recording or segment that a file can bear


class Quota:
    """How often something may be written: at most once a minute and 64 times a day."""

    def __init__(self):
        self._written = -INTERVAL_MS
        self._today = 0
        self._day = 0

    def is_left(self, ticks: int) -> bool:
        """Whether it may be written today."""
        if ticks - self._day >= A_DAY_MS:
            self._day = ticks
            self._today = 0
        return self._today < A_DAY

    def allows(self, ticks: int) -> bool:
        """Whether it may be written now."""
        return self.is_left(ticks) and ticks - self._written >= INTERVAL_MS

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
        self.in_a_row = 0  # hostile ones since a host last proved itself
        self.hostile_at = 0  # tick of the newest of them
        self._count = 0
        self._first: bytes | None = None
        self._last: bytes | None = None
        self._code = 0
        self._quota = Quota()

    def count(self, refused: "Refusal", host: bytes | None) -> None:
        """Notes one refusal, unless an honest docking meets it too: what is on another card, or a card that fails."""
        if refused.code in _ORDINARY:
            return
        if not self._count:
            self._first = host
            self._code = refused.code
        self._last = host
        self._count += 1
        self.total += 1

    def due(self, ticks: int) -> bool:
        """Whether an entry may be written now."""
        return self._count > 0 and self._quota.allows(ticks)

    def write_pending(self, agent: "Agent"):
        """Generator: the same without waiting for the minute to end: a docking ends, or the recorder goes off."""
        ticks = agent.moments.now()
        if self._count and self._quota.is_left(ticks) and agent.journal.ring.room() >= RESERVE:
            yield from self.write(agent, ticks)

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
    """Sealed segments that no receipt lists, as far as the journal ring reaches back; what was deleted is listed."""

    def __init__(self):
        self.segments = 0
        self.bytes = 0

    def add(self, length: int) -> None:
        """One more sealed segment of `length` bytes."""
        self.segments += 1
        self.bytes += length

    def count_steps(self, journal: "Journal"):
        """Generator: counts anew, from the ring alone: a segment that two receipts list is taken off once."""
        known = self.segments, self.bytes
        listed = _Listed()
        for raw in glance.each(journal, kinds.HOST):
            if raw:
                yield from listed.take(entry.parse(raw).body)
            yield
        segments = total = 0
        for raw in glance.each(journal, kinds.SEGMENT):
            if raw:
                body = entry.parse(raw).body
                if not listed.has(body["recording"], body["number"]):
                    segments += 1
                    total += body["length"]
            yield
        self.segments += segments - known[0]
        self.bytes += total - known[1]


class _Listed:
    """Segments that receipts list, as runs: recording, first and last number. Beyond so many, what else is listed
    counts as not listed: STATUS says more then, and nothing goes by it.
    """

    def __init__(self):
        self._runs = array("I")

    def take(self, body: dict):
        """Generator: takes in what one HOST entry lists, a segment a slice: each costs a look at all runs."""
        if body["event"] != codes.HOST_RECEIPTED:
            return
        try:
            _sealed, values = entry.parse_statement(body["statement"], statements.TYP_RECEIPT)
        except ProtocolError:  # checked before it was written; a later format counts for nothing here
            return
        for recording, number, _root in values["segments"]:
            if recording <= _LARGEST and number <= _LARGEST and not self.has(recording, number):
                self._add(recording, number)
            yield

    def has(self, recording: int, number: int) -> bool:
        """Whether a receipt lists it."""
        runs = self._runs
        return any(runs[at] == recording and runs[at + 1] <= number <= runs[at + 2] for at in range(0, len(runs), 3))

    def _add(self, recording: int, number: int) -> None:
        runs = self._runs
        for at in range(0, len(runs), 3):
            if runs[at] == recording and runs[at + 2] == number - 1:
                runs[at + 2] = number
                return
        if len(runs) < 3 * _RUNS:
            for value in (recording, number, number):
                runs.append(value)


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

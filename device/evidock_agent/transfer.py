"""Media on their way to the host: range requests queued and answered in order, chunk by chunk, from the card.

Specification: "Messages" (LEAVES, MEDIA). The host owns the credit; nothing is kept for retransmission. What a pull
takes in memory is here, whatever its window and its files: DESIGN.md, "Memory".
"""

from array import array

from evidock_agent import sealed_media
from evidock_protocol import card, messages, versions
from evidock_protocol.wire import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.agent import Agent
    from evidock_agent.answer_frame import AnswerFrame

QUEUE = 32  # ranges that may wait; the host's unread requests are bounded by the line's buffer anyway
MINIMUM_CHUNK = 64
FURTHEST = (1 << 31) - 1  # byte of a file up to which a board with 32 bits can seek
_LARGEST = 9_999_999  # recording or segment that a path on the card can name
_LARGEST_REQUEST = 0xFFFFFFFF  # number; a host's are smaller
_LEAF = 32  # bytes of one leaf hash
_KNOWN = 3  # segments that are not looked for again: one ends, one begins, and one whose leaves are asked for
# What the queue has of a range.
_REQUEST, _RECORDING, _NUMBER, _OFFSET, _LENGTH, _CHUNK, _FIELDS = range(7)


class Transfer:
    """A ring of waiting ranges, made once, and the range that is being sent; one file is kept open between them.

    On MicroPython a call with more than a few names or with a `try` takes its frame from the heap, which costs as much
    as hashing a chunk: what runs for every chunk is kept small.
    """

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self._ranges = array("I", bytes(4 * _FIELDS * QUEUE))
        self._first = 0  # place of the oldest range
        self._count = 0  # ranges, with the one that is being sent
        self._number = 0  # of the request whose range is being sent
        self._left = 0  # bytes of it that are to be sent, 0 before it is begun
        self._chunk = 0
        self._index = 0
        self._open_for = (0, 0)  # the segment whose file is open
        self._file: ports.File | None = None
        self._at = 0  # the byte at which it stands
        self.has_walked = False  # a segment was looked for: on a large card that is enough for a slice
        self._known: list[tuple] = []  # (recording, number, path, bytes, leaves), the newest last

    def busy(self) -> bool:
        """Whether ranges wait."""
        return self._count > 0

    def clear(self) -> None:
        """Forgets what was asked and closes the file: a new session begins, or the card is gone."""
        self._count = self._left = 0
        self._known = []
        self._let_go()

    def add(self, request: int, recording: int, number: int, offset: int, length: int, chunk: int) -> None:
        """Queues one MEDIA request by its number and fields; raises Refusal."""
        size = self._locate(recording, number)[3]
        end = offset + length
        if not length or end > size or end > FURTHEST:
            raise Refusal(messages.OUT_OF_RANGE, "bytes to %d of %d" % (end, size))
        if not MINIMUM_CHUNK <= chunk <= versions.MAXIMUM_CHUNK:
            raise Refusal(messages.OUT_OF_RANGE, "chunk of %d bytes" % chunk)
        if request > _LARGEST_REQUEST:
            raise Refusal(messages.OUT_OF_RANGE, "request number %d" % request)
        if self._count >= QUEUE:
            raise Refusal(messages.BUSY, "%d ranges wait already" % QUEUE)
        place = (self._first + self._count) % QUEUE
        self._count += 1
        ranges, at = self._ranges, place * _FIELDS
        ranges[at + _REQUEST] = request
        ranges[at + _RECORDING] = recording
        ranges[at + _NUMBER] = number
        ranges[at + _OFFSET] = offset
        ranges[at + _LENGTH] = length
        ranges[at + _CHUNK] = chunk

    def next_chunk(self, frame: "AnswerFrame") -> bool:
        """Reads the next answer's media into the frame and packs it; False when the card fails (see `fail`).

        The room is that of a whole chunk also where the range ends within it: rooms of few lengths cost no memory.
        """
        if not self._left and not self._begin():
            return False
        count = self._left if self._left < self._chunk else self._chunk
        if self._read(frame.room(self._chunk)) < count:
            return False
        frame.pack_media(self._number, self._index, count)
        self._index += 1
        self._left -= count
        if not self._left:
            self._first = (self._first + 1) % QUEUE
            self._count -= 1
        return True

    def fail(self) -> int:
        """Forgets what was asked, of a card that fails; the number of the request that is to be refused."""
        number = self._ranges[self._first * _FIELDS + _REQUEST]
        self.clear()
        self._agent.lose_card()
        return number

    def _begin(self) -> bool:
        """Takes up the oldest range."""
        ranges, at = self._ranges, self._first * _FIELDS
        try:
            file = self._open(ranges[at + _RECORDING], ranges[at + _NUMBER])
            if self._at != ranges[at + _OFFSET]:
                file.seek(ranges[at + _OFFSET])
        except OSError:
            return False
        self._at = ranges[at + _OFFSET]
        self._number = ranges[at + _REQUEST]
        self._left = ranges[at + _LENGTH]
        self._chunk = ranges[at + _CHUNK]
        self._index = 0
        return True

    def _read(self, room: memoryview) -> int:
        try:
            count = self._file.readinto(room)  # pyright: ignore[reportOptionalMemberAccess]
        except OSError:
            return 0
        self._at += count
        return count

    def leaves(self, values: dict) -> bytes:
        """Leaf hashes, the header's first: 32 bytes each from `first`, at most what a message holds. Raises Refusal."""
        found = self._locate(values["recording"], values["number"])
        path, leaves = found[2], found[4]
        if values["first"] > leaves:
            raise Refusal(messages.OUT_OF_RANGE, "leaf %d of %d" % (values["first"], leaves))
        count = min(values["count"], versions.MAXIMUM_CHUNK // _LEAF)
        try:
            with self._agent.board.card.open(path[: path.rfind(".") + 1] + card.LEAVES, "rb") as file:
                file.seek(values["first"] * _LEAF)
                return file.read(count * _LEAF)
        except OSError:
            raise Refusal(messages.STORAGE, "the leaf hashes could not be read")

    def _locate(self, recording: int, number: int) -> tuple:
        """A sealed segment on this card, as `_known` has it; looked for once however many ranges follow each other.

        Raises Refusal.
        """
        agent = self._agent
        if not agent.recorder.is_sealed(recording, number):
            raise Refusal(messages.NO_SUCH_SEGMENT, "segment is not sealed yet")
        for known in self._known:
            if known[0] == recording and known[1] == number:
                return known
        if agent.card_identity is not None and 1 <= recording <= _LARGEST and 1 <= number <= _LARGEST:
            cards = agent.board.card
            stem = card.segment_base(agent.folder, recording, number)
            self.has_walked = True
            try:
                leaf, size = sealed_media.leaf_list(cards, stem)
                found = sealed_media.find(cards, stem, leaf) if leaf else None
                if found is not None:
                    known = (recording, number, found[0], found[1], min(size, FURTHEST) // _LEAF)
                    if len(self._known) >= _KNOWN:
                        self._known.pop(0)
                    self._known.append(known)
                    return known
            except OSError:
                agent.lose_card()
                raise Refusal(messages.STORAGE, "the card could not be read")
        raise Refusal(messages.NO_SUCH_SEGMENT, "no segment %d of recording %d on this card" % (number, recording))

    def _open(self, recording: int, number: int) -> "ports.File":
        file = self._file
        if file is not None and self._open_for[0] == recording and self._open_for[1] == number:
            return file
        self._let_go()
        try:
            path = self._locate(recording, number)[2]
        except Refusal:  # it was there when its range was asked for
            raise OSError("the segment is gone")
        self._file = file = self._agent.board.card.open(path, "rb")
        self._at = 0
        self._open_for = (recording, number)
        return file

    def _let_go(self) -> None:
        file = self._file
        self._file = None
        self._open_for = (0, 0)
        try:
            if file is not None:
                file.close()
        except OSError:  # the card is gone, and the file with it
            return

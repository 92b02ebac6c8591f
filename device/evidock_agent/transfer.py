"""Media on their way to the host: range requests queued and answered in order, chunk by chunk, from the card.

Specification: "Messages" (LEAVES, MEDIA). The host owns the credit; nothing is kept for retransmission.
"""

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
_LEAF = 32  # bytes of one leaf hash


class Transfer:
    """Queued ranges as [request number, path, offset, end, chunk]; one file is kept open between them."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self._queue: list[list] = []
        self._path = ""
        self._file: ports.File | None = None
        self._found = (0, 0, "", "", 0, 0)  # recording, number, paths of media and leaves, bytes, leaves

    def busy(self) -> bool:
        """Whether ranges wait."""
        return bool(self._queue)

    def clear(self) -> None:
        """Forgets what was asked and closes the file: a new session begins, or the card is gone."""
        self._queue = []
        self._found = (0, 0, "", "", 0, 0)
        self._let_go()

    def add(self, request: int, recording: int, number: int, offset: int, length: int, chunk: int) -> None:
        """Queues one MEDIA request by its number and fields; raises Refusal."""
        found = self._locate(recording, number)
        path, size = found[2], found[4]
        end = offset + length
        if not length or end > size or end > FURTHEST:
            raise Refusal(messages.OUT_OF_RANGE, "bytes to %d of %d" % (end, size))
        if not MINIMUM_CHUNK <= chunk <= versions.MAXIMUM_CHUNK:
            raise Refusal(messages.OUT_OF_RANGE, "chunk of %d bytes" % chunk)
        if len(self._queue) >= QUEUE:
            raise Refusal(messages.BUSY, "%d ranges wait already" % QUEUE)
        self._queue.append([request, path, offset, end, chunk])

    def next_chunk(self, frame: "AnswerFrame") -> None:
        """Reads the next answer's media into the frame and packs it; raises Refusal with `number` when the card fails.

        The room is that of a whole chunk also where the range ends within it: rooms of few lengths cost no memory.
        """
        waiting = self._queue[0]
        number, path, offset, end, chunk = waiting
        count = end - offset if end - offset < chunk else chunk
        try:
            file = self._open(path)
            file.seek(offset)
            if file.readinto(frame.room(chunk)) < count:
                raise OSError("file ended early")
        except OSError:
            self.clear()
            self._agent.lose_card()
            refused = Refusal(messages.STORAGE, "the card could not be read")
            refused.number = number
            raise refused
        if offset + count == end:
            self._queue.pop(0)
        else:
            waiting[2] = offset + count
        frame.pack_media(messages.MEDIA, number, offset, count)

    def leaves(self, values: dict) -> bytes:
        """Leaf hashes, the header's first: 32 bytes each from `first`, at most what a message holds. Raises Refusal."""
        found = self._locate(values["recording"], values["number"])
        path, leaves = found[3], found[5]
        if values["first"] > leaves:
            raise Refusal(messages.OUT_OF_RANGE, "leaf %d of %d" % (values["first"], leaves))
        count = min(values["count"], versions.MAXIMUM_CHUNK // _LEAF)
        try:
            with self._agent.board.card.open(path, "rb") as file:
                file.seek(values["first"] * _LEAF)
                return file.read(count * _LEAF)
        except OSError:
            raise Refusal(messages.STORAGE, "the leaf hashes could not be read")

    def _locate(self, recording: int, number: int) -> tuple[int, int, str, str, int, int]:
        """A sealed segment on this card, looked for once however many ranges of it follow. Raises Refusal."""
        agent = self._agent
        if not agent.recorder.is_sealed(recording, number):
            raise Refusal(messages.NO_SUCH_SEGMENT, "segment is not sealed yet")
        if self._found[0] == recording and self._found[1] == number:
            return self._found
        if agent.card_identity is not None and 1 <= recording <= 9999999 and 1 <= number <= 9999999:
            cards = agent.board.card
            stem = card.segment_base(agent.folder, recording, number)
            try:
                leaf, size = sealed_media.leaf_list(cards, stem)
                found = sealed_media.find(cards, stem, leaf) if leaf else None
                if found is not None:
                    leaves = min(size, FURTHEST) // _LEAF
                    self._found = (recording, number, found[0], stem + card.LEAVES, found[1], leaves)
                    return self._found
            except OSError:
                agent.lose_card()
                raise Refusal(messages.STORAGE, "the card could not be read")
        raise Refusal(messages.NO_SUCH_SEGMENT, "no segment %d of recording %d on this card" % (number, recording))

    def _open(self, path: str) -> "ports.File":
        if self._file is None or path != self._path:
            self._let_go()
            self._file = self._agent.board.card.open(path, "rb")
            self._path = path
        return self._file

    def _let_go(self) -> None:
        file = self._file
        self._file = None
        self._path = ""
        try:
            if file is not None:
                file.close()
        except OSError:  # the card is gone, and the file with it
            return

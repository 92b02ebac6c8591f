"""Media on their way to the host: range requests queued and answered in order, chunk by chunk, from the card.

Specification: "Messages" (LEAVES, MEDIA). The host owns the credit; nothing is kept for retransmission.
"""

from evidock_protocol import card, codes, merkle, messages, versions, wire
from evidock_protocol.wire import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

QUEUE = 32  # ranges that may wait; the host's unread requests are bounded by the line's buffer anyway
MINIMUM_CHUNK = 64


class Transfer:
    """Queued ranges as [request number, path, offset, end, chunk]; one file is kept open between them."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self._queue: list[list] = []
        self._path = ""
        self._file = None

    def busy(self) -> bool:
        """Whether ranges wait."""
        return bool(self._queue)

    def clear(self) -> None:
        """Forgets what was asked and closes the file: a new session begins, or the card is gone."""
        self._queue = []
        self._let_go()

    def add(self, number: int, values: dict) -> None:
        """Queues one MEDIA request; raises Refusal."""
        path, size = self._locate(values["recording"], values["number"])
        end = values["offset"] + values["length"]
        if not values["length"] or end > size:
            raise Refusal(messages.OUT_OF_RANGE, "bytes to %d of %d" % (end, size))
        if not MINIMUM_CHUNK <= values["chunk"] <= versions.MAXIMUM_CHUNK:
            raise Refusal(messages.OUT_OF_RANGE, "chunk of %d bytes" % values["chunk"])
        if len(self._queue) >= QUEUE:
            raise Refusal(messages.BUSY, "%d ranges wait already" % QUEUE)
        self._queue.append([number, path, values["offset"], end, values["chunk"]])

    def next_chunk(self) -> tuple[bytes, memoryview]:
        """(message head, data) of the next answer; raises Refusal with `number` when the card fails."""
        number, path, offset, end, chunk = self._queue[0]
        count = min(chunk, end - offset)
        try:
            file = self._open(path)
            file.seek(offset)
            data = self._agent.scratch[:count]
            if file.readinto(data) != count:
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
            self._queue[0][2] = offset + count
        return wire.data_head(messages.MEDIA, number, offset, count), data

    def leaves(self, values: dict) -> bytes:
        """Leaf hashes, the header's first: 32 bytes each from `first`, at most what a message holds. Raises Refusal."""
        path, size = self._locate(values["recording"], values["number"])
        leaves = 1 + merkle.leaf_count(size, card.WAV_HEADER, versions.LEAF_SOUND)
        if values["first"] > leaves:
            raise Refusal(messages.OUT_OF_RANGE, "leaf %d of %d" % (values["first"], leaves))
        count = min(values["count"], versions.MAXIMUM_CHUNK // 32)
        try:
            with self._agent.board.card.open(path[: path.rfind(".") + 1] + card.LEAVES, "rb") as file:
                file.seek(values["first"] * 32)
                return file.read(count * 32)
        except OSError:
            raise Refusal(messages.STORAGE, "the leaf hashes could not be read")

    def _locate(self, recording: int, number: int) -> tuple[str, int]:
        agent = self._agent
        if not agent.recorder.is_sealed(recording, number):
            raise Refusal(messages.NO_SUCH_SEGMENT, "segment is not sealed yet")
        if agent.card_identity is not None and 1 <= recording <= 9999999 and 1 <= number <= 9999999:
            stem = card.segment_base(agent.folder, recording, number)
            path = stem + card.extension(codes.MEDIA_WAV)
            try:
                size = agent.board.card.size(path)
            except OSError:
                agent.lose_card()
                raise Refusal(messages.STORAGE, "the card could not be read")
            if size is not None:
                return path, size
        raise Refusal(messages.NO_SUCH_SEGMENT, "no segment %d of recording %d on this card" % (number, recording))

    def _open(self, path: str):
        if self._file is not None and path == self._path:
            return self._file
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

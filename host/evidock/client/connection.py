"""Requests and answers over a line: numbers, deadlines, retries of what may be asked twice, noise skipped.

Specification: "Frames" and "Messages". One request at a time, except media: their answers go to whoever pulls them,
also while another answer is waited for, so that the line never waits.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

from evidock.client import hello
from evidock.client.asking import Question, Values
from evidock.client.mending import MendingReader
from evidock.client.transport import Line
from evidock.client.window import largest_answer
from evidock.errors import NotARecorder, Refused
from evidock_protocol import cbor, framing, messages, names, versions, wire
from evidock_protocol.errors import ProtocolError

HELLO_SECONDS = 0.6  # for one try; a board that is just booting gets all of them
HELLO_TRIES = 6
QUICK_SECONDS = 2.5  # what a recorder answers from memory or card
QUICK_TRIES = 4
SIGN_SECONDS = 30.0  # signing in Python on a small board takes seconds
SLICE_SECONDS = 0.03  # a recorder reads its line at least every 25 ms
ROOM = 32  # bytes of a request that are sent at once, at least, beside those that ask for media
LONGEST_QUESTION = 600  # bytes, about: a certificate, or a command with what it opens
WAITING = 64  # answers that nobody has looked at yet
REFUSES = bytes((0x84, 0x18, messages.REFUSAL))  # how every refusal begins


class Answer(NamedTuple):
    """One answer: request type and number, named fields, or the refusal instead of them."""

    kind: int
    number: int
    values: Values
    refusal: wire.Refusal | None = None


@runtime_checkable
class Gathering(Protocol):
    """A line that can let bytes gather for `gather` seconds once the first has arrived."""

    gather: float


class Media(Protocol):
    """Who pulls media; see `pull.Pull`."""

    @property
    def unread(self) -> int: ...

    @property
    def ahead(self) -> float: ...

    @property
    def gather(self) -> float: ...

    def turn(self) -> float: ...

    def take(self, number: int, index: int, payload: bytes, start: int) -> None: ...

    def expects(self, payload: bytes) -> bool: ...

    def refuse(self, refusal: wire.Refusal) -> bool: ...


class Connection:
    """Speaks with whatever is on `line`. `monotonic` gives seconds, so that tests bring their own clock.

    `maximum_unread` bounds the bytes of requests for media that nobody has read yet, `held` those of another request.
    `largest` bounds the bytes of one answer, and `upward` is how many seconds a question may be under way. `media` is
    set by who pulls media, and `signing` says that the recorder is asked for what takes it long.
    """

    def __init__(self, line: Line, port: str, monotonic: Callable[[], float] = time.monotonic):
        self.port = port
        self.monotonic = monotonic
        self.received = 0  # bytes that arrived, noise included
        self.maximum_unread = self.held = versions.MAXIMUM_UNREAD_REQUESTS
        self.media: Media | None = None
        self.signing = False
        self.largest = self.limit = versions.MAXIMUM_CHUNK  # bytes of entries in one answer; fewer over a bad line
        self.upward = 0.0
        self.rate: float | None = None
        self._line = line
        self._gathering = line if isinstance(line, Gathering) else None
        self._reader = MendingReader(lambda payload: self.media is not None and self.media.expects(payload))
        self._writer = framing.FrameWriter(versions.MAXIMUM_PAYLOAD)
        self._payloads: deque[bytes] = deque(maxlen=WAITING)
        self._gather = 0.0
        self._request = bytearray(64)
        self._number = 0
        self._sending = False

    def carries(self, rate: float | None) -> None:
        """The line carries `rate` bytes per second (None: not known, and not slow): over a slow one answers are small,
        so that none takes longer than what counts as silence."""
        self.largest = self.limit = largest_answer(rate)
        self.upward = LONGEST_QUESTION / rate if rate else 0.0
        self.rate = rate

    @property
    def mended(self) -> int:
        """Frames of media with a wrong bit that was put right."""
        return self._reader.mended

    @property
    def damaged(self) -> int:
        """Frames that were lost to noise, and pieces of such."""
        return self._reader.damaged

    @property
    def ahead(self) -> float:
        """Seconds that media take which come before any other answer."""
        return self.media.ahead if self.media is not None else 0.0

    @property
    def is_busy(self) -> bool:
        """Whether media are being pulled."""
        return self.media is not None

    @property
    def noise(self) -> int:
        """Bytes that arrived and were no part of a whole frame."""
        return self._reader.skipped_bytes

    def hello(self) -> Values:
        """The recorder's HELLO. Raises NotARecorder within a few seconds, UnsupportedVersion for another version."""
        numbers: list[int] = []
        for _ in range(HELLO_TRIES):
            numbers.append(self.send(messages.HELLO, hello.OWN))
            deadline = self.monotonic() + HELLO_SECONDS
            while (payload := self._payload(deadline)) is not None:
                theirs = hello.parse(payload, numbers, self.port)
                if theirs is not None:
                    self.heed(theirs)
                    return theirs
        raise NotARecorder("silent" if not self.received else "not_a_recorder", port=self.port)

    def heed(self, told: Values) -> None:
        """Keeps to what the recorder's HELLO says that its line holds unread."""
        room = max(64, _uint(told["maximum_unread"]))
        self.maximum_unread = min(versions.MAXIMUM_UNREAD_REQUESTS, room)
        self.held = min(versions.MAXIMUM_UNREAD_HELD, room)

    def request(self, kind: int, values: Values, seconds: float = QUICK_SECONDS, tries: int = QUICK_TRIES) -> Values:
        """The answer's fields. `tries` above 1 only for what may be asked twice. Raises Refused, LineLost."""
        self.signing = seconds >= SIGN_SECONDS
        try:
            return Question(self, kind, values, seconds, self.signing).ask(tries)
        finally:
            self.signing = False

    def send(self, kind: int, values: Values) -> int:
        """Sends one request and returns its number, without waiting for the answer."""
        self._number = self._number % versions.MAXIMUM_NUMBER + 1
        # A leading zero ends whatever half frame the recorder has collected.
        frame = bytes(self._writer.encode(wire.request(kind, self._number, values), lead=True))
        number = self._number
        self._sending = True  # nobody asks for media in the middle of this
        try:
            start = 0
            while start < len(frame):
                room = max(ROOM, self.held - (self.media.unread if self.media is not None else 0))
                self._line.write(frame[start : start + room])
                start += room
                if start < len(frame):
                    # A plain UART holds no more than this unread, and nothing tells when it was read.
                    until = self.monotonic() + SLICE_SECONDS
                    while self.monotonic() < until:
                        self.pump(until)
        finally:
            self._sending = False
        return number

    def media_request(self, recording: int, number: int, offset: int, length: int, chunk: int) -> tuple[int, bytes]:
        """The number and the frame of a MEDIA request; `send_media` sends one or more of them."""
        self._number = self._number % versions.MAXIMUM_NUMBER + 1
        end = cbor.put_head(self._request, 0, cbor.ARRAY, 7)
        for value in (messages.MEDIA, self._number, recording, number, offset, length, chunk):
            end = cbor.put_head(self._request, end, cbor.UNSIGNED, value)
        return self._number, bytes(self._writer.encode(memoryview(self._request)[:end], lead=True))

    def send_media(self, frames: bytes) -> None:
        """Sends what `media_request` made."""
        self._line.write(frames)

    def receive(self, deadline: float) -> Answer | None:
        """The next answer or refusal, or None at `deadline` (monotonic seconds). What is neither is skipped."""
        while True:
            answer = self.next_answer()
            if answer is not None or self.monotonic() >= deadline:
                return answer
            self.pump(deadline)

    def pump(self, deadline: float) -> None:
        """Takes in what is there, waiting for it until `deadline` at most, and keeps the media on their way."""
        media = self.media if not self._sending else None
        until = min(deadline, media.turn()) if media is not None else deadline
        if self._gathering is not None:
            gather = round(media.gather, 3) if media is not None else 0.0
            if gather != self._gather:
                self._gathering.gather = self._gather = gather
        data = self._line.read(max(0.0, until - self.monotonic()))
        if not data:
            return
        self.received += len(data)
        for payload in self._reader.feed(data):
            found = wire.parse_media_answer(payload)
            if found is None:
                if self.media is None or not self._refuses_media(payload, self.media):
                    self._payloads.append(payload)
            elif self.media is not None:
                self.media.take(found[0], found[1], payload, found[2])

    def flush(self) -> None:
        """Forgets half a frame: the line was silent since, the rest of it will not come."""
        self._reader.reset()

    def refused(self, refusal: wire.Refusal) -> Refused:
        """The error for a refusal that nothing can be done about here."""
        name = dict(names.REFUSALS).get(refusal.code, "unknown")
        text = "".join(character if character.isprintable() else " " for character in refusal.text)[:120]
        return Refused("refused_" + name if name != "unknown" else "refused", refusal.code, name=name, reason=text)

    def close(self) -> None:
        """Lets go of the line."""
        self._line.close()

    def next_answer(self) -> Answer | None:
        """The next answer of those that are here, without those that belong to media."""
        while self._payloads:
            payload = self._payloads.popleft()
            try:
                return Answer(*wire.parse_answer(payload))
            except wire.Refusal as refusal:
                return Answer(messages.REFUSAL, refusal.number, {}, refusal)
            except ProtocolError:
                continue
        return None

    def _refuses_media(self, payload: bytes, media: Media) -> bool:
        """Whether this is the refusal of a request for media, and dealt with."""
        if not payload.startswith(REFUSES):
            return False
        try:
            wire.parse_answer(payload)
        except wire.Refusal as refusal:
            return media.refuse(refusal)
        except ProtocolError:
            return False
        return False

    def _payload(self, deadline: float) -> bytes | None:
        while not self._payloads:
            if self.monotonic() >= deadline:
                return None
            self.pump(deadline)
        return self._payloads.popleft()


def _uint(value: object) -> int:
    return value if isinstance(value, int) else 0

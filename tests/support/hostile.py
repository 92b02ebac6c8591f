"""A device that answers as it likes, over a line in virtual time: it may never stop, and nothing of it waits.

It has an honest recorder inside, whose answers a behaviour may send, change, hold back or bury.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from support.recorder import ScriptedRecorder

from evidock.client import Recorder
from evidock.docking import SyncResult, sync
from evidock.errors import EvidockError, LineLost
from evidock.store import Store
from evidock_protocol import framing, messages, versions, wire

HOURS = 2  # of virtual time in which every docking must have ended
STORM = 20_000  # requests of one docking, which no host sends to a device that answers nothing


class Asked(NamedTuple):
    """A request, and the payloads with which the honest recorder answers it."""

    kind: int
    number: int
    values: dict[str, Any]
    honest: list[bytes]


class Raw(bytes):
    """Bytes that go out as they are, unframed."""


# What a device sends: payloads to be framed, bytes as they are, seconds of silence, or the end of the line.
Sent = bytes | Raw | float | LineLost
Behaviour = Callable[[Asked], Iterable[Sent]]


class HostileLine:
    """The host's end of the line to a device, which sends `rate` bytes a second."""

    def __init__(self, recorder: ScriptedRecorder, behaviour: Behaviour, rate: int = 100_000):
        self.now = 0.0
        self.requests = 0
        self.openings = 1
        self.sent = 0
        self.behaviour = behaviour
        self._recorder = recorder
        self._rate = rate
        self._reader = framing.FrameReader(framing.frame_size(versions.MAXIMUM_REQUEST))
        self._writer = framing.FrameWriter(1 << 20)
        self._streams: deque[Iterator[Sent]] = deque()
        self._pending = b""

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += max(seconds, 0.0001)

    def open(self) -> HostileLine:
        """The port again; what was under way is gone."""
        assert self.now < HOURS * 3600, "it is opened for ever"
        self.openings += 1
        self._streams.clear()
        self._pending = b""
        return self

    def read(self, seconds: float) -> bytes:
        assert self.now < HOURS * 3600, "it never ends"
        end = self.now + max(seconds, 0.0001)
        while not self._pending:
            sent = self._next()
            if sent is None or self.now >= end:
                self.now = max(self.now, end)
                return b""
            if isinstance(sent, LineLost):
                raise sent
            if isinstance(sent, float | int):
                # Silence, as much of it as the host waits for now.
                silent = min(sent, end - self.now)
                self.now += silent
                if sent > silent:
                    self._streams.appendleft(iter([sent - silent]))
            else:
                self._pending = bytes(sent) if isinstance(sent, Raw) else bytes(self._writer.encode(sent))
        data, self._pending = self._pending[:4096], self._pending[4096:]
        self.sent += len(data)
        self.now += len(data) / self._rate
        return data

    def write(self, data: bytes | memoryview) -> None:
        for payload in self._reader.feed(bytes(data)):
            self.requests += 1
            assert self.requests < STORM, "a storm of requests"
            self._streams.append(self._answers(payload))

    def close(self) -> None:
        """Nothing holds on to it."""

    def _next(self) -> Sent | None:
        while self._streams:
            stream = self._streams[0]
            for sent in stream:
                return sent
            if self._streams and self._streams[0] is stream:
                self._streams.popleft()
        return None

    def _answers(self, payload: bytes) -> Iterator[Sent]:
        kind, number, values = wire.parse_request(payload)
        yield from self.behaviour(Asked(kind, number, values, self._recorder.handle(payload)))


def dock_hostile(
    recorder: ScriptedRecorder, store: Store, behaviour: Behaviour, rate: int = 100_000, patience: float = 0
) -> tuple[SyncResult | EvidockError, HostileLine]:
    """A docking of the device as it ended, and its line. Whatever else it raises fails the test."""
    line = HostileLine(recorder, behaviour, rate)
    try:
        client = Recorder(line, "hostile", store, False, line.monotonic, line.open, line.wait)
        return sync(client, store, patience=patience), line
    except EvidockError as error:
        return sentenced(error), line


def sentenced(error: EvidockError) -> EvidockError:
    """The error, which has a sentence for a user in each language."""
    assert error.message("en")
    assert error.message("zh")
    return error


@contextmanager
def quick_folder() -> Generator[Path]:
    """A folder in memory where the system has a place for that: every docking makes its bytes safe many times."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="evidock-", dir=memory if memory.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # a recorder that has just ended removes its link meanwhile


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Behaviours. Each answers honestly until the message that it is about.


def on(*kinds: int) -> Callable[[Behaviour], Behaviour]:
    """Honest, but for these messages."""

    def decorate(behaviour: Behaviour) -> Behaviour:
        def answer(asked: Asked) -> Iterable[Sent]:
            return behaviour(asked) if asked.kind in kinds else asked.honest

        return answer

    return decorate


def honest(asked: Asked) -> Iterable[Sent]:
    return asked.honest


def noise(with_zeros: bool) -> Iterator[Raw]:
    """Bytes without end that say nothing."""
    block = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(64))
    if not with_zeros:
        block = block.replace(b"\0", b"\1")
    while True:
        yield Raw(block)


def gone() -> LineLost:
    """The port vanishes here; it can be opened again."""
    return LineLost("line_lost", port="hostile")


def media(asked: Asked, index: int, data: bytes) -> bytes:
    """The payload of an answer to a MEDIA request."""
    return wire.answer(messages.MEDIA, asked.number, {"index": index, "data": data})


def pieces(asked: Asked) -> list[tuple[int, bytes]]:
    """(index, data) of each honest MEDIA answer."""
    found: list[tuple[int, bytes]] = []
    for payload in asked.honest:
        _kind, _number, values = wire.parse_answer(payload)
        found.append((values["index"], values["data"]))  # type: ignore[arg-type]
    return found

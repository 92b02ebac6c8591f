"""What a track needs of the agent, on a card in memory, with a camera and an encoder that do what a script says.

The agent itself is not here: a test opens, pumps and ends a track's segments as the recorder does.
"""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any

from support.board import EIO, MemoryCard, Power, World

from evidock_agent.moment import Moments
from evidock_protocol import codes, merkle


def jpeg(length: int, width: int = 64, height: int = 48, fill: int = 0x55) -> bytes:
    """The outer form of a JPEG picture of so many bytes, 40 at least; nobody decodes it."""
    frame = b"\xff\xc0" + struct.pack(">HBHHB3s", 11, 8, height, width, 1, b"\1\x11\0")
    start = b"\xff\xd8" + b"\xff\xe0\0\4ab" + frame + b"\xff\xda\0\4\0\0"
    return start + bytes([fill]) * (length - len(start) - 2) + b"\xff\xd9"


class Shot:
    """A picture that the camera takes at a tick. After `stalls` of its bytes nothing comes until tick `resumes`."""

    def __init__(
        self,
        tick: int,
        data: bytes,
        announced: int | None = None,
        stalls: int | None = None,
        resumes: int = 1 << 40,
    ):
        self.tick = tick
        self.data = data
        self.announced = len(data) if announced is None else announced
        self.stalls = stalls
        self.resumes = resumes


class ScriptedCamera:
    """The Camera port."""

    def __init__(self, clock: Any, rate: int = 15, piece: int = 1 << 20):
        self.width, self.height, self.rate = 64, 48, rate
        self.shots: list[Shot] = []
        self.piece = piece  # bytes that come at once, at most
        self.gone = 0
        self.silent: set[str] = set()  # methods that give OSError
        self.overstates = 0  # by how much it says that more came than did
        self.running = False
        self._clock = clock
        self._shot: Shot | None = None
        self._at = 0

    def film(self, first: int, last: int, length: int = 1000, rate: int | None = None) -> list[bytes]:
        """Takes pictures from one tick to another; returns them."""
        taken: list[bytes] = []
        while (tick := first + (len(taken) + 1) * 1000 // (rate or self.rate)) <= last:
            taken.append(jpeg(length + len(taken) % 7, fill=len(taken) % 251))
            self.shots.append(Shot(tick, taken[-1]))
        return taken

    def _answer(self, method: str) -> None:
        if method in self.silent:
            raise OSError(EIO)

    def start(self) -> None:
        self._answer("start")
        self.running = True

    def stop(self) -> None:
        self._answer("stop")
        self.running = False

    def next(self) -> int:
        self._answer("next")
        self._shot = None
        if not self.shots or self.shots[0].tick > self._clock.now:
            return 0
        self._shot = self.shots.pop(0)
        self._at = 0
        return self._shot.announced

    def readinto(self, buffer: memoryview) -> int:
        self._answer("readinto")
        shot = self._shot
        if shot is None:
            return 0
        end = len(shot.data)
        if shot.stalls is not None and self._clock.now < shot.resumes:
            end = min(end, shot.stalls)
        part = shot.data[self._at : min(end, self._at + len(buffer), self._at + self.piece)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part) + self.overstates

    def lost(self) -> int:
        self._answer("lost")
        return self.gone


class ScriptedEncoder:
    """The Encoder port: what it does with a file that it was asked to finish is `script`'s business."""

    def __init__(self, cards: MemoryCard, tracks: int = codes.TRACK_SOUND | codes.TRACK_PICTURE, rate: int = 15):
        self.media = codes.MEDIA_MP4
        self.tracks = tracks
        self.rate = rate
        self.cards = cards
        self.content = b"ftyp" * 5000
        self.pictures = 0
        self.begun: list[str] = []
        self.ended = 0
        self.done: set[str] = set()
        self.dead = False
        self.mute = False  # whether it answers no question, though it writes

    def begin(self, path: str) -> None:
        if self.dead:
            raise OSError(EIO)
        self.begun.append(path)
        self.put(path, self.content)

    def put(self, path: str, content: bytes) -> None:
        """Writes a whole file."""
        with self.cards.open(path, "wb") as file:
            if content:
                file.write(content)

    def end(self) -> None:
        if self.dead:
            raise OSError(EIO)
        self.ended += 1
        self.done.add(self.begun[-1])

    def closed(self, path: str) -> bool:
        if self.mute:
            raise OSError(EIO)
        return path in self.done

    def written(self, path: str) -> int:
        if self.mute:
            raise OSError(EIO)
        return self.pictures


class Rig:
    """Stands where a track expects the agent."""

    folder = "EVIDOCK/0A0B0C0D"

    def __init__(self, rate: int = 15, piece: int = 1 << 20):
        self.world = World()
        self.clock = self.world.clock
        self.power = Power()
        self.cards = MemoryCard(self.world, self.power)
        self.cards.mount()
        self.camera = ScriptedCamera(self.clock, rate, piece)
        self.encoder = ScriptedEncoder(self.cards)
        self.board = SimpleNamespace(card=self.cards, camera=self.camera, encoder=self.encoder)
        self.moments = Moments(self.clock)
        self.recorder = SimpleNamespace(number=3)
        self.scratch = memoryview(bytearray(4096))

    def run(self, track: Any, milliseconds: int, step: int = 5) -> None:
        """Time passes, and the track is pumped as the agent's loop does, until it has nothing to move."""
        end = self.clock.now + milliseconds
        while True:
            for _ in range(1000):
                if not track.pump(False):
                    break
            if self.clock.now >= end:
                return
            self.clock.now += step

    def end(self, track: Any, stop: bool = True) -> Any:
        """Drains the track as the recorder does, within 500 ms, and ends its segment; returns it."""
        tick = self.moments.now()
        if stop:
            track.stop()
        while track.pump(True) and self.moments.now() - tick < 500:
            self.clock.now += 1
        return track.end(tick if stop else self.moments.now())

    def seal(self, segment: Any, boot: int = 1, wait: int = 100) -> dict[str, Any] | None:
        """Runs a segment's seal_steps to their end; the clock goes on while they wait."""
        steps = segment.seal_steps(boot)
        while True:
            try:
                if next(steps):
                    self.clock.now += wait
            except StopIteration as stop:
                return stop.value

    def file(self, segment: Any, extension: str) -> bytes:
        assert self.world.medium is not None
        return self.world.medium.files[segment.stem + extension]


def root_of(data: bytes, leaf_size: int = 65536, header: int = 512) -> tuple[bytes, bytes]:
    """(segment root, leaf file) of a whole file."""
    leaves = merkle.hash_leaves(data, min(header, len(data)), leaf_size)
    first = merkle.leaf_hash(data[:header])
    return merkle.segment_root(first, merkle.root_of(leaves)), b"".join([first, *leaves])

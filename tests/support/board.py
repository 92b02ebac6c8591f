"""A board in memory: the agent's real code on small flash and a card that forgets what was not flushed.

Every flash and card operation is counted, and `before` may look at each, fork the world there and cut its power, whole
or in the middle of the operation.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from evidock import keys
from evidock.chain import Chain
from evidock_agent import signals
from evidock_agent.agent import Agent
from evidock_protocol import card, codes, entry, flash, kinds, merkle
from evidock_simulator.virtual.camera import Camera
from evidock_simulator.virtual.clock import Clock
from evidock_simulator.virtual.condition import Condition
from evidock_simulator.virtual.drawn import Drawn
from evidock_simulator.virtual.encoder import Encoder
from evidock_simulator.virtual.generator import Generator
from evidock_simulator.virtual.links import MemoryLink
from evidock_simulator.virtual.microphone import Microphone

EIO, ENODEV, ENOSPC = 5, 19, 28
WALL = 1_741_939_200_000
SECTORS = {"identity": 1, "key": 2, "journal": 36, "anchor": 4}
Tear = Callable[["World"], None]  # what a torn operation leaves behind in a world


class Power:
    """Power of one boot. `operation` counts; `before(count, tear)` sees each operation before it takes place."""

    def __init__(self) -> None:
        self.on = True
        self.operations = 0
        self.before: Callable[[int, Tear], None] | None = None

    def operation(self, tear: Tear) -> None:
        if not self.on:
            raise OSError(EIO)
        self.operations += 1
        if self.before is not None:
            self.before(self.operations, tear)


class NorFlash:
    """The Flash port over one region of the world."""

    def __init__(self, world: World, name: str, power: Power):
        self.sectors = SECTORS[name]
        self._name = name
        self._world = world
        self._power = power

    def erase(self, sector: int) -> None:
        assert 0 <= sector < self.sectors
        start, name = sector * flash.SECTOR, self._name

        def tear(world: World) -> None:  # half erased; which half differs
            half = flash.SECTOR // 2
            at = start + (world.cuts % 2) * half
            world.flash[name][at : at + half] = b"\xff" * half

        self._power.operation(tear)
        self._world.flash[name][start : start + flash.SECTOR] = b"\xff" * flash.SECTOR

    def program(self, offset: int, data: bytes) -> None:
        assert offset % flash.PAGE + len(data) <= flash.PAGE
        name = self._name
        old = bytes(self._world.flash[name][offset : offset + len(data)])
        assert len(old) == len(data)
        if any(new & ~was for new, was in zip(data, old, strict=True)):
            raise OSError(EIO)

        def tear(world: World) -> None:
            count = (world.cuts * 7919) % len(data)
            world.flash[name][offset : offset + count] = data[:count]
            world.flash[name][offset + count] &= data[count] | 0xA5

        self._power.operation(tear)
        if name == "key" and len(data) == flash.KEY_BYTES:
            self._world.seeds.append(bytes(data[8:40]))
        self._world.flash[name][offset : offset + len(data)] = data

    def read_into(self, offset: int, buffer: memoryview) -> None:
        if not self._power.on:
            raise OSError(EIO)
        buffer[:] = self._world.flash[self._name][offset : offset + len(buffer)]


class Medium:
    """What a card holds: `files` is durable, `written` what no flush has made so."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.written: dict[str, bytearray] = {}
        self.free = 100_000  # KiB
        self.failing = False

    def fork(self, kept: bool) -> Medium:
        other = Medium()
        other.files = dict(self.files)
        if kept:
            other.files.update({path: bytes(data) for path, data in self.written.items()})
        return other

    def lose(self) -> None:
        """Power went, or somebody pulled the card."""
        self.written = {}


class MemoryCard:
    """The Card port. A card that was pulled is dead until it is mounted again."""

    def __init__(self, world: World, power: Power):
        self._world = world
        self._power = power
        self._mounted: Medium | None = None

    def mount(self) -> bool:
        self._mounted = self._world.medium
        return self._mounted is not None

    def unmount(self) -> None:
        self._mounted = None

    def present(self) -> bool:
        return self._world.medium is not None

    def medium(self) -> Medium:
        if not self._power.on or self._mounted is None or self._mounted is not self._world.medium:
            raise OSError(ENODEV)
        return self._mounted

    def writes(self, tear: Tear = lambda world: None) -> Medium:
        medium = self.medium()
        if medium.failing:
            raise OSError(EIO)
        self._power.operation(tear)
        return medium

    def space(self) -> tuple[int, int]:
        return self.medium().free, 200_000

    def open(self, path: str, mode: str) -> MemoryFile:
        if mode == "rb":
            if path not in self.medium().files:
                raise OSError(2)
            return MemoryFile(self, path)
        medium = self.writes()
        if mode == "wb" or path not in medium.files:
            if mode == "r+b":
                raise OSError(2)
            medium.files[path] = b""
            medium.written.pop(path, None)
        file = MemoryFile(self, path)
        if mode == "ab":
            file.at = len(file.content())
        return file

    def size(self, path: str) -> int | None:
        medium = self.medium()
        return len(medium.written.get(path, medium.files[path])) if path in medium.files else None

    def names(self, folder: str) -> list[str]:
        start = folder + "/"
        return sorted({path[len(start) :].split("/")[0] for path in self.medium().files if path.startswith(start)})

    def make_folder(self, path: str) -> None:
        self.writes()

    def remove(self, path: str) -> None:
        medium = self.writes()
        medium.files.pop(path, None)
        medium.written.pop(path, None)

    def rename(self, old: str, new: str) -> None:
        medium = self.writes()
        medium.files[new] = medium.files.pop(old)


class MemoryFile:
    """The File port."""

    def __init__(self, cards: MemoryCard, path: str):
        self._cards = cards
        self._path = path
        self._open = True
        self.at = 0

    def content(self) -> bytes | bytearray:
        assert self._open, "a closed file is used"
        medium = self._cards.medium()
        return medium.written.get(self._path, medium.files.get(self._path, b""))

    def read(self, count: int = -1) -> bytes:
        data = bytes(self.content()[self.at :])
        data = data if count < 0 else data[:count]
        self.at += len(data)
        return data

    def readinto(self, buffer: memoryview) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        assert self._open, "a closed file is used"
        path, at, data = self._path, self.at, bytes(data)

        def tear(world: World) -> None:
            assert world.medium is not None
            old = world.medium.files.get(path, b"")
            kept = data[: (world.cuts * 6007) % (len(data) + 1)]
            if at <= len(old):  # what lies before is durable or was kept as well
                world.medium.files[path] = old[:at] + kept + old[at + len(kept) :]

        medium = self._cards.writes(tear)
        if medium.free <= 0:
            raise OSError(ENOSPC)
        content = medium.written.get(path)
        if content is None:
            content = medium.written[path] = bytearray(medium.files.get(path, b""))
        content[at : at + len(data)] = data
        self.at += len(data)
        return len(data)

    def seek(self, offset: int) -> int:
        offset.__index__()
        if offset >= 1 << 63:
            raise OverflowError("a file offset this large")
        self.at = offset
        return offset

    def flush(self) -> None:
        medium = self._cards.writes()
        if self._path in medium.written:
            medium.files[self._path] = bytes(medium.written.pop(self._path))

    def close(self) -> None:
        if self._open:
            self._cards.medium()
            if self._path in self._cards.medium().written:
                self.flush()
            self._open = False

    def __enter__(self) -> MemoryFile:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


class Sound:
    """A source of 16-bit samples that differ everywhere."""

    channels = 1
    table = Generator(7, 7)

    def __init__(self, rate: int):
        self.rate = rate
        block = bytearray(1 << 14)
        Generator(7, 7).fill(block)
        self._block = bytes(block) * 2

    def read(self, offset: int, buffer: memoryview) -> None:
        at = 0
        while at < len(buffer):
            start = (offset + at) % (1 << 14)
            piece = self._block[start : start + min(len(buffer) - at, 1 << 14)]
            buffer[at : at + len(piece)] = piece
            at += len(piece)

    def has(self, data: bytes) -> bool:
        """Whether `data` are samples of this source without a break; a few at the end prove nothing."""
        first = self._block.find(data[:32])
        expected = bytearray(len(data))
        self.read(first, memoryview(expected))
        return first >= 0 and expected == data


class Clip:
    """What an encoder writes, piece by piece: a head, 10 pieces a second, a tail."""

    media = codes.MEDIA_MP4

    def __init__(self, tracks: int = codes.TRACK_PICTURE, rate: int = 10):
        self.tracks = tracks
        self.rate = rate

    def due(self, milliseconds: int, ended: bool) -> int:
        return 1 + milliseconds // 100 + ended

    def piece(self, number: int) -> bytes:
        return hashlib.sha256(b"%d" % number).digest() * 10


class Uart(MemoryLink):
    """A line with rates. What was sent at one arrives at another as noise: `hears` is the rate of the host's end."""

    RATES = (115_200, 921_600, 3_000_000)

    def __init__(self) -> None:
        super().__init__(rates=self.RATES)
        self.reset()

    def reset(self) -> None:
        self.rate = self.hears = self.RATES[0]
        self.to_host = bytearray()
        self.to_recorder = bytearray()

    def set_rate(self, rate: int) -> None:
        assert rate in self.rates
        self.rate = rate

    def read(self, buffer: memoryview) -> int:
        count = super().read(buffer)
        if self.rate != self.hears:
            buffer[:count] = bytes(byte ^ 0x5A for byte in buffer[:count])
        return count

    def write(self, data: memoryview) -> int:
        there = len(self.to_host)
        count = super().write(data)
        if self.rate != self.hears:
            self.to_host[there:] = bytes(byte ^ 0x5A for byte in self.to_host[there:])
        return count


class Board:
    """The Board port of one boot. What the world has of sound, pictures and clip, it has a source for."""

    model = "TEST"
    protection = codes.PROTECTION_SIMULATED
    firmware = bytes(32)
    boot_counter: int | None = None

    def __init__(self, world: World, power: Power, reset_cause: int):
        self.world = world
        self.reset_cause = reset_cause
        self.clock = world.clock
        self.identity_flash = NorFlash(world, "identity", power)
        self.key_flash = NorFlash(world, "key", power)
        self.journal_flash = NorFlash(world, "journal", power)
        self.anchor_flash = NorFlash(world, "anchor", power)
        self.card = MemoryCard(world, power)
        self.capture: Any = Microphone(world.sound, world.clock) if world.sound.rate else None
        self.camera: Any = None
        if world.pictures is not None:
            self.camera = Camera(world.pictures, world.clock, world.camera_condition)
        self.encoder: Any = None
        if world.clip is not None:
            self.encoder = Encoder(world.clip, self.card, world.clock, world.encoder_condition)
        self.battery = self.indicator = self.watchdog = self.buttons = self
        self.random: Any = Generator(world.seed, world.boots)
        self.link = world.link
        self.presses: list[int] = []
        self.shown = 0
        self.fed = 0
        self.is_off = False

    def percent(self) -> int | None:
        return self.world.battery

    def millivolts(self) -> int | None:
        return 3900

    def poll(self) -> int:
        return self.presses.pop(0) if self.presses else 0

    def show(self, state: int) -> None:
        self.shown = state

    def feed(self) -> None:
        self.fed += 1

    def temperature(self) -> int | None:
        return self.world.temperature

    def charging(self) -> bool | None:
        return self.world.charging

    def shock(self) -> int | None:
        self.world.shock, shock = 0, self.world.shock
        return shock

    def settings(self) -> bytes:
        return self.world.settings

    def save_settings(self, raw: bytes) -> None:
        self.world.settings = raw

    def display(self, text: str) -> None:
        self.world.displayed.append(text)

    def docked(self) -> bool:
        return self.world.docked

    def power_off(self) -> None:
        self.is_off = True


class World:
    """A recorder, its card and its line; `agent` is None without power. As a line it lets time pass while it waits.

    Without a `rate` it hears nothing; with `pictures` it has a camera, with a `clip` an encoder. How these two fail is
    set in their conditions.
    """

    def __init__(self, rate: int = 8000, seed: int = 1, pictures: bool = False, clip: Clip | None = None):
        self.flash = {name: bytearray(b"\xff" * (flash.SECTOR * count)) for name, count in SECTORS.items()}
        self.medium: Medium | None = Medium()
        self.clock = Clock(0, WALL)
        self.sound = Sound(rate)
        self.pictures = Drawn(5) if pictures else None
        self.clip = clip
        self.camera_condition = Condition()
        self.encoder_condition = Condition()
        self.battery = 80  # %
        self.temperature = 215  # 0.1 °C
        self.charging = False
        self.shock = 0  # 0.001 g
        self.docked = False
        self.settings = b""
        self.displayed: list[str] = []
        self.link = Uart()
        self.seed = seed
        self.boots = 0
        self.cuts = 0
        self.seeds: list[bytes] = []
        self.agent: Agent | None = None
        self.board: Board | None = None
        self.power = Power()
        self._steps = 0
        self._seen: dict[bytes, None] = {}

    # Power.

    def boot(self, reset_cause: int = codes.RESET_POWER_ON) -> Agent:
        self.cut()
        self.boots += 1
        self.clock.boot()
        self.power = Power()
        self.board = Board(self, self.power, reset_cause)
        self.agent = Agent(self.board)  # pyright: ignore[reportArgumentType]
        return self.agent

    def cut(self) -> None:
        """Power goes, between two operations."""
        self.power.on = False
        # Jobs end now, not whenever memory is collected: with boot's goes what it loaded on demand. One that tries to
        # write of the card's error, when its file is closed, ends at the second time.
        for job in 2 * self.agent._jobs if self.agent is not None else ():
            with suppress(OSError, RuntimeError):
                job.close()
        self.agent = self.board = None
        self.link.reset()
        if self.medium is not None:
            self.medium.lose()

    def fork(self, cut: int, kept: bool = False) -> World:
        """This world with its power cut at operation `cut`; with `kept` the card had written all that it was given."""
        other = World(self.sound.rate, self.seed, self.pictures is not None, self.clip)
        other.flash = {name: bytearray(image) for name, image in self.flash.items()}
        other.medium = None if self.medium is None else self.medium.fork(kept)
        other.clock = Clock(self.clock.now, self.clock.wall)
        other.boots = self.boots
        other.seeds = list(self.seeds)
        other.cuts = cut
        for name in ("battery", "temperature", "charging", "shock", "docked", "settings"):
            setattr(other, name, getattr(self, name))
        return other

    # Time.

    def step(self) -> None:
        """One step and the time after it. Whatever escapes from the agent fails the test."""
        assert self.agent is not None
        wait = self.agent.step()
        if self.board is not None and self.board.encoder is not None:
            self.board.encoder.work()
        self._steps += 1
        if wait == 0 and self._steps % 8 == 0:
            wait = 1
        self.clock.now += min(wait, 100)
        if self.board is not None and self.board.is_off:
            self.cut()

    def run(self, milliseconds: int) -> None:
        end = self.clock.now + milliseconds
        while self.clock.now < end and self.agent is not None:
            self.step()

    def settle(self) -> None:
        """Runs until no job waits and what ended is sealed."""
        self.step()
        for _ in range(200_000):
            if self.agent is None or not (self.agent._jobs or self.agent.recorder.is_sealing):
                return
            self.step()
        raise AssertionError("the recorder does not settle")

    def press(self, button: int) -> None:
        assert self.board is not None
        self.board.presses.append(button)
        self.settle()

    def record(self, milliseconds: int) -> None:
        self.press(signals.BUTTON_RECORD)
        self.run(milliseconds)
        self.press(signals.BUTTON_RECORD)

    def drop_entries(self, at_least: int = 1) -> None:
        """Marks, with idle time between, until the ring has let go of so many entries."""
        for _ in range(2000):
            assert self.agent is not None
            if self.agent.journal.first >= at_least:
                self.settle()
                return
            self.clock.now += 1000  # no more than one MARK a second
            self.press(signals.BUTTON_MARK)
            self.step()
            self.step()
        raise AssertionError("the ring lets go of nothing")

    # The host's end of the line.

    def write(self, data: bytes | memoryview) -> None:
        self.link.to_recorder += data

    def read(self, seconds: float) -> bytes:
        end = self.clock.now + round(seconds * 1000)
        while not self.link.to_host and self.clock.now < end and self.agent is not None:
            self.step()
        data = bytes(self.link.to_host)
        self.link.to_host = bytearray()
        return data

    # What is there.

    def seen(self) -> dict[bytes, None]:
        """All pictures that the camera may have given until now."""
        source = self.pictures
        assert source is not None
        while len(self._seen) < (self.clock.now + 1000) * source.rate // 1000:
            picture = bytearray(source.length(len(self._seen)))
            source.read(len(self._seen), 0, memoryview(picture))
            self._seen[bytes(picture)] = None
        return self._seen

    def raws(self) -> list[bytes]:
        """The journal as the ring has it."""
        assert self.agent is not None
        journal = self.agent.journal
        return [journal.raw(sequence) for sequence in range(journal.first, journal.size)]

    def entries(self) -> list[entry.Entry]:
        return [entry.parse(raw) for raw in self.raws()]

    def bodies(self, kind: int) -> list[dict[str, Any]]:
        return self.bodies_of(kind, self.raws())

    @staticmethod
    def bodies_of(kind: int, raws: list[bytes]) -> list[dict[str, Any]]:
        return [found.body for found in (entry.parse(raw) for raw in raws if raw) if found.kind == kind]

    def kinds(self) -> list[str]:
        return [kinds.kind_name(kinds.ENTRY_KINDS, found.kind) for found in self.entries()]

    def file(self, recording: int, number: int, extension: str = "WAV") -> bytes | None:
        assert self.agent is not None
        assert self.medium is not None
        stem = f"{card.device_folder(self.agent.journal.device)}/{card.recording_folder(recording)}/"
        return self.medium.files.get(stem + card.segment_stem(number) + "." + extension)


def verify(world: World, media: bool = True, genuine: bool = True) -> Chain:
    """Checks what must hold of a booted recorder at any quiet moment; the chain as the host's own rule accepts it.

    With `genuine` all that is sealed without losses is the world's own sound.
    """
    agent = world.agent
    assert agent is not None
    assert agent.failed is None
    raws = world.raws()
    chain = Chain(agent.journal.device)
    items = [chain.accept(raw) for raw in raws]
    assert agent.journal.first == 0
    assert chain.tree.root() == agent.journal.tree.root()
    whole = [flash.parse_key(bytes(world.flash["key"][at:][: flash.KEY_BYTES])) for at in key_slots()]
    live = [key for key in whole if key is not None]
    assert [keys.SigningKey(seed).public for _epoch, seed in live] == [chain.key]
    image = b"".join(bytes(world.flash[name]) for name in SECTORS)
    assert [seed for seed in world.seeds if seed in image] == [live[0][1]]
    check_recordings(world, items, media, genuine)
    return chain


def key_slots() -> range:
    return range(0, SECTORS["key"] * flash.SECTOR, flash.KEY_SLOT)


def check_recordings(world: World, items: list[entry.Entry], media: bool, genuine: bool = True) -> None:
    """START and STOP alternate, numbers rise, each track goes on where it was, and each SEGMENT's file has its root."""
    assert world.agent is not None
    running: int | None = None
    number = segments = 0
    passed: set[int] = set()
    ticks: dict[int, int] = {}
    for item in items:
        body = item.body
        if item.kind == kinds.START:
            assert running is None
            running, number, segments = body["recording"], 0, 0
            passed, ticks = set(), {}
        elif item.kind == kinds.FAULT and body["recording"] == running and body["segment"] is not None:
            passed.add(body["segment"])
        elif item.kind == kinds.SEGMENT:
            between = set(range(number + 1, body["number"]))
            assert body["number"] > number
            assert between <= passed, "a number is missing without a word"
            number = body["number"]
            segments += 1
            assert body["recording"] == running
            if body["attested"] != codes.ATTESTED_RECOVERED and not between:
                assert body["first_tick"] == ticks.get(body["track"], body["first_tick"])
            ticks[body["track"]] = body["last_tick"]
            if body["track"] == codes.TRACK_SOUND:
                assert body["expected"] >= body["written"] - 1
            if media:
                check_media(world, body, genuine)
        elif item.kind == kinds.STOP:
            assert (body["recording"], body["segments"]) == (running, segments)
            assert body["last_tick"] >= max(ticks.values(), default=0)
            running = None
    assert running == world.agent.recording


def check_media(world: World, body: dict[str, Any], genuine: bool) -> None:
    """A segment's file: its root, and what is in it."""
    extension = card.extension(body["media"])
    data = world.file(body["recording"], body["number"], extension)
    assert data is not None
    data = data[: body["length"]]
    assert len(data) == body["length"]
    assert root_of(data, body["header_length"], body["leaf_size"]) == body["root"]
    if body["media"] == codes.MEDIA_AVI:
        check_pictures(world, body, data, genuine)
    elif body["media"] == codes.MEDIA_WAV and genuine and not body["lost"]:
        assert world.sound.has(data[body["header_length"] :])


def check_pictures(world: World, body: dict[str, Any], data: bytes, genuine: bool) -> None:
    """An AVI as long as it says, with as many chunks, all in its index; each whole one a picture of the world's."""
    assert data[:4] + data[8:12] == b"RIFFAVI "
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8
    end = 508 + struct.unpack_from("<I", data, 504)[0]
    at, chunks, whole = 512, [], 0
    while at < end:
        name, length = struct.unpack_from("<4sI", data, at)
        assert name == b"00dc"
        picture = data[at + 8 : at + 8 + length]
        chunks.append((at - 508, length))
        whole += picture in world.seen()
        at += 8 + length + length % 2
    assert at == end
    assert len(chunks) == body["written"] + body["lost"]
    if chunks:
        assert data[end : end + 4] == b"idx1"
        rows = [struct.unpack_from("<4sIII", data, place)[2:] for place in range(end + 8, len(data), 16)]
        assert rows == chunks
    if genuine:
        assert whole == body["written"]


def root_of(data: bytes, header: int, leaf_size: int) -> bytes:
    """A segment's root, computed without the agent's code for it."""
    leaves = merkle.hash_leaves(data, header, leaf_size)
    return merkle.segment_root(merkle.leaf_hash(data[:header]), merkle.root_of(leaves))

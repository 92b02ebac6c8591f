"""Dockings of one recorder over a noisy line at one host or another, and what must hold after each, however it ended.

The recorder and two hosts are made once and copied for each seed. What the recorder holds is the truth: nothing in an
archive may ever differ from it.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.board import WALL, World
from support.docks import AtOnce, attach_world, make_organisation
from support.hostile import sentenced
from support.noisy_line import Faults, HostCrash, NoisyLine, drawn

from evidock import verify
from evidock.client import Recorder
from evidock.docking import SyncResult, sync
from evidock.errors import EvidockError
from evidock.provisioning import provision
from evidock.report import Verdict
from evidock.segments import Segment, Segments
from evidock.store import Store
from evidock_agent import signals
from evidock_protocol import framing, messages, versions, wire
from evidock_protocol.errors import ProtocolError

NOW_MS = WALL + 60_000
HOSTS = ("first", "second")
VERDICTS = 5  # a verifier judges the archive of every so many seeds: it says what the other checks say, at length
SECONDS = (1, 2, 1)  # of each recording: 16 KB a second, in leaves of 16 KiB


class Original:
    """A recorder with recordings, enrolled at two hosts; what every seed begins with a copy of."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.organisation = make_organisation()
        self.world = World()
        self.world.boot()
        self.world.settle()
        for name in HOSTS:
            with Store.create(folder / name, self.organisation, name, "UTC", lambda: NOW_MS) as store:
                provision(attach_world(self.world, store), store, "417", "BC-1")
            self.world.settle()
        for seconds in SECONDS:
            self.world.press(signals.BUTTON_RECORD)
            self.world.run(seconds * 500)
            if seconds == SECONDS[-1]:
                self.world.press(signals.BUTTON_MARK)
            self.world.run(seconds * 500)
            self.world.press(signals.BUTTON_RECORD)
            self.world.settle()
        found = Segments()
        for item in self.world.entries():
            found.note(item)
        self.segments = found.known


class Requests:
    """Watches what the host asks for, and finds each leaf that it has verified on its disk and asks for again."""

    def __init__(self, truth: Callable[[int, int], bytes]):
        self.folder = Path()  # of the archive that is being docked to
        self.asked: dict[tuple[int, int, int], int] = {}
        self.again: list[str] = []
        self.segments: dict[tuple[int, int], Segment] = {}
        self._truth = truth
        self._reader = framing.FrameReader(framing.frame_size(versions.MAXIMUM_REQUEST))

    def note(self, data: bytes) -> None:
        for payload in self._reader.feed(data):
            try:
                kind, _number, values = wire.parse_request(payload)
            except ProtocolError as error:
                raise AssertionError(f"the host asks what is no request: {payload!r}") from error
            if kind == messages.MEDIA:
                numbers = (values[name] for name in ("recording", "number", "offset", "length"))
                self._note_range(*numbers)  # pyright: ignore[reportArgumentType]

    def _note_range(self, recording: int, number: int, offset: int, length: int) -> None:
        segment = self.segments[recording, number]
        truth = self._truth(recording, number)
        here = self._on_disk(recording, number)
        for index in range(segment.leaves):
            start, end = segment.leaf_span(index)
            if start < offset + length and offset < end:
                self.asked[recording, number, index] = self.asked.get((recording, number, index), 0) + 1
                if here[start:end] == truth[start:end]:
                    self.again.append(f"leaf {index} of {recording}/{number}: {offset} + {length}")

    def _on_disk(self, recording: int, number: int) -> bytes:
        partial = self.folder / "partial" / f"R{recording:07}-S{number:07}.part"
        try:
            return partial.read_bytes()
        except FileNotFoundError:
            found = list(self.folder.glob(f"media/*/*/*/R{recording:07}/S{number:07}.wav"))
            return found[0].read_bytes() if found else b""


class Docks:
    """The copy of one seed: a world, a line, and a folder for each host. A context manager."""

    def __init__(self, original: Original, folder: Path, seed: int, faults: Faults | None = None):
        self.seed = seed
        self.random = random.Random(f"docks {seed}")
        self.folder = folder
        self.original = original
        self.faults = drawn(seed) if faults is None else faults
        self.patience = self.random.choice((0, 0, 5, 30))  # seconds
        self.told: list[str] = []
        self.stores: dict[str, Path] = {}
        for name in HOSTS:
            self.stores[name] = folder / name
            shutil.copytree(original.folder / name, self.stores[name])
        self.world = original.world.fork(0)
        self.world.boot()
        self.line = NoisyLine(self.world, self.faults, seed)
        self.requests = Requests(self.truth)
        self.line.written = self.requests.note
        self._crashes = 0
        self._now = NOW_MS
        self._media: dict[tuple[int, int], bytes] = {}

    def truth(self, recording: int, number: int) -> bytes:
        """A segment's file as the recorder's card has it."""
        if (recording, number) not in self._media:
            data = self.original.world.file(recording, number)
            assert data is not None
            self._media[recording, number] = data
        return self._media[recording, number]

    def dock(self, name: str) -> SyncResult | EvidockError | None:
        """One docking as it ended; None for a crash of the host. Whatever else it raises fails the seed."""
        self._now += 60_000
        store = Store(self.stores[name], lambda: self._now)
        try:
            archive = store.archive(self.device)
            self.requests.folder = archive.folder
            self.requests.segments = self.original.segments
            return sync(self._attach(store), store, patience=self.patience, executor=AtOnce())
        except HostCrash:
            # The process is gone: what was on its disk at this moment is all there is.
            self._crashes += 1
            image = self.folder / f"{name}-{self._crashes}"
            shutil.copytree(self.stores[name], image)
            self.stores[name] = image
            return None
        except EvidockError as error:
            return sentenced(error)
        finally:
            store.close()

    @property
    def device(self) -> bytes:
        """The recorder's id."""
        agent = self.original.world.agent
        assert agent is not None
        return agent.journal.device

    def run(self) -> None:
        """Dockings under faults, then a clean one; an AssertionError with the whole story when anything is wrong."""
        try:
            complete: set[str] = set()
            name = HOSTS[0]
            for _ in range(self.random.choice((1, 1, 1, 2))):
                name = self.random.choice((name, name, *HOSTS))
                ended = self.dock(name)
                self._tell(name, ended)
                self.check(name)
                if isinstance(ended, SyncResult):
                    complete.add(name)
                self.line.wait(self.random.choice((0.001, 1, 20)))
            self.line.fault_free()
            ended = self.dock(name)
            self._tell("clean " + name, ended)
            assert isinstance(ended, SyncResult), f"not resumable: {ended}"
            assert not (name in complete and ended.bytes), "said to be complete, and was not"
            self.check(name)
            self.check_complete(name)
            if self.seed % VERDICTS == 0:
                self.check_verdict(name)
            assert self.world.agent is not None
            assert self.world.agent.failed is None
        except Exception as error:
            raise AssertionError(f"seed {self.seed}: {error!r}\n{self.story()}") from error
        finally:
            # What the recorder was about ends now, and not whenever memory is collected.
            self.world.cut()

    def story(self) -> str:
        """What happened, for whoever has to mend it."""
        events = "\n".join("  " + one for one in self.line.happened)
        return f"{self.faults}, patience {self.patience} s\n{events}\n" + "\n".join(self.told)

    def check(self, name: str) -> None:
        """Whatever happened: nothing in the archive differs from what the recorder has, and nothing came twice."""
        folder = self.stores[name] / "recorders" / self.device.hex()
        raws = self._raws()
        journal = (folder / "journal.cbs").read_bytes() if folder.exists() else b""
        assert b"".join(raws).startswith(journal), "the journal here is not the recorder's"
        for path in folder.glob("media/**/*.wav"):
            recording, number = int(path.parent.name[1:]), int(path.stem[1:])
            assert path.read_bytes() == self.truth(recording, number), f"{path.name} is not the recorder's"
        assert not self.requests.again, f"asked again although verified: {self.requests.again[:4]}"
        assert not list(folder.glob("quarantine/*")), "honest bytes were set aside"

    def check_complete(self, name: str) -> None:
        """Everything is here, receipted, and nothing half."""
        folder = self.stores[name] / "recorders" / self.device.hex()
        with Store(self.stores[name], lambda: self._now) as store:
            archive = store.archive(self.device)
            assert archive.unopened() is None
            for key in self.original.segments:
                assert archive.media_path(*key).read_bytes() == self.truth(*key)
                assert store.host.thumbprint in archive.segments.receipted[key]
                assert (self.device, *key, archive.segments.known[key].root) in store.custody.ingested
            assert archive.heads[-1].describes(archive.chain)
        assert not list(folder.glob("partial/*"))

    def check_verdict(self, name: str) -> None:
        """A verifier finds nothing altered."""
        trust = [self.original.organisation.key.thumbprint.hex()]
        report = verify(self.stores[name], trust=trust)
        assert report.verdict is not Verdict.ALTERED, [(one.code, str(one)) for one in report.findings]

    def _attach(self, store: Store) -> Recorder:
        line = self.line
        return Recorder(line.open(), "noisy", store, False, line.monotonic, line.open, line.wait)

    def _raws(self) -> list[bytes]:
        while self.world.agent is None or not self.world.agent.is_up:
            self.line.step()
        return self.world.raws()

    def _tell(self, name: str, ended: SyncResult | EvidockError | None) -> None:
        shown: Any = ended
        if isinstance(ended, SyncResult):
            shown = f"complete, {ended.bytes} bytes pulled, opened again {ended.reopened} times"
        elif ended is None:
            shown = "the host's process ended"
        self.told.append(f"  {name}: {shown!r} at {self.line.now} ms, {self.line.carried} bytes carried")

"""Stores and dockings for host tests: a store with a throw-away organisation, and a client on a scripted recorder."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from support.board import World
from support.recorder import Cable, ScriptedRecorder

from evidock import keys
from evidock.client import Recorder
from evidock.docking import SyncResult, sync
from evidock.organisation import Organisation
from evidock.provisioning import provision
from evidock.store import Store

NOW_MS = 1_717_300_000_000


def make_organisation(seed: int = 1) -> Organisation:
    return Organisation(keys.SigningKey(bytes([seed]) * 32), keys.SigningKey(bytes([seed + 1]) * 32))


def make_store(folder: Path, seed: int = 1) -> Store:
    return Store.create(folder, make_organisation(seed), "test host", "Asia/Shanghai", lambda: NOW_MS)


class AtOnce(Executor):
    """Does the disk work in the thread that asks for it, so that a run can be repeated and stopped anywhere."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # it comes out where the result is asked for
            future.set_exception(error)
        return future


class WorldLine:
    """The line to a recorder in memory, whose time passes while a host waits."""

    def __init__(self, world: World):
        self.world = world

    def read(self, seconds: float) -> bytes:
        return self.world.read(max(seconds, 0.001))  # less than the clock's step would never pass

    def write(self, data: bytes | memoryview) -> None:
        self.world.write(data)

    def close(self) -> None:
        """Nothing holds on to it."""

    def monotonic(self) -> float:
        return self.world.clock.now / 1000


def attach_world(world: World, store: Store) -> Recorder:
    """A client that said HELLO to the real agent in `world`."""
    line = WorldLine(world)
    return Recorder(line, "world", store, False, line.monotonic)


def attach(recorder: ScriptedRecorder, store: Store | None, cable: Cable | None = None) -> Recorder:
    """A client that said HELLO to the recorder."""
    cable = cable or Cable(recorder)
    return Recorder(cable, "cable", store, False, cable.monotonic)


def enrol(recorder: ScriptedRecorder, store: Store) -> None:
    provision(attach(recorder, store), store, "417", "BC-1")


def dock(recorder: ScriptedRecorder, store: Store, cable: Cable | None = None) -> SyncResult:
    """One docking over one line: that it is lost is an error at once."""
    return sync(attach(recorder, store, cable), store, patience=0)

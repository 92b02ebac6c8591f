"""Stores and dockings for host tests: a store with a throw-away organisation, and a client on a scripted recorder."""

from __future__ import annotations

from pathlib import Path

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


def attach(recorder: ScriptedRecorder, store: Store | None, cable: Cable | None = None) -> Recorder:
    """A client that said HELLO to the recorder."""
    cable = cable or Cable(recorder)
    return Recorder(cable, "cable", store, False, cable.monotonic)


def enrol(recorder: ScriptedRecorder, store: Store) -> None:
    provision(attach(recorder, store), store, "417", "BC-1")


def dock(recorder: ScriptedRecorder, store: Store, cable: Cable | None = None) -> SyncResult:
    return sync(attach(recorder, store, cable), store)

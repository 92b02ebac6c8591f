"""One docking of whatever is on one port, in a thread of its own: nothing that goes wrong in it reaches another.

Interface: "`evidock dock`". Every step of a docking resumes, so one that is stopped anywhere loses nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from evidock import registry
from evidock.client import Recorder
from evidock.docking import SyncResult
from evidock.errors import EvidockError
from evidock.progress import WAITING, Meter, Progress
from evidock.station.turns import Turns
from evidock.store import Store

QUEUED, CONNECTING, DOCKING, ENDED = "queued", "connecting", "docking", "ended"


class Connect(Protocol):
    """How a port is opened: `client.connect`, or what a test has instead. `stop`, once set, ends whatever waits."""

    def __call__(self, port: str, store: Store, *, stop: threading.Event) -> Recorder: ...


class Dock(Protocol):
    """How a recorder is docked: `docking.sync`, or what a test has instead."""

    def __call__(
        self, recorder: Recorder, store: Store, progress: Callable[[Progress], None], delete: bool
    ) -> SyncResult: ...


class Visit:
    """A docking that runs from `start` on, until `state` is ENDED and `result` or `error` is there.

    `device` is the recorder's id in hexadecimal once it said HELLO, `registry_state` what the registry says against it.
    A `repeated` visit leaves a recorder alone that has nothing new, and is `idle` then: each docking takes room in the
    recorder's journal.
    """

    def __init__(
        self,
        port: str,
        store: Store,
        turns: Turns,
        connect: Connect,
        dock: Dock,
        delete: bool,
        stopped: threading.Event,
        tell: Callable[[Visit, str], None],
        repeated: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ):
        """`tell` is called, in the visit's thread, with DOCKING when the recorder has answered, and with ENDED."""
        self.port = port
        self.state = QUEUED
        self.device: str | None = None
        self.registry_state: str | None = None
        self.meter = Meter(monotonic=monotonic)
        self.result: SyncResult | None = None
        self.error: EvidockError | None = None
        self.idle = False
        self._store = store
        self._turns = turns
        self._connect = connect
        self._dock = dock
        self._delete = delete
        self._stopped = stopped
        self._tell = tell
        self._repeated = repeated
        self._away = False  # whether the line is away, and the turn given up
        self._thread = threading.Thread(target=self._run, name=f"dock {port}", daemon=True)

    def start(self) -> None:
        """Begins; returns at once."""
        self._thread.start()

    def join(self) -> None:
        """Waits until the thread has ended."""
        self._thread.join()

    def _run(self) -> None:
        try:
            self._turns.enter(self._stopped.is_set)
            try:
                self.result = self._visit()
            finally:
                if not self._away:
                    self._turns.leave()
        except EvidockError as error:
            self.error = error
        except Exception as error:  # a fault of ours on one port must not end the others
            self.error = EvidockError("docking_fails", port=self.port, reason=f"{type(error).__name__}: {error}")
        self.state = ENDED
        self._tell(self, self.state)

    def _visit(self) -> SyncResult | None:
        self.state = CONNECTING
        with self._connect(self.port, self._store, stop=self._stopped) as recorder:
            device = recorder.device
            self.device = device.hex() if device is not None else None
            self.registry_state = registry.out_of_use(self._store, device)
            self.meter.line_rate = recorder.line_rate
            if self._repeated and device is not None and self._has_nothing_new(recorder, device):
                self.idle = True
                return None
            self.state = DOCKING
            self._tell(self, self.state)
            return self._dock(recorder, self._store, lambda event: self._progress(recorder, event), self._delete)

    def _has_nothing_new(self, recorder: Recorder, device: bytes) -> bool:
        """Whether its journal is as long as the one here: it says so itself, unsigned, and a docking asks no more."""
        return device in self._store.custody.enrolled and (
            recorder.status().journal_entries == self._store.archive(device).chain.size
        )

    def _progress(self, recorder: Recorder, event: Progress) -> None:
        if self._stopped.is_set():
            raise EvidockError("interrupted")
        self.meter.take(event)
        away = event.phase == WAITING
        if away != self._away:
            self._away = away
            self.meter.line_rate = recorder.line_rate  # it may have come back at another rate
            (self._turns.leave if away else self._turns.resume)()

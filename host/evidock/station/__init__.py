"""The docking station: whatever is plugged into its ports is docked, side by side, each recorder once per appearance.

Interface: "`evidock dock`" and "`evidock sync`" with several ports. One thread for each docking (`visit`); what they
tell is put in order here and handed to one listener in the thread of `run`.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from evidock import client, docking
from evidock.docking import SyncResult
from evidock.errors import EvidockError
from evidock.progress import Reading
from evidock.station import visit
from evidock.station.berth import Berth
from evidock.station.turns import Turns
from evidock.station.visit import Visit
from evidock.store import Store

JOBS = 8  # dockings at once: what two cores carry at 1 MB/s each
AGAIN_SECONDS = 600.0  # a recorder that stays in its place is asked for what it recorded since
POLL_SECONDS = 0.5  # how often the ports are looked at, and how often a docking tells how far it has come
_SLICE_SECONDS = 0.1

STARTED, PROGRESS, REOPENED, DONE, FAILED, GONE = "started", "progress", "reopened", "done", "failed", "gone"


class Event(NamedTuple):
    """Something that happened on a port. Which fields there are depends on `kind`."""

    kind: str
    """STARTED a recorder answered and is docked; PROGRESS; REOPENED its line was lost and is back; DONE; FAILED; GONE
    nothing is plugged into the port any more."""
    port: str
    device: str | None = None
    """Device id in hexadecimal, None before a recorder has answered and for a blank one."""
    registry: str | None = None
    """`lost`, `retired` or `revoked` for a recorder that the registry has out of use."""
    reading: Reading | None = None
    result: SyncResult | None = None
    """Of DONE."""
    error: EvidockError | None = None
    """Of FAILED; its key is `interrupted` for a docking that was stopped."""
    again: float | None = None
    """Of DONE and FAILED: seconds to the next docking of this port, None for not before it is plugged in again."""


class Station:
    """Docks recorders to `store`. `run` does the work; `stop` ends it from a signal handler or another thread."""

    def __init__(
        self,
        store: Store,
        jobs: int = JOBS,
        again: float = AGAIN_SECONDS,
        delete: bool = False,
        connect: visit.Connect = client.connect,
        dock: visit.Dock = docking.sync,
        monotonic: Callable[[], float] = time.monotonic,
    ):
        """`again`: seconds after which a recorder that stayed is docked again if it has anything new, 0 for never.
        `connect` and `dock` may carry options of the line."""
        self.stopping = threading.Event()
        self._store = store
        self._again = again
        self._delete = delete
        self._connect = connect
        self._dock = dock
        self._monotonic = monotonic
        self._turns = Turns(jobs)
        self._told: queue.SimpleQueue[tuple[Visit, str]] = queue.SimpleQueue()
        self._berths: dict[str, Berth] = {}
        self._failed: set[str] = set()
        self._once = False

    def stop(self) -> None:
        """No docking begins any more, and those that run end at once; the same recorders go on another time."""
        self.stopping.set()

    def berths(self) -> list[Berth]:
        """What is plugged in, in the order of appearance; from any thread."""
        return list(self._berths.values())

    def run(
        self, find: Callable[[], Mapping[str, object]], listen: Callable[[Event], None], once: bool = False
    ) -> set[str]:
        """Docks what `find` finds (ports, each with what tells one thing plugged into it from the next) until `stop`,
        or with `once` each port a single time. `listen` is called in this thread. Returns the ports whose newest
        docking failed or brought a journal that contradicts a held head.
        """
        self._once = once
        try:
            self._look(find(), listen)
            looked = self._monotonic()
            while not self.stopping.is_set():
                self._begin()
                if once and not any(one.busy for one in self._berths.values()):
                    break
                self._hear(listen, looked + POLL_SECONDS - self._monotonic())
                if self._monotonic() - looked >= POLL_SECONDS:
                    looked = self._monotonic()
                    self._report(listen)
                    if not once:
                        self._look(find(), listen)
        except BaseException:
            self.stop()
            raise
        finally:
            self._end(listen)
        return set(self._failed)

    def _look(self, present: Mapping[str, object], listen: Callable[[Event], None]) -> None:
        """Notes what was plugged in and what is gone. While a docking runs it finds that out by itself."""
        for port in [port for port, one in self._berths.items() if not one.busy and present.get(port, ...) != one.mark]:
            gone = self._berths.pop(port)
            self._failed.discard(port)
            listen(Event(GONE, port, gone.device))
        for port, mark in present.items():
            if port in self._berths:
                if self._berths[port].busy:
                    self._berths[port].mark = mark  # the docking went on with what came back
            else:
                self._berths[port] = Berth(port, mark, self._monotonic())

    def _begin(self) -> None:
        now = self._monotonic()
        for one in self._berths.values():
            if one.due is not None and one.due <= now and not one.busy and not (self._once and one.visit):
                one.begin(
                    Visit(
                        one.port, self._store, self._turns, self._connect, self._dock, self._delete, self.stopping,
                        lambda told, state: self._told.put((told, state)), one.docked, self._monotonic,
                    )
                )  # fmt: skip

    def _hear(self, listen: Callable[[Event], None], seconds: float) -> None:
        """Waits for a visit that has something to tell."""
        try:
            told, state = self._told.get(timeout=max(0.001, seconds))
        except queue.Empty:
            return
        if state == visit.ENDED:
            self._note_end(self._berths[told.port], told, listen)
        else:
            self._berths[told.port].started = True
            listen(Event(STARTED, told.port, told.device, told.registry_state))

    def _note_end(self, one: Berth, told: Visit, listen: Callable[[Event], None]) -> None:
        again = one.end(self._monotonic(), self._again)
        if told.idle:
            return
        again = None if self._once or self.stopping.is_set() else again
        reading = told.meter.reading()
        self._failed.discard(told.port)
        if told.result is None or told.result.contradicted:
            self._failed.add(told.port)
        kind = DONE if told.error is None else FAILED
        listen(Event(kind, told.port, told.device, told.registry_state, reading, told.result, told.error, again))

    def _report(self, listen: Callable[[Event], None]) -> None:
        """Tells how far the dockings have come that have moved."""
        for one in self._berths.values():
            reading = one.visit.meter.reading() if one.busy and one.started and one.visit is not None else None
            if reading is None or reading == one.told:
                continue
            if reading.reopened > (one.told.reopened if one.told is not None else 0):
                listen(Event(REOPENED, one.port, one.device, reading=reading))
            one.told = reading
            listen(Event(PROGRESS, one.port, one.device, reading=reading))

    def _end(self, listen: Callable[[Event], None]) -> None:
        """Waits for the dockings that run, however slow the disk: nobody may lock the store while one writes."""
        try:
            while any(one.busy for one in self._berths.values()):
                self._hear(listen, _SLICE_SECONDS)
        except Exception:
            for one in self._berths.values():
                if one.visit is not None:
                    one.visit.join()
            raise

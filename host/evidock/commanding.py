"""One session in which a host has something carried out: its own signed commands, or an order of the organisation.

Specification: "Session". Nothing private and no command leaves this host before the recorder has proved its key; what
the recorder wrote of it is pulled and checked at once.
"""

from __future__ import annotations

from collections.abc import Callable

from evidock import proving
from evidock.archive import Archive
from evidock.client import Recorder
from evidock.client.journal import pull_openings
from evidock.client.session import Session, open_session
from evidock.errors import WrongUsage
from evidock.intake import Progress
from evidock.store import Store
from evidock_protocol.entry import Entry

Watcher = Callable[[Progress], None] | None


class Done:
    """What a session brought about: the recorder's `archive`, whose entries from number `before` on are new."""

    def __init__(self, archive: Archive, before: int):
        self.archive = archive
        self.before = before

    def entry_of(self, raw: bytes, first: int | None = None) -> Entry | None:
        """The entry from `first` on (default: the new ones) that keeps a command or order; None when none does."""
        for item in self.archive.entries(self.before if first is None else first, self.archive.chain.size):
            if raw in (item.body.get("order"), item.body.get("statement")):
                return item
        return None


def chosen_store(recorder: Recorder, store: Store | None) -> Store:
    """`store`, or the one that the recorder was connected with. Raises WrongUsage without one."""
    store = store if store is not None else recorder.store
    if store is None:
        raise WrongUsage("no_store")
    return store


def carry_out(recorder: Recorder, store: Store, progress: Watcher, act: Callable[[Session, Archive], None]) -> Done:
    """Opens a session, brings the journal up to it, lets `act` command, and brings in what the recorder wrote.

    Raises EvidockError: NotEnrolled, Refused, BadEvidence, LineLost, StoreError, and what `act` raises.
    """
    device = proving.enrolled(recorder, store)
    with store.claim(device, recorder.port):
        return _carry_out(recorder, store, device, progress or proving.ignore, act)


def _carry_out(
    recorder: Recorder,
    store: Store,
    device: bytes,
    watch: Callable[[Progress], None],
    act: Callable[[Session, Archive], None],
) -> Done:
    archive = store.archive(device)
    try:
        proving.reconcile(store, archive)
        session = open_session(recorder.connection, store, device)
        before = proving.take_head(recorder.connection, session, store, archive, watch).size
        act(session, archive)
        session.renew_head()
        proving.take_head(recorder.connection, session, store, archive, watch)
        pull_openings(recorder.connection, archive)
    except BaseException:
        store.forget(device)  # what is in memory may be more than what is on disk
        raise
    return Done(archive, before)

"""What every session does first: an enrolled recorder, its journal up to the session's head, and that head checked.

Specification: "Session". Nothing of media is used, and nothing private leaves this host, before the recorder has proved
the key that its own journal prescribes.
"""

from __future__ import annotations

from collections.abc import Callable

from evidock import history, host_clock
from evidock.archive import Archive
from evidock.chain import Head
from evidock.client import Recorder
from evidock.client.connection import Connection
from evidock.client.journal import pull_journal
from evidock.client.session import Session
from evidock.errors import BadEvidence, NotEnrolled
from evidock.progress import Progress
from evidock.store import Store
from evidock_protocol import codes, kinds

_BLOCK = 256  # entries that are looked through at once
_NOTED = 8  # dockings whose custody heads are compared


def ignore(_event: Progress) -> None:
    """Takes progress that nobody wants to see."""


def enrolled(recorder: Recorder, store: Store) -> bytes:
    """The id that the recorder claims. Raises NotEnrolled for one that is blank or that the registry does not have, and
    EvidockError when this host's clock cannot be right.
    """
    host_clock.check(store)
    device = recorder.device
    if device is None:
        raise NotEnrolled("blank", port=recorder.port)
    if device not in store.custody.enrolled:
        name = device.hex()[:16]
        raise NotEnrolled("not_enrolled", device=name, port=recorder.port, store=store.folder)
    return device


def reconcile(store: Store, archive: Archive) -> None:
    """Writes into the custody chain the heads that an interrupted or refused session kept in the archive only."""
    for head in archive.heads:
        if head.host == store.host.thumbprint:
            store.custody.note_head(archive.device, head.size, head.newest, head.root, head.hash)
        else:
            store.custody.witness(archive.device, head.size, head.newest, head.root, head.hash, head.host)


def unknown_custody(store: Store, archive: Archive) -> int | None:
    """The number of a HOST entry in which the recorder notes a custody head of this host that its chain does not have:
    it was cut or replaced since (AT-29). None when the newest ones are there.
    """
    size, seen = archive.chain.size, 0
    for first in range(size - size % _BLOCK, -1, -_BLOCK):
        for item in reversed(archive.entries(first, min(size, first + _BLOCK))):
            if item.kind != kinds.HOST or item.body["event"] != codes.HOST_ATTACHED:
                continue
            noted = item.body["custody"]
            if item.body["host"] != store.host.thumbprint or noted is None:
                continue
            if noted not in store.custody.hashes:
                return item.sequence
            seen += 1
            if seen == _NOTED:
                return None
    return None


def take_head(
    connection: Connection, session: Session, store: Store, archive: Archive, progress: Callable[[Progress], None]
) -> Head:
    """Brings the journal up to the session's head, checks that head, and keeps it.

    Raises BadEvidence (Rollback, Equivocation, Fork), LineLost.
    """
    head = session.head
    start = archive.chain.size
    total = head.size - start
    try:
        history.demand_extension(connection, archive, head, store.host.thumbprint, store.custody.witnessed)
    except BadEvidence:
        reconcile(store, archive)  # a head that proves another history is named at once, so that it cannot go unseen
        raise
    try:
        pull_journal(connection, archive, head, lambda size: progress(Progress("journal", size - start, total)))
    except BadEvidence:
        history.explain(connection, archive, head, start)
        raise
    session.check(archive)
    archive.add_head(head)
    store.custody.note_head(archive.device, head.size, head.newest, head.root, head.hash)
    return head

"""What every session does first: an enrolled recorder, its journal up to the session's head, and that head checked.

Specification: "Session". Nothing of media is used, and nothing private leaves this host, before the recorder has proved
the key that its own journal prescribes.
"""

from __future__ import annotations

from collections.abc import Callable

from evidock.archive import Archive
from evidock.chain import Head
from evidock.client import Recorder
from evidock.client.connection import Connection
from evidock.client.journal import pull_journal
from evidock.client.session import Session
from evidock.errors import NotEnrolled
from evidock.intake import Progress
from evidock.store import Store


def ignore(_event: Progress) -> None:
    """Takes progress that nobody wants to see."""


def enrolled(recorder: Recorder, store: Store) -> bytes:
    """The id that the recorder claims. Raises NotEnrolled for one that is blank or that the registry does not have."""
    device = recorder.device
    if device is None:
        raise NotEnrolled("blank", port=recorder.port)
    if device not in store.custody.enrolled:
        name = device.hex()[:16]
        raise NotEnrolled("not_enrolled", device=name, port=recorder.port, store=store.folder)
    return device


def reconcile(store: Store, archive: Archive) -> None:
    """Writes into the custody chain what an interrupted session kept in the archive only."""
    for head in archive.heads:
        store.custody.note_head(archive.device, head.size, head.newest, head.root, head.hash)


def take_head(
    connection: Connection, session: Session, store: Store, archive: Archive, progress: Callable[[Progress], None]
) -> Head:
    """Brings the journal up to the session's head, checks that head, and keeps it. Raises BadEvidence, LineLost."""
    head = session.head
    start = archive.chain.size
    total = head.size - start
    pull_journal(connection, archive, head, lambda size: progress(Progress("journal", size - start, total)))
    session.check(archive)
    archive.add_head(head)
    store.custody.note_head(archive.device, head.size, head.newest, head.root, head.hash)
    return head

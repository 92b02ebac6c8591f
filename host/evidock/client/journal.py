"""Pulls the journal up to a head, and the private openings that belong to it.

Specification: "Messages" (JOURNAL, PRIVATE). Each entry is checked before it is kept; what does not fit is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from evidock import durable
from evidock.archive import Archive
from evidock.chain import Head
from evidock.client.connection import Connection, Values
from evidock.errors import Misbehaving, Refused
from evidock_protocol import messages, versions

LIMIT = versions.MAXIMUM_CHUNK  # bytes of entries in one answer
LOST_AT_ONCE = 256  # numbers that are asked for, one after another, behind one that the recorder does not have
BATCH = 64 * 1024  # bytes of entries that are made durable together


def pull_journal(connection: Connection, archive: Archive, head: Head, advance: Callable[[int], None]) -> None:
    """Extends the archived journal to exactly `head.size` entries; `advance` is told the size.

    Raises BadEvidence when an entry does not hold.
    """
    batch: list[bytes] = []
    size = archive.chain.size
    while size < head.size:
        try:
            size, entries = _following(connection, size, head.size)
        except BaseException:
            if batch:
                archive.extend(batch)
            raise
        batch += entries
        size += len(entries)
        if sum(len(raw) for raw in batch) >= BATCH or size == head.size:
            archive.extend(batch)
            batch = []
        advance(size)


def _following(connection: Connection, first: int, end: int) -> tuple[int, list[bytes]]:
    """The number of the next entry from `first` on that the recorder has, and entries from there to `end` − 1.

    What it passed over it does not have; whether that may be so is for the chain to say.
    """
    for number in range(first, min(end, first + LOST_AT_ONCE)):
        try:
            return number, fetch_entries(connection, number)[: end - number]
        except Refused as refused:
            if refused.code != messages.STORAGE:
                raise
    # Nothing follows: the refusal of the first stands.
    return first, fetch_entries(connection, first)[: end - first]


def pull_openings(connection: Connection, archive: Archive) -> int:
    """Fetches the openings of private fields that are not here; returns how many records were refused."""
    refused = 0
    following = archive.unopened()
    while following is not None and following < archive.chain.size:
        asked: Values = {"first": following, "limit": LIMIT}
        answer = connection.request(messages.PRIVATE, asked)
        records, end = durable.split(cast(bytes, answer["openings"]))
        reached = cast(int, answer["next"])
        if reached <= following or end != len(cast(bytes, answer["openings"])):
            raise Misbehaving("bad_private", port=connection.port)
        refused += archive.add_openings(records)
        following = reached
    return refused


def fetch_entries(connection: Connection, first: int) -> list[bytes]:
    """Entries from number `first`, as many as one answer holds, at least one, unchecked."""
    answer = connection.request(messages.JOURNAL, {"first": first, "limit": LIMIT})
    raw = cast(bytes, answer["entries"])
    entries, end = durable.split(raw)
    if answer["first"] != first or not entries or end != len(raw):
        raise Misbehaving("bad_journal", port=connection.port)
    return entries

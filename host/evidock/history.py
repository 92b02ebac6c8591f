"""Whether a recorder's new head extends what this host holds: set back, forked, or two heads for one size.

Specification: "Heads" and "Session". Consistency of two heads is checked by recomputing, not by an RFC 9162 proof: this
host has every entry, so the tree that gave the held head's root must itself grow into the new head's. What shows a
second history is kept, and nothing else of it is taken over.
"""

from __future__ import annotations

from collections.abc import Container

from evidock import keys
from evidock.archive import Archive
from evidock.chain import Chain, Head
from evidock.client.connection import Connection
from evidock.client.journal import fetch_entries
from evidock.errors import BadEvidence, Equivocation, EvidockError, Fork, LineLost, Refused, Rollback
from evidock_protocol import entry
from evidock_protocol.errors import ProtocolError

MAXIMUM_RIVAL = 4096  # entries of a second history that are fetched to prove it


def demand_extension(
    connection: Connection, archive: Archive, head: Head, host: bytes, witnessed: Container[bytes]
) -> None:
    """Raises Rollback, Equivocation, Fork or BadEvidence when `head` cannot extend what `host` (thumbprint of this
    host) holds, before anything of its journal is taken over. `witnessed`: hashes of heads that came from others.

    Only a head that the recorder did sign is kept among the heads, as the proof.
    """
    held = _largest_held(archive, host, witnessed)
    if head.size > max(archive.chain.size, held):
        return
    if held <= head.size == archive.chain.size and archive.fitting([head]):
        return
    if not signed_by_its_epoch(archive.chain, head) and _backed(connection, archive, head) is None:
        archive.set_aside(f"head-{head.size}", head.raw)
        raise BadEvidence("head_signature", device=archive.device.hex()[:16])
    archive.add_head(head)
    name, held = archive.device.hex()[:16], max(archive.chain.size, held)
    if head.size == archive.chain.size:
        raise Equivocation("equivocation", device=name, size=head.size)
    raise Rollback("rollback", device=name, size=head.size, held=held)


def explain(connection: Connection, archive: Archive, head: Head, size: int) -> None:
    """An entry did not fit. Raises Fork when it was the first behind the `size` entries that are held, and when the
    recorder's own signatures back another history up to `head`.
    """
    if not size or archive.chain.size != size:
        return
    first = _backed(connection, archive, head)
    if first is not None:
        raise Fork("fork", device=archive.device.hex()[:16], number=first, held=size)


def contradicted(archive: Archive) -> list[Head]:
    """The heads, of this host or others, that the recorder signed and that are of another history than the journal:
    they do not fit, or count more entries than there can be of their epoch.
    """
    heads = [head for head in archive.heads if signed_by_its_epoch(archive.chain, head)]
    fitting = archive.fitting(heads)
    return [head for head in heads if head.hash not in fitting and is_due(archive, head)]


def reached(archive: Archive) -> list[Head]:
    """The heads of other hosts that waited, and that the recorder did sign, as the journal can tell now."""
    held = {head.hash for head in archive.heads}
    return [one for one in archive.waiting if one.hash not in held and signed_by_its_epoch(archive.chain, one)]


def is_due(archive: Archive, head: Head) -> bool:
    """Whether the journal would have the entries that `head` counts, if it were the same history."""
    return head.size <= archive.chain.size or head.epoch < archive.chain.epoch


def signed_by_its_epoch(chain: Chain, head: Head) -> bool:
    """Whether the key of the epoch that `head` names signed it, as far as `chain` knows that epoch.

    A recorder whose flash was set back signs with such a key, which need not be the one prescribed at that size.
    """
    if head.device != chain.device or not 0 <= head.epoch < len(chain.epoch_keys):
        return False
    return keys.verify_statement(head.sealed, chain.epoch_keys[head.epoch][1])


def _largest_held(archive: Archive, host: bytes, witnessed: Container[bytes]) -> int:
    """Entries of the largest head that this host was given, also when its own journal was cut since.

    Heads that others brought are compared afterwards, whichever host they name: a thief who hands one out must not
    lock the recorder out.
    """
    own = [head for head in archive.heads if head.host == host and head.hash not in witnessed]
    return max((head.size for head in own if signed_by_its_epoch(archive.chain, head)), default=0)


def _backed(connection: Connection, archive: Archive, head: Head) -> int | None:
    """The number of the first entry that the recorder has otherwise than we, if from there its own entries carry a
    chain up to `head`; else None.

    They and the head are set aside as one CBOR sequence: its first entry is signed by a key of our own journal, at a
    number where our journal has another one.
    """
    try:
        first = _first_difference(connection, archive, head.size)
        if first is None:
            return None
        rival = _rival(connection, archive, first, head)
    except LineLost:
        raise
    except (EvidockError, ProtocolError):
        return None  # what it cannot back proves nothing
    archive.set_aside(f"history-{head.size}", b"".join([*rival, head.raw]))
    return first


def _first_difference(connection: Connection, archive: Archive, size: int) -> int | None:
    """The number of the first entry that the recorder has otherwise than this archive; None when there is none.

    Each entry holds the hash of the one before it, so the place is found by halving. What the recorder's ring has let
    go of counts as the same: if it is not, what follows does not fit it either. Raises Refused.
    """
    same, end = 0, min(size, archive.chain.size)
    if end < 2 or _is_same(connection, archive, end - 1):
        return None
    differs = end - 1
    while differs - same > 1:
        middle = (same + differs) // 2
        try:
            is_same = _is_same(connection, archive, middle)
        except Refused:
            is_same = True
        if is_same:
            same = middle
        else:
            differs = middle
    return differs


def _is_same(connection: Connection, archive: Archive, number: int) -> bool:
    ours = archive.raw(number)
    return ours is not None and fetch_entries(connection, number)[0] == ours


def _rival(connection: Connection, archive: Archive, first: int, head: Head) -> list[bytes]:
    """The recorder's entries from `first` up to `head`. Raises BadEvidence when they do not carry it."""
    chain = Chain(archive.device)
    for item in archive.entries(0, first):
        chain.accept(item.raw)
    rival: list[bytes] = []
    while chain.size < head.size and len(rival) < MAXIMUM_RIVAL:
        for raw in fetch_entries(connection, chain.size)[: head.size - chain.size]:
            entry.parse(raw)
            chain.accept(raw)
            rival.append(raw)
    if not head.is_signed_in(chain) or not head.describes(chain):
        raise BadEvidence("head_signature", device=archive.device.hex()[:16])
    return rival

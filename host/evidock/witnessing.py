"""Signed heads that hosts show each other: given to a file, taken in from one, and compared with what is held here.

Specification: "Heads" and "Custody kinds" (WITNESS). A recorder that tells two hosts two histories is found by their
heads alone, without a byte of what it recorded (AT-14, AT-36).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from evidock import durable, errors
from evidock.archive import Archive
from evidock.chain import Head
from evidock.errors import BadEvidence, StoreError, WrongUsage
from evidock.history import is_due, signed_by_its_epoch
from evidock.store import Store
from evidock_protocol.errors import ProtocolError

AGREES, CONTRADICTION, AHEAD = "agrees", "contradiction", "ahead"
MAXIMUM_FILE = 16 << 20  # bytes


class HeldHead(NamedTuple):
    """A signed head that a store holds. `stands`: AGREES, CONTRADICTION, or AHEAD of the journal that is here."""

    device: str
    size: int
    epoch: int
    host: str
    """Id of the host that the recorder signed it for, in hexadecimal."""
    own: bool
    """Whether that is this store's host."""
    stands: str

    def to_json(self) -> dict[str, object]:
        """The same as a JSON object."""
        return dict(self._asdict())


class Imported(NamedTuple):
    """What became of the heads of a file; counts, and those that tell of two histories."""

    known: int
    agreeing: int
    ahead: int
    """Of more entries than are here: compared at the next docking, and kept apart until a key here vouches for them."""
    foreign: int
    """Of recorders that this store has not enrolled: not taken in."""
    contradicting: list[HeldHead]
    """Signed by the recorder, and of another history: kept as proof."""
    unsigned: list[HeldHead]
    """Not signed by a key of the journal that is here: set aside."""

    def to_json(self) -> dict[str, object]:
        """The same as a JSON object."""
        lists = {name: [head.to_json() for head in getattr(self, name)] for name in ("contradicting", "unsigned")}
        return {**self._asdict(), **lists}


def held(store: Store, device: bytes | None = None) -> list[HeldHead]:
    """The signed heads that `store` holds, of one recorder or of all, in the order of their sizes."""
    found: list[HeldHead] = []
    for one in _devices(store, device):
        archive = store.archive(one)
        fitting = archive.fitting(archive.heads)
        admitted = {head.hash for head in archive.heads}
        waiting = [head for head in archive.waiting if head.hash not in admitted and head.size > archive.chain.size]
        ordered = sorted([*archive.heads, *waiting], key=lambda head: head.size)
        found += [_described(store, head, _stands(archive, head, head.hash in fitting)) for head in ordered]
    return found


def export_heads(store: Store, device: bytes | None = None) -> tuple[bytes, int, int]:
    """A CBOR sequence (RFC 8742) of the signed heads of one recorder or of all, how many heads and recorders it has.

    Nothing in it is private. Raises WrongUsage when there are none.
    """
    archives = [store.archive(one) for one in _devices(store, device)]
    heads = [head.raw for archive in archives for head in archive.heads]
    if not heads:
        raise WrongUsage("no_heads")
    return b"".join(heads), len(heads), sum(1 for archive in archives if archive.heads)


def import_heads(store: Store, raw: bytes, path: object) -> Imported:
    """Takes in heads that another host exported. All that recorders signed are kept, also those that contradict.

    Raises StoreError, before anything is kept, for a file (`path` names it) that is no sequence of heads.
    """
    told = Imported(0, 0, 0, 0, [], [])
    by_device: dict[bytes, dict[bytes, Head]] = {}
    for head in _parse(raw, path):
        by_device.setdefault(head.device, {})[head.hash] = head
    for device, heads in by_device.items():
        if device in store.custody.enrolled:
            told = _take_in(store, store.archive(device), heads, told)
        else:
            told = told._replace(foreign=told.foreign + len(heads))
    return told


def check_has_heads(path: Path) -> None:
    """Raises WrongUsage for a file without one signed head: not the evidence is at fault then, but who named it."""
    if not path.is_file():
        return  # whoever reads it says why it cannot
    with errors.at(path), path.open("rb") as file:
        raw = file.read(MAXIMUM_FILE)
    at = raw.find(durable.STATEMENT)
    while at >= 0:
        end = durable.item_end(raw, at)
        if end is not None and _is_head(raw[at:end]):
            return
        at = raw.find(durable.STATEMENT, at + 1)
    raise WrongUsage("not_heads", path=path, reason="byte 0")


def _is_head(raw: bytes) -> bool:
    try:
        Head(raw)
    except (ProtocolError, BadEvidence):
        return False
    return True


def _take_in(store: Store, archive: Archive, heads: dict[bytes, Head], told: Imported) -> Imported:
    """Keeps what is new of one recorder's heads (by their hashes), and adds to `told` what became of each."""
    held = {head.hash for head in [*archive.heads, *archive.waiting]}
    fresh = [head for digest, head in heads.items() if digest not in held]
    fitting = archive.fitting(fresh)
    waiting: list[Head] = []
    stands: list[str] = []
    for head in fresh:
        fits = head.hash in fitting
        if head.size > archive.chain.size and head.epoch > archive.chain.epoch:
            waiting.append(head)
            stands.append(AHEAD)
            continue
        if not (head.is_signed_in(archive.chain) if fits else signed_by_its_epoch(archive.chain, head)):
            archive.set_aside(f"head-{head.hash.hex()[:16]}", head.raw)
            told.unsigned.append(_described(store, head, CONTRADICTION))
            continue
        archive.add_head(head)
        store.custody.witness(head.device, head.size, head.newest, head.root, head.hash, head.host)
        stands.append(_stands(archive, head, fits))
        if stands[-1] == CONTRADICTION:
            told.contradicting.append(_described(store, head, CONTRADICTION))
    archive.keep_waiting(waiting)
    return told._replace(
        known=told.known + len(heads) - len(fresh),
        agreeing=told.agreeing + stands.count(AGREES),
        ahead=told.ahead + stands.count(AHEAD),
    )


def _stands(archive: Archive, head: Head, fits: bool) -> str:
    if fits:
        return AGREES
    return CONTRADICTION if is_due(archive, head) else AHEAD


def _described(store: Store, head: Head, stands: str) -> HeldHead:
    own = head.host == store.host.thumbprint
    return HeldHead(head.device.hex(), head.size, head.epoch, head.host.hex(), own, stands)


def _devices(store: Store, device: bytes | None) -> Iterable[bytes]:
    if device is None:
        return store.devices()
    if device not in store.custody.enrolled:
        raise WrongUsage("no_heads")
    return [device]


def _parse(raw: bytes, path: object) -> list[Head]:
    items, end = durable.split(raw)
    if not items or end != len(raw):
        raise StoreError("not_heads", path=path, reason=f"byte {end}")
    try:
        return [Head(item) for item in items]
    except (ProtocolError, BadEvidence) as error:
        raise StoreError("not_heads", path=path, reason=error) from None

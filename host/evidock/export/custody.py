"""The part of a store's custody chain that a package needs: who may enrol, who enrolled, and which heads were seen.

Specification: "A package". What an excerpt leaves out is withheld as in a journal, and sealed by the statement.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from evidock import durable, errors
from evidock.package import Run
from evidock.verification.entries import Entry, parse
from evidock_protocol import custody_kinds, merkle, statements, withheld

_ALWAYS = (custody_kinds.GENESIS, custody_kinds.CERTIFICATE, custody_kinds.ORDER)
_OF_RECORDER = (custody_kinds.ENROL, custody_kinds.REGISTRY)
_OF_HEAD = (custody_kinds.HEAD, custody_kinds.WITNESS, custody_kinds.STAMP)


class Custody(NamedTuple):
    """The entries that go with a package, the runs between them, and the whole chain's size and root."""

    raw: bytes
    runs: list[Run]
    size: int
    root: bytes


class Named(NamedTuple):
    """What a custody chain names in journals."""

    heads: set[bytes]
    """Statement hashes of heads."""
    ends: dict[bytes, set[int]]
    """By device: the last entries up to which the registry trusts it."""


def excerpt(path: Path, devices: set[bytes], heads: set[bytes]) -> Custody:
    """What a package of these recorders and heads shows of the chain at `path`, which the store has checked."""
    with errors.at(path):
        items = durable.split(path.read_bytes())[0]
    entries = [parse(item, statements.TYP_CUSTODY) for item in items]
    leaves = [merkle.leaf_hash(entry.hash) for entry in entries]
    shown = [place for place, entry in enumerate(entries) if _is_shown(entry, devices, heads)]
    runs: list[Run] = []
    following = 0
    for place in (*shown, len(entries)):
        if place > following:
            count = place - following
            runs.append(Run(following, count, withheld.nodes(leaves, following, count)))
        following = place + 1
    return Custody(b"".join(items[place] for place in shown), runs, len(entries), merkle.root_of(leaves))


def named(path: Path) -> Named:
    """What the chain at `path` names in journals."""
    heads: set[bytes] = set()
    revoked: dict[bytes, set[int]] = {}
    with errors.at(path):
        items = durable.split(path.read_bytes())[0]
    for item in items:
        entry = parse(item, statements.TYP_CUSTODY)
        if entry.known and entry.kind in (custody_kinds.HEAD, custody_kinds.WITNESS):
            heads.add(entry.octets("head"))
        elif entry.known and entry.kind == custody_kinds.REGISTRY:
            size = entry.optional("head_size")
            if size:
                revoked.setdefault(entry.octets("device"), set()).add(size - 1)
    return Named(heads, revoked)


def _is_shown(entry: Entry, devices: set[bytes], heads: set[bytes]) -> bool:
    if not entry.known:
        return False
    if entry.kind in _OF_HEAD:
        return entry.octets("head") in heads
    return entry.kind in _ALWAYS or (entry.kind in _OF_RECORDER and entry.octets("device") in devices)

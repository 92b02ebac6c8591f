"""Time stamps (RFC 3161) over heads, checked offline: each bounds its head, and all below it, in time from above.

Specification: "Verification of a chain" (time stamps). Whose certificates count is the verifier's choice; those that a
stamp brings prove nothing by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import NamedTuple

from evidock import timestamps
from evidock.errors import EvidockError
from evidock.report import Stamp
from evidock.timestamps import BadStamp, Roots, Token

from .collector import Collector
from .reader import Reader
from .signed_head import SignedHead

CLOCKS_APART = 60.0  # seconds between a host's clock and an authority's that prove nothing


class Named(NamedTuple):
    """What a custody chain says of one recorder's heads, by their statement hashes."""

    stamps: Mapping[bytes, bytes] = {}
    """SHA-256 of the newest token over a head."""
    dated: Mapping[bytes, tuple[int, int]] = {}
    """(size, Unix milliseconds at which the host dated the head)."""


def authorities(path: str | Path | None) -> Roots | None:
    """The certificates that a verifier trusts to tell the time. Raises EvidockError: no such file, no certificate in
    it, or the library for time stamps is not installed.
    """
    return None if path is None else timestamps.read_roots(path)


def judge(
    reader: Reader,
    device: bytes,
    heads: list[SignedHead],
    collector: Collector,
    named: Named | None = None,
    roots: Roots | None = None,
) -> tuple[Stamp, ...]:
    """Checks every stamp of a recorder against the head it names, and says what they prove.

    `heads` are those that hold: a stamp over any other one proves nothing. Returns the stamps over them that hold, or
    that nobody can check without `roots`, the largest head first.
    """
    named = named or Named()
    held = {head.hash: head for head in heads}
    found: list[Stamp] = []
    present: set[bytes] = set()
    for path, raw in reader.stamps(device):
        name = bytes.fromhex(path.rpartition("/")[2][:64])
        path = "/".join(path.split("/")[-2:])  # the recorder's folder would leave no room for the name
        present.add(name)
        if name not in held:
            collector.add("STAMP_MISMATCH", device=device, path=path, sentence="STAMP_MISMATCH.head")
            continue
        head = held[name]
        try:
            token = _read(raw, head, roots)
            if roots is None and named.stamps.get(name, timestamps.digest(raw)) != timestamps.digest(raw):
                raise BadStamp("stamp_not_named")  # what a trusted authority signed needs no custody
        except BadStamp as error:
            reason = error.message(collector.lang)
            collector.add("STAMP_MISMATCH", device=device, path=path, number=head.size, reason=reason)
            continue
        dated = named.dated.get(name)
        if roots is not None and token is not None and dated and dated[1] / 1000 > token.latest + CLOCKS_APART:
            late = round(dated[1] / 1000 - token.latest)
            values = {"number": head.size, "seconds": late}
            collector.add("STAMP_MISMATCH", device=device, path=path, sentence="STAMP_MISMATCH.clock", values=values)
            continue
        latest, authority = (None, "") if token is None else (token.latest, token.authority)
        found.append(Stamp(head.size, latest, authority, roots is not None))
    for name in named.stamps:
        if reader.excerpt is None and name in held and name not in present:
            size = held[name].size
            collector.add("STAMP_MISMATCH", device=device, sentence="STAMP_MISMATCH.missing", number=size)
    found.sort(key=lambda one: (-one.head_size, one.latest or 0.0))
    _say(reader, device, found, collector)
    return tuple(found)


def _read(raw: bytes, head: SignedHead, roots: Roots | None) -> Token | None:
    """What the stamp says, checked as far as it can be; None when nothing here can read it. Raises BadStamp."""
    if roots is None:
        try:
            timestamps.require()
        except EvidockError:
            return None
    token = timestamps.read_token(raw) if roots is None else timestamps.check(raw, roots)
    if token.imprint != head.hash:
        raise BadStamp("stamp_other_head")
    return token


def _say(reader: Reader, device: bytes, found: list[Stamp], collector: Collector) -> None:
    """One remark: the newest head that is stamped bounds everything below it."""
    if not found:
        return
    best = found[0]
    if not best.checked:
        collector.add("STAMPED", device=device, sentence="STAMPED.unchecked", count=len(found), number=best.head_size)
        return
    assert best.latest is not None
    time = datetime.fromtimestamp(ceil(best.latest), reader.zone).isoformat(" ", "seconds")
    values = {"number": best.head_size, "count": len(found), "time": time, "authority": best.authority}
    collector.add("STAMPED", device=device, values=values)

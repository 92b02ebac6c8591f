"""Section "Verification of a chain", "Deletion", "Firmware", "Revocation", and COMMANDED and REFUSED of "Use"."""

from collections.abc import Mapping, Sequence

from .attestations import Place
from .chain import Chain
from .entries import Entry
from .findings import VERIFIED, Finding
from .orders import OrderReader
from .settings import RECEIPTS, in_force
from .statements import Statement

REFUSED = 2
LOST, RETIRED, GONE = 4, 5, 6


def _listing(tombstone: Entry, receipts: Mapping[int, Statement]) -> list[tuple[int, Statement]]:
    """The sealed receipts before TOMBSTONE that have its row."""
    body = tombstone.body
    row = body.integer("recording"), body.integer("number"), body.octets("root")
    return [
        (sequence, receipt)
        for sequence, receipt in receipts.items()
        if sequence < tombstone.sequence and row in receipt.fields.segments()
    ]


def deletions(chain: Chain, orders: OrderReader) -> list[Finding]:
    """TOMBSTONEs that are not backed."""
    found, counting = list[Finding](), {entry.sequence for entry in chain.entries}
    for place, entry in enumerate(chain.entries):
        if not entry.known or entry.kind_name != "TOMBSTONE":
            continue
        host_entry, listing = entry.body.integer("host_entry"), _listing(entry, orders.receipts)
        if host_entry < entry.sequence and host_entry not in counting:
            continue
        named = any(
            sequence == host_entry and receipt.envelope.hash == entry.body.octets("receipt")
            for sequence, receipt in listing
        )
        hosts = {receipt.fields.octets("host") for _, receipt in listing}
        enough = len(hosts) >= in_force(chain.entries, place, RECEIPTS)
        if named and not enough and place < entry.sequence:
            continue
        if not named or not enough:
            segment = entry.body.integer("recording"), entry.body.integer("number")
            found.append(Finding("UNACKED_DELETE", "no receipts for it", True, None, None, *segment))
    return found


def unbacked(receipted: Mapping[Place, set[bytes]], states: Mapping[Place, str]) -> list[Finding]:
    """Lost files for which hosts gave receipts: one for a recording and host, at the first."""
    lost = {place for place, state in states.items() if state == "unexplained"}
    first = dict[tuple[int, bytes], int]()
    for recording, number in sorted(lost):
        for host in receipted.get((recording, number), ()):
            first.setdefault((recording, host), number)
    return [
        Finding("RECEIPT_UNBACKED", host.hex(), recording=recording, segment=number)
        for (recording, host), number in first.items()
    ]


def firmware_changes(entries: Sequence[Entry], bad: set[int]) -> list[Finding]:
    """A BOOT with other firmware than before, and no FIRMWARE for it. `bad`: entries whose order does not hold."""
    found = list[Finding]()
    present, ordered, whole, last = None, None, True, -1
    for entry in entries:
        whole, last = whole and entry.sequence == last + 1, entry.sequence
        if not entry.known:
            continue
        if entry.kind_name == "GENESIS":
            present = entry.body.octets("firmware")
        elif entry.kind_name == "FIRMWARE" and entry.sequence not in bad:
            ordered = entry.body.octets("new")
        elif entry.kind_name == "BOOT":
            new, judged = entry.body.octets("firmware"), whole and present is not None
            if judged and new not in (present, ordered):
                found.append(Finding("FIRMWARE_CHANGE", f"entry {entry.sequence}"))
            if new == ordered or (judged and new != present):
                ordered = None
            present, whole = new, True
    return found


def revocation(registry: Sequence[Entry], chain: Chain) -> list[Finding]:
    """`registry`: the custody entries REGISTRY of this recorder that count."""
    final = [entry for entry in registry if entry.body.integer("state") in (RETIRED, GONE)]
    if final:
        entry = min(final, key=lambda entry: entry.body.optional_integer("head_size") or 0)
        size, expected = entry.body.optional_integer("head_size") or 0, entry.body.values["head_hash"]
        differs = size > 0 and chain.hashes.get(size - 1) != expected
        if chain.size > size or differs:
            return [Finding("REVOKED", f"entries from {0 if differs else size} on")]
    if final or (registry and registry[-1].body.integer("state") == LOST):
        return [Finding("REVOKED", "lost, retired or revoked", problem=False, allows=VERIFIED)]
    return []


def remarks(chain: Chain, orders: OrderReader) -> list[Finding]:
    """COMMANDED for each host, and for the organisation; REFUSED."""
    found = list[Finding]()
    hosts = {command.fields.octets("host") for _, command in orders.commands}
    tombstones = [entry for entry in chain.entries if entry.known and entry.kind_name == "TOMBSTONE"]
    for entry in tombstones:
        hosts |= {receipt.fields.octets("host") for _, receipt in _listing(entry, orders.receipts)}
    found += [Finding("COMMANDED", host.hex(), problem=False) for host in sorted(hosts)]
    if orders.ordered:
        found.append(Finding("COMMANDED", f"{len(orders.ordered)} orders of the organisation", problem=False))
    refused = [
        entry
        for entry in chain.entries
        if entry.known and entry.kind_name == "HOST" and entry.body.integer("event") == REFUSED
    ]
    if refused:
        count = sum(entry.body.integer("count") for entry in refused)
        found.append(Finding("REFUSED", f"{count} times", problem=False))
        hosts_named = [entry.body.values[name] for entry in refused for name in ("host", "last_host")]
        named = {host for host in hosts_named if isinstance(host, bytes)}
        found += [Finding("REFUSED", host.hex(), problem=False) for host in sorted(named)]
    return found

"""Everything about one recorder that is a matter of trust and not of recording: who gave it orders, what it took them
for, what it deleted and on whose word, and up to where the registry trusts it.

Specification: "Verification of a chain", Trust state, Orders, Deletion, Firmware, Revocation and Use.
"""

from __future__ import annotations

from evidock_protocol import codes, kinds

from .collector import Collector
from .commanded import Commanded
from .continuity import Continuity
from .deletions import Deletions
from .entries import Entry
from .firmware import Firmware
from .order_fit import Ordered
from .orders import Orders
from .placing import Times
from .receipts import Receipt
from .revocation import Revocation
from .trust import Trust
from .trust_state import TrustState


class Trusting:
    """Follows one recorder from entry to entry."""

    def __init__(self, device: bytes, trust: Trust, collector: Collector):
        self._continuity = Continuity()
        self.state = TrustState(device, collector)
        self.orders = Orders(device, trust, self.state, collector)
        self.deletions = Deletions(device, collector, self._continuity)
        self._firmware = Firmware(device, collector)
        self._revocation = Revocation(device, trust.registry, collector)
        self._commanded = Commanded(device, collector)

    def note(self, found: Entry, in_force: dict[int, int]) -> bool:
        """Takes the next entry that counts, with the settings `in_force`; whether it holds an order of the organisation
        that nothing speaks against.
        """
        if self._continuity.note(found.sequence):
            self.state.lose()
        self._revocation.note(found)
        ordered, holds = (None, False) if not found.known or found.segment else self._orders(found)
        lawful = ordered is not None and ordered.is_order and holds
        self.state.note(found, ordered if lawful else None)
        if found.known:
            self._firmware.note(found, self._continuity.broken_at, holds)
            if found.kind == kinds.TOMBSTONE:
                self._commanded.deleted(self.deletions.deleted(found, in_force))
            elif found.kind == kinds.HOST and found.body["event"] == codes.HOST_REFUSED:
                self._commanded.refused(found)
        return lawful

    def pass_over(self, sequence: int) -> None:
        """A package withholds what is before the entry of this sequence."""
        self._continuity.pass_over(sequence)
        self._firmware.pass_over()

    def received(self, found: Entry, receipt: Receipt) -> None:
        """HOST (receipted), with its receipt."""
        if self.orders.note_receipt(found, receipt.host):
            self._commanded.received(receipt.host)
            self.deletions.received(found, receipt.hash, receipt.host, receipt.rows)

    def finish(self, size: int) -> None:
        """Everything is read: `size` entries."""
        self._revocation.finish(size)
        self._commanded.finish()

    def finish_orders(self, times: Times) -> None:
        """Every boot has its place in time."""
        self.orders.finish(times)

    def _orders(self, found: Entry) -> tuple[Ordered | None, bool]:
        present = self._firmware.present(self._continuity.broken_at)
        ordered, holds = self.orders.note(found, present)
        if ordered is not None and holds:
            self._commanded.ordered(ordered)
        return ordered, holds

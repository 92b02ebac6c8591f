"""What a recorder runs, as it measures itself: a change that nobody ordered (AT-25).

Specification: "Verification of a chain", Firmware. A firmware that lies about itself cannot be told from here.
"""

from __future__ import annotations

from evidock_protocol import kinds

from .collector import Collector, Place
from .entries import Entry


class Firmware:
    """Follows the measurements of one recorder."""

    def __init__(self, device: bytes, collector: Collector):
        self._device = device
        self._collector = collector
        self._measured: bytes | None = None  # by the newest BOOT, or GENESIS
        self._seen = -1  # sequence of that
        self._ordered: bytes | None = None
        self._boot: int | None = -1  # of the newest BOOT, or GENESIS
        self._is_behind = False  # a run that a package withholds, since then

    def present(self, broken_at: int) -> bytes | None:
        """The present measurement, or None where an entry since the newest BOOT is missing: behind `broken_at`."""
        return None if broken_at > self._seen else self._measured

    def pass_over(self) -> None:
        """A package withholds what is before the next entry: never a BOOT, if it is honest."""
        self._is_behind = True

    def note(self, found: Entry, broken_at: int, holds: bool) -> None:
        """Takes the next entry that counts; `holds`: nothing speaks against the order in it."""
        if self._is_behind and found.kind != kinds.BOOT and found.boot != self._boot:
            if self.present(broken_at) is not None:
                self._add("FIRMWARE_CHANGE.withheld", found)
            self._measured, self._boot = None, found.boot
        if found.kind == kinds.FIRMWARE and holds:
            self._ordered = found.octets("new")
        if found.kind not in (kinds.GENESIS, kinds.BOOT):
            return
        before, now = self.present(broken_at), found.octets("firmware")
        changed = before is not None and now != before
        if changed and now != self._ordered:
            self._add(None, found, before=before, found=now)
        if changed or now == self._ordered:  # an order is for one change
            self._ordered = None
        self._measured, self._seen = now, found.sequence
        self._boot, self._is_behind = found.boot, False

    def _add(self, sentence: str | None, at: Entry, **values: object) -> None:
        place = Place(at.boot, at.ticks, at.ticks)
        self._collector.add("FIRMWARE_CHANGE", device=self._device, place=place, sentence=sentence, values=values)

"""What each host's key had a recorder do, and whom it refused: so that the work of a stolen host key can be told apart.

Specification: "Verification of a chain", Use. AT-32, AT-37. None of it changes a verdict.
"""

from __future__ import annotations

from typing import cast

from evidock import language
from evidock_protocol import codes

from .collector import Collector
from .entries import Entry
from .order_fit import Ordered

_HOSTS = 200  # that are told of
_COUNTED = {
    codes.OPERATION_SET_TIME: "time",
    codes.OPERATION_ISSUE: "issue",
    codes.OPERATION_RETURN: "issue",
    codes.OPERATION_EXEMPT: "exempt",
    codes.OPERATION_CHECK: "check",
    codes.OPERATION_CONFIGURE: "configure",
    codes.OPERATION_FIRMWARE: "firmware",
    codes.OPERATION_DELETE: "delete",
    codes.OPERATION_RESET: "reset",
    codes.OPERATION_ORGANISATION: "organisation",
}
_ORGANISATION = b""


class Commanded:
    """Counts for one recorder."""

    def __init__(self, device: bytes, collector: Collector):
        self._device = device
        self._collector = collector
        self._counts: dict[bytes, dict[str, int]] = {}  # by host
        self._speaking: set[bytes] = set()  # hosts that did more than give receipts
        self._refused = 0
        self._refused_hosts: dict[bytes, None] = {}

    def ordered(self, order: Ordered) -> None:
        """An entry that a command or an order brought about."""
        host = _ORGANISATION if order.is_order else cast(bytes, order.values["host"])
        self._count(host, _COUNTED.get(order.operation, "other"))
        self._speaking.add(host)

    def received(self, host: bytes) -> None:
        """A receipt of `host`."""
        self._count(host, "receipt")

    def deleted(self, hosts: list[bytes]) -> None:
        """A TOMBSTONE that rests on receipts of `hosts`."""
        for host in hosts:
            self._count(host, "rested")
            self._speaking.add(host)

    def refused(self, found: Entry) -> None:
        """HOST (refused)."""
        self._refused += found.number("count")
        for host in (found.body["host"], found.body["last_host"]):
            if isinstance(host, bytes) and len(self._refused_hosts) < _HOSTS:
                self._refused_hosts[host] = None

    def finish(self) -> None:
        """The journal ends."""
        for host, counts in self._counts.items():
            if host not in self._speaking:
                continue
            lang = self._collector.lang
            done = ", ".join(f"{language.text(f'commanded.{name}', lang)} {count}" for name, count in counts.items())
            sentence = "COMMANDED.organisation" if host == _ORGANISATION else None
            self._collector.add("COMMANDED", device=self._device, sentence=sentence, host=host, done=done)
        if self._refused:
            self._collector.add("REFUSED", device=self._device, count=self._refused)
            for host in self._refused_hosts:
                self._collector.add("REFUSED", device=self._device, sentence="REFUSED.host", host=host)

    def _count(self, host: bytes, name: str) -> None:
        if host not in self._counts and len(self._counts) >= _HOSTS:
            return
        counts = self._counts.setdefault(host, {})
        counts[name] = counts.get(name, 0) + 1

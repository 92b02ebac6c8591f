"""The commands and orders that entries hold: whether a host or the organisation could have given them, and whether the
entry is what they ask for.

Specification: "Verification of a chain", Orders. OB-12, OB-30. The recorder has checked each; this looks again.
"""

from __future__ import annotations

from typing import cast

from evidock import keys
from evidock_protocol import codes, kinds, rights, sign1

from . import order_fit
from .collector import KEPT, Collector, Place
from .drift import Bounds
from .entries import Entry
from .order_fit import Ordered
from .placing import Times
from .ties import WAIT
from .trust import Trust
from .trust_state import TrustState

_UNKNOWN = "unknown"  # the host's key, or its certificate, is not here
_PENDING = 10_000  # orders of one recorder whose time is compared


class Orders:
    """Those of one recorder, while its journal is read."""

    def __init__(self, device: bytes, trust: Trust, state: TrustState, collector: Collector):
        self._device = device
        self._trust = trust
        self._state = state
        self._collector = collector
        self._times: list[tuple[int, int, int]] = []  # boot, ticks, time of the command
        self._unknown: set[bytes | None] = set()  # hosts whose keys are not here

    def note(self, found: Entry, firmware: bytes | None) -> tuple[Ordered | None, bool]:
        """What the next entry that holds was ordered by, if anything, and whether nothing speaks against that.
        `firmware` is the present measurement, where it is known.
        """
        if not order_fit.is_due(found):
            return None, False
        ordered = order_fit.parse(found)
        reason = "none" if ordered is None else self._judge(found, ordered, firmware)
        if reason is not None:
            self._add("ORDER_MISMATCH", Place(found.boot, found.ticks, found.ticks), f"ORDER_MISMATCH.{reason}")
        return ordered, reason is None and not self._is_unchecked(found, ordered)

    def note_receipt(self, found: Entry, host: bytes) -> bool:
        """HOST (receipted), with a receipt for this recorder that says it is of `host`; whether nothing speaks against
        it.
        """
        sealed = sign1.parse(cast(bytes, found.body["statement"]))
        reason = self._judge_host(sealed, host, codes.ROLE_RECEIPT) if host == found.body["host"] else "another"
        if reason in (None, _UNKNOWN):
            return True
        self._add("ORDER_MISMATCH", Place(found.boot, found.ticks, found.ticks), f"ORDER_MISMATCH.{reason}")
        return False

    def finish(self, times: Times) -> None:
        """Compares when commands were given with when their entries were made."""
        for boot, ticks, time in self._times:
            if not _meets(times.bounds(boot, ticks), time):
                self._add("ORDER_MISMATCH", Place(boot, ticks, ticks), "ORDER_MISMATCH.time")

    def _judge(self, found: Entry, ordered: Ordered, firmware: bytes | None) -> str | None:
        """What is wrong with an order, but for the time of a command, which waits; or None."""
        if not order_fit.fits(found, ordered, firmware):
            return "another"
        return self._judge_order(ordered) if ordered.is_order else self._judge_command(found, ordered)

    def _judge_order(self, ordered: Ordered) -> str | None:
        state, values = self._state, ordered.values
        if not state.known or state.is_succession(ordered):
            return None
        if not keys.verify_statement(ordered.sealed, state.organisation):
            return "organisation"
        if cast(int, values["generation"]) < state.generation or cast(int, values["time"]) <= state.time:
            return "replayed"
        return None

    def _is_unchecked(self, found: Entry, ordered: Ordered | None) -> bool:
        """Whether it is an order that no organisation known here signed: what hands over to another may be missing."""
        state = self._state
        if state.known or ordered is None or not ordered.is_order or state.is_succession(ordered):
            return False
        if any(keys.verify_statement(ordered.sealed, key) for key in (state.organisation, *state.line) if key):
            return False
        self._say_unknown(found, None)
        return True

    def _judge_command(self, found: Entry, ordered: Ordered) -> str | None:
        values = ordered.values
        host = cast(bytes, values["host"])
        reason = self._judge_host(ordered.sealed, host, rights.role_for(ordered.operation) or codes.ROLE_PULL)
        if reason == _UNKNOWN:
            self._say_unknown(found, host)
        elif reason is not None:
            return reason
        if found.kind != kinds.CLOCK and len(self._times) < _PENDING:
            self._times.append((found.boot, found.ticks, cast(int, values["time"])))
        return None

    def _judge_host(self, sealed: sign1.Sign1, host: bytes, role: int) -> str | None:
        """What is wrong with a host's signature or role; its key may be here, or in a certificate of this journal."""
        own = self._state.certificates.get(host, [])
        key = self._trust.key_of(host) or next((cast(bytes, one["host_key"]) for one in own), None)
        if key is not None and not keys.verify_statement(sealed, key):
            return "signature"
        organisation = self._state.organisation if self._state.known else None
        roles = None if key is None else self._trust.roles_of(key, organisation, own)
        if roles is None:
            return _UNKNOWN
        return None if roles & role else "certificate"

    def _say_unknown(self, found: Entry, host: bytes | None) -> None:
        """Once for each host; None is the organisation."""
        if host not in self._unknown and len(self._unknown) < KEPT:
            self._unknown.add(host)
            place = Place(found.boot, found.ticks, found.ticks)
            if host is None:
                self._add("ORDER_UNKNOWN", place, "ORDER_UNKNOWN.organisation")
            else:
                self._add("ORDER_UNKNOWN", place, None, found=host)

    def _add(self, code: str, place: Place, sentence: str | None, **values: object) -> None:
        self._collector.add(code, device=self._device, place=place, sentence=sentence, values=values)


def _meets(bounds: Bounds, time: int) -> bool:
    earliest, latest = bounds
    return (earliest is None or earliest <= time + WAIT) and (latest is None or latest >= time)

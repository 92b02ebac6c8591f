"""What the registry says of one recorder: retired or revoked from a head on, or lost.

Specification: "Verification of a chain", Revocation. AT-19. It names a head and not a date, because a thief of the key
dates what he signs as he likes.
"""

from __future__ import annotations

from typing import NamedTuple

from evidock import language
from evidock_protocol import names

from .collector import Collector, Place
from .entries import Entry

LOST, RETIRED, REVOKED = 4, 5, 6
_NAMES = {LOST: "lost", RETIRED: "retired", REVOKED: "revoked"}
if any(names.name_of(names.REGISTRY_STATES, number) != name for number, name in _NAMES.items()):
    raise AssertionError("the states are not those of the protocol's table")


class Registered(NamedTuple):
    """A final state of a recorder: entries from `size` on are not to be trusted; `newest` is the one before."""

    state: int
    size: int
    newest: bytes | None


class Registry:
    """What a custody chain's REGISTRY entries say, by recorder."""

    def __init__(self) -> None:
        self.final: dict[bytes, Registered] = {}
        self.newest: dict[bytes, int] = {}
        """The state that the last entry says."""

    def note(self, found: Entry) -> None:
        """REGISTRY, in the order of the chain."""
        device, state = found.octets("device"), found.number("state")
        self.newest[device] = state
        if state not in (RETIRED, REVOKED):
            return
        newest = found.body["head_hash"]
        one = Registered(state, found.optional("head_size") or 0, newest if isinstance(newest, bytes) else None)
        if device not in self.final or one.size < self.final[device].size:
            self.final[device] = one


class Revocation:
    """Watches the journal of one recorder for the head up to which it is trusted."""

    def __init__(self, device: bytes, registry: Registry, collector: Collector):
        self._device = device
        self._final = registry.final.get(device)
        self._is_lost = registry.newest.get(device) == LOST
        self._collector = collector
        self._fits = self._final is not None and self._final.size == 0
        self._first: Entry | None = None
        self._last: Entry | None = None

    def note(self, found: Entry) -> None:
        """The next entry that counts."""
        if self._final is None:
            return
        if found.sequence == self._final.size - 1:
            self._fits = found.hash == self._final.newest
        if found.sequence >= self._final.size:
            self._first = self._first or found
            self._last = found

    def finish(self, size: int) -> None:
        """The journal ends with `size` entries."""
        final = self._final
        if final is None:
            if self._is_lost:
                self._add("REVOKED_REMARK", "REVOKED.lost")
            return
        state = language.name("registry", names.name_of(names.REGISTRY_STATES, final.state), self._collector.lang)
        if size and not (self._fits and size >= final.size):
            self._add("REVOKED", "REVOKED.other", number=final.size, state=state)
        elif self._first is None or self._last is None:
            self._add("REVOKED_REMARK", "REVOKED.before", number=final.size, state=state)
        else:
            first, last = self._first, self._last
            place = Place(first.boot, first.ticks, last.ticks, None if first.boot == last.boot else last.boot)
            self._add("REVOKED", None, place if final.size else None, number=final.size, state=state)

    def _add(self, code: str, sentence: str | None, place: Place | None = None, **values: object) -> None:
        self._collector.add(code, device=self._device, place=place, sentence=sentence, values=values)

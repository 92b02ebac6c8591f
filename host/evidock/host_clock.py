"""Whether this host's clock can be right: before it signs a time, sets a recorder's clock, or dates custody.

Specification: "Session" (times that are out of range). A certificate cannot be used before it was made.
"""

from __future__ import annotations

from datetime import UTC, datetime

from evidock.authority import EARLIEST_MS, END_MS, date
from evidock.errors import EvidockError
from evidock.store import Store
from evidock_protocol import entry, statements


def check(store: Store) -> None:
    """Raises EvidockError when the clock shows a time outside 2020–2099, or one when its certificate does not hold."""
    now = store.now_ms()
    _sealed, certificate = entry.parse_statement(store.certificate, statements.TYP_CERTIFICATE)
    since = certificate["not_before"]
    until = certificate["not_after"]
    assert isinstance(since, int)
    assert isinstance(until, int)
    if max(since, EARLIEST_MS) <= now < END_MS:
        if now > until:
            raise EvidockError("host_certificate_ended", until=date(until), now=date(now))
        return
    shown = datetime.fromtimestamp(now / 1000, UTC) if 0 <= now < END_MS else None
    raise EvidockError(
        "host_clock",
        now=shown.isoformat(timespec="seconds") if shown is not None else now,
        since=datetime.fromtimestamp(min(since, END_MS) / 1000, UTC).isoformat(timespec="seconds"),
    )

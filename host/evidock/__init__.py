"""The host's side of evidock: docks a recorder, keeps what it signed, and verifies it.

Interface: "Python". These names are public and stay; everything else is internal. They are imported when first used, so
that `evidock --help` need not load what it does not run. No module may have a public function's name: Python would put
the module in its place.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from evidock.errors import EvidockError
from evidock_protocol.versions import SOFTWARE as __version__

if TYPE_CHECKING:
    from evidock.client import Recorder, Status, connect
    from evidock.docking import SyncResult, sync
    from evidock.progress import Progress
    from evidock.provisioning import provision
    from evidock.report import Report, Verdict
    from evidock.store import Store
    from evidock.verification import verify

_HOMES = {
    "Progress": "progress",
    "Recorder": "client",
    "Report": "report",
    "Status": "client",
    "Store": "store",
    "SyncResult": "docking",
    "Verdict": "report",
    "connect": "client",
    "provision": "provisioning",
    "sync": "docking",
    "verify": "verification",
}

__all__ = [
    "EvidockError",
    "Progress",
    "Recorder",
    "Report",
    "Status",
    "Store",
    "SyncResult",
    "Verdict",
    "__version__",
    "connect",
    "provision",
    "sync",
    "verify",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'evidock' has no attribute {name!r}")
    return getattr(import_module("evidock." + _HOMES[name]), name)

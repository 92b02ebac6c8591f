"""Where verification lays each boot of the recorders of a store, for those who choose by time.

Specification: "Verification of a chain", Time. No file of media is read, and no finding is told.
"""

from __future__ import annotations

from pathlib import Path

from .collector import Collector
from .files import Shared
from .reader import open_reader
from .recorder import RecorderCheck
from .trust import Trust


def offsets(store: Path, devices: list[bytes]) -> dict[bytes, dict[int, int]]:
    """By device: Unix milliseconds at tick 0 of each boot that has a place in time."""
    reader, collector = open_reader(store), Collector("en")
    trust = Trust(frozenset(), collector)
    trust.read(reader)
    return {
        device: RecorderCheck(reader, device, trust, [], (None, None), collector, Shared(None)).offsets()
        for device in devices
    }

"""What a recorder's pre-use check says: each item with its figure, and what it had to reach by the settings in force.

Specification: "Entry kinds" (CHECK, CONFIG), "Settings".
"""

from __future__ import annotations

from typing import NamedTuple, cast

from evidock.archive import Archive
from evidock_protocol import codes, kinds, names, settings, settings_table
from evidock_protocol.entry import Entry

_THRESHOLDS = {
    codes.CHECK_BATTERY: settings.CHECK_BATTERY,
    codes.CHECK_STORAGE: settings.CHECK_STORAGE,
    codes.CHECK_PICTURE: settings.CHECK_PICTURE,
    codes.CHECK_SOUND: settings.CHECK_SOUND,
    codes.CHECK_CLOCK: settings.CHECK_CLOCK,
}
_UNITS = {
    codes.CHECK_BATTERY: "%",
    codes.CHECK_STORAGE: "KiB",
    codes.CHECK_PICTURE: "bytes",
    codes.CHECK_SOUND: "peak",
    codes.CHECK_CLOCK: "Unix s",
}


class CheckItem(NamedTuple):
    """One item of a pre-use check, as the recorder signed it."""

    item: str
    """`function`, `battery`, `storage`, `picture`, `sound` or `clock`."""
    result: str
    """`passed`, `failed`, or `absent` for what the recorder does not have."""
    value: int | None
    """The figure that was judged, in `unit`; None where there is none."""
    unit: str
    """`%`, `KiB`, `bytes` (of a picture), `peak` (of the samples, at most 32767), `Unix s`; empty for the function."""
    threshold: int | str | None
    """What the figure must reach; for the clock the state that it must have: `unset`, `set`, `synchronised`."""


class Check(NamedTuple):
    """A pre-use check. Source: the recorder's CHECK entry, and the settings in force at it."""

    device: str
    """Device id in hexadecimal."""
    entry: int
    """Sequence of the CHECK entry."""
    passed: bool
    """Whether no item failed."""
    items: list[CheckItem]

    def to_json(self) -> dict[str, object]:
        """The same as a JSON object."""
        return {**self._asdict(), "items": [item._asdict() for item in self.items]}


def judged(archive: Archive, item: Entry) -> Check:
    """A CHECK entry of an archived journal, judged by the settings in force at it."""
    rows = cast(list[list[int]], item.body["items"])
    in_force = _settings_at(archive, item)
    items = [_item(row, in_force) for row in rows]
    failed = names.name_of(names.CHECK_RESULTS, codes.CHECK_FAILED)
    return Check(archive.device.hex(), item.sequence, all(one.result != failed for one in items), items)


def _item(row: list[int], in_force: dict[int, int]) -> CheckItem:
    number, result, value = row
    threshold: int | str | None = None
    setting = _THRESHOLDS.get(number)
    if setting is not None:
        threshold = in_force.get(setting, settings_table.default(setting))
        if number == codes.CHECK_CLOCK:
            threshold = names.name_of(names.WALL_STATES, threshold)
    return CheckItem(
        names.name_of(names.CHECK_ITEMS, number),
        names.name_of(names.CHECK_RESULTS, result),
        value if value >= 0 else None,
        _UNITS.get(number, ""),
        threshold,
    )


def _settings_at(archive: Archive, item: Entry) -> dict[int, int]:
    """The settings that are not the default when `item` was written: CONFIG entries since its BOOT."""
    found: dict[int, int] = {}
    for sequence in range(item.sequence - 1, -1, -1):
        for earlier in archive.entries(sequence, sequence + 1):
            if earlier.kind == kinds.BOOT:
                return found
            if earlier.kind == kinds.CONFIG:
                found.setdefault(cast(int, earlier.body["setting"]), cast(int, earlier.body["value"]))
    return found

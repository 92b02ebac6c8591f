"""How a recorder was used: checked before use, out on an issue, with which settings.

Specification: "Verification of a chain", Use. OB-15, OB-30. None of it changes a verdict: the recording is there.
"""

from __future__ import annotations

from typing import cast

from evidock import language
from evidock_protocol import codes, kinds, names, settings_table

from .collector import KEPT, Collector, Place
from .entries import Entry


class Conduct:
    """Follows one recorder from entry to entry."""

    def __init__(self, device: bytes, collector: Collector):
        self._device = device
        self._collector = collector
        self._failed: list[int] | None = None  # items of the boot's last CHECK, None before it
        self._unchecked: list[tuple[int, Place]] = []  # STARTs of this boot by policy, before its first CHECK
        self._has_issues = False
        self._is_out = False
        self._outside: list[tuple[int, Place]] = []  # STARTs while nobody had it, before the first ISSUE
        self._told: dict[int, int] = {}  # settings that the report tells of

    def started(self, entry: Entry, recording: int) -> None:
        """START."""
        place = Place(entry.boot, entry.ticks, entry.ticks)
        if self._failed is None and entry.number("reason") == codes.START_POLICY:
            self._unchecked.append((recording, place))  # evidence first: the check follows
        else:
            self._judge(recording, place)
        if self._is_out:
            return
        if self._has_issues:
            self._add("OUTSIDE_ISSUE", place, recording)
        elif len(self._outside) <= KEPT:
            self._outside.append((recording, place))

    def checked(self, entry: Entry) -> None:
        """CHECK."""
        rows = cast("list[tuple[int, int, int]]", entry.body["items"])
        self._failed = [item for item, result, _value in rows if result == codes.CHECK_FAILED]
        for recording, place in self._unchecked:
            self._judge(recording, place)
        self._unchecked.clear()

    def issued(self, entry: Entry) -> None:
        """ISSUE or RETURN."""
        self._is_out = entry.kind == kinds.ISSUE
        if self._is_out and not self._has_issues:
            self._has_issues = True
            for recording, place in self._outside:
                self._add("OUTSIDE_ISSUE", place, recording)
            self._outside.clear()

    def configured(self, entry: Entry) -> None:
        """CONFIG: said once for as long as it stays."""
        number, value = entry.number("setting"), entry.number("value")
        if self._told.get(number) == value:
            return
        self._told[number] = value
        if entry.body["order"] is None:
            place = Place(entry.boot, entry.ticks, entry.ticks)
            self._add("SETTINGS", place, name=name_of(number), value=value, usual=usual(number))

    def booted(self) -> None:
        """BOOT: what was checked before it does not count any more; power that went before CHECK accuses nobody."""
        self._failed = None
        self._unchecked.clear()

    def pass_over(self) -> None:
        """Entries are withheld here: a check or an issue may be among them, and nothing is said without them."""
        self._failed = []
        self._is_out = True
        self.finish()

    def finish(self) -> None:
        """The journal ends."""
        self._unchecked.clear()
        self._outside.clear()

    def _judge(self, recording: int, place: Place) -> None:
        if self._failed is None:
            self._add("UNCHECKED", place, recording)
        elif self._failed:
            lang = self._collector.lang
            items = ", ".join(
                language.name("check", names.name_of(names.CHECK_ITEMS, item), lang) for item in self._failed
            )
            self._add("UNCHECKED", place, recording, "UNCHECKED.failed", items=items)

    def _add(
        self, code: str, place: Place, recording: int | None = None, sentence: str | None = None, **values: object
    ) -> None:
        self._collector.add(
            code, device=self._device, recording=recording, place=place, sentence=sentence, values=values
        )


def name_of(number: int) -> str:
    """The name of a setting; the number of one that this version does not know."""
    return next((row[1] for row in settings_table.SETTINGS if row[0] == number), str(number))


def usual(number: int) -> str:
    """Its default, as text."""
    return next((str(row[2]) for row in settings_table.SETTINGS if row[0] == number), "?")

"""Collects findings while a verification runs, and gives them their times once every boot is placed in time.

Architecture: "Coverage". A hostile archive can cause any number of findings: only the first of each code are kept in
full, the rest are counted, and the verdict counts them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from evidock import language
from evidock.report import Finding, Severity, Verdict

from .codes import CODES, WRITTEN_AS
from .drift import LONGEST

KEPT = 200  # findings of one code
_VALUE = 120  # characters of one value in a sentence: names on a hostile card can be long
_OWN = ("done",)  # values of words and numbers of our own, as long as they are


class Place(NamedTuple):
    """A stretch of a recorder's own time: ticks (milliseconds since that boot). It may end in a later boot."""

    boot: int
    first: int
    last: int
    ends_in: int | None = None
    """The boot of `last`, where it is not the same."""


class Collector:
    """The findings of one verification."""

    def __init__(self, lang: str):
        """`lang` is the language of the sentences, "en" or "zh"."""
        self.lang = lang
        self._kept: list[tuple[Finding, Place | None]] = []
        self._counts: dict[str, int] = {}
        self._concerns: dict[int, tuple[float, float]] = {}  # by place in `_kept`, where it is more than its time

    def add(
        self,
        code: str,
        *,
        device: bytes | None = None,
        recording: int | None = None,
        segment: int | None = None,
        span: tuple[int, int] | None = None,
        place: Place | None = None,
        path: str | None = None,
        sentence: str | None = None,
        values: Mapping[str, object] | None = None,
        **more: object,
    ) -> None:
        """Adds a finding of `code`; `sentence` picks another of its sentences; `values` and `more` fill it in."""
        row = CODES[code]
        count = self._counts.get(code, 0) + 1
        self._counts[code] = count
        if count > KEPT:
            return
        given = {**(values or {}), **more}
        shown = {name: value if name in _OWN else _short(value) for name, value in given.items()}
        if "cause" in shown:
            shown["cause"] = language.name("cause", str(shown["cause"]), self.lang)
        text = language.text(f"verify.{sentence or code}", self.lang, **shown)
        self._kept.append(
            (
                Finding(
                    code=WRITTEN_AS.get(code, code),
                    severity=row.severity,
                    text=text,
                    attack=row.attack,
                    verdict=row.verdict,
                    device=None if device is None else device.hex(),
                    recording=recording,
                    segment=segment,
                    bytes=span,
                    path=None if path is None else _printable(path),
                ),
                place,
            )
        )

    def has(self, *codes: str) -> bool:
        """Whether a finding of one of `codes` was added."""
        return any(code in self._counts for code in codes)

    def places(self, device: bytes, code: str) -> list[tuple[int | None, Place]]:
        """Recording and place of the findings of `code` that have one, before they get their times."""
        return [
            (finding.recording, place)
            for finding, place in self._kept
            if place is not None and finding.code == code and finding.device == device.hex()
        ]

    def place(self, device: bytes, offsets: dict[int, int], lives: dict[int, tuple[int, int]]) -> None:
        """Gives the findings of `device` their times: `offsets` maps a boot to the Unix milliseconds at its start,
        `lives` to those that its clock decides over.
        """
        for index, (finding, place) in enumerate(self._kept):
            if place is None or finding.device != device.hex():
                continue
            offset = offsets.get(place.boot)
            end = offset if place.ends_in is None else offsets.get(place.ends_in)
            if offset is not None and end is not None:
                first, last = min(place.first, LONGEST), min(place.last, LONGEST)
                time = ((offset + first) / 1000, (end + last) / 1000)
                self._kept[index] = (replace(finding, time=time), None)
                if finding.code == "CLOCK_STEP" and place.boot in lives:  # any time of that boot may be wrong
                    first, last = lives[place.boot]
                    self._concerns[index] = (first / 1000, last / 1000)

    def overflowed(self) -> set[Verdict]:
        """Verdicts that findings force which were only counted."""
        return {
            row.verdict for code, row in CODES.items() if self._counts.get(code, 0) > KEPT and row.verdict is not None
        }

    def concerning(self) -> Iterator[tuple[Finding, tuple[float, float] | None]]:
        """All findings, each with the Unix seconds that it is about; None is all of them."""
        for index, finding in enumerate(self.findings()):
            yield finding, self._concerns.get(index, finding.time)

    def findings(self) -> tuple[Finding, ...]:
        """All that were kept, in the order found; the last ones say how many more there were."""
        found = [finding for finding, _place in self._kept]
        for code, count in self._counts.items():
            if count > KEPT:
                text = language.text("verify.MORE", self.lang, code=code, count=count - KEPT)
                found.append(Finding(code=WRITTEN_AS.get(code, code), severity=Severity.INFO, text=text))
        return tuple(found)


def _short(value: object) -> object:
    if isinstance(value, int | float):
        return value
    if isinstance(value, bytes):
        return value.hex()[:16]
    return _printable(str(value))


def _printable(text: str) -> str:
    """Text from the evidence without control characters, cut to a bearable length."""
    clean = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return clean if len(clean) <= _VALUE else clean[: _VALUE - 1] + "…"

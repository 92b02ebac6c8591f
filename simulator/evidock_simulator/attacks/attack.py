"""What the catalogue says about one attack, and what an attack says about what it did."""

from collections.abc import Callable
from typing import NamedTuple

from evidock_simulator.attacks.evidence import Evidence


class Damage(NamedTuple):
    """What an attack did and where, so that a test can hold a verifier's findings against it."""

    text: str
    path: str = ""
    """The file, below the copy's folder."""
    recording: int | None = None
    segment: int | None = None
    bytes: tuple[int, int] | None = None
    """First and end of what differs in the file."""
    seconds: tuple[float, float] | None = None
    """The same in seconds of the segment's sound."""

    def __str__(self) -> str:
        where = [self.path] if self.path else []
        if self.bytes is not None:
            where.append(f"bytes {self.bytes[0]}–{self.bytes[1]}")
        if self.seconds is not None:
            where.append(f"seconds {self.seconds[0]:g}–{self.seconds[1]:g}")
        return f"{self.text} ({', '.join(where)})" if where else self.text


class Attack(NamedTuple):
    """One attack: its row in the catalogue of attacks, what verification must answer, and how it is done."""

    name: str
    row: int
    """Its AT number."""
    verdict: str
    """The verdict on a store that was VERIFIED or VERIFIED_DECLARED_GAPS before."""
    findings: tuple[tuple[str, int | None], ...]
    """(code, AT number) of the findings that must be there."""
    en: str
    zh: str
    do: Callable[[Evidence], Damage]
    needs_store: bool = False
    """Whether it is about what only a host keeps: heads, receipts, custody, or a journal that a head holds to."""
    needs_media: str = ""
    """Extension of the media file without which it has nothing to attack, when that is not sound ("AVI", "MP4")."""

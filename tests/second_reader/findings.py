"""Findings: what a verification says, with the codes of "Verification of a chain" and the place of each."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Finding:
    """One finding. `problem` is false where nothing is missing or altered, only declared or not yet known.

    `item` is a place in a sequence of statements, from 0; `leaves` are indexes of leaves, 0 being the header's.
    """

    code: str
    detail: str
    problem: bool = True
    file: str | None = None
    item: int | None = None
    recording: int | None = None
    segment: int | None = None
    leaves: tuple[int, ...] | None = None

    def as_json(self) -> dict[str, object]:
        return {name: value for name, value in asdict(self).items() if value is not None and name != "problem"}

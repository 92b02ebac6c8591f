"""Random shifts of buttons, faults, cuts, cards, clocks and dockings against the model: zero differences.

OB-6, 7, 12, 15 and 19–21; AT-9 and 20. `python -m stateful.test_shifts FIRST COUNT` in the folder `tests` plays
shifts by number and prints what differs, with what was done; any number plays the same shift again.
"""

from __future__ import annotations

import random
import sys
import tempfile
import traceback
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidock.report import Verdict
from stateful import comparing
from stateful.actions import ACTIONS, WAITS, perform
from stateful.rig import Rig

Steps = list[tuple[str, int]]
ALLOWED = (Verdict.VERIFIED, Verdict.VERIFIED_DECLARED_GAPS)
SETTINGS = ({}, {"resume": 2}, {"resume": 0}, {"voice_wait": 10}, {"resume": 2, "voice_wait": 0})


def play(given_settings: dict[str, int], steps: Steps) -> list[str]:
    """What differs in a shift, and what was done in it; nothing when all is as the model has it."""
    with tempfile.TemporaryDirectory() as place:
        rig = Rig(Path(place) / "store", given_settings)
        for name, wait in steps:
            perform(rig, name, wait)
        report = rig.report()
        found = comparing.entries(rig) + comparing.standing(rig, report)[:3]
        found += comparing.recorded(rig, report) + comparing.spoken(rig, report)
        if report.verdict not in ALLOWED:
            worse = sorted({one.code for one in report.findings if one.verdict not in (None, *ALLOWED)})
            found.append(f"{report.verdict.value} for {worse}")
        return [*found, *rig.log] if found else []


def by_number(number: int) -> tuple[dict[str, int], Steps]:
    """The shift of that number."""
    choose = random.Random(number)
    names, weights = list(ACTIONS), [row[0] for row in ACTIONS.values()]
    steps = [(choose.choices(names, weights)[0], choose.choice(WAITS)) for _ in range(choose.randint(5, 40))]
    return SETTINGS[number % len(SETTINGS)], steps


shifts = given(
    st.sampled_from(SETTINGS),
    st.lists(st.tuples(st.sampled_from(list(ACTIONS)), st.sampled_from(WAITS)), min_size=1, max_size=30),
)


@shifts
@settings(max_examples=25)
def test_any_shift(given_settings: dict[str, int], steps: Steps) -> None:
    assert play(given_settings, steps) == []


@pytest.mark.parametrize("number", range(20))
def test_a_shift_by_number(number: int) -> None:
    """Heavier on what happens often than hypothesis is."""
    assert play(*by_number(number)) == []


@pytest.mark.hunt
@pytest.mark.parametrize("part", range(4))
def test_many_shifts(part: int) -> None:
    """A sample of the long run, the same each time: a clone that passed passes again."""
    for number in range(10_000 + part * 125, 10_125 + part * 125):
        assert play(*by_number(number)) == [], f"python -m stateful.test_shifts {number} 1"


def main(first: int, count: int) -> None:
    """Plays shifts by number and prints what differs."""
    failed = 0
    for number in range(first, first + count):
        try:
            found = play(*by_number(number))
        except Exception:
            found = traceback.format_exc().splitlines()[-9:]
        if found:
            failed += 1
            print(number, *found, sep="\n  ", flush=True)
    print(f"{failed} of {count} shifts differ")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

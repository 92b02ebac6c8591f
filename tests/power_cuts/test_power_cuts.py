"""A power cut in every operation of a shift, on MicroPython with its FAT32, whole and torn (AT-9, AT-23, AT-33, AT-34).

Each cut is a boot and a docking by the host's own code. By default a sample; all of it with `pytest -m hunt`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from power_cuts.cutting import Cutter, cuts
from power_cuts.shift import Run

from evidock_simulator.replay.operations import Operation, tears, torn

PARTS = 16  # of a hunt: a test for each
RECOVERIES = 8  # cuts whose recovery is cut again, at every operation


def cut_all(cutter: Cutter, first: int, stride: int) -> None:
    for number, how in cuts(cutter.run)[first::stride]:
        cutter.cut(number, how)


def test_the_shift_is_long_enough(run_of: Callable[[str], Run]) -> None:
    """At least 400 operations, of every kind, and in each step that does something."""
    operations = run_of("shift").operations
    assert len(operations) >= 400
    assert {one.kind for one in operations} == {"program", "sector"}
    assert {one.kind for one in run_of("used").operations} == {"erase", "program", "sector"}
    assert [one.durable for one in operations] == sorted(one.durable for one in operations)


@pytest.mark.parametrize(("name", "stride", "first"), [("shift", 67, 5), ("resumed", 83, 31), ("used", 211, 2)])
def test_a_sample_of_cuts(cutter_of: Callable[[str], Cutter], name: str, stride: int, first: int) -> None:
    cut_all(cutter_of(name), first, stride)


def test_a_sample_of_cuts_in_a_recovery(cutter_of: Callable[[str], Cutter]) -> None:
    cutter = cutter_of("shift")
    place = len(cutter.run.operations) * 3 // 8
    assert cutter.cut_the_recovery(place, "whole", first=3, stride=12) > 8


@pytest.mark.hunt
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", ["shift", "resumed"])
def test_every_cut(cutter_of: Callable[[str], Cutter], name: str, part: int) -> None:
    cut_all(cutter_of(name), part, PARTS)


@pytest.mark.hunt
@pytest.mark.parametrize("part", range(8))
def test_every_cut_in_provisioning_a_used_chip(cutter_of: Callable[[str], Cutter], part: int) -> None:
    """Whatever flash held before is erased first."""
    cut_all(cutter_of("used"), part, 8)


@pytest.mark.hunt
@pytest.mark.parametrize("part", range(RECOVERIES))
def test_every_cut_in_a_recovery(cutter_of: Callable[[str], Cutter], part: int) -> None:
    """A cut in the recovery of a cut: each operation whole and in the other ways by turns."""
    cutter = cutter_of("shift")
    wanted = len(cutter.run.operations) * (2 * part + 1) // (2 * RECOVERIES)
    how = tears(cutter.run.operations[wanted])
    cutter.cut_the_recovery(wanted, how[part % len(how)], first=part % 2, stride=2)


def test_what_a_torn_operation_leaves() -> None:
    """A program clears no bit that it should not, and sets none; every tear differs from old and new."""
    old, new = bytes([0xFF, 0xF0] * 8), bytes([0x5A, 0x10] * 8)
    program = Operation(0, 256, new, 0, 0, 0, 0, 0)
    for how in tears(program)[1:]:
        left = torn(program, old, how, 3)
        assert all(was & byte == byte for was, byte in zip(old, left, strict=True))
        assert all(byte & wanted == wanted for byte, wanted in zip(left, new, strict=True))
        assert left not in (old, new)
    sector = Operation(1, 512, bytes(range(256)) * 2, 0, 0, 0, 0, 0)
    for how in tears(sector)[1:]:
        left = torn(sector, b"\xee" * 512, how, 3)
        assert left not in (b"\xee" * 512, sector.data)
        assert all(byte in (0xEE, wanted) for byte, wanted in zip(left, sector.data, strict=True))

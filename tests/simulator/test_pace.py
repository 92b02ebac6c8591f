"""How simulated time follows real time, with both clocks in hand."""

from dataclasses import dataclass

import pytest

from evidock_simulator.virtual import main
from evidock_simulator.virtual.main import JUMP, Pace


@dataclass
class Machine:
    """Real time, and a line on which every wait takes `slower` milliseconds too long."""

    now: int = 1_000_000
    slower: int = 0

    def wait(self, milliseconds: int) -> None:
        self.now += milliseconds + self.slower


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine()
    monkeypatch.setattr(main, "milliseconds", lambda: found.now)
    return found


def take(machine: Machine, pace: Pace, wait: int, in_shift: bool) -> int:
    return pace.take(machine, wait, in_shift)  # type: ignore[arg-type]


def test_real_time_is_kept_outside_the_shift(machine: Machine) -> None:
    pace = Pace(0)
    for step in (0, 3, 12):
        machine.now += step  # the agent's own work
        assert take(machine, pace, 20, False) == 20 + step


def test_a_late_machine_makes_simulated_time_slow(machine: Machine) -> None:
    """A check that gives hardware 500 ms to answer must not find them gone in one step."""
    pace = Pace(1000)
    machine.now += 900
    assert take(machine, pace, 0, False) == JUMP
    machine.slower = 700
    assert take(machine, pace, 20, False) == 20 + JUMP
    assert take(machine, pace, 20, True) == 20 + JUMP
    machine.slower = 0
    assert take(machine, pace, 20, False) == 20  # what was lost is not made up for


def test_a_fast_shift_takes_its_time(machine: Machine) -> None:
    pace = Pace(10_000)
    began = machine.now
    assert take(machine, pace, 100, True) == 100
    assert machine.now == began + 10
    machine.slower = 50
    assert take(machine, pace, 100, True) == 100
    assert take(machine, Pace(0), 60_000, True) == 60_000

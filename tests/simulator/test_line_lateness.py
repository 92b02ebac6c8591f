"""What a simulated line makes of its own lateness: times that it cannot vouch for are void."""

import os
from pathlib import Path

import pytest

from evidock_simulator.line.ends import Port, Pty
from evidock_simulator.line.lateness import TRUSTED, Lateness

MS = 1_000_000


@pytest.fixture
def lateness() -> Lateness:
    return Lateness()


def test_idle_time_while_it_was_late_is_doubtful(lateness: Lateness) -> None:
    lateness.woke(now=110 * MS, planned=100 * MS, waited_before=lateness.waited())
    lateness.found(idle=50 * MS)
    lateness.found(idle=5 * MS)  # nothing was late any more
    assert lateness.doubtful == 10 * MS
    assert lateness.worst >= 10 * MS
    assert lateness.is_void(busy=round(10 * MS / TRUSTED) - 1)
    assert not lateness.is_void(busy=round(10 * MS / TRUSTED))


def test_a_punctual_line_is_trusted(lateness: Lateness) -> None:
    lateness.woke(now=99 * MS, planned=100 * MS, waited_before=lateness.waited())
    lateness.found(idle=50 * MS)
    assert lateness.doubtful == 0
    assert not lateness.is_void(busy=0)


def test_a_wait_for_a_processor_is_set_off(lateness: Lateness) -> None:
    """Bytes that woke the process were there before the system let it run; never before the line fell idle."""
    lateness.woke(now=100 * MS, planned=None, waited_before=lateness.waited() - 3 * MS)
    found = lateness.there_since(now=100 * MS, idle_since=50 * MS)
    assert 95 * MS < found <= 97 * MS
    assert lateness.there_since(now=100 * MS, idle_since=99 * MS) == 99 * MS
    assert lateness.there_since(now=100 * MS, idle_since=200 * MS) == 100 * MS


def test_bytes_that_did_not_wake_it_alone_are_not_dated_back(lateness: Lateness) -> None:
    """They may have come during the wait: the idle time before them is doubtful, once."""
    lateness.woke(now=100 * MS, planned=None, waited_before=lateness.waited() - 3 * MS, alone=False)
    assert lateness.there_since(now=100 * MS, idle_since=50 * MS) == 100 * MS
    lateness.found(idle=0)
    assert lateness.doubtful == 0
    lateness.found(idle=50 * MS)
    lateness.found(idle=50 * MS)
    assert 3 * MS <= lateness.doubtful < 5 * MS
    assert lateness.there_since(now=100 * MS, idle_since=50 * MS) == 100 * MS


def test_a_port_is_opened_at_any_rate(tmp_path: Path) -> None:
    far = Pty(tmp_path / "port")
    for rate in (9600, 115_200, 250_000, 3_000_000):
        port = Port(tmp_path / "port", rate)
        assert far.rate() == rate
        port.close()
    far.close()
    assert not os.path.lexists(tmp_path / "port")

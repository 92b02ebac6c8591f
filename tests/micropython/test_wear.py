"""What a recording writes and erases on MicroPython: flash rests while something is captured, and cards are spared.

Architecture: "Where bytes live". The figures of an hour are printed by tests/benchmarks/bench_wear.py.
"""

import pytest
from benchmarks import bench_wear

from evidock_simulator import launch

pytestmark = pytest.mark.skipif(
    not launch.has_micropython(), reason="MicroPython's unix build has no wheel for this platform"
)

MINUTES = 3
SHORT = 1.12  # written for each byte of media: in so short a recording its folders and first clusters still show


@pytest.mark.parametrize("host", bench_wear.HOSTS)
@pytest.mark.parametrize("tracks", ["sound", "both"])
def test_a_recording_spares_flash_and_card(tracks: str, host: str) -> None:
    found = bench_wear.run(tracks, MINUTES, host)
    assert found["failed"] is None
    assert found["recording"] == 2
    assert found["media"] > MINUTES * 60 * 16_000
    assert found["erased_capturing"] == 0
    assert found["erased"] * 60 <= bench_wear.ERASED * MINUTES
    assert found["written"] <= SHORT * found["media"]

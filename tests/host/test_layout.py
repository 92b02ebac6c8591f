"""Paths of the archive: days of the store's zone, whole recordings on the day they began (OB-43), no hostile number."""

from datetime import UTC
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidock import layout

SHANGHAI = ZoneInfo("Asia/Shanghai")
MIDNIGHT_MS = 1_717_171_200_000  # 2024-06-01 00:00 in Shanghai, 2024-05-31 16:00 UTC


def test_the_day_is_that_of_the_zone() -> None:
    before = layout.segment(MIDNIGHT_MS - 1, SHANGHAI, 7, 2, 1)
    after = layout.segment(MIDNIGHT_MS, SHANGHAI, 7, 2, 1)
    assert before == PurePosixPath("media/2024/05/31/R0000007/S0000002.wav")
    assert after == PurePosixPath("media/2024/06/01/R0000007/S0000002.wav")
    assert layout.segment(MIDNIGHT_MS, UTC, 7, 2, 1) == before


def test_an_unset_clock_has_no_day() -> None:
    assert layout.segment(None, SHANGHAI, 1, 1, 2) == PurePosixPath("media/undated/R0000001/S0000001.avi")


@pytest.mark.parametrize("started", [layout.LAST_MS, 2**63 - 1])
def test_a_time_beyond_the_calendar_has_no_day(started: int) -> None:
    assert layout.segment(started, UTC, 1, 1, 1).parts[1] == "undated"


@given(st.integers(0, 2**63 - 1), st.integers(1, 9_999_999), st.integers(1, 9_999_999), st.integers(1, 4))
def test_every_path_stays_below_the_folder(started: int, recording: int, number: int, media: int) -> None:
    path = layout.segment(started, SHANGHAI, recording, number, media)
    assert path.parts[0] == "media"
    assert ".." not in path.parts
    assert not path.is_absolute()

"""Versions and limits: what a side speaks it also accepts, and the limits fit one another."""

import tomllib
from pathlib import Path

from evidock_protocol import framing, versions, wav


def test_each_format_accepts_itself() -> None:
    assert versions.PACKAGE_FORMAT in versions.ACCEPTED_PACKAGE_FORMATS
    assert versions.WIRE_FORMAT in versions.ACCEPTED_WIRE_FORMATS
    assert versions.FLASH_FORMAT in versions.ACCEPTED_FLASH_FORMATS


def test_the_software_version_is_the_package_version(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == versions.SOFTWARE


def test_limits_fit_one_another() -> None:
    assert versions.MAXIMUM_CHUNK < versions.MAXIMUM_PAYLOAD
    assert versions.MAXIMUM_STATEMENT <= versions.MAXIMUM_CHUNK
    assert versions.MAXIMUM_STATEMENT < versions.MAXIMUM_REQUEST < versions.MAXIMUM_PAYLOAD
    assert versions.MINIMUM_LEAF <= versions.LEAF_SOUND <= versions.LEAF_DEFAULT <= versions.MAXIMUM_LEAF
    assert versions.MAXIMUM_SEGMENT <= versions.MAXIMUM_FILE
    assert wav.WAV_HEADER < versions.MAXIMUM_SEGMENT
    assert framing.frame_size(versions.MAXIMUM_PAYLOAD) < 4300


def test_a_receipt_with_the_most_segments_is_a_statement() -> None:
    row = 1 + 9 + 9 + 34
    others = 1 + 2 * 10 + 4 * 35 + 18 + 3 * 10
    envelope = 4 + 42 + 1 + 3 + 66
    assert envelope + others + versions.MAXIMUM_RECEIPT_SEGMENTS * row <= versions.MAXIMUM_STATEMENT

"""The settings file: what holds, what is nonsense, and that nothing in it can stop a recorder (bad input)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.board import World
from support.tracks import provisioned

from evidock_agent import configuration
from evidock_protocol import settings, settings_table


def read(raw: bytes) -> tuple[dict[int, int], list[int]]:
    """What is not the default, and what is nonsense."""
    world = World()
    world.settings = raw
    world.boot()
    assert world.board is not None
    values, faults = configuration.read(world.board)  # pyright: ignore[reportArgumentType]
    assert list(values) == [row[0] for row in settings_table.SETTINGS]
    return dict(configuration.changed(values)), faults


def test_without_a_file_the_defaults_hold() -> None:
    assert read(b"") == ({}, [])
    assert read(b"{}") == ({}, [])


def test_values_that_differ_are_kept() -> None:
    raw = json.dumps({"resume": 2, "battery_stop": 5, "impact": 0, "charge_temperature": -500}).encode()
    assert read(raw) == ({settings.RESUME: 2, settings.IMPACT: 0, settings.CHARGE_TEMPERATURE: -500}, [])


def test_each_bound_is_in_and_what_lies_beyond_is_out() -> None:
    for number, name, default, least, most, _unit in settings_table.SETTINGS:
        for value in (least, most):
            expected = {} if value == default else {number: value}
            assert read(json.dumps({name: value}).encode()) == (expected, [])
        for value in (least - 1, most + 1):
            assert read(json.dumps({name: value}).encode()) == ({}, [number])


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense",
        b"[1, 2]",
        b"17",
        b"null",
        b'"resume"',
        b'{"resume": 2',
        b"\xff\xfe\x00",
        b"[" * 4000,
        b'{"a":' * 700,
        b" " * 5000 + b"{}",
        bytes(64),
    ],
)
def test_a_file_that_is_no_object_counts_as_none(raw: bytes) -> None:
    assert read(raw) == ({}, [0])


@pytest.mark.parametrize("value", [True, None, "2", 1.5, [2], {"x": 1}, 1 << 70, -1])
def test_a_value_that_is_no_number_in_bounds_is_named(value: Any) -> None:
    raw = json.dumps({"resume": value, "voice_wait": 7}).encode()
    assert read(raw) == ({settings.VOICE_WAIT: 7}, [settings.RESUME])


def test_unknown_names_are_one_fault_and_the_rest_holds() -> None:
    raw = json.dumps({"resume": 0, "color": 1, "": 2, "impact": "hard"}).encode()
    assert read(raw) == ({settings.RESUME: 0}, [0, settings.IMPACT])


def test_a_file_that_cannot_be_read_is_a_fault() -> None:
    world = World()
    world.boot()

    class Broken:
        def settings(self) -> bytes:
            raise OSError(5)

    assert configuration.read(Broken()) == (configuration.defaults(), [0])  # pyright: ignore[reportArgumentType]


@given(st.binary(max_size=200))
def test_no_bytes_raise(raw: bytes) -> None:
    values, faults = read(raw)
    assert all(settings_table.fits(number, value) for number, value in values.items())
    assert faults == sorted(set(faults))


NAMES = st.sampled_from([row[1] for row in settings_table.SETTINGS] + ["other"])
VALUES = st.one_of(
    st.integers(-(1 << 50), 1 << 50), st.integers(-2, 120), st.booleans(), st.none(), st.text(max_size=3)
)


@given(st.dictionaries(NAMES, VALUES))
def test_every_name_is_a_value_or_a_fault_or_a_default(found: dict[str, Any]) -> None:
    values, faults = read(json.dumps(found).encode())
    for number, name, default, _least, _most, _unit in settings_table.SETTINGS:
        value = found.get(name, default)
        if settings_table.fits(number, value):
            assert number not in faults
            assert values.get(number, default) == value
        else:
            assert number in faults
            assert number not in values
    assert (0 in faults) == ("other" in found)


def test_settings_hold_after_the_boot() -> None:
    world = provisioned()
    world.settings = b'{"voice_wait": 5, "impact": 1000001, "colour": 1}'
    world.boot()
    world.settle()
    assert world.agent is not None
    assert world.agent.setting(settings.VOICE_WAIT) == 5
    assert world.agent.setting(settings.IMPACT) == 8000

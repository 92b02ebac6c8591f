"""What people and the world do to a recorder, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from stateful.rig import Rig


def _table() -> dict[str, tuple[int, Callable[[Rig], None]]]:
    """(how often, what) by name."""
    resets = {
        f"power_{reset}_{seconds}{'' if clock else '_clock'}": (
            1, partial(Rig.power, milliseconds=seconds * 1000, reset=reset, clock=clock)
        )
        for reset, seconds, clock in (
            ("power_on", 1, True), ("power_on", 3600, True), ("power_on", 600, False), ("watchdog", 1, True),
            ("brown_out", 20, True), ("software", 1, True), ("unknown", 20, True),
        )
    }  # fmt: skip
    return {
        "record": (12, Rig.record),
        "mark": (3, Rig.mark),
        "speak": (6, Rig.speak),
        "switch_off": (2, Rig.switch_off),
        "switch_on": (10, Rig.switch_on),
        "card_out": (3, Rig.card_out),
        "card_in": (5, Rig.card_in),
        "other_card": (2, Rig.other_card),
        "heat": (3, Rig.heat),
        "cool": (4, Rig.cool),
        "drain_12": (1, partial(Rig.drain, percent=12)),
        "drain_4": (2, partial(Rig.drain, percent=4)),
        "drain_1": (1, partial(Rig.drain, percent=1)),
        "charge": (4, Rig.charge),
        "dock": (2, Rig.dock),
        "undock": (5, Rig.undock),
        "exempt_1": (1, partial(Rig.excuse, number=1)),
        "exempt_3": (1, partial(Rig.excuse, number=3)),
        "synchronise": (3, Rig.synchronise),
        **resets,
    }


ACTIONS = _table()
WAITS = (2, 5, 15, 40, 70, 70, 3600, 9 * 3600)  # s; the long ones only while nothing records


def perform(rig: Rig, name: str, wait: int) -> None:
    """One action, and the time after it."""
    rig.log.append(f"{(rig.now - rig.began) / 1000:.1f} s: {name}, {wait}")
    ACTIONS[name][1](rig)
    rig.wait((wait if rig.model.recording is None else min(wait, 70)) * 1000)

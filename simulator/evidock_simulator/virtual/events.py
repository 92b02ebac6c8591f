"""What a scenario can do to a recorder: one table of actions.

Scenario files name them; `scenario.py` checks the arguments by the same table.
"""

from evidock_agent import signals
from evidock_protocol import codes
from evidock_simulator.virtual.condition import CAMERA_EVENTS, ENCODER_EVENTS, MEND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.world import World

RESETS = {
    "power": codes.RESET_POWER_ON,
    "watchdog": codes.RESET_WATCHDOG,
    "brown_out": codes.RESET_BROWN_OUT,
    "software": codes.RESET_SOFTWARE,
}


def _press(world: "World", button: str) -> None:
    """A person looks at the light before pressing: the same button starts and stops."""
    board = world.board
    if board is None:
        return
    recording = board.indicator.state == signals.INDICATE_RECORDING
    if button == "mark":
        board.buttons.press(signals.BUTTON_MARK)
    elif button == "off":
        board.buttons.press(signals.BUTTON_OFF)
    elif recording == (button == "stop"):
        board.buttons.press(signals.BUTTON_RECORD)


def _boot(world: "World") -> None:
    if world.agent is None:
        world.power_on(codes.RESET_POWER_ON)


def _cut(world: "World", operations: int = 0) -> None:
    """Power goes now, or in the middle of the n-th writing operation from now."""
    if world.board is None:
        return
    if operations:
        world.board.supply.cut_at = world.board.supply.operations + operations
    else:
        world.power_off(lost=True)


def _reset(world: "World", cause: str) -> None:
    if world.board is not None:
        world.power_on(RESETS[cause])


def _card(world: "World", what: str) -> None:
    slot = world.slot
    if what == "insert":
        slot.insert()
    elif what == "remove":
        slot.remove()
    elif what == "full":
        slot.full = True
    elif what == "fail":
        slot.failing = True
    else:
        slot.full = slot.failing = False


def _stall(world: "World", milliseconds: int) -> None:
    """The next write to the card takes so long."""
    world.slot.stall_ms = milliseconds


def _clock(world: "World", milliseconds: int | None) -> None:
    """Steps the wall clock behind the agent's back, or loses it."""
    clock = world.clock
    clock.wall = None if milliseconds is None or clock.wall is None else clock.wall + milliseconds


def _camera(world: "World", fault: str) -> None:
    world.parts.camera_condition.fault = "" if fault == MEND else fault


def _encoder(world: "World", fault: str) -> None:
    world.parts.encoder_condition.fault = "" if fault == MEND else fault


def _dock(world: "World") -> None:
    world.state["docked"] = True
    _boot(world)


def _undock(world: "World") -> None:
    world.state["docked"] = False


# Name: what does it, and the values that its argument may have: a tuple of words, int, or nothing.
ACTIONS = {
    "press": (_press, ("record", "stop", "mark", "off")),
    "boot": (_boot, None),
    "cut": (_cut, int),
    "reset": (_reset, tuple(RESETS)),
    "card": (_card, ("insert", "remove", "full", "fail", "mend")),
    "stall": (_stall, int),
    "clock": (_clock, int),
    "camera": (_camera, CAMERA_EVENTS),
    "encoder": (_encoder, ENCODER_EVENTS),
    "dock": (_dock, None),
    "undock": (_undock, None),
}


def apply(world: "World", action: str, arguments: list) -> None:
    """Does one action of a scenario."""
    ACTIONS[action][0](world, *arguments)

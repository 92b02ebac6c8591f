"""What most scenarios do to a recorder. `rare` has the rest and is loaded by those that need it; `actions` lists both.

Architecture: "The simulator" (faults are policies of the simulated hardware, never branches in the agent).
"""

from evidock_agent import signals
from evidock_protocol import codes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.world import World

_BUTTONS = {
    "mark": signals.BUTTON_MARK,
    "off": signals.BUTTON_OFF,
    "exempt_secret": signals.BUTTON_EXEMPT_SECRET,
    "exempt_privacy": signals.BUTTON_EXEMPT_PRIVACY,
    "exempt_emergency": signals.BUTTON_EXEMPT_EMERGENCY,
}

RESETS = {
    "power": codes.RESET_POWER_ON,
    "watchdog": codes.RESET_WATCHDOG,
    "brown_out": codes.RESET_BROWN_OUT,
    "software": codes.RESET_SOFTWARE,
}


def press(world: "World", button: str) -> None:
    """A person looks at the light before pressing: the same button starts and stops."""
    board = world.board
    if board is None:
        return
    if button in _BUTTONS:
        board.buttons.press(_BUTTONS[button])
    elif (board.indicator.state in signals.WHILE_RECORDING) == (button == "stop"):
        board.buttons.press(signals.BUTTON_RECORD)


def boot(world: "World", cause: str = "power") -> None:
    """Power comes back, or somebody switches it on."""
    if world.agent is None:
        world.power_on(RESETS[cause])


def cut(world: "World", operations: int = 0) -> None:
    """Power goes now, or in the middle of the n-th writing operation from now."""
    if world.board is None:
        return
    if operations:
        world.board.supply.cut_at = world.board.supply.operations + operations
    else:
        world.power_off(lost=True)


def dock(world: "World") -> None:
    """The dock contact closes, and its power switches a recorder on."""
    world.state["docked"] = True
    boot(world)


def undock(world: "World") -> None:
    """Somebody takes it out of the dock."""
    world.state["docked"] = False


COMMON = {"press": press, "boot": boot, "cut": cut, "dock": dock, "undock": undock}


def apply(world: "World", action: str, arguments: list) -> None:
    """Does one action of a scenario."""
    do = COMMON.get(action)
    if do is None:
        from evidock_simulator.virtual.rare import RARE

        do = RARE[action]
    do(world, *arguments)

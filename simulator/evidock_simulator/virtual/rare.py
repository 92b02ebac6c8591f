"""What some scenarios do to a recorder's hardware and surroundings; loaded when a scenario does it.

Architecture: "The simulator" (faults are policies of the simulated hardware, never branches in the agent).
"""

from evidock_simulator.virtual import slot as slots
from evidock_simulator.virtual.condition import MEND
from evidock_simulator.virtual.events import RESETS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.hearing import Hearing
    from evidock_simulator.virtual.world import World


def _reset(world: "World", cause: str) -> None:
    if world.board is not None:
        world.power_on(RESETS[cause])


def _hang(world: "World", seconds: int) -> None:
    """The loop is stuck: nothing of the agent runs, until the watchdog bites."""
    world.hangs_until = world.clock.now + seconds * 1000


def _card(world: "World", what: str) -> None:
    slot = world.slot
    if what == "insert":
        slot.insert()
    elif what == "remove":
        slot.remove()
    elif what in slots.CARDS:
        slot.change(slots.CARDS[what])
    elif what == "mend":
        slot.mend()
    else:
        setattr(slot, {"full": "full", "low": "low", "fail": "failing"}[what], True)


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


def _hearing(world: "World") -> "Hearing":
    """What befalls the microphone, of this boot and of those that follow."""
    hearing = world.parts.hearing
    if hearing is None:
        from evidock_simulator.virtual.hearing import Hearing

        hearing = world.parts.hearing = Hearing()
        if world.board is not None and world.board.capture is not None:
            world.board.capture.hearing = hearing
    return hearing


def _speak(world: "World", seconds: int) -> None:
    """Somebody speaks near the microphone."""
    _hearing(world).speak(world.clock.now, seconds * 1000)


def _pause(world: "World", seconds: int) -> None:
    """The microphone gives nothing for so long, and says nothing of it."""
    _hearing(world).pause(world.clock.now, seconds * 1000)


def _shock(world: "World", thousandths: int) -> None:
    """It falls, or somebody hits it."""
    if world.board is not None:
        world.board.shocked = max(world.board.shocked, thousandths)


def _charge(world: "World", what: "str | int") -> None:
    """The charger is connected, with so many millivolts above the curve of the battery, or goes."""
    world.parts.charge = {"off": None, "on": 0}[what] if isinstance(what, str) else what


def _rot(world: "World", region: str) -> None:
    """Bits of internal flash fall over."""
    from evidock_simulator.virtual import rot

    rot.rot(world.parts.flash_file, region)


def _tamper(world: "World", what: str) -> None:
    """Somebody has the card in a computer while the recorder is off."""
    from evidock_simulator.virtual import tamper

    if world.board is None:
        tamper.tamper(world.parts, what)


def _firmware(world: "World", firmware: str) -> None:
    """Somebody flashes it: the next boot measures this firmware."""
    world.files.flash(firmware)


RARE = {
    "reset": _reset,
    "hang": _hang,
    "card": _card,
    "stall": _stall,
    "clock": _clock,
    "camera": _camera,
    "encoder": _encoder,
    "speak": _speak,
    "pause": _pause,
    "shock": _shock,
    "charge": _charge,
    "rot": _rot,
    "tamper": _tamper,
    "firmware": _firmware,
}

"""What the recorder knows of its own condition, read at one moment for an entry or for STATUS."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent


def read(agent: "Agent") -> dict:
    """battery (%), millivolts, temperature (0.1 °C), storage_free and storage_total (KiB).

    None for what cannot be told.
    """
    board = agent.board
    free = total = None
    if agent.card_identity is not None:
        try:
            free, total = board.card.space()
        except OSError:  # the card was pulled just now; absence is the answer
            free = total = None
    return {
        "battery": board.battery.percent(),
        "millivolts": board.battery.millivolts(),
        "temperature": board.temperature(),
        "storage_free": free,
        "storage_total": total,
    }


def interrupt(agent: "Agent", recording: int, cause: int, boot: int, last_tick: int, reset: int | None) -> dict:
    """The named fields of INTERRUPT with the telemetry of this moment."""
    now = read(agent)
    return {
        "recording": recording,
        "cause": cause,
        "boot": boot,
        "last_tick": last_tick,
        "battery": now["battery"],
        "millivolts": now["millivolts"],
        "storage_free": now["storage_free"],
        "temperature": now["temperature"],
        "reset": reset,
        "handover": None,
    }

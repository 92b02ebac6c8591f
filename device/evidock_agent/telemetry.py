"""What the recorder knows of its own condition, read at one moment for an entry or for STATUS."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent


def ask(question):
    """What a port's method answers; None when the part behind it does not."""
    try:
        return question()
    except OSError:
        return None


def read(agent: "Agent") -> dict:
    """battery (%), millivolts, temperature (0.1 °C), storage_free and storage_total (KiB).

    None for what cannot be told.
    """
    board = agent.board
    space = ask(board.card.space) if agent.card_identity is not None else None  # it may have been pulled just now
    free, total = (None, None) if space is None else space
    return {
        "battery": ask(board.battery.percent),
        "millivolts": ask(board.battery.millivolts),
        "temperature": ask(board.temperature),
        "storage_free": free,
        "storage_total": total,
    }


def is_at_most(value: int | None, limit: int) -> bool:
    """Whether a figure that can be told is no more than `limit`."""
    return value is not None and value <= limit


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

"""The pre-use check: function, battery, storage, picture, sound and clock (OB-15).

Specification: "Codes" (check items and results). Thresholds are named here; the regulations are silent on them.
"""

from evidock_agent import telemetry
from evidock_protocol import codes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

BATTERY_PERCENT = 20
STORAGE_KIB = 65536


def items(agent: "Agent") -> list[list[int]]:
    """[item, result, value] for each item; value is the figure judged (%, KiB, bytes heard, Unix seconds) or -1."""
    now = telemetry.read(agent)
    wall = agent.moments.wall()
    return [
        [codes.CHECK_FUNCTION, codes.CHECK_PASSED if agent.journal.has_key else codes.CHECK_FAILED, -1],
        _judge(codes.CHECK_BATTERY, now["battery"], BATTERY_PERCENT),
        _judge(codes.CHECK_STORAGE, now["storage_free"] or 0, STORAGE_KIB),
        [codes.CHECK_PICTURE, codes.CHECK_ABSENT, -1],
        _judge(codes.CHECK_SOUND, _hear(agent), 1),
        _judge(codes.CHECK_CLOCK, wall[1] // 1000 if wall[0] != codes.WALL_UNSET else 0, 1),
    ]


def _judge(item: int, value: int | None, least: int) -> list[int]:
    if value is None:
        return [item, codes.CHECK_ABSENT, -1]
    return [item, codes.CHECK_PASSED if value >= least else codes.CHECK_FAILED, value]


def _hear(agent: "Agent") -> int:
    """The sound source's rate when it answers, 0 when it does not: samples flow only while recording."""
    try:
        return agent.board.capture.rate
    except OSError:
        return 0

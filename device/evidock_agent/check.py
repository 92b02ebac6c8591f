"""The pre-use check: function, battery, storage, picture, sound and clock (OB-15).

Specification: "Codes" (check items and results). Thresholds are named here; the regulations are silent on them.
"""

from evidock_agent import telemetry
from evidock_protocol import codes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.agent import Agent

BATTERY_PERCENT = 20
STORAGE_KIB = 65536


def items(agent: "Agent") -> list[list[int]]:
    """[item, result, value] for each item; value is the figure judged (%, KiB, Hz, Unix seconds) or -1."""
    now = telemetry.read(agent)
    wall = agent.moments.wall()
    return [
        [codes.CHECK_FUNCTION, codes.CHECK_PASSED if agent.journal.has_key else codes.CHECK_FAILED, -1],
        _judge(codes.CHECK_BATTERY, now["battery"], BATTERY_PERCENT),
        _judge(codes.CHECK_STORAGE, now["storage_free"] or 0, STORAGE_KIB),
        _ask(codes.CHECK_PICTURE, agent.board.camera, agent.board.encoder, codes.TRACK_PICTURE),
        _ask(codes.CHECK_SOUND, agent.board.capture, agent.board.encoder, codes.TRACK_SOUND),
        _judge(codes.CHECK_CLOCK, wall[1] // 1000 if wall[0] != codes.WALL_UNSET else 0, 1),
    ]


def _judge(item: int, value: int | None, least: int) -> list[int]:
    if value is None:
        return [item, codes.CHECK_ABSENT, -1]
    return [item, codes.CHECK_PASSED if value >= least else codes.CHECK_FAILED, value]


def _ask(item: int, source: "ports.Capture | ports.Camera | None", encoder: "ports.Encoder | None", track: int):
    """Whether a source answers, with its rate: samples and pictures flow only while recording."""
    try:
        if source is not None:
            return _judge(item, source.rate, 1)
        if encoder is None or not encoder.tracks & track:
            return _judge(item, None, 1)
        return [item, codes.CHECK_PASSED, encoder.rate]
    except OSError:
        return _judge(item, 0, 1)

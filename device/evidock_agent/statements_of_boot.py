"""What a boot states: BOOT, the settings, what is damaged, a lost clock, missing entries and another card.

Specification: "Boot recovery", "Entry kinds" (BOOT, CONFIG, FAULT, CLOCK, JOURNAL). Loaded on demand, with `boot`.
"""

from evidock_agent import configuration, medium, telemetry
from evidock_protocol import codes, kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent
    from evidock_agent.scan import Scan

BACK_MS = 2000  # by which a clock may be behind the last entry: some keep whole seconds


def write(agent: "Agent", scan: "Scan", nonsense: list[int]):
    """Generator: everything up to recovery. `nonsense`: numbers of settings that are not understood."""
    journal = agent.journal
    shown = _lose_wall(agent, scan)
    # Boots with nothing to end leave the reserve alone: a loop of resets must not use it up.
    yield from journal.append(kinds.BOOT, _boot(agent, scan), spare=scan.open is None)
    for number, value in configuration.changed(agent.settings):
        yield from journal.append(kinds.CONFIG, {"order": None, "setting": number, "value": value})
    for number in nonsense:
        yield from _fault(agent, codes.FAULT_SETTINGS, [number])
    for region, sector in scan.damage:
        yield from _fault(agent, codes.FAULT_FLASH, [region, sector])
    if shown is not None:
        body = {"old": shown, "new": [codes.WALL_UNSET, 0], "source": codes.CLOCK_LOST, "order": None}
        yield from journal.append(kinds.CLOCK, body)
    for missing in scan.missing:
        if not scan.is_told(missing):
            yield from _missing(agent, missing, codes.PLACE_RING)
    if agent.card_identity != scan.card:
        yield from medium.write_medium(agent, scan.card)
    gap = agent.mirror.gap
    if agent.mirror.usable and gap is not None and not scan.is_told(gap):
        yield from _missing(agent, gap, codes.PLACE_CARD)


def _boot(agent: "Agent", scan: "Scan") -> dict:
    board = agent.board
    now = telemetry.read(agent)
    anchor = agent.anchors.newest
    if scan.open is None:
        anchor = None
    elif anchor is None or anchor[0] != scan.open.sequence:
        # Power went before the first one was due; of an encoder's files there is none in any case.
        inline = board.capture is not None or board.camera is not None
        anchor = (scan.open.sequence, 0, 0, scan.open.start) if inline else None
    return {
        "reset": board.reset_cause,
        "firmware": board.firmware,
        "counter": board.boot_counter,
        "battery": now["battery"],
        "millivolts": now["millivolts"],
        "storage_free": now["storage_free"],
        "card": agent.card_identity,
        "anchor": anchor,
        "temperature": now["temperature"],
    }


def _lose_wall(agent: "Agent", scan: "Scan") -> tuple[int, int] | None:
    """Takes a clock as lost that shows nothing, or an earlier time than the last entry whose clock was set, such as a
    board's that starts anew in 2021; or that was lost before and that nobody has set.

    What it shows, when the journal does not say yet that it is lost.
    """
    shown = agent.moments.shown()
    went_back = shown[0] != codes.WALL_UNSET and shown[1] < scan.wall_ms - BACK_MS
    unset = shown[0] == codes.WALL_UNSET and scan.wall_state != codes.WALL_UNSET
    if went_back or unset or scan.clock_lost:
        agent.moments.lose_wall()
    return shown if (went_back or unset) and not scan.clock_lost else None


def _fault(agent: "Agent", what: int, values: list[int]):
    body = {"what": what, "recording": None, "segment": None, "values": values}
    yield from agent.journal.append(kinds.FAULT, body)


def _missing(agent: "Agent", missing: tuple[int, int], place: int):
    """Generator: JOURNAL, which names the sequences that are missing, from first to last."""
    yield from agent.journal.append(kinds.JOURNAL, {"first": missing[0], "last": missing[1], "place": place})

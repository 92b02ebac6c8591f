"""What the recorder looks at once a second, and what follows: battery, temperature, dock, card, shocks and clock.

Specification: "Interruptions", "Settings", "Entry kinds" (FAULT, CLOCK). Each look costs little and waits for nothing;
what is to be written becomes a job.
"""

from evidock_agent import on_demand, telemetry
from evidock_agent.tallies import Quota
from evidock_protocol import codes, kinds, settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

LOOK_MS = 1000
STEADY = 3  # looks in a row that must agree before a low battery or heat stops anything: one figure may be a glitch
_ENODEV = 19
_CELL_EMPTY_MV = 3400  # no cell that is empty shows more: a gauge that says 0 % then is broken


class Watch:
    """`runs_low` says whether battery or card run low, for the indicator."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self.runs_low = False
        self._due = 0  # tick of the next look
        self._docked = agent.board.docked()
        self._wall = codes.WALL_UNSET, 0  # at the last look
        self._weak = self._empty = self._hot = 0  # looks in a row
        self._hardest = 0  # shock that no entry tells of yet, in thousandths of g
        self._overcharged = False  # whether this episode is told
        self._impacts = Quota()
        self._charges = Quota()
        self._clocks = Quota()
        self._leaving = None  # the job that switches off

    def step(self, now: int) -> None:
        """Looks, when a second is over and the recorder is up."""
        agent = self._agent
        if now < self._due or not agent.ready or not agent.provisioned or agent.failed is not None:
            return
        self._due = now + LOOK_MS
        battery = telemetry.ask(agent.board.battery.percent)
        if battery == 0 and (telemetry.ask(agent.board.battery.millivolts) or 0) > _CELL_EMPTY_MV:
            battery = None
        temperature = telemetry.ask(agent.board.temperature)
        self._look_at_dock()
        self._look_at_recording(now, battery, temperature)
        self._look_at_supply(now, battery, temperature)
        self._look_at_shocks(now)
        self._look_at_clock(now)
        if agent.interruptions.may_resume(temperature):
            agent.add_job(agent.interruptions.resume())
        agent.show_state()

    def _look_at_dock(self) -> None:
        docked = self._agent.board.docked()
        if docked and not self._docked:  # one that is closed already at START stops nothing
            self._agent.interruptions.wait_no_more()
            self._agent.recorder.ask_stop(codes.STOP_DOCKED, codes.CAUSE_DOCKED)
        self._docked = docked

    def _look_at_recording(self, now: int, battery: int | None, temperature: int | None) -> None:
        agent, recorder = self._agent, self._agent.recorder
        setting = agent.setting
        low = telemetry.is_at_most(battery, setting(settings.BATTERY_WARNING))
        self.runs_low = low or telemetry.is_at_most(recorder.free, setting(settings.STORAGE_WARNING))
        if not recorder.capturing:
            self._weak = self._hot = 0
            return
        if not agent.board.card.present():
            agent.tidying.card_was_out = True
            recorder.card_failed(OSError(_ENODEV))
            return
        weak = not recorder.began_low and _is_low(battery, setting(settings.BATTERY_STOP))
        self._weak = self._weak + 1 if weak else 0
        hot = temperature is not None and temperature >= setting(settings.THERMAL_STOP)
        self._hot = self._hot + 1 if hot else 0
        if self._weak >= STEADY:
            recorder.ask_stop(codes.STOP_BATTERY_LOW, codes.CAUSE_BATTERY_LOW)
        elif self._hot >= STEADY:
            recorder.ask_stop(codes.STOP_THERMAL, codes.CAUSE_THERMAL)
        if agent.interruptions.is_heard(now):
            agent.add_job(agent.interruptions.tell())

    def _look_at_supply(self, now: int, battery: int | None, temperature: int | None) -> None:
        agent = self._agent
        charging = telemetry.ask(agent.board.charging) is True
        empty = _is_low(battery, agent.setting(settings.BATTERY_OFF)) and not charging and not self._docked
        self._empty = self._empty + 1 if empty else 0
        if self._empty >= STEADY and (self._leaving is None or not agent.has_job(self._leaving)):
            self._leaving = self._switch_off()
            agent.add_job(self._leaving)
        millivolts = telemetry.ask(agent.board.battery.millivolts)
        values = [-1 if millivolts is None else millivolts, -1 if temperature is None else temperature]
        over = values[0] > agent.setting(settings.CHARGE_MILLIVOLTS)
        over = over or (temperature is not None and temperature > agent.setting(settings.CHARGE_TEMPERATURE))
        if not charging or not over:
            self._overcharged = False
        elif not self._overcharged and self._charges.take(now):
            self._overcharged = True
            self._tell(codes.FAULT_CHARGE, values)

    def _look_at_shocks(self, now: int) -> None:
        limit = self._agent.setting(settings.IMPACT)
        shock = telemetry.ask(self._agent.board.shock)
        if shock is not None and limit and shock >= limit:
            self._hardest = max(self._hardest, shock)
        if self._hardest and self._impacts.take(now):
            self._tell(codes.FAULT_IMPACT, [self._hardest])
            self._hardest = 0

    def _look_at_clock(self, now: int) -> None:
        agent = self._agent
        wall = agent.moments.wall()
        if wall[0] != codes.WALL_UNSET:
            self._wall = wall
        elif self._wall[0] != codes.WALL_UNSET and self._clocks.take(now):
            agent.moments.lose_wall()  # should it come back by itself, it shows who knows what
            body = {"old": self._wall, "new": wall, "source": codes.CLOCK_LOST, "order": None}
            self._wall = wall
            agent.add_job(agent.journal.append(kinds.CLOCK, body, spare=True))

    def _tell(self, what: int, values: list[int]) -> None:
        agent = self._agent
        body = {"what": what, "recording": agent.recording, "segment": None, "values": values}
        agent.add_job(agent.journal.append(kinds.FAULT, body, spare=True))

    def _switch_off(self):
        from evidock_agent import switching_off

        try:
            yield from switching_off.on_empty_battery(self._agent)
        finally:
            on_demand.let_go(on_demand.BOOT)


def _is_low(battery: int | None, limit: int) -> bool:
    """Whether it is known to be at or below the limit; 0 is none."""
    return limit > 0 and telemetry.is_at_most(battery, limit)

"""The Board port of the simulated recorder: one boot's view of the hardware.

Architecture: "The simulator" (such a recorder says `protection: simulated` in GENESIS).
"""

from evidock_protocol import codes
from evidock_simulator.virtual import nor
from evidock_simulator.virtual.condition import Condition
from evidock_simulator.virtual.files import Files
from evidock_simulator.virtual.links import PoweredLink
from evidock_simulator.virtual.microphone import Microphone
from evidock_simulator.virtual.surroundings import Battery, Buttons, Indicator, Watchdog, on_curve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.clock import Clock
    from evidock_simulator.virtual.generator import Generator
    from evidock_simulator.virtual.hearing import Hearing
    from evidock_simulator.virtual.supply import Supply

MODEL = "EVIDOCK-SIM"


class Parts:
    """What a board is made of and does not change from boot to boot. `open_card(supply)` gives a Card port.

    Sources of sound and pictures, and an encoder's clip, are None on a board that lacks the hardware for them.
    """

    def __init__(self, flash_file, open_card, link, source, clock: "Clock", firmware: bytes, pictures=None, clip=None):
        self.flash_file = flash_file
        self.open_card = open_card
        self.link = link
        self.source = source
        self.clock = clock
        self.firmware = firmware
        self.pictures = pictures
        self.clip = clip
        self.hearing: Hearing | None = None  # what befalls the microphone
        self.charge: int | None = None  # millivolts above the battery's curve while it is charged
        self.shown = ""  # what the display shows
        self.camera_condition = Condition()
        self.encoder_condition = Condition()


class Board:
    """What `Agent` takes. `off` is set when the agent switches itself off."""

    model = MODEL
    protection = codes.PROTECTION_SIMULATED
    boot_counter: int | None = None

    def __init__(
        self,
        parts: Parts,
        supply: "Supply",
        random: "Generator",
        reset_cause: int,
        shift: dict,
        elapsed,
        docked,
        files: "Files | None" = None,
    ):
        """`shift` holds the scenario's curves, `elapsed()` milliseconds of it, `docked()` the dock contact."""
        self._files = files or Files({"scenario": shift}, lambda: None)
        self.firmware = self._files.measurement(parts.firmware)
        self.reset_cause = reset_cause
        self.clock = parts.clock
        self.supply = supply
        self.identity_flash, self.key_flash, self.journal_flash, self.anchor_flash = nor.regions(
            parts.flash_file, supply
        )
        self.card = parts.open_card(supply)
        self.capture = None
        if parts.source is not None:
            self.capture = Microphone(parts.source, parts.clock, parts.hearing)
        self.camera = _camera(parts)
        self.encoder = _encoder(parts, self.card)
        self.battery = Battery(shift["battery"], elapsed, parts)
        self.buttons = Buttons()
        self.indicator = Indicator()
        self.link = PoweredLink(parts.link, supply)
        self.random = random
        self.watchdog = Watchdog(parts.clock)
        self.off = False
        self.shocked = 0  # the hardest shock that nobody asked for yet
        self._parts = parts
        self._temperature = shift["temperature"]
        self._elapsed = elapsed
        self._docked = docked

    def work(self) -> None:
        """Lets the hardware that acts on its own do what the time that has passed allows."""
        if self.encoder is not None:
            self.encoder.work()

    def temperature(self) -> int | None:
        """Tenths of a degree Celsius."""
        return on_curve(self._temperature, self._elapsed())

    def charging(self) -> bool | None:
        """Whether the battery is being charged."""
        return self._parts.charge is not None

    def shock(self) -> int | None:
        """The hardest shock since this was asked last, in thousandths of g."""
        shocked = self.shocked
        self.shocked = 0
        return shocked

    def settings(self) -> bytes:
        """The settings file."""
        return self._files.settings()

    def save_settings(self, raw: bytes) -> None:
        """Replaces the settings file; OSError when power goes first."""
        self._files.save_settings(raw, self.supply)

    def display(self, text: str) -> None:
        """Shows a text."""
        self._parts.shown = text

    def docked(self) -> bool:
        """Whether the dock contact is closed."""
        return self._docked()

    def power_off(self) -> None:
        """The agent switches off."""
        self.off = True


def _camera(parts: Parts):
    if parts.pictures is None:
        return None
    from evidock_simulator.virtual.camera import Camera  # loaded by boards that have one

    return Camera(parts.pictures, parts.clock, parts.camera_condition)


def _encoder(parts: Parts, card):
    if parts.clip is None:
        return None
    from evidock_simulator.virtual.encoder import Encoder

    return Encoder(parts.clip, card, parts.clock, parts.encoder_condition)

"""What a simulated line is like: its options, and their text on the command line.

Interface: "Command line" (evidock-sim line). A byte takes ten bits of the line, as with 8N1.
"""

from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

BITS = 10  # of the line for a byte: start, eight, stop
USB_PACKETS = 19  # bulk packets that fit into a frame of 1 ms at full speed
USUAL_RATE = 115_200  # of a UART that nobody has set
HIGHEST_RATE = 1_000_000_000


class BadOptions(ValueError):
    """The text names no such line; it says why."""


class Break(NamedTuple):
    """The line fails after so many bytes towards the host, for so long."""

    after: int  # bytes
    milliseconds: int


def _option(default: Any, text: str) -> Any:
    return field(default=default, metadata={"text": text})


@dataclass(frozen=True)
class Options:
    """One line. Its `text` is what `parse` takes."""

    rate: int = _option(0, "bits per second, ten a byte")
    bytes: int = _option(0, "bytes per second, with flow control as USB has it")
    latency: float = _option(0.0, "milliseconds each way")
    usb: int = _option(0, "bytes of a packet; they arrive in frames of 1 ms")
    ftdi: int = _option(0, "latency timer of the adapter towards the host, milliseconds")
    errors: float = _option(0.0, "chance of each data bit to be flipped")
    drop: float = _option(0.0, "chance of each byte to be lost")
    insert: float = _option(0.0, "chance of a stray byte after each")
    cut: tuple[Break, ...] = _option((), "BYTES:MS, after BYTES to the host nothing passes for MS; may be repeated")
    unplug: tuple[Break, ...] = _option((), "BYTES:MS, likewise, and the host's port is gone; may be repeated")
    overrun: int = _option(0, "bytes of the recorder's receive buffer; what finds it full is lost")
    buffer: int = _option(65536, "bytes that the adapter keeps when the terminal is full; with a rate, more are lost")
    uart: bool = _option(False, "the rate follows what each side has set")
    seed: int = _option(0, "of the faults")

    @property
    def bits_per_second(self) -> int:
        """Of the line at its start, with what USB lets pass."""
        rate = self.rate or self.bytes * BITS or USUAL_RATE
        return min(rate, self.usb * USB_PACKETS * 1000 * BITS) if self.usb else rate

    @property
    def flow_control(self) -> bool:
        """Whether a sender waits for a receiver that is full."""
        return bool(self.bytes)

    @property
    def text(self) -> str:
        """For `parse`."""
        parts: list[str] = []
        for option in fields(self):
            value = getattr(self, option.name)
            if value == option.default:
                continue
            if option.name in ("cut", "unplug"):
                parts += [f"{option.name}={one.after}:{one.milliseconds}" for one in value]
            else:
                parts.append(option.name if value is True else f"{option.name}={value}")
        return ",".join(parts)


def parse(text: str) -> Options:
    """Options from `name=value` with commas between; BadOptions says what is wrong."""
    found: dict[str, object] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, value = part.partition("=")
        if name in ("cut", "unplug"):
            earlier = found.get(name, ())
            assert isinstance(earlier, tuple)
            found[name] = (*earlier, _break(part, value))
        elif name in found:
            raise BadOptions(f"{name}: given twice")
        else:
            found[name] = _value(part, name, value)
    options = Options(**found)  # type: ignore[arg-type]
    for first, second, given in (
        ("rate", "bytes", options.rate and options.bytes),
        ("uart", "bytes", options.uart and options.bytes),
        ("uart", "rate", options.uart and options.rate),
        ("usb", "ftdi", options.usb and options.ftdi),
        ("overrun", "bytes", options.overrun and options.bytes),
    ):
        if given:
            raise BadOptions(f"{first} and {second}: choose one")
    if not (options.rate or options.bytes or options.uart):
        raise BadOptions("how fast? Expected rate=BITS, bytes=BYTES or uart")
    return options


def check_far_port(options: Options) -> None:
    """Before a port that is there nobody can say what it has not read, nor what rate its user sets: BadOptions."""
    for name in ("uart", "overrun"):
        if getattr(options, name):
            raise BadOptions(f"{name}: only for a virtual recorder (evidock-sim run --line)")


def describe() -> str:
    """A line for each option."""
    return "; ".join(f"{option.name}: {option.metadata['text']}" for option in fields(Options))


_LIMITS: dict[str, tuple[float, float]] = {
    "rate": (10, HIGHEST_RATE),
    "bytes": (1, HIGHEST_RATE // BITS),
    "latency": (0, 60_000),
    "usb": (1, 1024),
    "ftdi": (1, 255),
    "errors": (0, 1),
    "drop": (0, 1),
    "insert": (0, 1),
    "overrun": (1, 65_536),
    "buffer": (1, 1 << 30),
    "seed": (0, 1 << 64),
}
_CHANCES = ("errors", "drop", "insert")
_SMALLEST = 1e-15  # the distance to the next fault stays a number
_FRACTIONS = ("latency", *_CHANCES)


def _value(part: str, name: str, value: str) -> int | float | bool:
    if name == "uart":
        if value:
            raise BadOptions(f"{part}: uart takes no value")
        return True
    if name not in _LIMITS:
        raise BadOptions(f"{name}: no such option; there are {', '.join(option.name for option in fields(Options))}")
    low, high = _LIMITS[name]
    kind = float if name in _FRACTIONS else int
    try:
        number = kind(value)
    except ValueError:
        raise BadOptions(f"{part}: expected {'a number' if kind is float else 'a whole number'}") from None
    if name in _CHANCES and 0 < number < _SMALLEST:
        raise BadOptions(f"{part}: expected 0, or {_SMALLEST} to 1")
    if not low <= number <= high:
        raise BadOptions(f"{part}: expected {low} to {high}")
    return number


def _break(part: str, value: str) -> Break:
    after, _, milliseconds = value.partition(":")
    if not (after.isdecimal() and milliseconds.isdecimal()):
        raise BadOptions(f"{part}: expected BYTES:MS")
    return Break(int(after), int(milliseconds))

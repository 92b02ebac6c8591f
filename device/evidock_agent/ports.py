"""The ports of a board: all that the agent knows of hardware. Never imported at run time; boards and simulators
implement it.

A port never waits. Errors of storage are OSError. Every number states its unit. The contract suite under
`tests/device/ports/` runs against each implementation.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object  # MicroPython has no typing module


class Clock(Protocol):
    """Time. Ticks count milliseconds since boot and wrap at 2**30."""

    def ticks_ms(self) -> int:
        """Milliseconds, 0 … 2**30 - 1; the start value is arbitrary."""
        ...

    def unix_ms(self) -> int | None:
        """Wall clock in Unix milliseconds, or None when the clock lost its time."""
        ...

    def set_unix_ms(self, value: int) -> None:
        """Sets the wall clock."""
        ...


class Flash(Protocol):
    """A region of raw sectors under NOR rules: erase sets bits, programming clears them."""

    sectors: int  # of flash.SECTOR (4,096) bytes

    def erase(self, sector: int) -> None:
        """Sets every byte of one sector to 0xFF. Takes 45–400 ms: never called while something records."""
        ...

    def program(self, offset: int, data: bytes) -> None:
        """Clears bits: `data` lies within one page of 256 bytes.

        A bit that would have to be set is an error (OSError).
        """
        ...

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fills `buffer` from byte `offset` of the region."""
        ...


class File(Protocol):
    """An open file on the card: flush() and close() make bytes durable. OSError when the card fails."""

    def read(self, count: int = -1) -> bytes:
        """At most `count` bytes from here on; fewer at the end."""
        ...

    def readinto(self, buffer: memoryview) -> int:
        """Fills `buffer` as far as the file goes; returns the number of bytes."""
        ...

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Writes all of `data` here."""
        ...

    def seek(self, offset: int) -> int:
        """Goes to a byte offset from the start."""
        ...

    def flush(self) -> None:
        """Makes what was written durable."""
        ...

    def close(self) -> None:
        """Flushes and lets go."""
        ...

    def __enter__(self) -> "File": ...

    def __exit__(self, *_error: object) -> None: ...


class Card(Protocol):
    """The removable card with a FAT32 file system. Paths are relative to its root, with "/" between names."""

    def mount(self) -> bool:
        """Makes the card usable; False when there is none or it holds no readable file system. Never formats."""
        ...

    def unmount(self) -> None:
        """Lets go of the card."""
        ...

    def present(self) -> bool:
        """Whether a card is in the slot (a contact, no access).

        A board whose contact can interrupt says False once more if it was open since it was last asked.
        """
        ...

    def space(self) -> tuple[int, int]:
        """(free, total) in KiB."""
        ...

    def open(self, path: str, mode: str) -> "File":
        """A binary file: modes "rb", "wb", "ab", "r+b"; read, readinto, write, seek, flush, close.

        flush() makes bytes durable.
        """
        ...

    def size(self, path: str) -> int | None:
        """Length of a file in bytes, or None when there is none."""
        ...

    def names(self, folder: str) -> list[str]:
        """Names in a folder; empty when there is none."""
        ...

    def make_folder(self, path: str) -> None:
        """Makes a folder; no error when it exists. The parent exists."""
        ...

    def remove(self, path: str) -> None:
        """Removes a file; no error when there is none."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Renames a file."""
        ...


class Capture(Protocol):
    """A source of sound: signed 16-bit little-endian samples, interleaved."""

    rate: int  # samples per second and channel
    channels: int
    bits: int  # per sample: 16

    def start(self) -> None:
        """Begins capture; samples collect in the port's own buffer."""
        ...

    def stop(self) -> None:
        """Ends capture; what was collected can still be read."""
        ...

    def readinto(self, buffer: memoryview) -> int:
        """Copies whole frames that are there; returns the number of bytes, 0 when there are none."""
        ...

    def lost(self) -> int:
        """Frames lost by overrun since start()."""
        ...


class Camera(Protocol):
    """A source of JPEG pictures, one after another, each handed out in parts, so that none need fit into memory."""

    width: int  # pixels, as configured; the pictures themselves may come to differ
    height: int
    rate: int  # pictures per second, at most

    def start(self) -> None:
        """Begins capture; pictures collect in the port's own buffer. OSError when the camera does not answer."""
        ...

    def stop(self) -> None:
        """Ends capture; what was collected can still be read."""
        ...

    def next(self) -> int:
        """Goes to the next picture; its length in bytes, 0 when none is ready. What is left of the last is dropped."""
        ...

    def readinto(self, buffer: memoryview) -> int:
        """Copies on from where the picture was left; the number of bytes, 0 when there is nothing more now."""
        ...

    def lost(self) -> int:
        """Pictures lost by overrun since start()."""
        ...


class Encoder(Protocol):
    """Something of its own that writes media files to the card, such as a video processor. It is told where."""

    media: int  # codes.MEDIA_MP4 or another
    tracks: int  # bits: codes.TRACK_SOUND, codes.TRACK_PICTURE
    rate: int  # pictures per second, 0 when it does not count them

    def begin(self, path: str) -> None:
        """Begins a file at `path` on the card. OSError when the encoder does not answer."""
        ...

    def end(self) -> None:
        """Asks it to finish the file that it began last; another begin() may follow at once."""
        ...

    def closed(self, path: str) -> bool:
        """Whether the encoder says that it has finished and closed this file."""
        ...

    def written(self, path: str) -> int:
        """Pictures that it says are in this file; 0 when it does not count them."""
        ...


class Battery(Protocol):
    def percent(self) -> int | None:
        """0 … 100, or None when it cannot be told."""
        ...

    def millivolts(self) -> int | None:
        """Cell voltage, or None."""
        ...


class Buttons(Protocol):
    def poll(self) -> int:
        """The next press, or 0: one of `signals`' BUTTON numbers."""
        ...


class Indicator(Protocol):
    def show(self, state: int) -> None:
        """One of `signals`' INDICATE numbers; called only when the state changes."""
        ...


class Link(Protocol):
    """The serial line. Bytes only; frames are the protocol's."""

    rates: tuple[int, ...]  # bits per second that it can be set to; () for a line whose rate cannot be set, as USB
    rate: int  # bits per second now, at boot the usual one; 0 for a line that holds back what is not read, as USB

    def read(self, buffer: memoryview) -> int:
        """Copies what is there; returns the number of bytes, 0 when there are none."""
        ...

    def write(self, data: memoryview) -> int:
        """Accepts what fits and returns that number; never waits."""
        ...

    def set_rate(self, rate: int) -> None:
        """Changes to one of `rates` once what was written has left, and says so in `rate` at once.

        It may wait for that: 22 ms for the 256 bytes that a board's buffer may have left at 115,200 bits per second.
        """
        ...


class Random(Protocol):
    source: int  # names.RANDOM_SOURCES; RANDOM_NONE means that no key may be born here

    def fill(self, buffer: bytearray) -> None:
        """Fills `buffer` with bytes fit for keys."""
        ...


class Watchdog(Protocol):
    def feed(self) -> None:
        """Says that the loop is alive. The board resets after 8 s without."""
        ...


class Board(Protocol):
    """What `Agent` takes."""

    model: str
    protection: int  # names.PROTECTIONS
    firmware: bytes  # SHA-256 of what runs
    reset_cause: int  # names.RESETS
    boot_counter: int | None  # hardware monotonic counter, or None
    clock: Clock
    identity_flash: Flash  # one sector: GENESIS, for life
    key_flash: Flash
    journal_flash: Flash
    anchor_flash: Flash
    card: Card
    capture: Capture | None  # what the board has of these three, it records, side by side
    camera: Camera | None
    encoder: Encoder | None
    battery: Battery
    buttons: Buttons
    indicator: Indicator
    link: Link
    random: Random
    watchdog: Watchdog

    def temperature(self) -> int | None:
        """Tenths of a degree Celsius, or None."""
        ...

    def charging(self) -> bool | None:
        """Whether the battery is being charged, or None."""
        ...

    def shock(self) -> int | None:
        """The hardest shock since this was asked last, in thousandths of g; None without a sensor."""
        ...

    def settings(self) -> bytes:
        """The settings file as it is, at most 4,096 bytes: a JSON object; b"" when there is none."""
        ...

    def save_settings(self, raw: bytes) -> None:
        """Puts this in place of the settings file, whole or not at all; not while something records. Raises OSError."""
        ...

    def display(self, text: str) -> None:
        """Shows a short text for a while, such as the fingerprint of a new key; nothing without a display."""
        ...

    def docked(self) -> bool:
        """Whether the dock contact is closed. A host on the link alone is no dock."""
        ...

    def power_off(self) -> None:
        """Switches off; the agent has written OFF. Does not return on hardware."""
        ...

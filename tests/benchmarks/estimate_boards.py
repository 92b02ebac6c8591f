"""An estimate, not a measurement, of a docking with a real board: `python tests/benchmarks/estimate_boards.py`.

On a slow line the line is the limit, on a fast one the recorder's processor. The costs come from the budget table of
the architecture (MicroPython 1.28 for RP2040 at 125 MHz, emulated: an emulator counts cycles, it knows no bus and no
card); what that table does not have is assumed, and marked so. A processor that sends from a buffer works while the
line does, so the slower of the two sets the pace; with a driver that waits for its bytes the two would add up.
"""

import argparse
from typing import NamedTuple

SHIFT_SECONDS = 8 * 3600
KB, MB = 1000, 1_000_000

# Bytes per second. Source: architecture, "The recorder's budget".
COBS_VIPER = 1_118 * KB
COBS_SLICES = 566 * KB
CRC32 = 5.2 * MB
SHA256 = 0.89 * MB
USB_WRITE = 2.2 * MB
USB_READ = 127 * KB
USB_BUS = 1.2 * MB  # what the bus allows at best
SIGNATURE_SECONDS = 0.086

# Assumed: nobody has measured these.
CARD_READS = {"card 0.5 MB/s": 0.5 * MB, "card 1 MB/s": 1 * MB, "card 4 MB/s": 4 * MB}
UART_WRITE = 4 * MB  # copying into the driver's buffer, which interrupts empty
ANSWER_SECONDS = 0.0015  # interpreted code around one answer, whatever its length
REQUEST_SECONDS = 0.004  # taking in one request
REQUEST_BYTES = 20
RANGE = 8192  # bytes that one request asks for
SIGNATURES = 6  # of a docking: challenge, heads, entries, the epoch
SHARES = {512: 0.965, 1024: 0.98, 4096: 0.99}  # of the line's bytes that are media


class Line(NamedTuple):
    """A line: bytes per second, and what the processor pays for each byte it writes and reads."""

    name: str
    speed: float
    write: float
    read: float


LINES = (
    Line("UART 115200", 11_520, UART_WRITE, UART_WRITE),
    Line("UART 921600", 92_160, UART_WRITE, UART_WRITE),
    Line("UART 3M", 300_000, UART_WRITE, UART_WRITE),
    Line("USB-CDC", USB_BUS, USB_WRITE, USB_READ),
)

# Bytes of a second of recording.
MEDIA = {"sound 16 kHz": 32 * KB, "sound and pictures 1 Mbit/s": 125 * KB, "video 4 Mbit/s": 500 * KB}


def processor_seconds(line: Line, chunk: int, card: float, cobs: float) -> float:
    """Of the recorder, for a byte of media: read from the card, check, stuff, write, and its part of the requests."""
    each = 1 / card + 1 / CRC32 + 1 / cobs + 1 / (SHARES[chunk] * line.write)
    return each + ANSWER_SECONDS / chunk + (REQUEST_SECONDS + REQUEST_BYTES / line.read) / RANGE


def pace(line: Line, chunk: int, card: float, cobs: float) -> tuple[float, float]:
    """(bytes of media per second, of which the processor alone would do so many)."""
    own = 1 / processor_seconds(line, chunk, card, cobs)
    return min(own, line.speed * SHARES[chunk]), own


def main() -> None:
    """Prints the tables."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    arguments.add_argument("--chunk", type=int, choices=tuple(SHARES), default=4096)
    chunk = arguments.parse_args().chunk
    print("ESTIMATE from a table of costs; nothing here was measured on a board. RP2040 at 125 MHz, MicroPython.")
    print(f"Answers of {chunk} bytes. KB/s of media; in brackets what the processor alone would do.\n")
    print(f"{'line':14}{'line KB/s':>10}  " + "".join(f"{name:>22}" for name in CARD_READS) + f"{'limit':>16}")
    for line in LINES:
        cells: list[str] = []
        limits: set[str] = set()
        for card in CARD_READS.values():
            found, own = pace(line, chunk, card, COBS_VIPER)
            cells.append(f"{found / KB:,.0f} ({own / KB:,.0f})".rjust(22))
            limits.add("line" if own > line.speed * SHARES[chunk] else "processor")
        limit = limits.pop() if len(limits) == 1 else "either"
        print(f"{line.name:14}{line.speed / KB:10,.1f}  " + "".join(cells) + f"{limit:>16}")
    without, _own = pace(LINES[-1], chunk, CARD_READS["card 1 MB/s"], COBS_SLICES)
    print(f"\nwithout viper, over USB and with a card of 1 MB/s: {without / KB:,.0f} KB/s")
    print(f"signatures of a docking: {SIGNATURES * SIGNATURE_SECONDS:.1f} s")
    print(f"a pull hashes nothing on the recorder, where SHA-256 does {SHA256 / KB:,.0f} KB/s: its leaves are ready\n")
    print("hours until an eight-hour shift is in the archive, with a card of 1 MB/s")
    print(f"{'line':14}" + "".join(f"{name:>30}" for name in MEDIA))
    for line in LINES:
        found, _own = pace(line, chunk, CARD_READS["card 1 MB/s"], COBS_VIPER)
        hours = [f"{SHIFT_SECONDS * rate / found / 3600:.1f}".rjust(30) for rate in MEDIA.values()]
        print(f"{line.name:14}" + "".join(hours))
    print("\nOB-35 wants it there the same day: what needs more than 16 hours does not arrive before the next shift.")


if __name__ == "__main__":
    main()

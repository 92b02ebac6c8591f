"""A label for a recorder's housing: its id as a QR code, and beneath it what people compare, as SVG or PNG.

The code holds `evidock:1:<device id in hexadecimal>:<serial number>`; nothing in it is secret, and nothing proves
anything: it tells which recorder to expect.
"""

from __future__ import annotations

import html
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import segno

from evidock import durable, letters
from evidock.errors import WrongUsage
from evidock.registry import Registered

QUIET = 4  # modules of white around the code (ISO/IEC 18004)
_MODULE = 8  # pixels of a module in a PNG
_LINE = 3  # modules from one line of text to the next, in the SVG
_LONGEST = 26  # characters of a line


def payload(recorder: Registered) -> str:
    """What the code holds."""
    return f"evidock:1:{recorder.device}:{recorder.serial}"


def lines(recorder: Registered) -> list[str]:
    """What stands beneath the code."""
    told = [recorder.fingerprint, recorder.model, recorder.serial and f"S/N {recorder.serial}", recorder.asset]
    shown = ["".join(one if one.isprintable() else "?" for one in text) for text in told if text]
    return [text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…" for text in shown]


def write(path: Path, recorder: Registered) -> None:
    """Writes the label to a new file; its ending says the form. Raises WrongUsage, StoreError."""
    check(path)
    drawn = _svg(recorder) if path.suffix.lower() == ".svg" else _png(recorder)
    durable.write_whole(path, drawn)


def check(path: Path) -> None:
    """Raises WrongUsage for a file name that says no form."""
    if path.suffix.lower() not in (".svg", ".png"):
        raise WrongUsage("label_form", path=path)


def code(recorder: Registered) -> list[list[bool]]:
    """The modules of the code, dark ones true, without the white around it."""
    made = segno.make(payload(recorder), error="m", micro=False, boost_error=False)
    return [[bool(module) for module in row] for row in made.matrix]


def _svg(recorder: Registered) -> bytes:
    modules, told = code(recorder), lines(recorder)
    side = len(modules) + 2 * QUIET
    height = side + _LINE * len(told) + 2
    dark = "".join(
        f"M{QUIET + across} {QUIET + down}h1v1h-1z"
        for down, row in enumerate(modules)
        for across, module in enumerate(row)
        if module
    )
    texts = "".join(
        f'<text x="{side / 2}" y="{side + _LINE * place + 2}" text-anchor="middle" '
        f'font-size="{_size(text, side)}"{" font-weight=" + chr(34) + "bold" + chr(34) if place == 0 else ""}>'
        f"{html.escape(text)}</text>"
        for place, text in enumerate(told)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}mm" height="{height}mm" viewBox="0 0 {side} {height}">'
        f'<rect width="{side}" height="{height}" fill="#fff"/><path d="{dark}"/>'
        f'<g font-family="monospace">{texts}</g></svg>\n'
    ).encode()


def _size(text: str, side: int) -> float:
    """The size at which a line fits: letters are 0.6 of it wide, Chinese characters all of it."""
    width = sum(1.0 if ord(character) > 0x2E7F else 0.6 for character in text)
    return round(min(2.4, (side - 2) / width), 2)


def _png(recorder: Registered) -> bytes:
    modules, told = code(recorder), lines(recorder)
    side = (len(modules) + 2 * QUIET) * _MODULE
    rows: list[list[bool]] = []
    white = [False] * side
    margin = [False] * (QUIET * _MODULE)
    rows += [white] * (QUIET * _MODULE)
    for row in modules:
        pixels = [*margin, *(module for module in row for _ in range(_MODULE)), *margin]
        rows += [pixels] * _MODULE
    rows += [white] * (QUIET * _MODULE)
    for text in told:
        rows += letters.line(text, side)
        rows += [white] * _MODULE
    rows += [white] * _MODULE
    return _encode(rows, side)


def _encode(rows: Sequence[Sequence[bool]], width: int) -> bytes:
    """A PNG (ISO/IEC 15948) of one bit a pixel, dark ones true."""
    packed = bytearray()
    for row in rows:
        packed.append(0)  # no filter
        bits = [*row, *([False] * (-width % 8))]
        for at in range(0, len(bits), 8):
            packed.append(sum(0 if dark else 128 >> place for place, dark in enumerate(bits[at : at + 8])))
    head = struct.pack(">IIBBBBB", width, len(rows), 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(packed), 9)), (b"IEND", b""))
    drawn = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + drawn

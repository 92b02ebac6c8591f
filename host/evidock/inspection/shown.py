"""Values from the evidence as one line for people: bytes in hexadecimal, text escaped, long ones cut."""

from __future__ import annotations

from typing import cast

from . import decoder

_BYTES_SHOWN = 32


def show(value: object) -> str:
    """A value in one line: bytes in hexadecimal, text without control characters, long ones cut."""
    value = decoder.plain(value)
    if isinstance(value, bytes):
        return in_hex(value)
    if isinstance(value, str):
        return repr(value[:200])
    if isinstance(value, list):
        return "[" + ", ".join(show(one) for one in cast("list[object]", value)[:64]) + "]"
    if isinstance(value, dict):
        rows = list(cast("dict[object, object]", value).items())[:64]
        return "{" + ", ".join(f"{show(key)}: {show(one)}" for key, one in rows) + "}"
    text = str(value)
    return text if len(text) <= 200 else text[:200] + "…"


def in_hex(data: bytes) -> str:
    """Bytes in hexadecimal, the first ones of many."""
    if len(data) <= _BYTES_SHOWN:
        return data.hex()
    return f"{data[:_BYTES_SHOWN].hex()}… ({len(data)} bytes)"

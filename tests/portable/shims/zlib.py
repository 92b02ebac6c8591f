"""CRC-32, which MicroPython has in binascii."""

from binascii import crc32  # noqa: F401

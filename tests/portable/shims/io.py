"""MicroPython's own."""

from io import BytesIO, StringIO  # noqa: F401

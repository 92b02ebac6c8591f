"""Inspection: evidock's bytes as readable text, by a decoder of its own, tolerant of damage.

`decoder` is the one module that imports cbor2 and construct.
"""

from __future__ import annotations

from .packaged import files as package_files
from .packaged import is_package
from .text import lines

__all__ = ["is_package", "lines", "package_files"]

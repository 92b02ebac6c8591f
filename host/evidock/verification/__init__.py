"""Verification: the three answers, the verdict, coverage and findings, as a pure library over a reader interface.

Architecture: "Coverage" and "Trust". `verify` is the public function; readers give it evidence.
"""

from __future__ import annotations

from .reader import NotEvidence, Reader, open_reader
from .run import verify

__all__ = ["NotEvidence", "Reader", "open_reader", "verify"]

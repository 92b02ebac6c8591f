"""The demonstration: a shift on a simulated recorder, docked and verified; then a copy is edited and the edit found.

Interface: "Two commands on a fresh machine". Drives the simulator as a user would, as another process; imports nothing of it.
"""

from __future__ import annotations

from evidock.demonstration.run import Demonstration, Result

__all__ = ["Demonstration", "Result"]

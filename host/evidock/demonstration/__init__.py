"""The demonstration: a shift on a simulated recorder, docked and verified; then a copy is edited and the edit found.

Interface: "Two commands on a fresh machine". The simulator is another process, as for a user.
"""

from __future__ import annotations

from evidock.demonstration.run import Demonstration, Result

__all__ = ["Demonstration", "Result"]

"""The simulator: the agent's real code on virtual hardware, with faults. Never imports the host.

Architecture: "The simulator". `virtual/` runs on MicroPython and CPython alike, the rest on CPython only.
"""

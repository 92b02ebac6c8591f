"""Virtual hardware behind the agent's ports. Runs unchanged on MicroPython and CPython."""

"""What the lowered tests import on MicroPython in place of CPython's modules; as small as the suites need."""

"""Ed25519 and SHA-512 in one source for MicroPython (32 and 64 bits) and CPython."""

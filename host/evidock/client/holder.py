"""Which program has a port to itself, where the system tells: so that the user knows what to close.

Interface: "Errors". Linux lists file locks in /proc/locks; elsewhere nobody is named.
"""

from __future__ import annotations

import os
from pathlib import Path


def holder(port: str) -> tuple[str, str] | None:
    """Name and process number of the program that locked the device `port`, None when nobody can say."""
    try:
        device = os.stat(port)
        locks = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return None
    place = f"{os.major(device.st_dev):02x}:{os.minor(device.st_dev):02x}:{device.st_ino}"
    for line in locks:
        words = line.split()  # 1: FLOCK ADVISORY WRITE 4711 00:05:89 0 EOF
        if len(words) > 5 and words[1] == "FLOCK" and words[5] == place and words[4].isdecimal():
            return _program(words[4])
    return None


def _program(process: str) -> tuple[str, str] | None:
    try:
        name = Path("/proc", process, "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # it has ended, or is none of this user's business
        return None
    return "".join(letter if letter.isprintable() else "?" for letter in name), process

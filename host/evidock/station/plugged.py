"""Which ports there are now, and what tells one thing plugged into a port from the next.

Interface: "`evidock dock STORE [--ports GLOB…]`".
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Sequence

DEFAULT_GLOBS = ("/dev/ttyACM*", "/dev/ttyUSB*", "/dev/cu.usb*")  # USB serial on Linux and macOS


def plugged(globs: Sequence[str] = DEFAULT_GLOBS) -> dict[str, object]:
    """Ports that match `globs`, sorted; the value differs when something was unplugged and plugged in between.

    What is no pattern of files (`socket://` …) is taken to be there. Two names of one device count once.
    """
    found: dict[str, object] = {}
    seen: set[int] = set()
    for pattern in globs:
        if "://" in pattern:
            found[pattern] = None
            continue
        for path in sorted(glob.glob(os.path.expanduser(pattern))):
            try:
                link, device = os.lstat(path), os.stat(path)
            except OSError:
                continue  # a link to what is gone, or gone since
            if stat.S_ISCHR(device.st_mode) and device.st_rdev not in seen:
                seen.add(device.st_rdev)
                found[path] = (link.st_ino, device.st_ino, device.st_rdev)
    return found

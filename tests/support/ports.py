"""Scripted recorders on real ptys, for tests that go through pyserial and the command line."""

from __future__ import annotations

import os
import threading
import tty
from collections.abc import Callable, Generator
from contextlib import contextmanager

from support.recorder import Wire

Device = Callable[[bytes], bytes | None]  # what arrives, to what is sent; None pulls the cable


@contextmanager
def on_pty(device: Device, chunk: int = 65536) -> Generator[str]:
    """Serves `device` on a pty; yields its name."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    name = os.ttyname(theirs)
    stop_read, stop_write = os.pipe()
    thread = threading.Thread(target=_serve, args=(ours, theirs, stop_read, device, chunk), daemon=True)
    thread.start()
    try:
        yield name
    finally:
        os.close(stop_write)
        thread.join(10)
        os.close(stop_read)


def speaks(wire: Wire) -> Device:
    """A device that answers as the recorder of `wire`."""
    return wire.feed


def _serve(ours: int, theirs: int, stop: int, device: Device, chunk: int) -> None:
    import select

    pending = b""
    try:
        while True:
            ready, writable, _ = select.select([ours, stop], [ours] if pending else [], [])
            if stop in ready:
                return
            if ours in ready:
                answer = device(os.read(ours, chunk))
                if answer is None:
                    return
                pending += answer
            if writable:
                os.set_blocking(ours, False)
                pending = pending[os.write(ours, pending[:chunk]) :]
    finally:
        # Both ends: the host's reads and writes fail from now on, as after a pull.
        os.close(theirs)
        os.close(ours)

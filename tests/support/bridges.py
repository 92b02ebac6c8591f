"""Real servers before a recorder's port: a TCP bridge for `socket://`, and pyserial's own server of RFC 2217."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import serial
from serial.rfc2217 import PortManager

Serve = Callable[[socket.socket], None]


@contextmanager
def listening(serve: Serve) -> Generator[str]:
    """Serves one connection after another; yields HOST:PORT."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _peer = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                serve(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def tcp_bridge(port: str, cut_after: list[int] | None = None) -> Serve:
    """What comes from `port` goes to the socket and back; each of `cut_after` ends a connection after so many bytes."""
    cuts = list(cut_after or [])

    def serve(connection: socket.socket) -> None:
        left = cuts.pop(0) if cuts else None
        with serial.Serial(port, timeout=0) as ours:
            while True:
                ready, _, _ = select.select([connection, ours], [], [])
                if ours in ready:
                    data = ours.read(65536)
                    connection.sendall(data)
                    if left is not None and (left := left - len(data)) <= 0:
                        return
                if connection in ready:
                    asked = connection.recv(65536)
                    if not asked:
                        return
                    ours.write(asked)

    return serve


class _Pty(serial.Serial):
    """A pty has none of the lines that a server of RFC 2217 reports and sets."""

    cts = dsr = cd = property(lambda _self: True)  # type: ignore[assignment]
    ri = property(lambda _self: False)  # type: ignore[assignment]

    def _update_dtr_state(self) -> None:
        pass

    _update_rts_state = _update_break_state = _update_dtr_state


def rfc2217_server(port: str, rates: list[int] | None = None, cut_after: list[int] | None = None) -> Serve:
    """pyserial's server of RFC 2217 before `port`; `rates` collects what clients set, `cut_after` as above."""
    cuts = list(cut_after or [])

    def serve(connection: socket.socket) -> None:
        with _Pty(port, timeout=0) as ours:
            lock = threading.Lock()

            class Writer:
                def write(self, data: bytes) -> None:
                    with lock:
                        connection.sendall(data)

            manager = PortManager(ours, Writer())  # type: ignore[arg-type]
            left = cuts.pop(0) if cuts else None
            while True:
                ready, _, _ = select.select([connection, ours], [], [])
                if ours in ready:
                    data = ours.read(65536)
                    with lock:
                        connection.sendall(b"".join(manager.escape(data)))
                    if left is not None and (left := left - len(data)) <= 0:
                        return
                if connection in ready:
                    asked = connection.recv(65536)
                    if not asked:
                        return
                    ours.write(b"".join(manager.filter(asked)))
                    if rates is not None and (not rates or rates[-1] != ours.baudrate):
                        rates.append(ours.baudrate)

    return serve

"""Starts a recorder: a raw pty with a link to it, then this process becomes MicroPython.

Architecture: "The simulator" (measured traps). One process is the recorder, so that killing it is a power cut. Behind
a simulated line its own end is a socket's, and another process is the line.
"""

import fcntl
import os
import pty
import signal
import sys
import tty
from importlib.util import find_spec
from pathlib import Path

from evidock_simulator import compiling, line
from evidock_simulator.images import BadImage
from evidock_simulator.line import ends

HEAP = "384k"  # the demonstration passes with 336k, where words have eight bytes; 40 KB of it are the hardware's
LINK = 3  # the descriptor that the recorder uses
RATE = 4  # where it tells the rate that it has set
MODULE = "evidock_simulator.virtual.main"
_MICROPYTHON = "import sys; from micropython_unix import main; sys.exit(main())"
_MODULES = ("micropython_unix", "micropython_run")


BadLink = ends.BadLink


def has_micropython() -> bool:
    """Whether this Python has MicroPython's unix build beside it."""
    return all(find_spec(name) is not None for name in _MODULES)


def hold(image: Path) -> None:
    """Keeps a flash image for this process, also once it is MicroPython. Raises BadImage when a recorder has it."""
    held = os.open(image, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.set_inheritable(fcntl.fcntl(held, fcntl.F_DUPFD, RATE + 1), True)  # out of the way of those with a meaning
    except BlockingIOError:
        raise BadImage(f"{image}: another recorder runs on it") from None
    finally:
        os.close(held)


def open_line(link: Path) -> None:
    """Makes a raw pty whose own end is descriptor 3, and points `link` at the other. Both stay open in this process.

    An end is kept open because the last close of it would give the recorder EIO for ever.
    """
    recorder, host = pty.openpty()
    tty.setraw(host)
    name = os.ttyname(host)
    host = os.dup(host) if host == LINK else host
    os.dup2(recorder, LINK)
    os.set_inheritable(LINK, True)  # dup2 leaves it closed at exec when the two are one
    os.set_blocking(LINK, False)
    os.set_inheritable(host, True)
    ends.point(link, name)
    _unlink_at_the_end(link.absolute(), name)


def open_simulated_line(link: Path, options: line.Options, report: Path | None) -> None:
    """Starts a line between `link` and descriptor 3, which ends when this process does.

    With the option `uart` the recorder tells its rate on descriptor 4. Raises BadLink, line.NoLine.
    """
    far, recorder = ends.socket_pair()
    telling, told = os.pipe()
    os.set_blocking(telling, False)
    os.set_blocking(told, False)  # a line that is stopped does not stop the recorder
    orders: line.Orders = {"link": str(link.absolute()), "options": options.text, "socket": (far, recorder)}
    if options.uart:
        orders["rates"] = telling
    if report is not None:
        orders["report"] = str(report.absolute())
    _, control = line.start(orders, [far, recorder, telling])
    recorder, told, far, held = (
        fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, RATE + 1)  # out of the way of the two that have a meaning
        for descriptor in (recorder, told, far, control.detach())
    )
    os.dup2(recorder, LINK)
    if options.uart:
        os.dup2(told, RATE)
    os.set_inheritable(held, True)  # when it is closed, the line ends
    os.set_inheritable(far, True)  # as of a pty, an end stays open: the recorder never meets the end of its line


def _unlink_at_the_end(link: Path, name: str) -> None:
    """Leaves a small process that removes the link once the recorder has ended, however it ended.

    The number of a pty is used again: a link that stays would lead a host to another recorder.
    """
    ending, held = os.pipe()
    os.set_inheritable(held, True)  # the recorder never writes to it: its end is the message
    child = os.fork()
    if child:
        os.close(ending)
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:  # nobody's child: the recorder stays one process
            # Whoever ends all that has this command line misses the recorder, which has another by then.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            limit = min(os.sysconf("SC_OPEN_MAX"), 65536)
            os.closerange(0, ending)
            os.closerange(ending + 1, limit)
            os.read(ending, 1)
            if os.readlink(link) == name:
                link.unlink()
    finally:
        os._exit(0)


def micropython(heap: str = HEAP) -> list[str]:
    """The command that runs MicroPython with so much memory; a script and its arguments follow."""
    return [sys.executable, "-c", _MICROPYTHON, "-X", f"heapsize={heap}"]


def micropython_environment(compiled: Path | None) -> dict[str, str]:
    """This process's environment, with the folder of compiled modules (or else their sources) to import from."""
    return {**os.environ, "MICROPYPATH": str(compiled) if compiled else os.pathsep.join(_roots())}


def command(
    image: Path, card: Path, speed: int, as_json: bool, heap: str = HEAP, uart: bool = False
) -> tuple[list[str], dict[str, str], Path]:
    """(arguments, environment, working folder) of the recorder's process. `speed` in thousandths, 0 for the most.

    With `uart` the recorder's link has rates.
    """
    measured = compiling.firmware_measurement().hex()
    run = [
        "-m",
        MODULE,
        str(image.absolute()),
        str(card.absolute()),
        str(speed),
        measured,
        "json" if as_json else "text",
        *(map(str, ends.RATES) if uart else ()),
    ]
    if not has_micropython():
        return [sys.executable, *run], {**os.environ, "PYTHONPATH": os.pathsep.join(_roots())}, Path.cwd()
    folder = compiling.compiled()
    # The working folder comes first on MicroPython's path, so it is one that holds nothing else.
    return [*micropython(heap), *run], micropython_environment(folder), folder or Path("/")


def become(arguments: list[str], environment: dict[str, str], folder: Path) -> None:
    """Replaces this process. Does not return."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(folder)
    os.execve(arguments[0], arguments, environment)


def _roots() -> list[str]:
    """The folders that hold the packages of the recorder."""
    roots = {str(path.parents[name.count("/")]): None for name, path in compiling.agent_sources()}
    return [*roots, str(Path(__file__).resolve().parents[1])]

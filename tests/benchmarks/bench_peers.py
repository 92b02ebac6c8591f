"""What else moves a file over a serial line, and how much of it is used: `python tests/benchmarks/bench_peers.py`.

One file of random bytes over the same simulated lines in one run: evidock (a docking of the real agent, with everything
that it signs and checks), ZMODEM (lrzsz: Debian's package of that name), `mpremote fs cp` from a real MicroPython, and
smpclient's download from a small server with the `smp` package's own definitions. The Python peers are installed into
an environment of their own (`--venv` keeps it). Columns: `bytes` is the file ÷ bytes towards the host, `time` the file
÷ what the line could have carried, for evidock from the start to the end of the command, for a peer from its host's
first byte to the last one towards it (rz often waits 30 s more for a farewell). The same bytes arrive, or it says what.
All of it takes half an hour.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import line_rig
from bench_line import LEAF, RATES, Rate, measured
from line_rig import Bench

from evidock_simulator import launch

HEAD = ("line", "ms", "errors", "by", "bytes", "time", "seconds", "void", "")
WIDTHS = (8, 4, 7, 16, 8, 8, 8, 5, 1)
PATIENCE = 5.0  # times the file's own time on the line, then a peer is stopped
AT_LEAST = 20.0  # seconds
FAREWELL = 35.0  # seconds that rz may wait for one
HEAD_START = 0.5  # seconds of the recorder's end, which may begin with a flush of its port


class Peer(NamedTuple):
    """Two commands: the recorder's end has a pty as standard input and output, the host's gets the port."""

    name: str
    recorder: list[str]
    host: Callable[[str, Path], list[str]]
    on_port: bool  # whether the host's command has the port as standard input and output too


def find_peers(environment: Path, file: Path) -> tuple[list[Peer], list[str]]:
    """The peers that are here, and why others are not."""
    peers: list[Peer] = []
    absent: list[str] = []
    sender, receiver = shutil.which("sz") or shutil.which("lsz"), shutil.which("rz") or shutil.which("lrz")
    if sender and receiver:
        peers.append(Peer("ZMODEM", [sender, "-b", "-q", str(file)], lambda _port, _to: [receiver, "-b", "-q"], True))
    else:
        absent.append("ZMODEM: no sz and rz here; Debian's package is lrzsz")
    python = environment / "bin" / "python"
    if not python.exists():
        venv.create(environment, with_pip=True)
        done = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "mpremote", "smpclient[serial]"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            absent.append(f"mpremote, smpclient: {(done.stderr.strip().splitlines() or ['pip failed'])[-1]}")
    if not launch.has_micropython():
        absent.append("mpremote: no MicroPython here to talk to")
    elif _imports(python, "mpremote.main"):
        peers.append(
            Peer(
                "mpremote fs cp",
                launch.micropython("8M"),
                lambda port, to: [
                    str(python), "-m", "mpremote", "connect", port, "resume", "fs", "cp", f":{file.name}", str(to)
                ],
                False,
            )
        )  # fmt: skip
    script = str(Path(__file__).with_name("smp_peer.py"))
    if _imports(python, "smpclient.transport.serial", "smp.file_management"):
        for kind in ("console", "cobs"):
            peers.append(
                Peer(
                    f"SMP {kind}",
                    [str(python), script, "serve", "0", str(file), kind],
                    lambda port, to, kind=kind: [str(python), script, "download", port, str(to), kind],
                    False,
                )
            )
    else:
        absent.append("smpclient: cannot be imported there")
    return peers, absent


def _imports(python: Path, *modules: str) -> bool:
    command = "; ".join(f"import {module}" for module in modules)
    return python.exists() and subprocess.run([python, "-c", command], capture_output=True, check=False).returncode == 0


def transfer(bench: Bench, peer: Peer, options: str, file: Path, limit: float) -> tuple[float, int, bool, str]:
    """(seconds, bytes towards the host, void, what is wrong with the file: "" when nothing) of one transfer."""
    from evidock_simulator.line import Line

    place = bench.place()
    target = place / file.name
    with Line(place / "port", options, far=place / "far") as wire:
        recorder = line_rig.open_raw(place / "far")
        host = line_rig.open_raw(wire.host) if peer.on_port else None
        sending = subprocess.Popen(
            peer.recorder, stdin=recorder, stdout=recorder, stderr=subprocess.DEVNULL, cwd=file.parent
        )
        time.sleep(HEAD_START)
        wrong = ""
        try:
            done = subprocess.run(
                peer.host(str(wire.host), target), stdin=host if host is not None else subprocess.DEVNULL,
                stdout=host if host is not None else subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=place,
                timeout=limit, check=False,
            )  # fmt: skip
            if done.returncode:
                words = done.stderr.decode(errors="replace").strip().splitlines() or [f"status {done.returncode}"]
                wrong = f"failed: {words[-1][:70]}"
        except subprocess.TimeoutExpired:
            wrong = f"stopped after {limit:.0f} s"
        report = wire.report()
        seconds = report["to_host"]["last_s"] - report["to_recorder"]["first_s"]
        sending.kill()
        sending.wait()
        for descriptor in (recorder, host):
            if descriptor is not None:
                os.close(descriptor)
    if target.exists() and target.read_bytes() != file.read_bytes():
        wrong = (wrong + ", " if wrong else "WRONG BYTES without a word: ") + _difference(target, file)
    elif not target.exists() and not wrong:
        wrong = "no file"
    line_rig.remove(place)
    return seconds, report["to_host"]["bytes"], report["void"], wrong


def _difference(target: Path, file: Path) -> str:
    got, sent = target.read_bytes(), file.read_bytes()
    if len(got) != len(sent):
        return f"{len(got):,} of {len(sent):,} bytes"
    return f"{sum(one != other for one, other in zip(got, sent, strict=True)):,} bytes differ"


def run_line(bench: Bench, rate: Rate, latency: int, chance: str, length: int, peers: list[Peer]) -> None:
    """One line: evidock first, then the others with the same file."""
    options = f"{rate.options},latency={latency},seed=1" + (f",errors={chance}" if chance != "0" else "")
    image = bench.image(1, length)
    limit = max(AT_LEAST, PATIENCE * length / rate.speed)
    done = line_rig.dock(bench, image, options, limit)
    line = [rate.name, latency, chance]
    seconds = done.host["seconds"]
    cells = measured(done, rate.speed)
    if done.complete:
        share = line_rig.share(length, done.line["to_host"]["bytes"])
        row = [*line, "evidock", share, line_rig.share(length, rate.speed * seconds), f"{seconds:.1f}", cells[-1], ""]
        line_rig.print_row(row, WIDTHS)
        row = [*line, "  its media", *cells[:2], f"{done.host['media_seconds']:.1f}", "", ""]
    else:
        row = [*line, "evidock", "-", "-", f"{seconds:.1f}", cells[-1], str(done.host.get("error"))]
    line_rig.print_row(row, WIDTHS)
    for peer in peers:
        seconds, count, void, wrong = transfer(bench, peer, options, image.file, limit + FAREWELL)
        shares = ["-", "-"] if wrong else [line_rig.share(length, count), line_rig.share(length, rate.speed * seconds)]
        line_rig.print_row([*line, peer.name, *shares, f"{seconds:.1f}", "void" if void else "", wrong], WIDTHS)


def main() -> None:
    """Runs every peer on every line."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    arguments.add_argument("--rate", nargs="+", choices=tuple(RATES), default=("115200", "usb"))
    arguments.add_argument("--latency", nargs="+", type=int, default=(1,), help="milliseconds each way")
    arguments.add_argument("--error", nargs="+", default=("0", "1e-6", "1e-5"), help="chance of each bit")
    arguments.add_argument("--seconds", type=float, default=21, help="of the line's time, for each file")
    arguments.add_argument("--peer", nargs="+", help="only peers whose names begin so")
    arguments.add_argument("--venv", type=Path, help="where the Python peers are, or are installed and stay")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        named = tuple(chosen.peer or ("",))
        print(f"files of {chosen.seconds:.0f} s of line; a peer is stopped after {PATIENCE:.0f} times that")
        shown: set[str] = set()
        line_rig.print_table(HEAD, WIDTHS)
        for name in chosen.rate:
            rate = RATES[name]
            length = min(16 * line_rig.MEBIBYTE, -(-round(rate.speed * chosen.seconds) // LEAF) * LEAF)
            peers, absent = find_peers(chosen.venv or Path(folder) / "venv", bench.image(1, length).file)
            for text in absent:
                if text not in shown:
                    print(f"not here: {text}")
                shown.add(text)
            for latency in chosen.latency:
                for chance in chosen.error:
                    run_line(bench, rate, latency, chance, length, [one for one in peers if one.name.startswith(named)])


if __name__ == "__main__":
    sys.exit(main())

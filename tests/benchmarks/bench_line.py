"""How much of a line becomes verified evidence: `python tests/benchmarks/bench_line.py [--only PART …]`.

The real agent on real MicroPython, in its dock behind a simulated line, gives its media to the host in a process of
its own. Parts: `clean` (rates, latencies, chunks), `errors` (flipped bits, chunks as the host chooses them), `cut`
(200 ms without the line in the middle of 8 MiB), `host` (processor time). Beside each line, in the same run, what a
plain stream of bytes gets through it (`plain`). Bytes are counted exactly; "void" says that the machine was too busy
for the times of that row to count. The whole takes half an hour; it never fails on a figure.

Columns: `bytes` is media ÷ bytes towards the host while media moved, `time` is media ÷ what the line could have carried
in that time. `docking …` is the same for all of it, from HELLO to the second head, with the journal as payload too.
`twice` counts verified leaves that were pulled again, `waited` is for how long host and recorder had no processor.
"""

import argparse
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import line_rig
from line_rig import MEBIBYTE, Bench, Docking, Image

SECONDS = 21  # of the line's time that a payload takes at least
RAW_SECONDS = 3
CUT_BYTES = 8 * MEBIBYTE
LEAF = 65536


class Rate(NamedTuple):
    """A kind of line: `options` without its latency, `speed` in bytes per second."""

    name: str
    options: str
    speed: int


RATES = {
    rate.name: rate
    for rate in (
        Rate("115200", "rate=115200", 11_520),
        Rate("921600", "rate=921600", 92_160),
        Rate("3M", "rate=3000000", 300_000),
        Rate("usb", "bytes=1000000,usb=64", 1_000_000),
    )
}
PARTS = ("clean", "errors", "cut", "host")
HEAD = ("line", "ms", "chunk", "MiB", "plain", "bytes", "time", "docking bytes", "docking time", "CPU s/MiB",
        "lost", "mended", "reopened", "twice", "waited", "void")  # fmt: skip
WIDTHS = (14, 3, 5, 6, 7, 7, 7, 13, 12, 9, 5, 6, 8, 5, 6, 4)


class Table:
    """Runs dockings and prints a row for each."""

    def __init__(self, bench: Bench, profile: str):
        self.bench = bench
        self.profile = profile
        self._plain: dict[str, tuple[float, bool]] = {}

    def image(self, rate: Rate, seconds: float) -> Image:
        """A recorder whose media take so long on this line, in segments as long as a minute of recording makes them."""
        wanted = round(rate.speed * seconds)
        count = max(1, min(6, wanted // MEBIBYTE))
        return self.bench.image(count, -(-wanted // count // LEAF) * LEAF)

    def row(
        self, rate: Rate, latency: int, image: Image, chunk: int | None = None, more: str = "", name: str = ""
    ) -> None:
        """One docking."""
        options = f"{rate.options},latency={latency}{more}"
        clean = f"{rate.options},latency={latency}"
        if clean not in self._plain:
            self._plain[clean] = plain_stream(self.bench, clean, round(rate.speed * RAW_SECONDS), rate.speed)
        plain, plain_void = self._plain[clean]
        done = line_rig.dock(self.bench, image, options, chunk=chunk, profile=self.profile or None)
        mebibytes = f"{image.payload / MEBIBYTE:.2f}"
        cells: list[object] = [name or rate.name, latency, chunk or "own", mebibytes, f"{plain:.4f}"]
        line_rig.print_row([*cells, *measured(done, rate.speed, plain_void)], WIDTHS)
        if not done.complete:
            print(f"    not complete: {done.host.get('error')}", flush=True)


def measured(done: Docking, speed: int, void: bool = False) -> list[object]:
    """The cells of a row that come from a docking."""
    host, line = done.host, done.line
    if "media_seconds" not in host:
        return [*["-"] * 10, "void" if void or line.get("void") else ""]
    journal = host.get("journal", 0)
    towards = line["to_host"]["bytes"]
    return [
        line_rig.share(host["media_done"], host["media_received"]),
        line_rig.share(host["media_done"], speed * host["media_seconds"]),
        line_rig.share(done.payload + journal, towards),
        line_rig.share(done.payload + journal, speed * host["seconds"]),
        f"{host['media_processor'] / (done.payload / MEBIBYTE):.4f}",
        host.get("lost", "-"),
        host.get("mended", "-"),
        host.get("reopened", "-"),
        host["twice"],
        f"{done.waited / host['seconds']:.1%}",
        "void" if void or done.void else "",
    ]


def plain_stream(bench: Bench, options: str, length: int, speed: int) -> tuple[float, bool]:
    """(share of the line's time that a program gets which only writes bytes, void): the measure of the simulator."""
    from evidock_simulator.line import Line

    place = bench.place()
    with Line(place / "port", options, far=place / "far") as wire:
        sender, host = line_rig.open_raw(place / "far"), line_rig.open_raw(wire.host)

        def send() -> None:
            left = memoryview(line_rig.random_bytes(7, length))
            while left:
                left = left[os.write(sender, left[:4096]) :]

        threading.Thread(target=send, daemon=True).start()
        count, begun, first = 0, 0.0, 0
        while count < length:
            count += len(os.read(host, 65536))
            if not begun:
                begun, first = time.monotonic(), count
        share = (count - first) / speed / (time.monotonic() - begun)
        os.close(host)
        os.close(sender)
        report = wire.report()
    return share, report["void"]


def clean(table: Table, chosen: argparse.Namespace) -> None:
    """Without faults, with chunks of one length."""
    print("\nclean; wanted: bytes and time 0.98 and 0.97 with chunks of 1024, 0.99 and 0.985 with 4096")
    line_rig.print_table(HEAD, WIDTHS)
    for name in chosen.rate:
        image = table.image(RATES[name], chosen.seconds)
        for latency in chosen.latency:
            for chunk in chosen.chunk:
                table.row(RATES[name], latency, image, chunk)


def errors(table: Table, chosen: argparse.Namespace) -> None:
    """With flipped bits."""
    print("\nbit errors; wanted: time 0.965 at 1e-6, 0.92 at 1e-5, complete at 1e-4")
    line_rig.print_table(HEAD, WIDTHS)
    for name in chosen.rate:
        image = table.image(RATES[name], chosen.seconds)
        for latency in chosen.latency:
            for chance in chosen.error:
                table.row(RATES[name], latency, image, None, f",errors={chance},seed=1", f"{name} {chance}")


def cut(table: Table, chosen: argparse.Namespace) -> None:
    """200 ms without the line, silent, and with the port gone and back."""
    print("\n200 ms without the line in 8 MiB at 1 MB/s; wanted: time 0.94, no leaf twice")
    line_rig.print_table(HEAD, WIDTHS)
    image = table.bench.image(2, CUT_BYTES // 2)
    for latency in chosen.latency:
        for kind in ("cut", "unplug"):
            table.row(RATES["usb"], latency, image, None, f",{kind}={CUT_BYTES // 2}:200", f"usb {kind}")


def host(table: Table, chosen: argparse.Namespace) -> None:
    """Processor time of the host's process on a line of 3 Mbaud, and of what it cannot do without."""
    print("\nthe host's processor time at 3 Mbaud; wanted: 0.05 s per MiB")
    line_rig.print_table(HEAD, WIDTHS)
    image = table.image(RATES["3M"], chosen.seconds)
    for chunk in (None, *chosen.chunk):
        table.row(RATES["3M"], 1, image, chunk)
    print(f"hashing, writing and reading back the same bytes takes {bare_work(table.bench, image):.4f} s per MiB")


def bare_work(bench: Bench, image: Image) -> float:
    """Processor seconds per MiB of a program that has the bytes already: hash, write, make durable, read, hash."""
    import hashlib

    data = image.file.read_bytes()
    path = bench.place() / "file"
    begun = time.process_time()
    hashlib.sha256(data).digest()
    with path.open("wb") as file:
        file.write(data)
        os.fsync(file.fileno())
    hashlib.sha256(path.read_bytes()).digest()
    return (time.process_time() - begun) / (len(data) / MEBIBYTE)


def main() -> None:
    """Runs the parts that were chosen."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    arguments.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    arguments.add_argument("--rate", nargs="+", choices=tuple(RATES), default=tuple(RATES))
    arguments.add_argument("--latency", nargs="+", type=int, default=(1, 16), help="milliseconds each way")
    arguments.add_argument("--chunk", nargs="+", type=int, default=(1024, 4096))
    arguments.add_argument("--error", nargs="+", default=("1e-6", "1e-5", "1e-4"), help="chance of each bit")
    arguments.add_argument("--seconds", type=float, default=SECONDS, help="of the line's time, for each payload")
    arguments.add_argument("--folder", type=Path, help="where the recorders are made; default: a temporary folder")
    arguments.add_argument("--profile", default="", help="a file for the profile of the host's newest docking")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        table = Table(Bench(Path(folder)), chosen.profile)
        for part in chosen.only:
            {"clean": clean, "errors": errors, "cut": cut, "host": host}[part](table, chosen)


if __name__ == "__main__":
    main()

"""Many recorders at once: `python tests/benchmarks/bench_ports.py [--recorders 8]`.

So many recorders, each the real agent on real MicroPython behind a line of its own at 1 MB/s, docked by one `evidock
sync`; first one of them alone, which is the measure of this machine. `share` is media ÷ what the line could have
carried from its first byte to its last: the whole docking, of which a few tenths of a second are no media. Fairness is
the least share ÷ the greatest, `waited` for how long a recorder could run and had no processor. "void" says that the
machine was too busy for the times of a line to count: simulators, recorders and host share its processors. It never
fails on a figure.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import line_rig
from line_rig import MEBIBYTE, Bench, Image

OPTIONS = "bytes=1000000,usb=64,latency=1"
SPEED = 1_000_000
COMMAND = "import sys; from evidock.cli import main; sys.exit(main())"
HEAD = ("recorder", "MiB", "share", "bytes", "seconds", "late ms", "waited", "line CPU s", "void")
WIDTHS = (9, 6, 7, 7, 8, 8, 7, 10, 5)


def sync(images: list[Image], bench: Bench, more: list[str]) -> tuple[list[dict[str, Any]], float, float]:
    """(report of each line, seconds, processor seconds of the host) of one command that docks copies of all images."""
    from evidock_simulator.line import Line

    place = bench.place()
    shutil.copytree(images[0].store, place / "store")
    with contextlib.ExitStack() as held:
        lines: list[Line] = []
        recorders: list[line_rig.Recorder] = []
        for image in images:
            folder = place / str(image.seed)
            folder.mkdir()
            recorders.append(held.enter_context(line_rig.docked_copy(image, folder)))
            lines.append(held.enter_context(Line(folder / "port", OPTIONS, recorder_link=recorders[-1].port)))
        command = [sys.executable, "-c", COMMAND, "sync", str(place / "store"), "--jobs", str(len(images)), "--events"]
        for line in lines:
            command += ["--port", line.host]
        before = [recorder.waited for recorder in recorders]
        with (place / "events").open("wb") as events:
            host = subprocess.Popen([*command, *more], stdout=events, env=line_rig.PACKAGES)
            _pid, status, used = os.wait4(host.pid, 0)
            host.returncode = os.waitstatus_to_exitcode(status)
        reports = [line.report() for line in lines]
        for report, recorder, waited in zip(reports, recorders, before, strict=True):
            report["waited"] = recorder.waited - waited
    told = [json.loads(line) for line in (place / "events").read_text("utf-8").splitlines() if line.startswith("{")]
    for image, line, report in zip(images, lines, reports, strict=True):
        ended = next((one for one in told if one["port"] == line.host and one["event"] in ("done", "failed")), {})
        report["came"] = ended.get("result", {}).get("bytes", 0)
        if report["came"] < image.payload:
            print(f"    recorder {image.seed}: {ended.get('message', 'not complete')}", flush=True)
    line_rig.remove(place)
    seconds = max(one["to_host"]["last_s"] - one["to_host"]["first_s"] for one in reports)
    return reports, seconds, used.ru_utime + used.ru_stime


def show(images: list[Image], bench: Bench, more: list[str]) -> list[float]:
    """Prints a row for each recorder, and what they took together; the shares."""
    reports, seconds, processor = sync(images, bench, more)
    shares: list[float] = []
    for image, report in zip(images, reports, strict=True):
        towards = report["to_host"]
        passed = towards["last_s"] - towards["first_s"]
        shares.append(report["came"] / SPEED / passed if passed else 0.0)
        came = f"{report['came'] / MEBIBYTE:.1f}"
        cells = [came, f"{shares[-1]:.4f}", line_rig.share(report["came"], towards["bytes"])]
        busy = [f"{passed:.1f}", f"{report['late_ms']:.1f}", line_rig.share(report["waited"], passed)]
        void = report["void"] or report["waited"] > line_rig.WAITED * passed
        row = [image.seed, *cells, *busy, f"{report['processor_seconds']:.2f}", "void" if void else ""]
        line_rig.print_row(row, WIDTHS)
    came = sum(report["came"] for report in reports)
    if not came:
        raise SystemExit("nothing came")
    print(
        f"together {came / MEBIBYTE:.0f} MiB in {seconds:.1f} s, {came / seconds / 1e6:.2f} MB/s; least share "
        f"{min(shares):.4f}, fairness {min(shares) / max(shares):.4f}; the host's processor time "
        f"{processor / (came / MEBIBYTE):.4f} s per MiB, {processor / seconds:.0%} of one core"
    )
    return shares


def main() -> None:
    """One alone, then all of them."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    arguments.add_argument("--recorders", type=int, default=8)
    arguments.add_argument("--segments", type=int, default=6)
    arguments.add_argument("--length", type=int, default=5 * MEBIBYTE, help="bytes of a segment")
    arguments.add_argument("--folder", type=Path, help="where the recorders are made; default: a temporary folder")
    chosen, more = arguments.parse_known_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        bench = Bench(Path(folder))
        images = bench.fleet(chosen.recorders, chosen.segments, chosen.length)
        print(f"{chosen.recorders} recorders, {os.cpu_count()} processors; wanted: a share of 0.95 each")
        line_rig.print_table(HEAD, WIDTHS)
        alone = show(images[:1], bench, more)[0]
        line_rig.print_table(HEAD, WIDTHS)
        shares = show(images, bench, more)
    print(f"least share beside {chosen.recorders - 1} others ÷ share alone: {min(shares) / alone:.4f}")


if __name__ == "__main__":
    main()

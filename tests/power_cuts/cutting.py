"""One power cut after another: the recorder booted on what each leaves, docked by the real host, and judged.

Architecture: "The simulator". What must hold at every cut: the card mounts, the recorder boots, docks and verifies, no
durable entry is lost, and what is missing is named (AT-9, AT-23, AT-33, AT-34).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from power_cuts.shift import CARD_BYTES, RATE, Run, host_does, journal, make_images

from evidock.client.transport import SerialLine
from evidock.errors import EvidockError
from evidock.report import Verdict
from evidock.verification import verify
from evidock_protocol import codes, entry, kinds
from evidock_simulator import fat32
from evidock_simulator.replay.operations import WHOLE, Images, Operation, read_log, tears
from evidock_simulator.replay.process import PlayerEnded, Process

OFF_MS = 20_000  # how long the recorder was without power
BOOTS = 100  # numbers between the boots of a run and those after a cut, so that no two draw the same randomness
CHECKPOINT_MS = 5000
PICTURES = 5 * 320  # bytes a second at most
CONFIRMED = (Verdict.VERIFIED, Verdict.VERIFIED_DECLARED_GAPS)


class Broken(AssertionError):
    """What must hold after a cut does not; the text says which cut, and how to repeat it."""


def fast_folder() -> Path | None:
    """A folder in memory where the system has one: what is written there is lost soon anyway."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() else None


def cuts(run: Run) -> list[tuple[int, str]]:
    """Every way in which power can go in every operation: (number of the operation, how it is torn)."""
    return [(number, how) for number, operation in enumerate(run.operations) for how in tears(operation)]


class Cutter:
    """A player on its own copy of a run's images. Cuts must come in the order of the log."""

    def __init__(self, run: Run):
        self.run = run
        self._folder = Path(tempfile.mkdtemp(prefix="power-cuts-", dir=fast_folder()))
        flash, card = make_images(self._folder, run.used)
        self._images = Images(flash, card)
        self._process = Process(flash, card)
        self._store = self._folder / "store"

    def close(self) -> None:
        self._process.close()
        self._images.close()
        shutil.rmtree(self._folder)

    @contextmanager
    def at(self, number: int, how: str) -> Generator[Operation]:
        """The images as a cut in operation `number` leaves them."""
        self._images.apply(self.run.operations[self._images.applied : number])
        operation = self.run.operations[number]
        with self._images.cut(operation, how, number):
            yield operation

    def cut(self, number: int, how: str) -> dict[str, Any]:
        """Cuts, boots, docks and judges; what was found. Raises Broken."""
        with self.at(number, how) as operation:
            try:
                found = self._come_up(operation)
                self._judge(operation, how, found, self.run.entries)
            except (AssertionError, EvidockError, PlayerEnded) as error:
                raise Broken(self._text(number, how, error)) from error
        return found

    def cut_the_recovery(
        self, number: int, how: str, first: int = 0, stride: int = 1, only: tuple[int, str] | None = None
    ) -> int:
        """Cuts the operations of the recovery from a cut, too, in every `stride`-th way; how many cuts that were.

        Raises Broken.
        """
        count = way = 0
        with self.at(number, how) as cut:
            log = self._folder / "recovery"
            entries = self._come_up(cut, log=log)["entries"]
            recovery = read_log(log)
            with self._images.kept(recovery):
                for place, operation in enumerate(recovery):
                    durable = max(cut.durable, operation.durable)
                    placed = operation._replace(durable=durable, step=cut.step, heard=cut.heard)
                    for again in tears(operation):
                        way += 1
                        if way % stride != first % stride or only not in (None, (place, again)):
                            continue
                        try:
                            with self._images.cut(operation, again, place):
                                found = self._come_up(placed, 1)
                                self._judge(placed, again, found, entries, [cut] if how != WHOLE else [])
                        except (AssertionError, EvidockError, PlayerEnded) as error:
                            raise Broken(self._text(number, f"{how} {place} {again}", error)) from error
                        count += 1
                    self._images.write(operation)
        return count

    def _boot(self, operation: Operation, again: int) -> dict[str, Any]:
        """Power comes back; until the recorder has done what a boot does."""
        state = {**self.run.began, "time": operation.time + OFF_MS, "boots": operation.boot + BOOTS * (1 + again)}
        self._process.ask("boot", state=state, cause=self.run.cause)
        return self._process.ask("settle")

    def _come_up(self, operation: Operation, again: int = 0, log: Path | None = None) -> dict[str, Any]:
        """Boots, docks, syncs, verifies. With `log` what the boot writes is noted there."""
        if log is not None:
            self._process.ask("log", path=str(log))
        found = self._boot(operation, again)
        self._process.ask("end_log")
        assert found["failed"] is None, found["failed"]
        if found["provisioned"]:
            assert found["card"], "the card does not mount"
        else:
            assert operation.durable <= 1, "a provisioned recorder is blank"
        if found["recording"] is not None:
            self._process.ask("run", milliseconds=1500)
        self._process.ask("dock", docked=True)
        self._process.ask("settle")
        self._process.ask("serve")
        shutil.rmtree(self._store, ignore_errors=True)
        shutil.copytree(self.run.store(operation), self._store)
        line = SerialLine(self._process.port)
        try:
            for what in ("provision", "sync"):
                host_does(what, line, self._store)
        finally:
            line.close()
        found["provisioned_before"] = found["provisioned"]
        found["report"] = verify(self._store, trust=[self.run.pin])
        found["entries"] = journal(self._store)
        return found

    def _judge(
        self,
        operation: Operation,
        how: str,
        found: dict[str, Any],
        expected: list[bytes],
        also: Sequence[Operation] = (),
    ) -> None:
        """`expected` is the journal as it went on without this cut; `also` lists what was torn before."""
        entries = found["entries"]
        if found["provisioned_before"]:
            kept = entries[: operation.durable]
            assert len(kept) == operation.durable, "a durable entry is lost"
            assert kept == expected[: len(kept)], "what was durable is not what the chain goes on from"
        report = found["report"]
        findings = [(finding.code, finding.text) for finding in report.findings if finding.verdict is not None]
        torn = [one for one in [*also, *([operation] if how != WHOLE else [])] if one.kind == "sector"]
        if report.verdict is Verdict.INCOMPLETE and torn:
            worst = [finding.code for finding in report.findings if finding.verdict is Verdict.INCOMPLETE]
            assert set(worst) == {"MEDIA_LOST"}, findings
        elif report.verdict is Verdict.ALTERED and any(fat32.in_table(CARD_BYTES, one.offset) for one in torn):
            # Two files may share clusters then (device/DESIGN.md, "What power loss may cost"): no other bytes differ.
            worst = [finding for finding in report.findings if finding.verdict is Verdict.ALTERED]
            assert {finding.code for finding in worst} == {"CONTENT_MISMATCH"}, findings
            sealed = [entry.parse(raw) for raw in entries[: operation.durable]]
            closed = {one.body["number"] for one in sealed if one.kind == kinds.SEGMENT}
            assert closed.isdisjoint(finding.segment for finding in worst), findings
        else:
            assert report.verdict in CONFIRMED, (report.verdict.value, findings)
        for raw in entries[operation.durable :]:
            parsed = entry.parse(raw)
            if parsed.kind == kinds.SEGMENT and parsed.body["attested"] == codes.ATTESTED_RECOVERED:
                body = parsed.body
                rate = 2 * RATE if body["track"] == codes.TRACK_SOUND else PICTURES
                tail = body["length"] - body["attested_length"]
                assert tail <= rate * CHECKPOINT_MS // 1000 + body["leaf_size"], f"{tail} bytes are not attested"

    def _text(self, number: int, how: str, error: Exception) -> str:
        operation = self.run.operations[number]
        place = f"{operation.kind} of {len(operation.data)} bytes at {operation.offset:#x}"
        step = self.run.steps[operation.step]
        return (
            f"operation {number} ({place}, in step {operation.step} {step}), cut {how}: {error}\n"
            f"repeat: python tests/power_cuts/repeat.py {self.run.folder} {number} {how}"
        )

"""Scenarios played, docked and verified, and what their reports say in lines that can be compared (SCENARIOS.md)."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from support.docks import NOW_MS, make_organisation, make_store

from evidock import ordering, verify
from evidock.client import Recorder as Client
from evidock.docking import sync
from evidock.provisioning import provision
from evidock.report import State
from evidock.store import Store
from evidock_agent.agent import Agent
from evidock_protocol import codes
from evidock_simulator import scenario
from evidock_simulator.lane import Recorder
from evidock_simulator.virtual.files import measurement

SEED = 1
LATER_MS = 3_600_000  # that an order is given after the hosts' certificates
MILLISECONDS = 0.002  # times are written to the millisecond
_TIMES = re.compile(r"(?<=[ –])(\d+)(?=–| )")  # seconds in a line of `told`
SLACK = 0.1  # s: where a time on the wall clock lies, against ticks

Json = dict[str, Any]


def play(
    name: str,
    folder: Path,
    new_agent: Callable[[Any], Agent] = Agent,
    meanwhile: Callable[[Recorder, Store], None] | None = None,
) -> tuple[Json, float]:
    """The report about a shift, as `verify --json` prints it, and the Unix second at which the shift began.

    `new_agent` makes the agent of each boot; `meanwhile` is called once the recorder is provisioned, with its store,
    by default it does what the scenario has for a host.
    """
    recorder = Recorder(name, SEED, folder / "recorder", (), new_agent)
    try:
        recorder.run_until("waiting")
        with make_store(folder / "store") as store:
            cable = recorder.link
            provision(Client(cable, "lane", store, False, cable.monotonic), store, "417", "BC-1")
            (meanwhile or partial(attend, name))(recorder, store)
            recorder.run_until("docked")
            sync(Client(cable, "lane", store, False, cable.monotonic), store)
            pin = store.organisation.hex()
        report = verify(folder / "store", trust=[pin])
        return json.loads(json.dumps(report.to_json())), began(name, recorder.state)
    finally:
        recorder.close()


def attend(name: str, recorder: Recorder, store: Store) -> None:
    """Does what the scenario has for a host (SCENARIOS.md), on the second."""
    for second, what, *arguments in scenario.host(name):
        recorder.run_while(lambda until=second * 1000: recorder.world.elapsed() < until)
        client = Client(recorder.link, "lane", store, False, recorder.link.monotonic)
        if what in ("sync", "delete"):
            sync(client, store, delete=what == "delete")
        elif what == "firmware":
            ordering.expect_firmware(client, measurement(recorder.parts.firmware, arguments[0]), store)
        elif what == "reset":
            order = make_organisation().order(codes.OPERATION_RESET, [], NOW_MS + LATER_MS, client.device)
            ordering.deliver(client, order, store)
        else:
            provision(client, store, "418", "BC-2")


class Liar(Agent):
    """A firmware that signs what `lies` makes of the bodies of its entries, by kind."""

    lies: ClassVar[dict[int, Callable[[Json], None]]] = {}

    def open_rings(self) -> None:
        super().open_rings()
        truly = self.journal.append

        def append(kind: int, body: Json, *rest: Any, **more: Any) -> Any:
            self.lies.get(kind, lambda body: None)(body)
            return truly(kind, body, *rest, **more)

        self.journal.append = append  # type: ignore[method-assign]


def began(name: str, world: Json) -> float:
    start = scenario.load(name)[1]
    assert start is not None
    return (start + int(world["began"])) / 1000


def told(wanted: Json) -> Iterator[str]:
    """What a file says, a line each."""
    yield f"verdict {wanted['verdict']}"
    for first, last, state, cause in wanted["timeline"]:
        yield f"timeline {first}–{last} {state} {cause or '–'}"
    for after, before, state, seconds in wanted.get("unplaced", ()):
        yield f"unplaced between {after} and {before}: {seconds} s {state}"
    for first, last, cause, verdict, spoken, recording, resumed, says in wanted["gaps"]:
        after = f"of {recording or '–'}, goes on in {resumed or '–'}, {says or 'no telemetry'}"
        yield f"gap {first}–{last} {cause} {verdict} {'spoken' if spoken else 'silent'}, {after}"
    for code, count in sorted(Counter(wanted["findings"]).items()):
        yield f"finding {code} × {count}"
    for what, recording in sorted(wanted["owed"], key=str):
        yield f"owed {what} for recording {recording}"


def found(report: Json, began: float, end: int) -> Iterator[str]:
    """The same of a report, in whole seconds since the shift `began`, as far as second `end`."""

    def second(time: str | None) -> int | None:
        return None if time is None else round(datetime.fromisoformat(time).timestamp() - began)

    rows: list[list[Any]] = []
    for span in report["coverage"]["spans"]:
        first, last = max(0, second(span["from"]) or 0), min(end, second(span["to"]) or 0)
        if first >= last:
            continue
        if rows and rows[-1][1:] == [first, span["state"], span["cause"]]:
            rows[-1][1] = last
        else:
            rows.append([first, last, span["state"], span["cause"]])
    yield from told(
        {
            "verdict": report["verdict"],
            "timeline": rows,
            "unplaced": [
                [second(one["between"]["from"]), second(one["between"]["to"]), name.removesuffix("_s"), round(seconds)]
                for one in report["coverage"]["unplaced"]
                for name, seconds in one["seconds"].items()
                if round(seconds)
            ],
            "gaps": [
                [
                    second(gap["from"]),
                    second(gap["to"]),
                    gap["cause"],
                    gap["verdict"],
                    gap["voice"] is not None,
                    gap["recording"],
                    gap["resumed"],
                    gap["telemetry"].get("says"),
                ]
                for gap in report["gaps"]
            ],
            "findings": [finding["code"] for finding in report["findings"]],
            "owed": [[owed["what"], owed["recording"]] for owed in report["owed"]],
        }
    )


def unsound(report: Json) -> Iterator[str]:
    """What a report says that cannot be, whatever happened: each second once, and gaps as long as their times say.

    Each second is one of the interval; where there are several recorders, one from a recorder's first to its last.
    """
    coverage, states = report["coverage"], [f"{state.value}_s" for state in State]
    for device in coverage["devices"]:
        spans = [span for span in coverage["spans"] if span["device"] == device]
        whole = report["interval"] if len(coverage["devices"]) == 1 else {**spans[-1], "from": spans[0]["from"]}
        start, end = _seconds(whole["from"]), _seconds(whole["to"])
        at, lasts = start, dict.fromkeys(states, 0.0)
        for span in spans:
            first, last = _seconds(span["from"]), _seconds(span["to"])
            if abs(first - at) > MILLISECONDS or last <= first:
                yield f"after second {at - start:.3f} comes a span {first - start:.3f}–{last - start:.3f}"
            at = last
            lasts[f"{span['state']}_s"] += last - first
        if abs(at - end) > MILLISECONDS:
            yield f"the spans end at second {at - start:.3f} of {end - start:.3f}"
        for one in coverage["unplaced"]:
            for state, seconds in one["seconds"].items() if one["certain"] and one["device"] == device else ():
                lasts[state] += seconds
                if one["held"] is not None:
                    lasts[f"{one['held']}_s"] -= seconds
        for state in states:
            if abs(lasts[state] - coverage["devices"][device][state]) > 0.1:
                yield f"{state} is {coverage['devices'][device][state]}, and {lasts[state]:.3f} by the spans"
    for gap in report["gaps"]:
        least, most = gap["seconds"]
        if least < 0 or (most is not None and most < least):
            yield f"a gap of {least} to {most} s"
        if gap["from"] is not None and gap["to"] is not None:
            length = _seconds(gap["to"]) - _seconds(gap["from"])
            if not least - SLACK <= length <= (length if most is None else most + SLACK):
                yield f"a gap from {gap['from']} to {gap['to']}, {least} to {most} s long"
        for bound, moment in zip(gap["between"], (gap["from"], gap["to"]), strict=True):
            if bound is not None and moment is not None and abs(_seconds(bound) - _seconds(moment)) > 86400:
                yield f"{moment} is a day from its bound {bound}"


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def alike(wanted: list[str], got: list[str], slack: int) -> bool:
    """Whether lines say the same, where times may differ by `slack` seconds."""
    pairs = [(_TIMES.split(one), _TIMES.split(other)) for one, other in zip(wanted, got, strict=False)]
    return len(wanted) == len(got) and all(
        one[::2] == other[::2]
        and all(abs(int(a) - int(b)) <= slack for a, b in zip(one[1::2], other[1::2], strict=True))
        for one, other in pairs
    )


def compare(name: str, report: Json, began: float, slack: int = 0) -> None:
    """Fails with the difference, and with what the findings and gaps say. Times may differ by `slack` seconds."""
    assert list(unsound(report)) == []
    end = scenario.load(name)[0]["events"][-1][0]
    wanted, got = list(told(scenario.expected(name) or {})), list(found(report, began, end))
    if alike(wanted, got, slack):
        return
    lines = list(difflib.unified_diff(wanted, got, f"{name}.json", "report", lineterm="", n=2))
    lines += [f"{one['code']}: {one['text']}" for one in report["findings"]]
    lines += [f"gap: {one['text']}" for one in report["gaps"]]
    pytest.fail("\n".join(lines), pytrace=False)

"""Scenarios played, docked and verified, and what their reports say in lines that can be compared (SCENARIOS.md)."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from support.docks import make_store

from evidock import verify
from evidock.client import Recorder as Client
from evidock.docking import sync
from evidock.provisioning import provision
from evidock.store import Store
from evidock_agent.agent import Agent
from evidock_simulator import scenario
from evidock_simulator.lane import Recorder

SEED = 1

Json = dict[str, Any]


def play(
    name: str,
    folder: Path,
    new_agent: Callable[[Any], Agent] = Agent,
    meanwhile: Callable[[Recorder, Store], None] = lambda recorder, store: None,
) -> tuple[Json, float]:
    """The report about a shift, as `verify --json` prints it, and the Unix second at which the shift began.

    `new_agent` makes the agent of each boot; `meanwhile` is called once the recorder is provisioned, with its store.
    """
    recorder = Recorder(name, SEED, folder / "recorder", (), new_agent)
    try:
        recorder.run_until("waiting")
        with make_store(folder / "store") as store:
            cable = recorder.link
            provision(Client(cable, "lane", store, False, cable.monotonic), store, "417", "BC-1")
            meanwhile(recorder, store)
            recorder.run_until("docked")
            sync(Client(cable, "lane", store, False, cable.monotonic), store)
            pin = store.organisation.hex()
        report = verify(folder / "store", trust=[pin])
        return json.loads(json.dumps(report.to_json())), began(name, recorder.state)
    finally:
        recorder.close()


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
    for first, last, cause, verdict, spoken in wanted["gaps"]:
        yield f"gap {first}–{last} {cause} {verdict} {'spoken' if spoken else 'silent'}"
    for code in sorted(wanted["findings"]):
        yield f"finding {code}"
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
                [second(gap["from"]), second(gap["to"]), gap["cause"], gap["verdict"], gap["voice"] is not None]
                for gap in report["gaps"]
            ],
            "findings": {finding["code"] for finding in report["findings"]},
            "owed": [[owed["what"], owed["recording"]] for owed in report["owed"]],
        }
    )


def compare(name: str, report: Json, began: float) -> None:
    """Fails with the difference, and with what the findings and gaps say."""
    end = scenario.load(name)[0]["events"][-1][0]
    wanted, got = list(told(scenario.expected(name) or {})), list(found(report, began, end))
    if wanted == got:
        return
    lines = list(difflib.unified_diff(wanted, got, f"{name}.json", "report", lineterm="", n=2))
    lines += [f"{one['code']}: {one['text']}" for one in report["findings"]]
    lines += [f"gap: {one['text']}" for one in report["gaps"]]
    pytest.fail("\n".join(lines), pytrace=False)

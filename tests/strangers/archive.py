"""One synced archive for strangers to read: a shift on the simulator's in-process lane, docked and pulled by a host."""

from __future__ import annotations

import json
import random
import wave
from pathlib import Path
from typing import NamedTuple

from support.docks import make_store

from evidock import layout
from evidock.client import Recorder as Client
from evidock.docking import sync
from evidock.provisioning import provision
from evidock_protocol import entry, kinds, sign1, statements
from evidock_simulator.lane import Recorder

SCENARIO = {
    "name": "strangers",
    "title": {"en": "a short shift", "zh": "短班次"},
    "start": "2026-03-02T21:40:00+08:00",
    "clock": {"set": True, "kept_without_power": True},
    "battery": [[0, 90]],
    "temperature": [[0, 200]],
    "events": [
        [2, "press", "record"], [3, "press", "mark"], [5, "press", "stop"],
        [7, "press", "record"], [14, "cut"], [20, "boot"], [25, "press", "off"], [30, "boot"], [35, "dock"],
    ],
}  # fmt: skip
RATE = 8000  # frames per second of what the microphone hears


class Signed(NamedTuple):
    """A statement of an archive and the public key that must have signed it."""

    typ: int
    raw: bytes
    key: bytes


class Archive(NamedTuple):
    """What a store holds of one recorder, in the order of its files."""

    signed: list[Signed]
    private: bytes
    """The private sequence."""

    def of(self, typ: int) -> list[Signed]:
        return [one for one in self.signed if one.typ == typ]


def make(folder: Path) -> Archive:
    """Plays the shift, docks it, and reads back the store's files."""
    folder.mkdir(parents=True, exist_ok=True)
    scenario = folder / "scenario.json"
    scenario.write_text(json.dumps(SCENARIO), encoding="utf-8")
    heard = folder / "heard.wav"
    with wave.open(str(heard), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        out.writeframes(random.Random(7).randbytes(10 * RATE * 2))
    recorder = Recorder(str(scenario), 1, folder / "recorder", (heard,))
    try:
        recorder.run_until("waiting")
        with make_store(folder / "store") as store:
            cable = recorder.link
            provision(Client(cable, "lane", store, False, cable.monotonic), store, "417", "BC-1")
            recorder.run_until("docked")
            client = Client(cable, "lane", store, False, cable.monotonic)
            result = sync(client, store)
            assert client.device is not None
            assert result.receipted
            return read(store.folder, client.device, store.host.public)
    finally:
        recorder.close()


def read(store: Path, device: bytes, host: bytes) -> Archive:
    """The statements of a store with the keys that their places prescribe: the chain's own, and the host's."""
    folder = store / layout.recorder(device)
    found: list[Signed] = []
    keys: list[tuple[int, bytes]] = []  # (size from which it signs, key)
    for sequence, raw in enumerate(split(folder / layout.JOURNAL)):
        parsed = entry.parse(raw)
        if parsed.kind == kinds.GENESIS:
            keys.append((0, bytes(parsed.body["public_key"])))
        found.append(Signed(statements.TYP_ENTRY, raw, keys[-1][1]))
        if parsed.kind == kinds.EPOCH:
            keys.append((sequence + 1, bytes(parsed.body["public_key"])))
    for raw in split(folder / layout.HEADS):
        size = entry.parse_statement(raw, statements.TYP_HEAD)[1]["size"]
        found.append(Signed(statements.TYP_HEAD, raw, [key for first, key in keys if first <= size][-1]))
    found += [Signed(statements.TYP_RECEIPT, raw, host) for raw in split(folder / layout.RECEIPTS)]
    found += [Signed(statements.TYP_CUSTODY, raw, host) for raw in split(store / layout.CUSTODY)]
    certificate = (store / layout.CERTIFICATE).read_bytes()
    values = entry.parse_statement(certificate, statements.TYP_CERTIFICATE)[1]
    found.append(Signed(statements.TYP_CERTIFICATE, certificate, values["organisation"]))
    private = folder / layout.PRIVATE
    return Archive(found, private.read_bytes() if private.is_file() else b"")


def split(path: Path) -> list[bytes]:
    """The statements of a CBOR sequence."""
    raw, at = path.read_bytes(), 0
    found: list[bytes] = []
    while at < len(raw):
        end = sign1.end_of(raw, at)
        found.append(raw[at:end])
        at = end
    return found

"""The thief: a recorder's flash and card are copied with their live key in the middle of a shift, on real MicroPython.

AT-12, AT-14, AT-18, AT-32, AT-36; architecture, "Trust". What he cannot do is found by public keys and heads alone;
what he can is in SECURITY.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pickle
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from end_to_end.evidence import STATUS, journal, one_line, run
from simulator.simulated_host import Host as BareHost
from support.virtual import Virtual, virtual

from evidock import connect
from evidock import verify as verify_quietly
from evidock.client.session import open_session
from evidock.errors import Refused
from evidock.store import Store
from evidock.verification import verify as verify_folder
from evidock_agent.crypto import sha512
from evidock_protocol import card, cbor, codes, flash, kinds, messages, sign1, statements
from evidock_protocol.wire import Refusal
from evidock_simulator import launch
from evidock_simulator.attacks import evidence, forgery, stolen_keys
from evidock_simulator.lane import Recorder
from evidock_simulator.virtual import nor

MINIMUM = 3  # epochs, of which the thief has only the last one
LONG_SEED, CLONE_SEED = "21", "99"
SEED_BYTES = 32
SHIFT = {
    "name": "stolen",
    "title": {"en": "a shift in whose middle a thief comes", "zh": "班次中途遭窃"},
    "start": "2026-03-02T21:40:00+08:00",
    "clock": {"set": True, "kept_without_power": True},
    "battery": [[0, 90]],
    "temperature": [[0, 220]],
    "sound": "quiet",
    "events": [
        [2, "press", "record"], [4, "press", "mark"], [12, "press", "stop"],
        [15, "press", "record"], [17, "press", "mark"], [25, "press", "stop"],
        [28, "press", "record"], [36, "press", "stop"],
        [40, "press", "mark"],
        [52, "press", "record"], [56, "press", "stop"],
        [60, "dock"],
    ],
}  # fmt: skip
COPIED_AFTER = 9  # events: between two recordings the thief has it in his hands


class Theft(NamedTuple):
    """What is left of it: two stores of one organisation, and the images as the thief had them."""

    folder: Path
    docked: Path
    """The store of the host at which the recorder itself docked."""
    cloned: Path
    """That of the host at which the clone did."""
    images: Path
    """Flash, card and world as they were copied, in the middle of the shift."""
    pin: str
    device: str
    samples: list[tuple[bytes, bytes]]
    """Flash and card at moments of the shift."""
    refusals: list[int]
    """How a host of another organisation was refused."""
    rollback: subprocess.CompletedProcess[str]
    """What `evidock sync` says at the first host when the clone comes in the recorder's place."""
    states: list[dict[str, Any]]


@pytest.fixture(scope="module")
def theft(tmp_path_factory: pytest.TempPathFactory) -> Theft:
    if not launch.has_micropython():
        pytest.skip("MicroPython's unix build has no wheel for this platform")
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (base / "theft.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = base / "theft.pickle"
        if not kept.exists():  # another worker may have seen to it
            kept.write_bytes(pickle.dumps(tuple(commit(tmp_path_factory.mktemp("theft")))))
        return Theft(*pickle.loads(kept.read_bytes()))


def commit(folder: Path) -> Theft:
    """A shift, its images copied; the recorder docks at one host, the clone there too, and then at another."""
    docked, cloned, stranger = folder / "docked", folder / "cloned", folder / "stranger"
    does(folder, "init", str(docked))
    does(folder, "init", str(cloned))
    does(stranger, "init", str(stranger / "store"))
    scenario = folder / "stolen.json"
    scenario.write_text(json.dumps(SHIFT))
    own = folder / "own"
    own.mkdir()
    with virtual(own, str(scenario), "--speed", "20", "--seed", LONG_SEED) as recorder:
        recorder.wait_for("waiting")
        told = does(folder, "provision", "--port", str(recorder.port), str(docked), "--serial", "417", "--json")
        recorder.wait_for("shift")
        samples = list(watched(recorder, own, folder / "images"))
        states = [json.loads(line) for line in (own / "states.jsonl").read_text().splitlines()]
        recorder.kill()
    with virtual(own, str(scenario), "--speed", "max", "--seed", LONG_SEED) as recorder:
        recorder.wait_for("docked")
        refusals = turned_away(recorder, stranger / "store", json.loads(told)["device"])
        does(folder, "sync", "--port", str(recorder.port), str(docked))
    rollback = play_clone(folder, scenario, docked, cloned)
    pin = str(json.loads((docked / "store.json").read_text())["organisation"])
    device = json.loads(told)["device"]
    return Theft(folder, docked, cloned, folder / "images", pin, device, samples, refusals, rollback, states)


def play_clone(folder: Path, scenario: Path, docked: Path, cloned: Path) -> subprocess.CompletedProcess[str]:
    """The thief's copy in another case: it docks where the recorder did, is refused, and goes elsewhere."""
    other = folder / "other"
    shutil.copytree(folder / "images", other)
    kept = other / "recorder.flash.world"
    world = json.loads(kept.read_text())
    world["seed"] = int(CLONE_SEED)  # another board has other noise
    kept.write_text(json.dumps(world))
    with virtual(other, str(scenario), "--speed", "max", "--seed", CLONE_SEED) as clone:
        clone.wait_for("docked")
        refused = run(folder, "sync", "--port", str(clone.port), str(docked))
        does(folder, "provision", "--port", str(clone.port), str(cloned))
        does(folder, "sync", "--port", str(clone.port), str(cloned))
    return refused


def watched(recorder: Virtual, folder: Path, images: Path) -> Iterator[tuple[bytes, bytes]]:
    """Flash and card of a running recorder after each change of its key ring; it stands still meanwhile.

    In the middle of the shift its files are copied to `images`.
    """
    flash_image, card_image = folder / "recorder.flash", folder / "recorder.flash.card"
    before = b""
    while "docked" not in recorder.states():
        assert recorder.process.poll() is None
        comes = not images.exists() and events_past(folder) >= COPIED_AFTER
        if not comes and key_ring(flash_image) == before:
            time.sleep(0.004)
            continue
        os.kill(recorder.process.pid, signal.SIGSTOP)
        try:
            if comes:
                images.mkdir()
                for path in folder.glob("recorder.flash*"):
                    shutil.copyfile(path, images / path.name)
            before = key_ring(flash_image)
            yield flash_image.read_bytes(), written(card_image)
        finally:
            os.kill(recorder.process.pid, signal.SIGCONT)
    assert images.exists(), "the shift was not watched"
    yield flash_image.read_bytes(), written(card_image)


def events_past(folder: Path) -> int:
    """How many of the scenario's events have been."""
    return json.loads((folder / "recorder.flash.world").read_text())["event"]


def key_ring(image: Path) -> bytes:
    """The key ring of a flash image."""
    with image.open("rb") as file:
        file.seek(nor.IDENTITY * flash.SECTOR)
        return file.read(nor.KEYS * flash.SECTOR)


def written(image: Path) -> bytes:
    """What stands on a card, without the blocks of it that are zero."""
    blank = bytes(1 << 16)
    with image.open("rb") as file:
        return b"".join(block for block in iter(lambda: file.read(len(blank)), b"") if block != blank)


def turned_away(recorder: Virtual, store: Path, device: str) -> list[int]:
    """A host of another organisation asks for sessions, as its own software would not: the codes of the refusals."""
    found: list[int] = []
    for _ in range(3):
        with Store(store) as opened, connect(str(recorder.port), opened) as client:
            try:
                open_session(client.connection, opened, bytes.fromhex(device))
            except Refused as refused:
                found.append(refused.code)
    return found


def keys_in(image: bytes) -> dict[int, bytes]:
    """Seeds by epoch, as a thief reads them out of a flash image."""
    ring = image[nor.IDENTITY * flash.SECTOR : (nor.IDENTITY + nor.KEYS) * flash.SECTOR]
    parsed = (flash.parse_key(ring[at : at + flash.KEY_BYTES]) for at in range(0, len(ring), flash.KEY_SLOT))
    return dict(one for one in parsed if one is not None)


def does(folder: Path, *arguments: str) -> str:
    folder.mkdir(exist_ok=True)
    done = run(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def codes_of(path: Path, pin: str) -> tuple[str, set[tuple[str, int | None]]]:
    report = verify_quietly(path, trust=[pin])
    return report.verdict.value, {(one.code, one.attack) for one in report.findings}


# Old keys are gone.


def test_the_fingerprint_is_shown_on_the_recorder(theft: Theft) -> None:
    """Both ends show the same, so that who stands there sees which recorder was enrolled."""
    (shown,) = [one["fingerprint"] for one in theft.states if "fingerprint" in one]
    digits = "".join(one for one in shown.lower() if one in "0123456789abcdef")
    assert digits
    assert theft.device.startswith(digits)


def test_no_old_key_is_anywhere_after_a_change(theft: Theft) -> None:
    """Seed, expanded key and both its halves of every epoch before the live one, in all of flash and card."""
    (recorder,) = evidence.Evidence(theft.docked).recorders
    seeds = stolen_keys.recorder_seeds(recorder)
    assert len(seeds) > MINIMUM
    lives: list[int] = []
    for image, card_image in theft.samples:
        there = [epoch for epoch, seed in enumerate(seeds) if holds(seed, image, card_image)]
        # Between the new key and the wipe of the old one there are two; never one that has signed its EPOCH long ago.
        assert there in ([there[0]], [there[0], there[0] + 1]), there
        assert [seed for epoch, seed in keys_in(image).items()] == [seeds[epoch] for epoch in there]
        lives.append(there[0])
    assert lives == sorted(lives)
    assert len(set(lives)) >= MINIMUM, "the shift was not watched"


def holds(seed: bytes, *images: bytes) -> bool:
    """Whether a secret stands somewhere."""
    expanded = sha512.sha512(seed)
    clamped = bytes([expanded[0] & 248]) + expanded[1:31] + bytes([expanded[31] & 127 | 64])
    secrets = (seed, expanded[:SEED_BYTES], expanded[SEED_BYTES:], clamped, seed.hex().encode())
    return any(secret in image for secret in secrets for image in images)


# A copy is a second history.


def test_at_12_an_old_image_put_back_is_refused(theft: Theft) -> None:
    assert theft.rollback.returncode == 1
    assert "Traceback" not in theft.rollback.stderr
    assert theft.device[:16] in one_line(theft.rollback.stderr)
    verdict, found = codes_of(theft.docked, theft.pin)
    assert verdict == "ALTERED"
    assert {("ROLLBACK", 12)} <= found


def test_at_36_before_heads_meet_a_clone_is_not_known(theft: Theft) -> None:
    """The clone's own host cannot tell: unprovable, and said so."""
    report = verify_quietly(theft.cloned, trust=[theft.pin])
    assert report.verdict.exit_status == 0, [one.text for one in report.findings]
    assert [text for text in report.unproven if "head" in text]


def test_at_14_heads_that_meet_show_two_histories(theft: Theft, tmp_path: Path) -> None:
    """Each host takes in the other's heads, and is told at once that they do not fit.

    Proof is with the host whose journal names the key: the clone's first head is by the stolen key, which the
    recorder's journal names. The recorder's own heads are by later keys, of which the clone's journal knows nothing:
    anybody could have made these, so they are set aside, and spoil no report.
    """
    for mine, other in ((theft.cloned, theft.docked), (theft.docked, theft.cloned)):
        store, file = tmp_path / mine.name, tmp_path / f"{mine.name}.heads"
        shutil.copytree(mine, store)
        does(theft.folder, "heads", "export", str(other), "--out", str(file))
        done = run(theft.folder, "heads", "import", str(store), str(file))
        assert done.returncode == 1, done.stdout
        assert theft.device[:16] in done.stdout
        verdict, found = codes_of(store, theft.pin)
        if mine == theft.docked:
            assert verdict == "ALTERED"
            assert {("EQUIVOCATION", 14)} <= found
        else:
            assert verdict == "VERIFIED_DECLARED_GAPS"


# The thief and the past.

Forge = Callable[[list[bytes], int, stolen_keys.Key], list[bytes]]


def altered(entries: list[bytes], place: int, key: stolen_keys.Key) -> list[bytes]:
    """The entry's time becomes another."""
    payload = forgery.payload_of(entries[place])
    payload[8] = int(payload[8]) + 1  # type: ignore[call-overload]
    return [*entries[:place], key.seal(statements.TYP_ENTRY, cbor.encode(payload)), *entries[place + 1 :]]


def dropped(entries: list[bytes], place: int, key: stolen_keys.Key) -> list[bytes]:
    """The next entry takes the place of one that goes."""
    payload = forgery.payload_of(entries[place + 1])
    payload.update({4: place, 5: sign1.statement_hash(entries[place - 1])})
    return [*entries[:place], key.seal(statements.TYP_ENTRY, cbor.encode(payload)), *entries[place + 2 :]]


def inserted(entries: list[bytes], place: int, key: stolen_keys.Key) -> list[bytes]:
    """A MARK of that moment, linked as it should be."""
    payload = forgery.payload_of(entries[place - 1])
    payload.update({4: place, 5: sign1.statement_hash(entries[place - 1]), 6: kinds.MARK, 11: {}})
    payload[10] = {0: None, 1: codes.MARK_EVIDENCE, 2: 1}
    if not payload[11]:
        del payload[11]
    return [*entries[:place], key.seal(statements.TYP_ENTRY, cbor.encode(payload)), *entries[place:]]


@contextlib.contextmanager
def stolen_card(theft: Theft, folder: Path) -> Generator[tuple[evidence.Recorder, stolen_keys.Key, int]]:
    """The card that the thief has, the key out of the flash image that he has, and where its epoch begins."""
    with evidence.copied(theft.images / "recorder.flash.card", folder / "card") as found:
        seeds = keys_in((theft.images / "recorder.flash").read_bytes())
        ((epoch, seed),) = seeds.items()
        assert epoch >= MINIMUM
        (recorder,) = found.recorders
        begins = [place for place, one in enumerate(recorder.parsed()) if one.kind == kinds.EPOCH][epoch - 1] + 1
        yield recorder, stolen_keys.Key(seed), begins


def places(entries: list[bytes], begins: int, every: bool) -> list[int]:
    """Places before the live epoch that are attacked."""
    return list(range(1, begins - 1)) if every else [1, begins // 2, begins - 2]


@pytest.mark.parametrize("forge", [altered, dropped, inserted])
@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.hunt)], ids=["some", "all"])
def test_at_18_the_live_key_rewrites_no_past(forge: Forge, every: bool, theft: Theft, tmp_path: Path) -> None:
    """No head, no enrolment, nothing secret: the card alone and the recorder's id say that it was not he."""
    with stolen_card(theft, tmp_path) as (recorder, key, begins):
        entries = list(recorder.entries)
        before = verify_folder(tmp_path / "card", trust=[theft.device])
        assert before.verdict.exit_status <= STATUS["INCOMPLETE"], [one.text for one in before.findings]
        for place in places(entries, begins, every):
            recorder.write(forge(entries, place, key))
            report = verify_folder(tmp_path / "card", trust=[theft.device])
            found = {(one.code, one.attack) for one in report.findings}
            if recorder.parsed()[place].kind == kinds.EPOCH and place >= begins - 2:
                # Who forges the very EPOCH that names this key has a key that no entry names.
                assert report.verdict.exit_status >= STATUS["UNTRUSTED"], (place, found)
                assert ("KEY_CHANGE", 17) in found, (place, found)
            else:
                assert report.verdict.exit_status == STATUS["ALTERED"], (place, found)
                assert ("EPOCH_VIOLATION", 18) in found, (place, found)


def test_at_18_what_the_live_key_can_do(theft: Theft, tmp_path: Path) -> None:
    """It signs what comes next, and nobody tells that from the recorder itself: SECURITY.md says so."""
    with stolen_card(theft, tmp_path) as (recorder, key, begins):
        assert begins <= len(recorder.entries)
        before = verify_folder(tmp_path / "card", trust=[theft.device])
        went_on = stolen_keys.Journal(recorder.entries, [key] * (recorder.parsed()[-1].epoch + 2))
        went_on.add(kinds.MARK, {"recording": None, "type": codes.MARK_EVIDENCE, "count": 1})
        recorder.write(went_on.entries)
        after = verify_folder(tmp_path / "card", trust=[theft.device])
        assert after.verdict == before.verdict


# Strangers and second owners.


def test_at_32_a_stranger_is_refused_and_counted(theft: Theft) -> None:
    assert theft.refusals == [messages.BAD_CERTIFICATE] * 3
    told = [one.body for one in journal(theft.docked / "recorders" / theft.device) if one.kind == kinds.HOST]
    refused = [body for body in told if body["event"] == codes.HOST_REFUSED]
    assert sum(body["count"] for body in refused) >= 1
    assert {body["refusal"] for body in refused} == {messages.BAD_CERTIFICATE}
    _verdict, found = codes_of(theft.docked, theft.pin)
    assert ("REFUSED", 32) in found


def test_a_second_provisioning_is_refused(tmp_path: Path) -> None:
    """Without an order of its organisation a recorder stays whose it is, whoever asks."""
    recorder = Recorder("quiet-shift", 1, tmp_path)
    try:
        recorder.run_until("waiting")
        host = BareHost(recorder.link)
        host.provision()
        identity = recorder.image.read_bytes()[: nor.IDENTITY * flash.SECTOR]
        before = key_ring(recorder.image)
        with pytest.raises(Refusal) as refused:
            host.provision()
        assert refused.value.code == messages.ALREADY_PROVISIONED
        assert key_ring(recorder.image) == before
        assert recorder.image.read_bytes()[: nor.IDENTITY * flash.SECTOR] == identity
    finally:
        recorder.close()


def test_the_card_of_the_thief_is_the_recorders(theft: Theft, tmp_path: Path) -> None:
    """Else the rest would prove nothing."""
    with stolen_card(theft, tmp_path) as (recorder, _key, _begins):
        assert recorder.folder.name == card.device_folder(bytes.fromhex(theft.device)).split("/")[-1]
        assert recorder.entries[: len(recorder.entries)] == [
            one.raw for one in journal(theft.docked / "recorders" / theft.device)[: len(recorder.entries)]
        ]

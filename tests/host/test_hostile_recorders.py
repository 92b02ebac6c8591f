"""Devices that answer as they like: bounded memory, a clear error in bounded time, an archive that nothing harms.

AT-28 and AT-13 at the line. Each device is enrolled, was docked honestly once and has recorded since; then it
misbehaves through one docking. Afterwards every byte that was in the archive is still there, what was added is the
recorder's own or lies where half-pulled and refused things lie, and an honest docking brings everything in.
"""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import count, islice, repeat
from typing import Any

import pytest
from support.docks import attach, dock, enrol, make_store
from support.hostile import (
    Asked,
    Behaviour,
    Raw,
    Sent,
    dock_hostile,
    files,
    gone,
    honest,
    media,
    noise,
    on,
    pieces,
    quick_folder,
)
from support.recorder import LEAF, ScriptedRecorder

from evidock.docking import SyncResult
from evidock.errors import EvidockError, Misbehaving
from evidock.provisioning import provision
from evidock.store import Store
from evidock_protocol import cbor, messages, wire

PEAK = 6 << 20  # bytes that a docking may take besides what it had
SECONDS = 20 * 60  # of virtual time
SLOW = 2000  # bytes a second of what never ends
SHORT = 2 * LEAF + 30
HUGE = (0, 255, 1 << 16, (1 << 31) - 1, 1 << 32, (1 << 63) - 1)


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


@pytest.fixture
def store(recorder: ScriptedRecorder) -> Generator[Store]:
    with quick_folder() as folder, make_store(folder / "store") as made:
        enrol(recorder, made)
        recorder.shift(1, 1, SHORT)
        dock(recorder, made)
        recorder.shift(1, 2, SHORT)
        yield made


def other_recorder(store: Store) -> ScriptedRecorder:
    """Another recorder of the same organisation, with recordings of the same numbers and lengths."""
    other = ScriptedRecorder(seed=2)
    other.provision(store.organisation, store.successor, "418", "BC-2", store.host.thumbprint)
    other.shift(1, 1, SHORT)
    other.shift(1, 2, SHORT)
    return other


# What is too much.

ANSWERED = (
    messages.HELLO, messages.OPEN, messages.PROVE, messages.STATUS, messages.JOURNAL, messages.PRIVATE, messages.LEAVES,
    messages.MEDIA, messages.RECEIPT, messages.CLOSE,
)  # fmt: skip
NAMES = {row[0]: row[1] for row in messages.MESSAGES}


def endless(make: Callable[[Asked], Sent]) -> Behaviour:
    """Answers with this for ever."""

    def behaviour(asked: Asked) -> Iterable[Sent]:
        return repeat(make(asked))

    return behaviour


def stale_answer(asked: Asked) -> bytes:
    """A valid answer to a request that was never sent."""
    return wire.answer(messages.LEAVES, asked.number + 9, {"first": 0, "hashes": bytes(64)})


def stale_media(asked: Asked) -> bytes:
    return media(asked._replace(number=60_000), 0, bytes(1024))


ENDLESS: dict[str, Behaviour] = {
    "noise": lambda _asked: noise(with_zeros=False),
    "noise with zeros": lambda _asked: noise(with_zeros=True),
    "zeros": lambda _asked: repeat(Raw(bytes(1024))),
    "text": lambda _asked: repeat(Raw(b"MicroPython v1.28.0 on 2026-01-01\r\n>>> ")),
    "answers to nothing": endless(stale_answer),
    "media that nobody asked for": endless(stale_media),
    "refusals of other requests": endless(lambda asked: wire.refusal(asked.number + 7, messages.BUSY, "later")),
    "frames with a wrong CRC": lambda _asked: repeat(Raw(b"\x05abcd\x05efgh\0")),
    "refusals of this request, busy": endless(lambda asked: wire.refusal(asked.number, messages.BUSY, "later")),
    "a byte now and then": lambda _asked: (sent for _ in count() for sent in (Raw(b"\x03"), 0.9)),
    "frames now and then": lambda asked: (sent for _ in count() for sent in (stale_answer(asked), 0.9)),
    "requests": endless(lambda asked: wire.request(messages.STATUS, asked.number, {})),
}


FEW = ("noise", "text", "answers to nothing", "frames with a wrong CRC", "refusals of this request, busy",
       "a byte now and then")  # fmt: skip


@pytest.mark.parametrize("name", FEW)
def test_it_never_stops(store: Store, recorder: ScriptedRecorder, name: str) -> None:
    """Instead of media; its first messages were honest."""
    refused(store, recorder, on(messages.MEDIA)(ENDLESS[name]), rate=SLOW)


@pytest.mark.hunt
@pytest.mark.parametrize("kind", ANSWERED[:-1], ids=NAMES.get)
@pytest.mark.parametrize("name", ENDLESS)
def test_it_never_stops_from_any_message_on(store: Store, recorder: ScriptedRecorder, name: str, kind: int) -> None:
    ended = attack(store, recorder, on(kind)(ENDLESS[name]), rate=12_000)
    assert isinstance(ended, EvidockError), ended


def test_it_never_stops_and_answers_too(store: Store, recorder: ScriptedRecorder) -> None:
    """Between the honest answers there is so much else that the line is never silent: that harms nobody."""

    def behaviour(asked: Asked) -> Iterator[Sent]:
        for payload in asked.honest:
            yield from (stale_answer(asked), stale_media(asked), Raw(bytes(100)), payload)

    ended = attack(store, recorder, behaviour)
    assert isinstance(ended, SyncResult)
    assert ended.receipted == [(2, 1), (2, 2)]


# What is too little, too much, or in another order: media.


def twice(asked: Asked) -> Iterable[Sent]:
    return [payload for payload in asked.honest for _ in range(2)]


def longer(asked: Asked) -> Iterable[Sent]:
    return [media(asked, index, data + bytes(1)) for index, data in pieces(asked)]


def much_longer(asked: Asked) -> Iterable[Sent]:
    return [media(asked, index, data * 4) for index, data in pieces(asked)]


def beyond(asked: Asked) -> Iterable[Sent]:
    return [media(asked, index + far, data) for far in HUGE for index, data in pieces(asked) if index + far < 1 << 63]


def empty(asked: Asked) -> Iterable[Sent]:
    return [media(asked, index, b"") for index, _data in pieces(asked)]


def shorter(asked: Asked) -> Iterable[Sent]:
    return [media(asked, index, data[:-1]) for index, data in pieces(asked)]


def by_the_byte(asked: Asked) -> Iterable[Sent]:
    return [media(asked, index, data[:1]) for index, data in pieces(asked)]


def backwards(asked: Asked) -> Iterable[Sent]:
    return asked.honest[::-1]


def first_only(asked: Asked) -> Iterable[Sent]:
    return asked.honest[:1]


def last_only(asked: Asked) -> Iterable[Sent]:
    return asked.honest[-1:]


def next_number(asked: Asked) -> Iterable[Sent]:
    return [media(asked._replace(number=asked.number + 1), *piece) for piece in pieces(asked)]


def zeros(asked: Asked) -> Iterable[Sent]:
    return [media(asked, index, bytes(len(data))) for index, data in pieces(asked)]


def one_bit(asked: Asked) -> Iterable[Sent]:
    return [media(asked, index, bytes([data[0] ^ 1]) + data[1:]) for index, data in pieces(asked)]


def out_of_range(asked: Asked) -> Iterable[Sent]:
    return [wire.refusal(asked.number, messages.OUT_OF_RANGE, "past the end")]


def no_storage(asked: Asked) -> Iterable[Sent]:
    return [wire.refusal(asked.number, messages.STORAGE, "the card could not be read")]


def no_segment(asked: Asked) -> Iterable[Sent]:
    return [wire.refusal(asked.number, messages.NO_SUCH_SEGMENT, "gone")]


def unknown_refusal(asked: Asked) -> Iterable[Sent]:
    return [wire.refusal(asked.number, 1 << 62, "\x1b[2J\n" * 20)]


def another_kind(asked: Asked) -> Iterable[Sent]:
    return [wire.answer(messages.LEAVES, asked.number, {"first": 0, "hashes": bytes(64)})]


def refused_and_given(asked: Asked) -> Iterable[Sent]:
    return [*asked.honest, wire.refusal(asked.number, messages.NO_SUCH_SEGMENT, "gone"), *asked.honest]


MEDIA: dict[str, Behaviour] = {
    behaviour.__name__: behaviour
    for behaviour in (
        twice, longer, much_longer, beyond, empty, shorter, by_the_byte, backwards, first_only, last_only, next_number,
        zeros, one_bit, out_of_range, no_storage, no_segment, unknown_refusal, another_kind, refused_and_given,
    )
}  # fmt: skip


LONG = ("backwards", "first_only", "last_only", "next_number")


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.hunt] * (name in LONG)) for name in MEDIA])
def test_media(store: Store, recorder: ScriptedRecorder, name: str) -> None:
    ended = attack(store, recorder, on(messages.MEDIA)(MEDIA[name]))
    if isinstance(ended, SyncResult) and name in ("zeros", "one_bit", "no_storage", "no_segment", "out_of_range"):
        assert ended.receipted == ended.segments == []
        assert sorted(ended.damaged + ended.missing + ended.unreadable) == [(2, 1), (2, 2)]


def test_the_wrong_file(store: Store, recorder: ScriptedRecorder) -> None:
    """Each segment's bytes for the other's."""
    recorder.media[2, 1], recorder.media[2, 2] = recorder.media[2, 2], recorder.media[2, 1]
    try:
        line = run(store, recorder, honest)
        assert isinstance(line, SyncResult)
        assert line.receipted == []
    finally:
        recorder.media[2, 1], recorder.media[2, 2] = recorder.media[2, 2], recorder.media[2, 1]
    check_recovers(store, recorder)


# Leaf lists, journal, private fields, receipts.


def changed(kind: int, **fields: Any) -> Behaviour:
    """The honest answer with other fields; a function gets the honest value."""

    def behaviour(asked: Asked) -> Iterator[Sent]:
        for payload in asked.honest:
            _kind, number, values = wire.parse_answer(payload)
            new = {name: value(values[name]) if callable(value) else value for name, value in fields.items()}
            # Not by `wire.answer`, which would refuse to.
            yield cbor.encode([kind + messages.ANSWER, number, *{**values, **new}.values()])

    return on(kind)(behaviour)


def one_hash(asked: Asked) -> Iterator[Sent]:
    """A leaf list that never comes to its end, and each hash is another."""
    source = random.Random(asked.number)
    yield wire.answer(messages.LEAVES, asked.number, {"first": asked.values["first"], "hashes": source.randbytes(32)})


ANSWERS: dict[str, Behaviour] = {
    "leaves: too many": changed(messages.LEAVES, hashes=lambda raw: (raw * 50)[:4096]),
    "leaves: none": changed(messages.LEAVES, hashes=b""),
    "leaves: half a hash": changed(messages.LEAVES, hashes=lambda raw: raw[:-1]),
    "leaves: others": changed(messages.LEAVES, hashes=lambda raw: bytes(len(raw))),
    "leaves: another place": changed(messages.LEAVES, first=lambda first: first + 1),
    "leaves: a huge place": changed(messages.LEAVES, first=(1 << 63) - 1),
    "leaves: one at a time": on(messages.LEAVES)(one_hash),
    "journal: from another place": changed(messages.JOURNAL, first=lambda first: first + 1),
    "journal: from a huge place": changed(messages.JOURNAL, first=(1 << 63) - 1),
    "journal: nothing": changed(messages.JOURNAL, entries=b""),
    "journal: half an entry": changed(messages.JOURNAL, entries=lambda raw: raw[:-9]),
    "journal: twice": changed(messages.JOURNAL, entries=lambda raw: raw[:1500] * 2),
    "journal: zeros": changed(messages.JOURNAL, entries=bytes(4096)),
    "journal: a huge array": changed(messages.JOURNAL, entries=b"\x9b" + b"\xff" * 8),
    "journal: nested arrays": changed(messages.JOURNAL, entries=b"\x81" * 4000),
    "journal: huge byte string": changed(messages.JOURNAL, entries=b"\x5b" + b"\xff" * 8),
    "private: no step": changed(messages.PRIVATE, next=lambda _next: 0),
    "private: a huge step": changed(messages.PRIVATE, next=(1 << 63) - 1),
    "private: nested arrays": changed(messages.PRIVATE, openings=b"\x81" * 4000),
    "private: zeros": changed(messages.PRIVATE, openings=bytes(4096)),
    "status: another clock": changed(messages.STATUS, wall=[0, 1 << 63]),
    "status: no clock": changed(messages.STATUS, wall=[]),
    "status: huge": changed(messages.STATUS, size=(1 << 63) - 1, backlog_segments=(1 << 63) - 1),
    "receipt: a huge sequence": changed(messages.RECEIPT, sequence=(1 << 63) - 1),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.hunt] * (name == "private: zeros")) for name in ANSWERS]
)
def test_answers(store: Store, recorder: ScriptedRecorder, name: str) -> None:
    attack(store, recorder, ANSWERS[name])


@pytest.mark.parametrize("name", ["maximum_payload", "maximum_unread", "state", "protection", "rate"])
def test_hello_with_any_number(store: Store, recorder: ScriptedRecorder, name: str) -> None:
    for value in HUGE:
        attack(store, recorder, changed(messages.HELLO, **{name: value}), recovers=False)


@pytest.mark.parametrize(
    "fields",
    [
        {"rates": [1 << 63] * 400}, {"rates": list(range(400))}, {"package": [1] * 400}, {"wire": []},
        {"flash": [1 << 63]}, {"model": "\x1b[2J" * 20}, {"software": "x" * 100},
    ],
    ids=lambda fields: next(iter(fields)),
)  # fmt: skip
def test_hello_with_anything_else(store: Store, recorder: ScriptedRecorder, fields: dict[str, Any]) -> None:
    attack(store, recorder, changed(messages.HELLO, **fields), recovers=False)


CLAIMS = {
    "a huge array": b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
    "a huge map": b"\xbb\x00\x00\x00\xff\xff\xff\xff\xff",
    "a huge byte string": b"\x84\x18\x8a\x01\x00\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
    "a huge text": b"\x84\x18\xff\x01\x00\x7b\x00\x00\x00\xff\xff\xff\xff\xff",
    "nested arrays": b"\x81" * 4200,
    "nested maps": b"\xa1\x00" * 2100,
    "tags": b"\xd2" * 4200,
    "no end": b"\x9f" + b"\x01" * 4000,
    "many numbers": b"\x99\x10\x68" + b"\x01" * 4200,
}


@pytest.mark.hunt
@pytest.mark.parametrize("kind", [messages.HELLO, messages.OPEN, messages.JOURNAL, messages.MEDIA], ids=NAMES.get)
@pytest.mark.parametrize("name", CLAIMS)
def test_huge_claims_without_end(store: Store, recorder: ScriptedRecorder, name: str, kind: int) -> None:
    refused(store, recorder, on(kind)(endless(lambda _asked: CLAIMS[name])), rate=12_000)


@pytest.mark.parametrize("kind", [messages.HELLO, messages.JOURNAL, messages.MEDIA], ids=NAMES.get)
def test_huge_claims(store: Store, recorder: ScriptedRecorder, kind: int) -> None:
    """All of them before each honest answer, which counts."""
    ended = attack(store, recorder, on(kind)(lambda asked: [*CLAIMS.values(), *asked.honest]))
    assert isinstance(ended, SyncResult)
    assert ended.receipted == [(2, 1), (2, 2)]


@pytest.mark.hunt
@pytest.mark.parametrize("kind", ANSWERED, ids=NAMES.get)
def test_frames_longer_than_any_message(store: Store, recorder: ScriptedRecorder, kind: int) -> None:
    """A frame of a megabyte, with a right CRC, then the honest answer."""
    attack(store, recorder, on(kind)(lambda asked: [bytes(1 << 20), *asked.honest]), rate=1_000_000)


# Streams of others, and old ones.


@pytest.mark.parametrize("kind", [messages.OPEN, messages.JOURNAL, messages.LEAVES, messages.MEDIA], ids=NAMES.get)
def test_the_valid_stream_of_another_recorder(store: Store, recorder: ScriptedRecorder, kind: int) -> None:
    """From this message on another genuine recorder answers, whichever HELLO was."""
    other = other_recorder(store)
    other.host_key = store.host.public
    taken: list[int] = []

    def behaviour(asked: Asked) -> Iterable[Sent]:
        if asked.kind == kind:
            taken.append(kind)
        if not taken or asked.kind == messages.HELLO:
            return asked.honest
        other.proved = kind != messages.OPEN or other.proved
        other.session = other.session or dict(recorder.session)
        return other.handle(wire.request(asked.kind, asked.number, asked.values))

    ended = attack(store, recorder, behaviour)
    if isinstance(ended, SyncResult):
        assert ended.segments == ended.receipted == []


def test_an_earlier_docking_played_again(store: Store, recorder: ScriptedRecorder) -> None:
    """AT-13: every answer of an honest docking, in its order, with the numbers of now."""
    tape: dict[int, list[list[bytes]]] = {}

    def record(asked: Asked) -> Iterable[Sent]:
        tape.setdefault(asked.kind, []).append(asked.honest)
        return asked.honest

    recorder.shift(1, 1, SHORT)
    assert isinstance(run(store, recorder, record), SyncResult)
    recorder.shift(1, 1, SHORT)

    def play(asked: Asked) -> Iterable[Sent]:
        old = tape.get(asked.kind, [])
        return [renumbered(payload, asked.number) for payload in (old.pop(0) if old else [])]

    refused(store, recorder, play)


def renumbered(payload: bytes, number: int) -> bytes:
    kind, _number, values = wire.parse_answer(payload)
    return wire.answer(kind, number, values)


def test_the_answer_to_the_request_before(store: Store, recorder: ScriptedRecorder) -> None:
    """Always one behind, with the number that fits."""
    held: list[list[bytes]] = []

    def behaviour(asked: Asked) -> Iterable[Sent]:
        held.append(asked.honest)
        if asked.kind != messages.MEDIA or len(held) < 2:
            return asked.honest
        try:
            return [renumbered(payload, asked.number) for payload in held[-2]]
        except wire.Refusal:
            return []

    attack(store, recorder, behaviour)


def test_old_answers_with_old_numbers(store: Store, recorder: ScriptedRecorder) -> None:
    """Each answer of this docking again and again, behind the honest one: they are late, and passed over."""
    tape: list[bytes] = []

    def behaviour(asked: Asked) -> Iterable[Sent]:
        tape.extend(asked.honest)
        return [*asked.honest, *tape[-40:]]

    ended = attack(store, recorder, behaviour)
    assert isinstance(ended, SyncResult)
    assert ended.receipted == [(2, 1), (2, 2)]


# Lines that are lost, and what is on the port then.


@pytest.mark.parametrize("kind", [messages.PROVE, messages.JOURNAL, messages.MEDIA, messages.CLOSE], ids=NAMES.get)
def test_another_recorder_on_the_port_afterwards(store: Store, recorder: ScriptedRecorder, kind: int) -> None:
    """It is genuine and of the same organisation, and enrolled here too; its recordings have the same numbers."""
    other = ScriptedRecorder(seed=2)
    provision(attach(other, store), store, "418", "BC-2")
    other.shift(1, 1, SHORT)
    other.shift(1, 2, SHORT)
    assert other.device is not None
    before = files(store.archive(other.device).folder)
    lost = False

    def behaviour(asked: Asked) -> Iterable[Sent]:
        nonlocal lost
        if lost:
            return other.handle(wire.request(asked.kind, asked.number, asked.values))
        lost = asked.kind == kind
        return [gone()] if lost else asked.honest

    ended = attack(store, recorder, behaviour, patience=30)
    assert isinstance(ended, Misbehaving), ended
    assert files(store.archive(other.device).folder) == before


@pytest.mark.parametrize(
    "kind",
    [
        messages.OPEN, messages.JOURNAL, messages.MEDIA,
        *(pytest.param(kind, marks=pytest.mark.hunt)
          for kind in (messages.PROVE, messages.STATUS, messages.PRIVATE, messages.LEAVES, messages.CLOSE)),
    ],
    ids=NAMES.get,
)  # fmt: skip
def test_a_line_that_is_lost_again_and_again(store: Store, recorder: ScriptedRecorder, kind: int) -> None:
    """At the same message each time; the port itself comes back at once."""
    refused(store, recorder, on(kind)(lambda _asked: [gone()]), patience=30)


def test_a_line_that_is_lost_on_a_receipts_answer(store: Store, recorder: ScriptedRecorder) -> None:
    """The recorder took it, as its journal says afterwards."""
    ended = attack(store, recorder, on(messages.RECEIPT)(lambda _asked: [gone()]), patience=30)
    assert isinstance(ended, SyncResult), ended
    assert ended.segments == ended.receipted == [(2, 1), (2, 2)]


def test_a_line_that_is_lost_after_each_piece(store: Store, recorder: ScriptedRecorder) -> None:
    """It brings something every time, so in the end it brings all."""
    number = 0

    def behaviour(asked: Asked) -> Iterator[Sent]:
        nonlocal number
        if asked.kind != messages.MEDIA:
            yield from asked.honest
            return
        for payload in asked.honest:
            number += 1
            yield payload
            if number % 9 == 0:
                yield gone()

    ended = attack(store, recorder, behaviour, patience=30)
    assert isinstance(ended, SyncResult), ended
    assert ended.receipted == [(2, 1), (2, 2)]
    assert ended.reopened > 3


@pytest.mark.hunt
@pytest.mark.parametrize("name", [*MEDIA, *ENDLESS])
def test_media_with_patience(store: Store, recorder: ScriptedRecorder, name: str) -> None:
    """The docking waits for the line to come back, and it is there all the time."""
    attack(store, recorder, on(messages.MEDIA)({**MEDIA, **ENDLESS}[name]), SLOW * 5, patience=30)


@pytest.mark.parametrize("seed", [*range(2), *(pytest.param(seed, marks=pytest.mark.hunt) for seed in range(2, 200))])
def test_anything_at_all(store: Store, recorder: ScriptedRecorder, seed: int) -> None:
    """A device that takes from everything above, message by message."""
    source = random.Random(f"anything {seed}")
    bad: list[Behaviour] = [*MEDIA.values(), *ENDLESS.values(), *ANSWERS.values()]

    def behaviour(asked: Asked) -> Iterator[Sent]:
        if source.random() < 0.7:
            yield from asked.honest
            return
        chosen = source.choice(bad)
        if chosen in MEDIA.values() and asked.kind != messages.MEDIA:
            chosen = ENDLESS["noise with zeros"]
        try:
            yield from islice(chosen(asked), 200)
        except wire.Refusal:
            yield from asked.honest

    attack(store, recorder, behaviour)


# How each is run.


def run(
    store: Store, recorder: ScriptedRecorder, behaviour: Behaviour, rate: int = 100_000, patience: float = 0
) -> Any:
    """The docking as it ended: memory and time bounded, and the archive as it was but for what the recorder signed."""
    assert recorder.device is not None
    folder = store.archive(recorder.device).folder
    before = files(folder)
    tracemalloc.start()
    try:
        ended, line = dock_hostile(recorder, store, behaviour, rate, patience)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < PEAK, f"{peak} bytes, after {line.sent} were sent"
    assert line.now < SECONDS, f"{line.now:.0f} s, {line.requests} requests: {ended!r}"
    # What differs from what was signed is kept as it came, but nobody says that it is evidence.
    ingested = {row[1:3] for row in store.custody.ingested if row[0] == recorder.device}
    check_untouched(before, files(folder), recorder, ingested)
    return ended


def check_untouched(
    before: dict[str, bytes], after: dict[str, bytes], recorder: ScriptedRecorder, ingested: set[tuple[int, int]]
) -> None:
    kept_apart = [path for path in after if path.startswith("quarantine/")]
    assert len(kept_apart) <= 16
    assert sum(len(after[path]) for path in kept_apart) < 1 << 20
    assert b"".join(recorder.entries).startswith(after["journal.cbs"])
    for path, data in before.items():
        if path.startswith(("partial/", "quarantine/")):
            continue
        if path.endswith(".cbs"):  # only ever appended to
            assert after[path].startswith(data), path
        else:
            assert after[path] == data, path
    for path in after.keys() - before.keys():
        place = path.split("/")
        if place[0] == "media":
            key = (int(place[-2][1:]), int(place[-1][1:8]))
            assert key not in ingested or after[path] == bytes(recorder.media[key]), path
        elif place[0] == "leaves":
            key = (int(place[-2][1:]), int(place[-1][1:8]))
            assert after[path] == b"".join(recorder.leaves[key]), path
        else:
            assert place[0] in ("partial", "quarantine"), path


def check_recovers(store: Store, recorder: ScriptedRecorder) -> None:
    """An honest docking brings everything in."""
    told = dock(recorder, store)
    assert told.damaged == told.missing == told.unreadable == []
    assert recorder.device is not None
    archive = store.archive(recorder.device)
    for key, data in recorder.media.items():
        assert archive.media_path(*key).read_bytes() == bytes(data)
        assert store.host.thumbprint in archive.segments.receipted[key]
    assert (archive.folder / "journal.cbs").read_bytes() == b"".join(recorder.entries)
    assert not list(archive.folder.glob("partial/*"))


def attack(
    store: Store,
    recorder: ScriptedRecorder,
    behaviour: Behaviour,
    rate: int = 100_000,
    recovers: bool = True,
    patience: float = 0,
) -> Any:
    ended = run(store, recorder, behaviour, rate, patience)
    if recovers:
        check_recovers(store, recorder)
    return ended


def refused(
    store: Store, recorder: ScriptedRecorder, behaviour: Behaviour, rate: int = 100_000, patience: float = 0
) -> None:
    """As `attack`, for a device that must meet an error."""
    ended = attack(store, recorder, behaviour, rate, patience=patience)
    assert isinstance(ended, EvidockError), ended

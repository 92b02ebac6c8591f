"""A recorder in memory that speaks the protocol, and misbehaves on demand: what host tests dock instead of a real one.

Real protocol modules and real Ed25519; its media lie in a dict. `Cable` joins it to a client with a clock of its own,
so that silence costs no time.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Any

from evidock import keys
from evidock.errors import LineLost
from evidock_protocol import (
    cbor,
    codes,
    entry,
    framing,
    kinds,
    merkle,
    messages,
    private,
    sign1,
    statements,
    versions,
    wav,
    wire,
)

LEAF = versions.LEAF_SOUND
START_MS = 1_717_200_000_000  # 2024-06-01 00:00 UTC


class ScriptedRecorder:
    """A recorder with a journal, private openings, media and a session; its last attributes make it misbehave."""

    def __init__(self, seed: int = 1, model: str = "scripted"):
        self.random = random.Random(seed)
        self.model = model
        self.protection = codes.PROTECTION_NONE
        self.key = keys.SigningKey(self.random.randbytes(32))
        self.device: bytes | None = None
        self.entries: list[bytes] = []
        self.newest = entry.ZERO_HASH
        self.epoch = 0
        self.tree = merkle.TreeHasher()
        self.openings: dict[int, list[bytes]] = {}
        self.media: dict[tuple[int, int], bytearray] = {}
        self.leaves: dict[tuple[int, int], list[bytes]] = {}
        self.recordings = 0
        self.open_start: int | None = None
        self.wall: tuple[int, int] = (codes.WALL_SET, START_MS)
        self.ticks = 1000
        self.organisation = b""
        self.host_key = b""
        self.session: dict[str, Any] = {}
        self.proved = False
        self.requests: list[tuple[int, dict[str, Any]]] = []
        self.receipts: list[dict[str, Any]] = []
        self.commands: list[dict[str, Any]] = []
        self.check_items = [[1, 1, -1], [2, 1, 80], [3, 1, 1_000_000], [4, 0, -1], [5, 2, 0], [6, 1, START_MS // 1000]]
        self.exempt_recording: int | None = None  # what EXEMPT says that it ends
        self.trusted_time = 0
        self.receipts_wanted = 1
        self.forgotten: set[bytes] = set()
        self._listed: dict[bytes, list[Any]] = {}  # what each receipt lists
        self._hosts: dict[bytes, bytes] = {}  # whose each receipt is
        # Misbehaviour.
        self.versions: dict[str, list[int]] = {"package": [1], "wire": [1], "flash": [1]}
        self.refuse: dict[int, int] = {}  # message type: refusal code
        self.maximum_unread = versions.MAXIMUM_UNREAD_REQUESTS
        self.twist: Callable[[int, dict[str, Any]], dict[str, Any]] = lambda _kind, values: values
        self.silent: set[int] = set()  # message types that are not answered
        self.during: Callable[[int], None] = lambda _kind: None  # called before each request is handled

    # What the recorder does.

    def append(
        self, kind: int, body: dict[str, Any], labels: dict[int, Any] | None = None, opened: list[bytes] | None = None
    ) -> int:
        """Signs one entry; `labels` are private fields, `opened` those whose openings came with a command."""
        sequence = len(self.entries)
        opened = list(opened or [])
        opened += [private.opening(self.random.randbytes(16), label, value) for label, value in (labels or {}).items()]
        commitments = {private.parse_opening(raw)[0]: private.commitment(raw) for raw in opened}
        table = kinds.body_table(kinds.ENTRY_KINDS, kind)
        assert table is not None
        device = self.device or self.key.thumbprint
        payload = entry.encode_payload(
            table, device, self.epoch, sequence, self.newest, kind, 1, self.ticks, self.wall, body, commitments
        )
        raw = self.key.statement(statements.TYP_ENTRY, payload)
        if opened:
            self.openings[sequence] = opened
        self._add(raw)
        if kind == kinds.EPOCH:
            self.epoch += 1
        return sequence

    def _add(self, raw: bytes) -> None:
        self.entries.append(raw)
        self.newest = sign1.statement_hash(raw)
        self.tree.append(merkle.leaf_hash(self.newest))

    def provision(
        self, organisation: bytes, successor: bytes, serial: str = "7", asset: str = "A", host: bytes = bytes(32)
    ) -> bytes:
        body = {
            "public_key": self.key.public,
            "model": self.model,
            "serial": serial,
            "asset": asset,
            "organisation": organisation,
            "successor": successor,
            "protection": self.protection,
            "random_source": codes.RANDOM_SIMULATED,
            "firmware": hashlib.sha256(b"firmware").digest(),
            "host": host,
        }
        self.append(kinds.GENESIS, body)
        self.device = self.key.thumbprint
        self.organisation = organisation
        return self.entries[0]

    def start(self, officer: int | None = 4711) -> int:
        self.recordings += 1
        labels = {codes.LABEL_OFFICER: officer} if officer is not None else None
        body = {"recording": self.recordings, "reason": 1, "tracks": 1, "card": None, "battery": 90}
        self.open_start = self.append(kinds.START, {**body, "storage_free": None, "handover": None}, labels)
        return self.recordings

    def segment(self, length: int = 3 * LEAF + 100) -> tuple[int, int]:
        """Seals a segment of random sound, `length` bytes after its header."""
        number = 1 + max((n for r, n in self.media if r == self.recordings), default=0)
        key = (self.recordings, number)
        data = bytearray(wav.wav_header(16000, 1, 16, length) + self.random.randbytes(length))
        self.media[key] = data
        head = wav.WAV_HEADER
        self.leaves[key] = [merkle.leaf_hash(data[:head]), *merkle.hash_leaves(bytes(data), head, LEAF)]
        first = self.ticks
        self.ticks += length // 32
        body = {
            "recording": key[0], "number": number, "media": codes.MEDIA_WAV, "header_length": head, "length": len(data),
            "leaf_size": LEAF, "root": merkle.segment_root(self.leaves[key][0], merkle.root_of(self.leaves[key][1:])),
            "boot": 1, "first_tick": first, "last_tick": self.ticks, "expected": length // 2, "written": length // 2,
            "lost": 0, "rate": 16000, "track": 1, "attested": 0, "stored": 0, "attested_length": len(data),
        }  # fmt: skip
        self.append(kinds.SEGMENT, body)
        return key

    def stop(self) -> None:
        count = sum(1 for recording, _number in self.media if recording == self.recordings)
        body = {"recording": self.recordings, "reason": 1, "segments": count, "last_tick": self.ticks, "boot": 1}
        self.append(kinds.STOP, {**body, "battery": 80, "storage_free": None})
        self.open_start = None
        self.change_epoch(codes.EPOCH_STOP)

    def change_epoch(self, reason: int) -> None:
        following = keys.SigningKey(self.random.randbytes(32))
        body = {"public_key": following.public, "size": len(self.entries), "root": self.tree.root()}
        trust = {"organisation": None, "successor": None, "generation": 0, "time": 0}
        self.append(kinds.EPOCH, {**body, "peaks": list(self.tree.peaks), "reason": reason, **trust})
        self.key = following

    def shift(self, recordings: int = 2, segments: int = 2, length: int = 3 * LEAF + 100) -> None:
        """A few recordings."""
        for _ in range(recordings):
            self.start()
            for _ in range(segments):
                self.segment(length)
            self.stop()

    # What it answers.

    def handle(self, payload: bytes) -> list[bytes]:
        """The answers to one request."""
        kind, number, values = wire.parse_request(payload)
        self.requests.append((kind, values))
        self.during(kind)
        if kind in self.silent:
            return []
        try:
            if kind in self.refuse:
                raise wire.Refusal(self.refuse[kind], "as told")
            if kind == messages.MEDIA:
                return self._media(number, values)
            result = self.twist(kind, self._answer(kind, values))
            return [wire.answer(kind, number, result)]
        except wire.Refusal as refused:
            return [wire.refusal(number, refused.code, refused.text)]

    def _answer(self, kind: int, values: dict[str, Any]) -> dict[str, Any]:
        if kind > messages.PROVE and not self.proved:
            raise wire.Refusal(messages.NO_SESSION, "prove first")
        return _ANSWERS[kind](self, values)

    def _hello(self, values: dict[str, Any]) -> dict[str, Any]:
        return {
            **self.versions, "software": "0.1.0", "device": self.device, "model": self.model,
            "protection": self.protection, "maximum_payload": versions.MAXIMUM_PAYLOAD,
            "maximum_unread": self.maximum_unread, "state": int(self.device is not None),
            "key_agreement": None, "rates": [], "rate": None,
        }  # fmt: skip

    def _status(self, values: dict[str, Any]) -> dict[str, Any]:
        return {
            "battery": 80, "millivolts": 3900, "temperature": 215, "storage_free": 1000, "storage_total": 2000,
            "wall": self.wall, "boot": 1, "ticks": self.ticks, "recording": None, "epoch": self.epoch,
            "size": len(self.entries), "backlog_segments": len(self.media), "backlog_bytes": 0, "docked": True,
            "check": [[1, 1, 0], [5, 2, -1]], "refusals": 0,
        }  # fmt: skip

    def _provision(self, values: dict[str, Any]) -> dict[str, Any]:
        if self.device is not None:
            raise wire.Refusal(messages.ALREADY_PROVISIONED, "done before")
        _sealed, certificate = entry.parse_statement(values["certificate"], statements.TYP_CERTIFICATE)
        host = sign1.thumbprint(certificate["host_key"])  # type: ignore[arg-type]
        return {
            "genesis": self.provision(
                values["organisation"], values["successor"], values["serial"], values["asset"], host
            )
        }

    def _open(self, values: dict[str, Any]) -> dict[str, Any]:
        sealed, certificate = entry.parse_statement(values["certificate"], statements.TYP_CERTIFICATE)
        if certificate["organisation"] != self.organisation or not keys.verify_statement(sealed, self.organisation):
            raise wire.Refusal(messages.BAD_CERTIFICATE, "certificate of another organisation")
        self.host_key = certificate["host_key"]  # type: ignore[assignment]
        self.proved = False
        self.session = {
            "host": sign1.thumbprint(self.host_key), "session": self.random.randbytes(16),
            "host_nonce": values["host_nonce"], "device_nonce": self.random.randbytes(16),
        }  # fmt: skip
        fields = {"party": 1, "device": self.device, **self.session, "time": None, "custody": None}
        return {"challenge": self._sign(statements.TYP_CHALLENGE, fields)}

    def _prove(self, values: dict[str, Any]) -> dict[str, Any]:
        challenge = self._of_host(values["challenge"], statements.TYP_CHALLENGE)
        expected = {"party": 2, "device": self.device, **self.session}
        if any(challenge[name] != value for name, value in expected.items()):
            raise wire.Refusal(messages.REPLAYED, "challenge differs")
        self.proved = True
        self._host_entry(codes.HOST_ATTACHED, None, challenge["custody"], challenge["time"])
        return {"head": self.head(codes.HEAD_FIRST)}

    def _head(self, values: dict[str, Any]) -> dict[str, Any]:
        return {"head": self.head(codes.HEAD_FIRST)}

    def head(self, phase: int) -> bytes:
        fields = {
            "device": self.device, "epoch": self.epoch, "size": len(self.entries), "newest": self.newest,
            "root": self.tree.root(), "boot": 1, "ticks": self.ticks, "wall": self.wall, "open": self.open_start,
            "phase": phase, **self.session,
        }  # fmt: skip
        return self._sign(statements.TYP_HEAD, fields)

    def _journal(self, values: dict[str, Any]) -> dict[str, Any]:
        found = b""
        for raw in self.entries[values["first"] :]:
            if found and len(found) + len(raw) > values["limit"]:
                break
            found += raw
        return {"first": values["first"], "entries": found}

    def _private(self, values: dict[str, Any]) -> dict[str, Any]:
        found, following = b"", values["first"]
        while following < len(self.entries):
            record = private.encode_record(following, self.openings[following]) if following in self.openings else b""
            if len(found) + len(record) > values["limit"]:
                break
            found += record
            following += 1
        return {"first": values["first"], "next": following, "openings": found}

    def _leaves(self, values: dict[str, Any]) -> dict[str, Any]:
        key = (values["recording"], values["number"])
        if key not in self.media:
            raise wire.Refusal(messages.NO_SUCH_SEGMENT, "gone")
        return {"first": values["first"], "hashes": b"".join(self.leaves[key][values["first"] :][: values["count"]])}

    def _media(self, number: int, values: dict[str, Any]) -> list[bytes]:
        if not self.proved:
            raise wire.Refusal(messages.NO_SESSION, "prove first")
        data = self.media.get((values["recording"], values["number"]))
        if data is None:
            raise wire.Refusal(messages.NO_SUCH_SEGMENT, "gone")
        offset, end = values["offset"], values["offset"] + values["length"]
        if end > len(data):
            raise wire.Refusal(messages.OUT_OF_RANGE, "past the end")
        answers: list[bytes] = []
        while offset < end:
            piece = bytes(data[offset : min(end, offset + values["chunk"])])
            told = self.twist(messages.MEDIA, {"index": len(answers), "data": piece})
            answers.append(wire.answer(messages.MEDIA, number, told))
            offset += len(piece)
        return answers

    def _command(self, values: dict[str, Any]) -> dict[str, Any]:
        if sign1.parse(values["command"]).typ == statements.TYP_ORDER:
            return self._order(values["command"])
        command = self._of_host(values["command"], statements.TYP_COMMAND)
        taken = [one["number"] for one in self.commands if one["session"] == command["session"]]
        if command["number"] <= max(taken, default=0):
            raise wire.Refusal(messages.REPLAYED, "old command")
        self.commands.append(command)
        raw, arguments = values["command"], command["arguments"]
        opened: list[bytes] = cbor.decode(values["openings"]) if values["openings"] is not None else []  # type: ignore[assignment]
        if command["operation"] == codes.OPERATION_SET_TIME:
            old, self.wall = self.wall, (codes.WALL_SYNCHRONISED, arguments[0])
            return {"sequence": self.append(kinds.CLOCK, {"old": old, "new": self.wall, "source": 1, "order": raw})}
        if command["operation"] == codes.OPERATION_CHECK:
            sequence = self._host_entry(codes.HOST_COMMANDED, raw, None, None)
            self.append(kinds.CHECK, {"items": self.check_items, "trigger": codes.CHECK_ON_REQUEST})
            return {"sequence": sequence}
        if command["operation"] == codes.OPERATION_EXEMPT:
            body = {"class": arguments[0], "begins": arguments[1], "recording": self.exempt_recording, "order": raw}
            return {"sequence": self.append(kinds.EXEMPT, body, opened=opened)}
        if command["operation"] == codes.OPERATION_CONFIGURE:
            body = {"order": raw, "setting": arguments[0], "value": arguments[1]}
            return {"sequence": self.append(kinds.CONFIG, body)}
        if command["operation"] == codes.OPERATION_FIRMWARE:
            return {"sequence": self.append(kinds.FIRMWARE, {"order": raw, "old": bytes(32), "new": arguments[0]})}
        if command["operation"] == codes.OPERATION_DELETE:
            return {"sequence": self._delete(raw, *arguments)}
        kind = kinds.ISSUE if command["operation"] == codes.OPERATION_ISSUE else kinds.RETURN
        sequence = self.append(kind, {"order": raw}, opened=opened)
        if kind == kinds.RETURN:
            self.change_epoch(codes.EPOCH_RETURN)
        return {"sequence": sequence}

    def _order(self, raw: bytes) -> dict[str, Any]:
        sealed, order = entry.parse_statement(raw, statements.TYP_ORDER)
        if not keys.verify_statement(sealed, self.organisation):
            raise wire.Refusal(messages.BAD_SIGNATURE, "not the organisation")
        if order["time"] <= self.trusted_time:  # type: ignore[operator]
            raise wire.Refusal(messages.REPLAYED, "old order")
        self.trusted_time = order["time"]
        return {"sequence": self.append(kinds.RESET, {"order": raw})}

    def _delete(self, raw: bytes, recording: int, number: int, root: bytes, receipt: bytes) -> int:
        """As a recorder does it; `forgotten` are receipts that its ring let go of, `receipts_wanted` its setting."""
        key = (recording, number)
        if key not in self.media:
            raise wire.Refusal(messages.NO_SUCH_SEGMENT, "gone")
        if self.open_start is not None:
            raise wire.Refusal(messages.BUSY, "it records")
        hosts = {self._hosts[one] for one in self._receipts_of(key, root) if one not in self.forgotten}
        known = receipt in self._receipts_of(key, root) and receipt not in self.forgotten
        older = any(other[0] == recording and other[1] < number for other in self.media)
        if older or not known or len(hosts) < self.receipts_wanted:
            raise wire.Refusal(messages.OUT_OF_RANGE, "no receipt that counts, or an older one is there")
        sequence = self._host_entry(codes.HOST_COMMANDED, raw, None, None)
        body = {"recording": recording, "number": number, "root": root, "receipt": receipt, "host_entry": sequence}
        self.append(kinds.TOMBSTONE, body)
        del self.media[key]
        return sequence

    def _receipts_of(self, key: tuple[int, int], root: bytes) -> list[bytes]:
        return [one for one, listed in self._listed.items() if (*key, root) in listed]

    def _receipt(self, values: dict[str, Any]) -> dict[str, Any]:
        receipt = self._of_host(values["receipt"], statements.TYP_RECEIPT)
        self.receipts.append(receipt)
        digest = sign1.statement_hash(values["receipt"])
        self._listed[digest] = [tuple(row) for row in receipt["segments"]]
        self._hosts[digest] = receipt["host"]
        return {"sequence": self._host_entry(codes.HOST_RECEIPTED, values["receipt"], None, None)}

    def _close(self, values: dict[str, Any]) -> dict[str, Any]:
        self.change_epoch(codes.EPOCH_DOCKING)
        return {"head": self.head(codes.HEAD_SECOND)}

    def _host_entry(self, event: int, statement: bytes | None, custody: Any, time: Any) -> int:
        body = {"event": event, "host": self.session["host"], "statement": statement, "custody": custody}
        return self.append(kinds.HOST, {**body, "host_time": time, "count": 1, "refusal": None, "last_host": None})

    def _sign(self, typ: int, fields: dict[str, Any]) -> bytes:
        return self.key.statement(typ, entry.encode_statement(typ, fields))

    def _of_host(self, raw: bytes, typ: int) -> dict[str, Any]:
        sealed, values = entry.parse_statement(raw, typ)
        if not keys.verify_statement(sealed, self.host_key):
            raise wire.Refusal(messages.BAD_SIGNATURE, "not this host")
        return values


_ANSWERS: dict[int, Callable[[ScriptedRecorder, dict[str, Any]], dict[str, Any]]] = {
    messages.HELLO: ScriptedRecorder._hello,
    messages.STATUS: ScriptedRecorder._status,
    messages.PROVISION: ScriptedRecorder._provision,
    messages.OPEN: ScriptedRecorder._open,
    messages.PROVE: ScriptedRecorder._prove,
    messages.HEAD: ScriptedRecorder._head,
    messages.JOURNAL: ScriptedRecorder._journal,
    messages.PRIVATE: ScriptedRecorder._private,
    messages.LEAVES: ScriptedRecorder._leaves,
    messages.COMMAND: ScriptedRecorder._command,
    messages.RECEIPT: ScriptedRecorder._receipt,
    messages.CLOSE: ScriptedRecorder._close,
}


class Wire:
    """The recorder's end of a line: bytes in, bytes out."""

    def __init__(self, recorder: ScriptedRecorder):
        self.recorder = recorder
        self._reader = framing.FrameReader(framing.frame_size(versions.MAXIMUM_PAYLOAD))
        self._writer = framing.FrameWriter(versions.MAXIMUM_PAYLOAD)

    def feed(self, data: bytes) -> bytes:
        """What the recorder sends when `data` arrive."""
        out = bytearray()
        for payload in self._reader.feed(data):
            for answer in self.recorder.handle(payload):
                out += self._writer.encode(answer)
        return bytes(out)


class Cable:
    """A line to a scripted recorder, with its own clock: `monotonic` only moves when somebody waits."""

    def __init__(self, recorder: ScriptedRecorder | None, noise: bytes = b""):
        self.now = 0.0
        self.closed = False
        self.unread = 0  # the most request bytes that were on the way at once
        self.cut_after: int | None = None  # bytes to the host after which the cable is pulled
        self.spoil: Callable[[bytes], bytes] = lambda data: data  # what the line makes of the recorder's bytes
        self._wire = Wire(recorder) if recorder is not None else None
        self._pending = bytearray(noise)
        self._sent = 0

    def monotonic(self) -> float:
        return self.now

    def read(self, seconds: float) -> bytes:
        if not self._pending:
            self.now += seconds
            return b""
        data = bytes(self._pending[:4096])
        del self._pending[:4096]
        self._sent += len(data)
        if self.cut_after is not None and self._sent > self.cut_after:
            raise LineLost("line_lost", port="cable")
        self.now += len(data) / 1_000_000
        return data

    def write(self, data: bytes | memoryview) -> None:
        if self._wire is not None:
            self._pending += self.spoil(self._wire.feed(bytes(data)))

    def close(self) -> None:
        self.closed = True

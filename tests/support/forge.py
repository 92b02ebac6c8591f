"""A recorder and a host made of nothing but keys: they build journals, media, heads, receipts and custody chains,
honest or forged.

Everything is deterministic from a name, and every step can be made wrong on purpose, so that each attack can be tried.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from nacl.signing import SigningKey
from support.forged_media import SAMPLES as RATE
from support.forged_media import File, avi_file, wav_file
from support.forged_media import sound as sound

from evidock import layout
from evidock_protocol import (
    card,
    cbor,
    codes,
    custody_kinds,
    entry,
    kinds,
    merkle,
    private,
    sign1,
    statements,
    versions,
)

START_MS = 1_741_939_200_000  # 2025-03-14 08:00:00 UTC
SECOND = 2 * RATE  # bytes of one second of sound


def key_of(name: str) -> SigningKey:
    """A signing key that is always the same for a name."""
    return SigningKey(hashlib.sha256(name.encode()).digest())


def public(key: SigningKey) -> bytes:
    return bytes(key.verify_key)


def statement(key: SigningKey, typ: int, payload: bytes) -> bytes:
    """A COSE_Sign1 of `payload` by `key`."""
    key_id = sign1.thumbprint(public(key))
    return sign1.assemble(typ, key_id, payload, key.sign(sign1.signed_bytes(typ, key_id, payload)).signature)


@dataclass
class Media:
    """One sealed segment's bytes and leaf hashes."""

    data: bytes
    leaves: bytes
    media: int
    started_ms: int | None


@dataclass
class Recorder:
    """A recorder whose time stands still unless `wait` moves it."""

    name: str
    organisation: bytes
    wall_state: int = codes.WALL_SYNCHRONISED
    protection: int = 2
    leaf_size: int = 1 << 14  # bytes
    tracks: int = codes.TRACK_SOUND  # that the board has
    started: int = START_MS
    epoch: int = 0
    boot: int = 1
    ticks: int = 0
    entries: list[bytes] = field(default_factory=list)
    media: dict[tuple[int, int], Media] = field(default_factory=dict)
    openings: list[bytes] = field(default_factory=list)
    recording: int = 0
    number: int = 0
    host: bytes = bytes(32)  # whom it docks at
    successor: bytes = bytes(32)  # hash of the organisation's key that may follow

    def __post_init__(self) -> None:
        self.key = key_of(f"{self.name}:0")
        self.device = sign1.thumbprint(public(self.key))
        self.tree = merkle.TreeHasher()
        self.newest = entry.ZERO_HASH
        self.first_tick = 0
        self.sealed_count = 0
        self.genesis_hash = b""
        self.firmware = bytes(32)  # that the board measures
        self.trusted: dict[str, object] = {"organisation": None, "successor": None, "generation": 0, "time": 0}

    def wait(self, seconds: float) -> None:
        self.ticks += round(seconds * 1000)

    def wall(self) -> tuple[int, int]:
        return (self.wall_state, self.started + self.ticks) if self.wall_state else (0, 0)

    def add(
        self,
        kind: int,
        body: dict[str, object],
        opened: dict[int, object] | None = None,
        wall: tuple[int, int] | None = None,
        **changed: object,
    ) -> bytes:
        """Appends an entry; `changed` overrides device, epoch, sequence, previous, boot, ticks, key or typ."""
        sequence = len(self.entries)
        records = [private.opening(bytes(16), label, value) for label, value in sorted((opened or {}).items())]
        commitments = {
            label: private.commitment(raw)
            for raw, (label, _) in zip(records, sorted((opened or {}).items()), strict=True)
        }
        table = kinds.body_table(kinds.ENTRY_KINDS, kind)
        payload = entry.encode_payload(
            table or "0 nothing u",
            changed.get("device", self.device),  # type: ignore[arg-type]
            changed.get("epoch", self.epoch),  # type: ignore[arg-type]
            changed.get("sequence", sequence),  # type: ignore[arg-type]
            changed.get("previous", self.newest),  # type: ignore[arg-type]
            kind,
            changed.get("boot", self.boot),  # type: ignore[arg-type]
            changed.get("ticks", self.ticks),  # type: ignore[arg-type]
            wall or self.wall(),
            body,
            commitments,
        )
        raw = statement(changed.get("key", self.key), changed.get("typ", statements.TYP_ENTRY), payload)  # type: ignore[arg-type]
        if records:
            self.openings.append(private.encode_record(sequence, records))
        self.take(raw)
        return raw

    def take(self, raw: bytes) -> None:
        """Appends exact bytes."""
        self.entries.append(raw)
        self.newest = sign1.statement_hash(raw)
        self.tree.append(merkle.leaf_hash(self.newest))

    def provision(self, host: bytes = bytes(32)) -> None:
        self.host = host
        body = {
            "public_key": public(self.key),
            "model": "forge",
            "serial": self.name,
            "asset": "A1",
            "organisation": self.organisation,
            "successor": self.successor,
            "protection": self.protection,
            "random_source": codes.RANDOM_SIMULATED,
            "firmware": bytes(32),
            "host": host,
        }
        self.genesis_hash = sign1.statement_hash(self.add(kinds.GENESIS, body))

    def booted(self, reset: int = codes.RESET_POWER_ON, anchor: list[int] | None = None, checked: bool = True) -> None:
        body = {
            "reset": reset,
            "firmware": self.firmware,
            "counter": None,
            "battery": 90,
            "millivolts": 4000,
            "storage_free": 1000,
            "card": bytes(16),
            "anchor": anchor,
            "temperature": 210,
        }
        self.add(kinds.BOOT, body)
        if checked:
            self.check()

    def check(self, failed: tuple[int, ...] = ()) -> None:
        """The pre-use check: every item passes but those that `failed`."""
        items = [
            [item, codes.CHECK_FAILED if item in failed else codes.CHECK_PASSED, -1]
            for item in range(codes.CHECK_FUNCTION, codes.CHECK_CLOCK + 1)
        ]
        self.add(kinds.CHECK, {"items": items, "trigger": codes.CHECK_AT_POWER_ON})

    def restart(self, pause: float, reset: int = codes.RESET_POWER_ON, anchor: list[int] | None = None) -> None:
        """Comes up again after `pause` seconds without power."""
        self.started += self.ticks + round(pause * 1000)
        self.boot += 1
        self.ticks = 100
        self.booted(reset, anchor)

    def off(self, reason: int = codes.OFF_BUTTON, battery: int = 80) -> None:
        self.add(kinds.OFF, {"reason": reason, "battery": battery, "millivolts": 3900, "storage_free": 900})

    def start(self, reason: int = codes.START_BUTTON, **changed: object) -> None:
        self.recording += 1
        self.number = 0
        self.sealed_count = 0
        body: dict[str, object] = {
            "recording": self.recording,
            "reason": reason,
            "tracks": self.tracks,
            "card": bytes(16),
            "battery": 90,
            "storage_free": 1000,
            "handover": None,
        }
        body.update(changed)
        self.started_ms = self.wall()[1] if self.wall_state else None
        self.add(kinds.START, body, {codes.LABEL_OFFICER: 4711})
        self.first_tick = self.ticks
        self.last_tick = self.ticks

    def segment(self, seconds: float, **changed: object) -> bytes:
        """Records and seals a segment of `seconds`; `changed` overrides fields of SEGMENT."""
        self.wait(seconds)
        return self.seal(
            sound(seconds, (self.name, self.recording, self.number)), self.last_tick, self.ticks, **changed
        )

    def both(self, seconds: float, lost: int = 0) -> None:
        """Records sound and pictures for `seconds` and seals both."""
        first = self.last_tick
        self.wait(seconds)
        self.seal(sound(seconds, (self.name, self.recording, self.number)), first, self.ticks)
        self.seal_file(avi_file(seconds, (self.name, self.recording, self.number), lost), first, self.ticks)

    def seal(self, data: bytes, first: int, last: int, **changed: object) -> bytes:
        return self.seal_file(wav_file(data, self.leaf_size), first, last, **changed)

    def seal_file(self, file: File, first: int, last: int, **changed: object) -> bytes:
        """Seals `file` as the next segment; `changed` overrides fields of SEGMENT."""
        self.number += 1
        self.sealed_count += 1
        leaves = [
            merkle.leaf_hash(file.data[: file.header]),
            *merkle.hash_leaves(file.data, file.header, file.leaf_size),
        ]
        post_close = file.attested == codes.ATTESTED_POST_CLOSE
        body: dict[str, object] = {
            "recording": self.recording,
            "number": self.number,
            "media": file.media,
            "header_length": file.header,
            "length": len(file.data),
            "leaf_size": file.leaf_size,
            "root": merkle.segment_root(leaves[0], merkle.root_of(leaves[1:])),
            "boot": self.boot,
            "first_tick": first,
            "last_tick": last,
            "expected": (last - first) * file.rate // 1000,
            "written": file.written,
            "lost": file.lost,
            "rate": file.rate,
            "track": file.track,
            "attested": file.attested,
            "stored": codes.STORED_PLAIN,
            "attested_length": 0 if post_close else len(file.data),
        }
        body.update(changed)
        self.media[self.recording, self.number] = Media(file.data, b"".join(leaves), file.media, self.started_ms)
        self.last_tick = last
        self.sealed = body
        return self.add(kinds.SEGMENT, body)

    def card(self, old: bytes | None = bytes(16), new: bytes | None = None) -> None:
        """A card goes, or comes."""
        self.add(kinds.MEDIUM, {"old": old, "new": new, "storage_free": None, "storage_total": None})

    def resume(self, interrupt: int, voice: tuple[int, int] | None = None) -> None:
        """The running recording goes on with what entry `interrupt` says; somebody spoke in the ticks of `voice`."""
        first, last = voice or (None, None)
        body = {"recording": self.recording, "interrupt": interrupt, "voice_first": first, "voice_last": last}
        self.add(kinds.RESUME, {**body, "handover": None})

    def exempt(self, class_: int = 2, begins: bool = True, approver: int | None = None, runs: bool = False) -> None:
        """Lawful non-recording begins, of the recording that `runs` where there is one, or ends."""
        recording = self.recording if runs else None
        body = {"class": class_, "begins": begins, "recording": recording, "order": None}
        self.add(kinds.EXEMPT, body, {} if approver is None else {codes.LABEL_APPROVER: approver})

    def give_up(self, reason: int, what: int = codes.FAULT_CAPTURE) -> None:
        """The next number gets no segment, and FAULT says why."""
        self.number += 1
        values = [reason, 0] if what == codes.FAULT_CAPTURE else [reason]
        self.fault(values, what, self.number)

    def fault(self, values: list[int], what: int = codes.FAULT_CAPTURE, segment: int | None = None) -> None:
        body = {"what": what, "recording": self.recording, "segment": segment, "values": values}
        self.add(kinds.FAULT, body)

    def stop(self, reason: int = codes.STOP_BUTTON, boot: int | None = None, **changed: object) -> None:
        body: dict[str, object] = {
            "recording": self.recording,
            "reason": reason,
            "segments": self.sealed_count,
            "last_tick": self.last_tick,
            "boot": boot or self.boot,
            "battery": 80,
            "storage_free": 900,
        }
        body.update(changed)
        self.add(kinds.STOP, body)
        self.change_epoch(codes.EPOCH_STOP)

    def interrupt(self, cause: int, boot: int | None = None, **changed: object) -> int:
        """INTERRUPT, in the boot that runs or of an earlier `boot`; its sequence. `changed` overrides fields."""
        body: dict[str, object] = {
            "recording": self.recording,
            "cause": cause,
            "boot": boot or self.boot,
            "last_tick": self.last_tick,
            "battery": 70,
            "millivolts": 3700,
            "storage_free": 900,
            "temperature": 200,
            "reset": None,
            "handover": None,
        }
        body.update(changed)
        self.add(kinds.INTERRUPT, body)
        return len(self.entries) - 1

    def change_epoch(self, reason: int, **changed: object) -> None:
        following = key_of(f"{self.name}:{self.epoch + 1}")
        body: dict[str, object] = {
            "public_key": public(following),
            "size": self.tree.size,
            "root": self.tree.root(),
            "peaks": list(self.tree.peaks),
            "reason": reason,
            **self.trusted,
        }
        body.update(changed)
        self.add(kinds.EPOCH, body)
        self.epoch += 1
        self.key = following

    def head(self, open_recording: int | None = None, **changed: object) -> bytes:
        values: dict[str, object] = {
            "device": self.device,
            "epoch": self.epoch,
            "size": self.tree.size,
            "newest": self.newest,
            "root": self.tree.root(),
            "boot": self.boot,
            "ticks": self.ticks,
            "wall": self.wall(),
            "session": bytes(16),
            "host": self.host,
            "host_nonce": bytes(16),
            "device_nonce": bytes(16),
            "open": open_recording,
            "phase": 2,
        }
        values.update(changed)
        return statement(self.key, statements.TYP_HEAD, entry.encode_statement(statements.TYP_HEAD, values))


@dataclass
class Host:
    """A host with its organisation, its custody chain and the store that it writes."""

    name: str = "host"
    organisation_name: str = "organisation"
    zone: str = "UTC"
    roles: int = codes.ALL_ROLES
    custody: list[bytes] = field(default_factory=list)
    heads: dict[bytes, list[bytes]] = field(default_factory=dict)
    receipts: dict[bytes, list[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key = key_of(self.name)
        self.organisation_key = key_of(self.organisation_name)
        self.id = sign1.thumbprint(public(self.key))
        self.newest = entry.ZERO_HASH
        values: dict[str, object] = {
            "organisation": public(self.organisation_key),
            "host_key": public(self.key),
            "roles": self.roles,
            "generation": 1,
            "not_before": 0,
            "not_after": 1 << 60,
            "name": self.name,
        }
        typ = statements.TYP_CERTIFICATE
        self.certificate = statement(self.organisation_key, typ, entry.encode_statement(typ, values))
        self.note(
            custody_kinds.GENESIS,
            {
                "public_key": public(self.key),
                "organisation": public(self.organisation_key),
                "certificate": self.certificate,
                "name": self.name,
                "zone": self.zone,
            },
        )

    @property
    def pin(self) -> str:
        """What the user pins."""
        return sign1.thumbprint(public(self.organisation_key)).hex()

    def recorder(self, name: str = "recorder", **options: object) -> Recorder:
        """A provisioned and enrolled recorder that has just come up."""
        made = Recorder(name, public(self.organisation_key), **options)  # type: ignore[arg-type]
        made.provision(self.id)
        self.note(
            custody_kinds.ENROL,
            {
                "device": made.device,
                "genesis": made.genesis_hash,
                "model": "forge",
                "serial": name,
                "asset": "A1",
                "protection": made.protection,
            },
        )
        return made

    def note(self, kind: int, body: dict[str, object], now_ms: int = START_MS) -> None:
        payload = entry.encode_payload(
            kinds.body_table(custody_kinds.KINDS, kind) or "",
            self.id,
            0,
            len(self.custody),
            self.newest,
            kind,
            0,
            0,
            (codes.WALL_SYNCHRONISED, now_ms),
            body,
            {},
        )
        raw = statement(self.key, statements.TYP_CUSTODY, payload)
        self.custody.append(raw)
        self.newest = sign1.statement_hash(raw)

    def dock(self, recorder: Recorder, open_recording: int | None = None, receipt: bool = True) -> None:
        """One docking: head, receipt for every segment, new epoch, second head, and the custody of both."""
        self.keep_head(recorder, recorder.head(open_recording, phase=1))
        if receipt and recorder.media:
            self.receipt(recorder)
        recorder.change_epoch(codes.EPOCH_DOCKING)
        recorder.wait(1)
        self.keep_head(recorder, recorder.head(open_recording))

    def keep_head(self, recorder: Recorder, raw: bytes) -> None:
        self.heads.setdefault(recorder.device, []).append(raw)
        values = entry.parse_statement(raw, statements.TYP_HEAD)[1]
        body = {name: values[name] for name in ("device", "size", "newest", "root")}
        now_ms = recorder.started + recorder.ticks  # the host's clock is right
        self.note(custody_kinds.HEAD, {**body, "head": sign1.statement_hash(raw)}, now_ms)

    def receipt(self, recorder: Recorder) -> None:
        rows = [
            (recording, number, merkle.segment_root(one.leaves[:32], merkle.root_of(_split(one.leaves)[1:])))
            for (recording, number), one in sorted(recorder.media.items())
        ]
        for at in range(0, len(rows), versions.MAXIMUM_RECEIPT_SEGMENTS):
            part = rows[at : at + versions.MAXIMUM_RECEIPT_SEGMENTS]
            values: dict[str, object] = {
                "device": recorder.device,
                "host": self.id,
                "session": bytes(16),
                "size": recorder.tree.size,
                "newest": recorder.newest,
                "root": recorder.tree.root(),
                "time": START_MS,
                "segments": part,
            }
            raw = statement(self.key, statements.TYP_RECEIPT, entry.encode_statement(statements.TYP_RECEIPT, values))
            self.receipts.setdefault(recorder.device, []).append(raw)
            self.note(
                custody_kinds.INGEST,
                {"device": recorder.device, "size": recorder.tree.size, "newest": recorder.newest, "segments": part},
            )
            body = {
                "event": codes.HOST_RECEIPTED,
                "host": self.id,
                "statement": raw,
                "custody": self.newest,
                "host_time": START_MS,
                "count": 1,
                "refusal": None,
                "last_host": None,
            }
            recorder.add(kinds.HOST, body)

    def write(self, folder: Path, *recorders: Recorder) -> Path:
        """Writes the store and returns its folder."""
        folder.mkdir(parents=True, exist_ok=True)
        description = {"kind": "evidock store", "format": 1, "zone": self.zone}
        (folder / layout.STORE_FILE).write_text(f"{json.dumps(description)}\n")
        (folder / layout.CERTIFICATE).write_bytes(self.certificate)
        (folder / layout.CUSTODY).write_bytes(b"".join(self.custody))
        for recorder in recorders:
            write_archive(folder / layout.recorder(recorder.device), recorder, zone=ZoneInfo(self.zone))
            put(folder / layout.recorder(recorder.device) / layout.HEADS, b"".join(self.heads.get(recorder.device, [])))
            put(
                folder / layout.recorder(recorder.device) / layout.RECEIPTS,
                b"".join(self.receipts.get(recorder.device, [])),
            )
        return folder


def write_archive(folder: Path, recorder: Recorder, journal: bool = True, zone: tzinfo = UTC) -> None:
    """A recorder's journal, private records, media and leaf hashes below `folder`; without `journal` only the media."""
    if journal:
        put(folder / layout.JOURNAL, b"".join(recorder.entries))
        put(folder / layout.PRIVATE, b"".join(recorder.openings))
    for (recording, number), one in recorder.media.items():
        put(folder / layout.segment(one.started_ms, zone, recording, number, one.media), one.data)
        put(folder / layout.leaves(recording, number), one.leaves)


def write_card(folder: Path, recorder: Recorder) -> Path:
    """A mounted card with everything of a recorder."""
    top = folder / card.device_folder(recorder.device)
    put(folder / card.ROOT / card.IDENTITY, bytes(16))
    put(top / card.JOURNAL, b"".join(recorder.entries))
    put(top / card.PRIVATE, b"".join(recorder.openings))
    for (recording, number), one in recorder.media.items():
        place = top / card.recording_folder(recording)
        put(place / f"{card.segment_stem(number)}.{card.extension(one.media)}", one.data)
        put(place / f"{card.segment_stem(number)}.{card.LEAVES}", one.leaves)
    return folder


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def shift(host: Host, name: str = "recorder", **options: object) -> Recorder:
    """A plain shift: two recordings, of three and of two segments, then docked."""
    recorder = host.recorder(name, **options)
    recorder.wait(2)
    recorder.booted()
    recorder.wait(10)
    for segments in (3, 2):
        recorder.start()
        for _ in range(segments):
            recorder.segment(2.0)
        recorder.wait(0.2)
        recorder.stop()
        recorder.wait(620)  # longer than what is called a break
    host.dock(recorder)
    return recorder


def resigned(
    raw: bytes, key: SigningKey, change: Callable[[dict[int, object]], None], typ: int = statements.TYP_ENTRY
) -> bytes:
    """An entry with a changed payload, signed again by `key`: what only a thief of that key could make."""
    payload = cbor.decode(sign1.parse(raw).payload)
    assert isinstance(payload, dict)
    change(payload)  # type: ignore[arg-type]
    return statement(key, typ, cbor.encode(payload))


def _split(leaves: bytes) -> list[bytes]:
    return [leaves[at : at + 32] for at in range(0, len(leaves), 32)]

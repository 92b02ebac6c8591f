"""Where things lie in a store: the one place that knows the archive's paths, as pure functions.

Specification: "The archive". A store is a folder that people can read without evidock: media are ordinary files.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import PurePosixPath

from evidock_protocol import card

STORE_FILE = "store.json"  # format, zone, fingerprints of organisation and host
HOST_KEY = "host.key"  # the host's Ed25519 seed, mode 0600
CERTIFICATE = "host.cert"  # the organisation's certificate for the host key: one statement
CUSTODY = "custody.cbs"  # the host's own chain: a CBOR sequence (RFC 8742) of custody entries
CUSTODY_PRIVATE = "custody-private.cbs"  # openings of what custody commits to: a CBOR sequence of private records
PRIVATE_MODE = 0o600  # of files that name officers and units
LOCK = "lock"
RECORDERS = "recorders"

JOURNAL = "journal.cbs"  # entries exactly as signed: a CBOR sequence
PRIVATE = "private.cbs"  # private records: a CBOR sequence
HEADS = "heads.cbs"  # every signed head seen: a CBOR sequence
RECEIPTS = "receipts.cbs"  # every receipt given: a CBOR sequence
MEDIA = "media"
LEAVES = "leaves"  # leaf hashes of every segment, so that damage is located
PARTIAL = "partial"  # segments half pulled
STAMPS = "stamps"  # time stamps over heads: RFC 3161 tokens (DER), named by the head's statement hash
QUARANTINE = "quarantine"  # what a docking refused, to be looked at

LAST_MS = 253_370_764_800_000  # Unix milliseconds: the year 9999, where the calendar ends


def recorder(device: bytes) -> PurePosixPath:
    """A recorder's folder, named by its device id in hexadecimal."""
    return PurePosixPath(RECORDERS) / device.hex()


def segment(started_ms: int | None, zone: tzinfo, recording: int, number: int, media: int) -> PurePosixPath:
    """A segment's path below the recorder's folder: media/year/month/day/recording/segment.

    `started_ms` is the recording's START in Unix milliseconds, or None when the recorder's clock was unset: "undated",
    as is a time that no calendar holds. The day is that of the start, also for segments after midnight (OB-43).
    """
    day = PurePosixPath("undated")
    if started_ms is not None and started_ms < LAST_MS:
        start = datetime.fromtimestamp(started_ms / 1000, zone)
        day = PurePosixPath(f"{start.year:04d}") / f"{start.month:02d}" / f"{start.day:02d}"
    name = f"{card.segment_stem(number)}.{card.extension(media).lower()}"
    return PurePosixPath(MEDIA) / day / card.recording_folder(recording) / name


def partial(recording: int, number: int) -> PurePosixPath:
    """A half-pulled segment, below the recorder's folder."""
    stem = f"{card.recording_folder(recording)}-{card.segment_stem(number)}"
    return PurePosixPath(PARTIAL) / f"{stem}.part"


def leaves(recording: int, number: int) -> PurePosixPath:
    """A segment's leaf hashes, below the recorder's folder: 32 bytes each, the header's leaf first, then the data's.

    The signed root vouches for them. Verification reads them only when a file differs, to name the leaves that differ.
    """
    name = f"{card.segment_stem(number)}.{card.LEAVES.lower()}"
    return PurePosixPath(LEAVES) / card.recording_folder(recording) / name


def stamp(head: bytes) -> PurePosixPath:
    """A time stamp over a signed head, by the head's statement hash, below the recorder's folder."""
    return PurePosixPath(STAMPS) / f"{head.hex()}.tst"

"""Section "Verification of a chain", "Time": which statements say when a tick of a boot was."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .chain import Chain
from .clock import EARLIEST, LATEST
from .entries import Entry
from .errors import BadSignature, Malformed, UnknownFormat
from .sign1 import thumbprint
from .statements import CHALLENGE, COMMAND, Statement, parse_statement

SESSION = 30_000
HOST, ATTACHED, SET_TIME, SIMULATED = 2, 1, 1, 1
COUNTED = 15


@dataclass(frozen=True)
class Tie:
    """A tick of a boot, and between which Unix milliseconds it was; `earliest` None for a head."""

    boot: int
    ticks: int
    earliest: int | None
    latest: int


def _signed(statement: Statement, host: bytes, key: bytes | None) -> bool:
    """Of another host than the store's the recorder has checked it."""
    if key is None or thumbprint(key) != host:
        return True
    try:
        statement.envelope.verify(key)
    except BadSignature:
        return False
    return True


def _attached(entry: Entry, device: bytes, key: bytes | None) -> int | None:
    raw, body = entry.body.values["statement"], entry.body
    if body.integer("event") != ATTACHED or not isinstance(raw, bytes):
        return None
    challenge = parse_statement(raw, CHALLENGE)
    said, host = challenge.fields, challenge.fields.octets("host")
    if said.integer("party") != HOST or said.octets("device") != device or host != body.values["host"]:
        return None
    time = said.optional_integer("time")
    return time if time == body.values["host_time"] and _signed(challenge, host, key) else None


def _ordered(entry: Entry, device: bytes, key: bytes | None) -> int | None:
    raw = entry.body.values["order"]
    if not isinstance(raw, bytes):
        return None
    command = parse_statement(raw, COMMAND)
    said, arguments = command.fields, command.fields.array("arguments")
    if said.integer("operation") != SET_TIME or said.octets("device") != device:
        return None
    time = arguments[0]
    return time if isinstance(time, int) and _signed(command, said.octets("host"), key) else None


def time_of(entry: Entry, device: bytes, key: bytes | None) -> int | None:
    """The time to which an entry is tied."""
    try:
        time = None
        if entry.known and entry.kind_name == "HOST":
            time = _attached(entry, device, key)
        elif entry.known and entry.kind_name == "CLOCK":
            time = _ordered(entry, device, key)
    except (Malformed, UnknownFormat):
        return None
    return time if time is not None and EARLIEST <= time < LATEST else None


def _counted(ties: Iterable[Tie]) -> list[Tie]:
    """Of each boot the first and the newest 15."""
    boots = dict[int, list[Tie]]()
    for tie in ties:
        boots.setdefault(tie.boot, []).append(tie)
    return [tie for found in boots.values() for tie in [*found[:1], *found[1:][-COUNTED:]]]


def is_simulated(chain: Chain) -> bool:
    first = chain.entries[0] if chain.entries else None
    return first is not None and first.kind_name == "GENESIS" and first.body.integer("protection") == SIMULATED


def ties_of(
    chain: Chain, key: bytes | None, heads: Iterable[tuple[int, int, bytes]], named: Mapping[bytes, int]
) -> tuple[list[Tie], dict[bytes, int]]:
    """All ties, and the times of entries by hash. `named`: when custody named a head, by its hash."""
    if is_simulated(chain):
        return [], {}
    times = {entry.hash: time_of(entry, chain.device, key) for entry in chain.entries}
    of_entries = list[Tie]()
    for entry in chain.entries:
        time = times[entry.hash]
        if time is not None:
            boot, ticks = entry.fields.integer("boot"), entry.fields.integer("ticks")
            of_entries.append(Tie(boot, ticks, time, time + SESSION))
    of_heads = [Tie(boot, ticks, None, named[hash_]) for boot, ticks, hash_ in heads if hash_ in named]
    of_heads = [tie for tie in of_heads if EARLIEST <= tie.latest < LATEST]
    found = {hash_: time for hash_, time in times.items() if time is not None}
    return [*_counted(of_entries), *_counted(of_heads)], found

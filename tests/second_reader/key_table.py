"""Section "Internal flash", "Identity": the sector with GENESIS, and the key table behind it."""

from dataclasses import dataclass

from .entries import Entry, parse_entry
from .flash import IDENTITY, read_record, sector_generation

SECTOR, HEAD = 4096, 16
GENESIS_RECORD, TABLE_RECORD = 2, 3
TEETH, BLOCKS, ROWS = 5, 2, 26
POINTS = BLOCKS << (TEETH - 1)
LENGTH = 32 + 96 * POINTS
P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]


def add(one: Point, other: Point) -> Point:
    """The sum of two points of edwards25519 (RFC 8032 §5.1.4), in plain coordinates."""
    x1, y1, x2, y2 = *one, *other
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    return x, (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P


def decode(key: bytes) -> Point:
    """The point of a public key that is known to be one (RFC 8032 §5.1.3)."""
    value = int.from_bytes(key, "little")
    y = value & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (x if x & 1 == value >> 255 else P - x), y


def make_table(key: bytes) -> bytes:
    """The table of a key that has no part of small order."""
    teeth = [decode(key)]
    for _ in range(TEETH * BLOCKS - 1):
        point = teeth[-1]
        for _ in range(ROWS):
            point = add(point, point)
        teeth.append(point)
    table = bytearray(key)
    for number in range(POINTS):
        block, signs = divmod(number, 1 << (TEETH - 1))
        x, y = total = teeth[TEETH * block + TEETH - 1]
        for i in range(TEETH - 1):
            x, y = teeth[TEETH * block + i]
            total = add(total, (x, y) if signs >> i & 1 else (P - x, y))
        x, y = total
        for value in (y + x, y - x, 2 * D * x * y):
            table += (value % P).to_bytes(32, "little")
    return bytes(table)


@dataclass(frozen=True)
class Identity:
    """What the identity sector holds; `table` is None where it is passed over."""

    genesis: Entry
    table: bytes | None


def read_identity(sector: bytes) -> Identity | None:
    """The identity of a provisioned recorder; None where the sector does not say it."""
    if sector_generation(sector[:HEAD], IDENTITY) != 0:
        return None
    record = read_record(sector[HEAD:], (GENESIS_RECORD,))
    if record is None:
        return None
    genesis = parse_entry(record.data)
    second = read_record(sector[HEAD + record.span :], (TABLE_RECORD,))
    whole = second is not None and len(second.data) == LENGTH
    own = second is not None and second.data[:32] == genesis.body.octets("organisation")
    return Identity(genesis, second.data if second is not None and whole and own else None)

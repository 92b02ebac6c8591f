"""Making the table of a comb: the one that ships, a larger one of the base point, and those of public keys.

Source: the layout in `comb`. Loaded on demand: on a board a table takes as long as ten to forty signatures.
"""

from evidock_agent.crypto import ed25519
from evidock_agent.crypto.comb import ORDER, Comb, rows_of, table_size
from evidock_agent.crypto.edwards import BASE, CURVE, add, decode_steps, encode, prepared
from evidock_agent.crypto.field import PRIME, inverse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from evidock_agent.crypto.edwards import Point

LARGE = (7, 4)  # teeth and blocks of 24 KB


def build(teeth: int, blocks: int) -> bytes:
    """The base point's table of `blocks` * 2**(teeth - 1) entries of 96 bytes: (5, 4) is 6 KB, (7, 4) is 24 KB."""
    table = bytearray(table_size(teeth, blocks))
    for _ in fill_steps(table, BASE, teeth, blocks):
        pass
    return bytes(table)


def enlarge_steps() -> "Generator[None, None, bool]":
    """Yield between slices; sign by 24 KB from then on, faster by a fifth. False, and 6 KB stay, when memory is tight.

    A board with some 36 KB to spare, of which 24 KB stay, gives this to its agent as a job.
    """
    try:
        table = bytearray(table_size(*LARGE))
        yield from fill_steps(table, BASE, *LARGE)
    except MemoryError:
        return False
    ed25519.use_comb(Comb(table, *LARGE))
    return True


def key_table_steps(public: bytes, teeth: int, blocks: int) -> "Generator[None, None, bytearray | None]":
    """Yield between slices and return the table of a public key, for `ed25519.verify_steps`.

    None for what is no key, and for a key with a part of small order, which a comb would multiply wrongly.
    """
    point = yield from decode_steps(public)
    if point is None:
        return None
    table = bytearray(table_size(teeth, blocks))
    yield from fill_steps(table, point, teeth, blocks)
    comb = Comb(table, teeth, blocks)
    x, y, z, _ = yield from comb.multiply_steps(1)
    if encode(x, y, z) != public:
        return None
    x, y, z, _ = yield from comb.multiply_steps(ORDER)
    return table if x == 0 and y == z else None


def fill_steps(table: bytearray, point: "Point", teeth: int, blocks: int) -> "Generator[None, None, None]":
    """Yield between slices, and write the table of a point into `table`."""
    rows = rows_of(teeth, blocks)
    entries = 1 << (teeth - 1)
    for block in range(blocks):
        columns = []  # the point times 2**(c * rows), for each column c of the block
        for _ in range(teeth):
            columns.append(point)
            for _ in range(rows):
                point = add(point, prepared(point))
                yield
        # All lower teeth begin with -1. In the order of a Gray code one of them turns round for each next entry.
        total = columns.pop()
        twice = []
        for column in columns:
            x, y, z, t = column
            total = add(total, prepared((PRIME - x, y, z, PRIME - t)))
            twice.append(prepared(add(column, prepared(column))))
            yield
        for count in range(entries):
            digit = count ^ count >> 1
            if count:
                tooth = 0
                while not count >> tooth & 1:
                    tooth += 1
                plus, minus, twice_z, curve_t = twice[tooth]
                turned = twice[tooth] if digit >> tooth & 1 else (minus, plus, twice_z, -curve_t)
                total = add(total, turned)
            x, y, z, _ = total
            factor = inverse(z)
            x = x * factor % PRIME
            y = y * factor % PRIME
            place = (block * entries + digit) * table_size(1, 1)
            for number in (y + x, y - x, 2 * CURVE * x * y):
                table[place : place + 32] = (number % PRIME).to_bytes(32, "little")
                place += 32
            yield

"""Multiples of a point whose table was made beforehand, by a comb: the base point, or a key that is met again.

Source: RFC 8032, section 5.1.4 for the formulas; Lim and Lee, "More flexible exponentiation with precomputation"
(CRYPTO '94), with signed digits, for the comb. The bits of an odd scalar are read as +1 and -1, so that no digit is
zero, every scalar takes the same additions, and half a table serves.

With `teeth` bits to a digit and `blocks` digits to a row, the bit in row r and column c has the weight
2**(r + c * rows); a block is `teeth` neighbouring columns. The table holds for each block the 2**(teeth - 1) sums whose
top tooth is positive, 96 bytes each: y+x, y-x and 2dxy, little-endian.

Every scalar takes the same operations on points, in the same order. The places in the table that they read, a sign, and
the time of a product of big integers do depend on the scalar.
"""

from evidock_agent.crypto.field import LOW, PRIME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from evidock_agent.crypto.edwards import Point

ORDER = (1 << 252) + 27742317777372353535851937790883648493  # L, of the base point
_ENTRY = 96  # bytes
_BITS = 254  # of a scalar made odd by adding L


class Comb:
    """A point's table with its shape. `comb_table` has one of the base point; `comb_build` makes others."""

    def __init__(self, table: bytes, teeth: int, blocks: int) -> None:
        expected = table_size(teeth, blocks)
        if len(table) != expected:
            raise ValueError(f"comb table: expected {expected} bytes, got {len(table)}")
        self._table = memoryview(table)
        self._teeth = teeth
        self._blocks = blocks
        self._rows = rows_of(teeth, blocks)

    def multiply_steps(self, scalar: int, blind: int = 1) -> "Generator[None, None, Point]":
        """Yield between slices and return `scalar` (0 to L) times the table's point, whose order must be L.

        `blind`, any number that is not zero modulo the prime, scales the coordinates from the start. A secret random
        one hides what they and the time of inverting Z would tell of the scalar (Naccache, Smart and Stern,
        "Projective coordinates leak", EUROCRYPT 2004). The result is the same point.
        """
        prime = PRIME
        low = LOW
        table = self._table
        number = int.from_bytes
        teeth = self._teeth
        rows = self._rows
        top = 1 << (teeth - 1)
        others = top - 1
        if not scalar & 1:
            scalar += ORDER
        # Bit i of `signs` stands for +1 or -1 at 2**i. The bits of one row and block lie `rows` apart, and since
        # 2**rows is 2 modulo 2**(rows - 1) - 1, the remainder by that pulls them together into a digit.
        span = teeth * rows
        signs = (scalar + (1 << span * self._blocks) - 1) >> 1
        spread = ((1 << span) - 1) // ((1 << rows) - 1)
        fold = (1 << rows - 1) - 1
        x, y, z, e, h = 0, blind, blind, 0, 1  # T is e * h, multiplied only when an addition wants it
        for row in range(rows - 1, -1, -1):
            if row < rows - 1:
                a = x * x
                b = y * y
                c = 2 * z * z
                e = x + y
                h = a + b
                e = h - e * e
                g = a - b
                f = c + g
                e = (e & low) + 19 * (e >> 255)
                f = (f & low) + 19 * (f >> 255)
                g = (g & low) + 19 * (g >> 255)
                h = (h & low) + 19 * (h >> 255)
                x = e * f % prime
                y = g * h % prime
                z = f * g % prime
            bits = signs >> row
            for first in range(0, self._blocks << (teeth - 1), top):
                digit = (bits & spread) % fold
                bits >>= span
                # Products are folded, not reduced: below 2**262, which the next product and its `%` bear.
                if digit & top:
                    start = (first + (digit & others)) * _ENTRY
                    a = (y - x) * number(table[start + 32 : start + 64], "little")
                    b = (y + x) * number(table[start : start + 32], "little")
                    c = (e * h % prime) * number(table[start + 64 : start + 96], "little")
                else:  # the negative of the entry with all teeth turned round
                    start = (first + (digit ^ others)) * _ENTRY
                    a = (y - x) * number(table[start : start + 32], "little")
                    b = (y + x) * number(table[start + 32 : start + 64], "little")
                    c = -(e * h % prime) * number(table[start + 64 : start + 96], "little")
                a = (a & low) + 19 * (a >> 255)
                b = (b & low) + 19 * (b >> 255)
                c = (c & low) + 19 * (c >> 255)
                z += z
                e = b - a
                f = z - c
                g = z + c
                h = b + a
                x = e * f % prime
                y = g * h % prime
                z = f * g % prime
            yield None
        return (x, y, z, e * h % prime)


def rows_of(teeth: int, blocks: int) -> int:
    """Rows of a comb: enough that its digits hold every scalar. ValueError for more teeth than can be gathered."""
    rows = -(-_BITS // (teeth * blocks))
    if teeth >= rows - 1:
        raise ValueError(f"comb of {rows} rows: expected fewer than {rows - 1} teeth, got {teeth}")
    return rows


def table_size(teeth: int, blocks: int) -> int:
    """Bytes of a comb's table."""
    return _ENTRY * blocks << (teeth - 1)

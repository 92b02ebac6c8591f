"""Making the table of a comb: for the table that ships, and for a board with memory for a larger one.

Source: the layout in `comb`. On a board this takes as long as some ten signatures.
"""

from evidock_agent.crypto.comb import rows_of
from evidock_agent.crypto.edwards import BASE, CURVE, add, prepared
from evidock_agent.crypto.field import PRIME, inverse


def build(teeth: int, blocks: int) -> bytes:
    """The table of `blocks` * 2**(teeth - 1) entries of 96 bytes: (5, 4) is 6 KB, (8, 2) is 24 KB."""
    rows = rows_of(teeth, blocks)
    table = bytearray()
    point = BASE
    for _ in range(blocks):
        columns = []  # the base point times 2**(c * rows), for each column c of the block
        for _ in range(teeth):
            columns.append(point)
            for _ in range(rows):
                point = add(point, prepared(point))
        # Start from the top tooth alone and let each lower one double the list: first all with -1, then with +1.
        sums = [columns[-1]]
        for x, y, z, t in reversed(columns[:-1]):
            plus = prepared((x, y, z, t))
            minus = prepared((PRIME - x, y, z, PRIME - t))
            sums = [add(partial, sign) for partial in sums for sign in (minus, plus)]
        for x, y, z, _ in sums:
            factor = inverse(z)
            x = x * factor % PRIME
            y = y * factor % PRIME
            for number in (y + x, y - x, 2 * CURVE * x * y):
                table += (number % PRIME).to_bytes(32, "little")
    return bytes(table)

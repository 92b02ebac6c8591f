"""One block of SHA-512 in plain big integers: right everywhere, slow on a board.

Source: FIPS 180-4, sections 4.1.3 and 6.4.2.
"""

from evidock_agent.crypto.sha512_tables import CONSTANTS

_MASK = 0xFFFFFFFFFFFFFFFF


def compress(state, data: bytes, offset: int) -> None:
    """Fold the 128 bytes of `data` at `offset` into `state`.

    `state` is an `array("I")` of sixteen words: the high and the low half of each of the eight 64-bit words.
    """
    schedule = [int.from_bytes(data[i : i + 8], "big") for i in range(offset, offset + 128, 8)]
    for i in range(16, 80):
        x = schedule[i - 15]
        y = schedule[i - 2]
        # A rotation leaves bits above 64; the mask at the end takes them off all at once.
        small_0 = ((x >> 1) | (x << 63)) ^ ((x >> 8) | (x << 56)) ^ (x >> 7)
        small_1 = ((y >> 19) | (y << 45)) ^ ((y >> 61) | (y << 3)) ^ (y >> 6)
        schedule.append((schedule[i - 16] + small_0 + schedule[i - 7] + small_1) & _MASK)
    start = [(state[i] << 32) | state[i + 1] for i in range(0, 16, 2)]
    a, b, c, d, e, f, g, h = start
    for i in range(80):
        big_1 = ((e >> 14) | (e << 50)) ^ ((e >> 18) | (e << 46)) ^ ((e >> 41) | (e << 23))
        choice = g ^ (e & (f ^ g))
        big_0 = ((a >> 28) | (a << 36)) ^ ((a >> 34) | (a << 30)) ^ ((a >> 39) | (a << 25))
        majority = (a & b) | (c & (a | b))
        first = h + big_1 + choice + int.from_bytes(CONSTANTS[8 * i : 8 * i + 8], "big") + schedule[i]
        h, g, f, e, d, c, b, a = g, f, e, (d + first) & _MASK, c, b, a, (first + big_0 + majority) & _MASK
    for i, word in enumerate((a, b, c, d, e, f, g, h)):
        word = (start[i] + word) & _MASK
        state[2 * i] = word >> 32
        state[2 * i + 1] = word & 0xFFFFFFFF
